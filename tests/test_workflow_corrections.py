"""Places chosen by hand: what they replace, and what is said of those that are not there."""

import json

import pytest

from domain.errors import BadFile, StudioError
from domain.workflow import About, Workflow
from infrastructure.workflow_files import WorkflowFolder
from tests.graphs import node, picture, places


def chosen(slots, **more):
    return Workflow("mine", picture(**more), About(slots=slots))


def test_a_place_chosen_by_hand_replaces_what_the_rules_found():
    flow = chosen({"prompt": ["style.text"]}, style=node("CLIPTextEncode", text="ink"))

    assert places(flow, "prompt") == ["style.text"]
    assert flow.slots["prompt"][0].why == "chosen by hand"
    assert flow.with_values(prompt="a lake")["style"]["inputs"]["text"] == "a lake"
    assert flow.with_values(prompt="a lake")["words"]["inputs"]["text"] == "a hill"


def test_an_empty_list_means_that_there_is_no_place():
    flow = chosen({"negative": []})

    assert not flow.takes("negative")
    assert flow.with_values(negative="snow") == picture()


def test_slots_that_are_not_named_stay_as_they_were():
    flow = chosen({"negative": []})

    assert places(flow, "prompt") == ["words.text"]
    assert places(flow, "seed") == ["sampler.seed"]


def test_a_place_taken_for_one_slot_is_taken_from_the_other():
    flow = chosen({"prompt": ["unwanted.text"]})

    assert places(flow, "prompt") == ["unwanted.text"]
    assert not flow.takes("negative")


def test_references_keep_the_order_in_which_they_are_named():
    loaders = {name: node("LoadImage", image=f"{name}.png") for name in "ab"}
    flow = chosen({"reference": ["b.image", "a.image"]}, **loaders)

    assert places(flow, "reference") == ["b.image", "a.image"]


def test_a_place_that_is_plugged_in_leads_to_where_the_value_is_written():
    flow = chosen(
        {"seed": ["dice.noise_seed"]},
        dice=node("RandomNoise", noise_seed=["number", 0]),
        number=node("PrimitiveInt", value=3),
    )

    assert places(flow, "seed") == ["number.value"]


def test_a_place_the_rules_found_too_keeps_its_scale():
    """A later stage doubles the size: the first one is given half of it."""
    flow = chosen(
        {"width": ["canvas.width"]},
        big=node("LTXVLatentUpsampler", samples=["sampler", 0], vae=["model", 2]),
        decode=node("VAEDecode", samples=["big", 0], vae=["model", 2]),
    )
    graph = flow.with_values(width=1280, height=704)

    assert (graph["canvas"]["inputs"]["width"], graph["canvas"]["inputs"]["height"]) == (640, 352)


def test_ids_and_inputs_may_have_dots_in_them():
    flow = chosen({"prompt": ["12.3.format.words"]}, **{"12.3": node("Odd", **{"format.words": "a hill"})})

    assert places(flow, "prompt") == ["12.3.format.words"]


@pytest.mark.parametrize(
    ("slots", "sentence"),
    [
        ({"promt": ["words.text"]}, r"'promt' is no slot\. Did you mean prompt\?"),
        ({"prompt": ["99.text"]}, "names 99.text, but the workflow has no node 99"),
        ({"prompt": ["words.texts"]}, r"“CLIPTextEncode” has no input texts\. It has: text, clip"),
        ({"prompt": ["words"]}, r"'words' should be a node and an input, such as 6\.text"),
        ({"prompt": [""]}, "should be a node and an input"),
        ({"prompt": ["sampler.model"]}, "no value can be written to sampler.model"),
        ({"seed": ["words.text"]}, "slots.seed needs an input for a number"),
        ({"prompt": ["sampler.seed"]}, "slots.prompt needs an input for text"),
    ],
)
def test_a_place_that_is_not_there_is_told_in_a_sentence(slots, sentence):
    with pytest.raises(StudioError, match=sentence):
        _ = chosen(slots).slots


def put(folder, slots):
    (folder / "mine.json").write_text(json.dumps(picture()), "utf-8")
    (folder / "mine.about.json").write_text(json.dumps({"slots": slots}), "utf-8")
    return WorkflowFolder(folder)


def test_places_are_read_from_the_file_beside_the_workflow(tmp_path):
    flow = put(tmp_path, {"prompt": ["unwanted.text"], "negative": []}).load("mine")

    assert places(flow, "prompt") == ["unwanted.text"]
    assert flow.about.extra == {}


@pytest.mark.parametrize(
    ("slots", "sentence"),
    [
        ({"prompt": ["99.text"]}, "the workflow has no node 99"),
        ({"prompt": "words.text"}, r"slots\.prompt should be a list"),
        ({"prompt": [6]}, r"slots\.prompt should be a list"),
        (["prompt"], "slots should be an object"),
        (None, "slots should be an object"),
    ],
)
def test_a_file_whose_places_do_not_fit_is_named(tmp_path, slots, sentence):
    with pytest.raises(BadFile, match=rf"mine\.about\.json.*{sentence}"):
        put(tmp_path, slots).load("mine")
