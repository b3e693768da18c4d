"""Workflows of ComfyUI's window: what they become, what is told, and that garbage is refused by its place."""

import copy
import json
import random

import pytest

from domain.errors import BadFile
from domain.workflow import Workflow
from infrastructure.ui_workflows import convert
from tests.graphs import places
from tests.window_graphs import OBJECT_INFO, picture, subgraph, ui, ui_node


def converted(content, **more):
    return convert(content, OBJECT_INFO, "mine", **more)


def inputs(content, node):
    return converted(content).graph[node]["inputs"]


def refusal(content):
    with pytest.raises(BadFile) as error:
        converted(content)
    return str(error.value)


def test_widgets_become_inputs_by_the_servers_order_and_links_stay_links():
    made = converted(picture())

    assert made.graph["3"] == {
        "class_type": "KSampler",
        "inputs": {
            "model": ["4", 0],
            "seed": 42,
            "steps": 12,
            "cfg": 7.5,
            "sampler_name": "euler",
            "positive": ["6", 0],
            "negative": ["7", 0],
            "latent_image": ["5", 0],
            "denoise": 1.0,
        },
        "_meta": {"title": "KSampler"},
    }
    assert (made.dropped, made.unsure, made.models) == ((), (), ())


def test_slots_are_found_in_what_was_converted():
    flow = Workflow("mine", converted(picture()).graph)

    assert places(flow, "prompt") == ["6.text"]
    assert places(flow, "negative") == ["7.text"]
    assert places(flow, "seed") == ["3.seed"]


def test_titles_come_along_else_what_the_server_calls_a_node():
    graph = converted(picture()).graph

    assert graph["6"]["_meta"]["title"] == "Positive"
    assert graph["7"]["_meta"]["title"] == "CLIP Text Encode"


def test_a_choice_brings_its_own_inputs_along():
    saver = ui_node(9, "SaveVideo", ("h264", 7, "film"), "images:IMAGE=1")
    loader = ui_node(1, "LoadImage", ("a.png", "image"), "", "IMAGE")

    assert inputs(ui(loader, saver, links="1:1.0>9.0"), "9") == {
        "codec": "h264",
        "codec.quality": 7,
        "filename_prefix": "film",
        "images": ["1", 0],
    }


def test_a_list_is_wrapped_so_that_no_server_takes_it_for_a_link():
    curve = ui_node(2, "Curve", ([["a", 0], ["b", 1]],), "images:IMAGE=1")
    loader = ui_node(1, "LoadImage", ("a.png", "image"), "", "IMAGE")

    assert inputs(ui(loader, curve, links="1:1.0>2.1"), "2")["curve"] == {"__value__": [["a", 0], ["b", 1]]}


def test_reroutes_are_followed():
    content = ui(
        ui_node(1, "LoadImage", ("a.png", "image"), "", "IMAGE"),
        ui_node(2, "Reroute", (), ":*=1", "*"),
        ui_node(3, "Reroute", (), ":*=2", "*"),
        ui_node(9, "SaveImage", ("out",), "images:IMAGE=3"),
        links="1:1.0>2.0 2:2.0>3.0 3:3.0>9.0",
    )
    assert inputs(content, "9")["images"] == ["1", 0]
    assert {*converted(content).graph} == {"1", "9"}


def test_a_primitives_value_goes_into_the_inputs_it_feeds():
    content = ui(
        ui_node(1, "PrimitiveNode", (640, "fixed"), "", "INT"),
        ui_node(5, "EmptyLatentImage", (512, 320, 1), "width:INT*=1", "LATENT"),
        links="1:1.0>5.0",
    )
    assert inputs(content, "5") == {"width": 640, "height": 320, "batch_size": 1}


def test_what_was_set_under_a_name_is_got_again():
    content = ui(
        ui_node(1, "LoadImage", ("a.png", "image"), "", "IMAGE"),
        ui_node(2, "SetNode", ("face",), "IMAGE:IMAGE=1", "*"),
        ui_node(3, "GetNode", ("face",), "", "IMAGE"),
        ui_node(9, "SaveImage", ("out",), "images:IMAGE=3"),
        links="1:1.0>2.0 3:3.0>9.0",
    )
    assert inputs(content, "9")["images"] == ["1", 0]


def switched(mode):
    return ui(
        ui_node(1, "LoadImage", ("a.png", "image"), "", "IMAGE"),
        ui_node(2, "ImageInvert", (), "image:IMAGE=1", "IMAGE", mode=mode, title="Negate"),
        ui_node(9, "SaveImage", ("out",), "images:IMAGE=2"),
        links="1:1.0>2.0 2:2.0>9.0",
    )


def test_a_bypassed_node_hands_on_what_it_is_given_and_is_told():
    made = converted(switched(4))

    assert made.graph["9"]["inputs"]["images"] == ["1", 0]
    assert made.dropped == ("“Negate” (2) is bypassed and was left out.",)


def test_a_muted_node_leaves_nothing_behind_it_which_is_told():
    made = converted(switched(2))

    assert "images" not in made.graph["9"]["inputs"]
    assert made.dropped == ("“Negate” (2) is muted and was left out.",)
    assert made.unsure == ("“SaveImage” (9) has nothing plugged into images any more.",)


def test_notes_are_left_out_and_counted():
    notes = [ui_node(20 + n, "MarkdownNote", ("read me",)) for n in range(2)]
    content = picture()
    content["nodes"] += notes

    assert converted(content).dropped == ("2 notes were left out.",)


def in_a_subgraph(host_widgets=(), link="", **host):
    """A text encoder inside; its text is an input of the subgraph."""
    inner = subgraph(
        "abc",
        ui_node(1, "CLIPTextEncode", ("inside",), "text:STRING*=1 clip:CLIP=2", "CONDITIONING"),
        links="1:-10.0>1.0 2:-10.1>1.1 3:1.0>-20.0",
        inputs="words clip",
    )
    return ui(
        ui_node(4, "CheckpointLoaderSimple", ("tiny.safetensors",), "", "MODEL CLIP VAE"),
        ui_node(12, "abc", host_widgets, f"words:STRING*{link} clip:CLIP=1", "CONDITIONING", **host),
        ui_node(3, "KSampler", (1, "fixed", 2, 3.0, "euler", 1.0), "positive:CONDITIONING=2", "LATENT"),
        ui_node(15, "PrimitiveNode", ("from outside",), "", "STRING"),
        links="1:4.1>12.1 2:12.0>3.0 3:15.0>12.0",
        definitions={"subgraphs": [inner]},
    )


def test_a_subgraph_is_unfolded_and_its_inputs_are_matched_by_name():
    graph = converted(in_a_subgraph()).graph

    assert graph["12:1"]["inputs"] == {"text": "inside", "clip": ["4", 1]}
    assert graph["3"]["inputs"]["positive"] == ["12:1", 0]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (in_a_subgraph(("on the host",)), "on the host"),
        (in_a_subgraph(("new",), properties={"proxyWidgets": [["-1", "words"]]}), "new"),
        (in_a_subgraph(("old",), properties={"proxyWidgets": [["1", "words"]]}), "inside"),
        (in_a_subgraph(("old",), link="=3"), "from outside"),
    ],
)
def test_a_subgraphs_text_is_the_one_the_artist_sees(content, text):
    assert inputs(content, "12:1")["text"] == text


def test_subgraphs_lie_in_subgraphs():
    inner = subgraph(
        "b",
        ui_node(1, "PrimitiveInt", (5,), "value:INT*=1", "INT"),
        links="1:-10.0>1.0 2:1.0>-20.0",
        inputs="n",
    )
    outer = subgraph(
        "a", ui_node(2, "b", (), "n:INT*=1", "INT"), links="1:-10.0>2.0 2:2.0>-20.0", inputs="count"
    )
    content = ui(
        ui_node(7, "a", (9,), "count:INT*", "INT"),
        ui_node(5, "EmptyLatentImage", (512, 320, 1), "width:INT*=1", "LATENT"),
        links="1:7.0>5.0",
        definitions={"subgraphs": [outer, inner]},
    )
    made = converted(content).graph

    assert made["5"]["inputs"]["width"] == ["7:2:1", 0]
    assert made["7:2:1"]["inputs"] == {"value": 9}


def test_nodes_the_server_lacks_are_all_named_with_the_pack_they_come_from():
    content = picture()
    content["nodes"][1] |= {"type": "Magic Text", "properties": {"cnr_id": "comfyui-magic"}}
    content["nodes"][3] |= {"type": "Odd Canvas"}
    text = refusal(content)

    assert "'Magic Text' (from comfyui-magic), 'Odd Canvas'" in text
    assert "Export (API)" in text


def test_a_label_that_only_the_window_knows_is_left_out():
    content = picture()
    content["nodes"].append(ui_node(30, "Label (rgthree)", title="My film"))

    assert converted(content).dropped == (
        "“My film” (30) does something in ComfyUI's window only and was left out.",
    )


def test_a_value_too_many_is_told_as_unsure():
    content = picture()
    content["nodes"][3]["widgets_values"] = [512, 320, 1, "high"]

    assert converted(content).unsure == (
        "“EmptyLatentImage” (5) holds more values than the server's node has inputs: high.",
    )


def test_values_that_have_shifted_are_told_as_unsure():
    content = picture()
    content["nodes"][4]["widgets_values"] = ["new", 42, "randomize", 12, 7.5, "euler"]

    assert any("has a value of another kind in seed" in sentence for sentence in converted(content).unsure)


def test_an_input_newer_than_the_file_takes_the_servers_own_value():
    content = picture()
    content["nodes"][4]["widgets_values"] = [42, "fixed", 12, 7.5, "euler"]
    made = converted(content)

    assert made.graph["3"]["inputs"]["denoise"] == 1.0
    assert made.dropped == ("“KSampler” (3) takes the server's own denoise: the file holds none.",)
    assert made.unsure == ()


def test_an_input_that_has_no_value_anywhere_is_told_as_unsure():
    content = picture()
    content["nodes"][3]["widgets_values"] = [512]

    assert converted(content).unsure == ("“EmptyLatentImage” (5) has no value for height, batch_size.",)


def test_a_file_newer_than_the_server_is_told_as_unsure():
    content = picture()
    content["nodes"][4]["properties"] = {"cnr_id": "comfy-core", "ver": "0.40.1"}

    assert (
        "saved with ComfyUI 0.40.1, and the server is 0.30.0"
        in converted(content, version="0.30.0").unsure[0]
    )
    assert converted(content, version="0.40.1").unsure == ()


def test_models_are_named_with_where_they_are_to_be_had():
    model = {"name": "tiny.safetensors", "directory": "checkpoints", "url": "https://example.org/tiny"}
    content = picture()
    content["nodes"][0]["properties"] = {"models": [model, {**model, "url": "file:///etc/passwd"}, 5]}

    assert converted(content).models == (
        {"folder": "checkpoints", "file": "tiny.safetensors", "source": "https://example.org/tiny"},
        {"folder": "checkpoints", "file": "tiny.safetensors"},
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "no list of nodes and links"),
        ({"nodes": {}, "links": []}, "no list of nodes and links"),
        (ui(), "no node in it that does anything"),
        (ui(5), r"mine, nodes[0] has no type"),
        (ui({"type": "SaveImage"}), "nodes[0] should have an id"),
        (ui({"type": "SaveImage", "id": []}), "nodes[0] should have an id"),
        (ui({"type": "SaveImage", "id": 1, "inputs": [{}]}), "an input without a name"),
        ({**ui(), "links": [[1, 2]]}, "links[0] should have an id and two ends"),
        ({**ui(), "links": [[1, 2, "x", 3, 0]]}, "links[0] should have whole numbers"),
        (ui(definitions={"subgraphs": [5]}), "definitions.subgraphs[0] should be an object"),
        (ui(definitions={"subgraphs": [{"id": "a"}]}), "nodes should be a list"),
    ],
)
def test_what_does_not_read_is_refused_with_its_place(content, sentence):
    assert sentence in refusal(content)


def test_a_subgraph_that_lies_in_itself_is_refused():
    loop = subgraph("a", ui_node(1, "a"))

    assert "or in itself" in refusal(ui(ui_node(1, "a"), definitions={"subgraphs": [loop]}))


def test_subgraphs_that_grow_without_end_are_refused_before_they_fill_the_memory():
    levels = [subgraph(f"g{n}", *(ui_node(i, f"g{n + 1}") for i in range(10))) for n in range(12)]

    assert "more than 1000 subgraphs" in refusal(ui(ui_node(1, "g0"), definitions={"subgraphs": levels}))


def test_links_in_a_circle_are_refused():
    content = ui(
        ui_node(2, "Reroute", (), ":*=2", "*"),
        ui_node(3, "Reroute", (), ":*=1", "*"),
        ui_node(9, "SaveImage", ("out",), "images:IMAGE=1"),
        links="1:2.0>3.0 2:3.0>2.0",
    )
    assert "in a circle" in refusal(content)


JUNK = (None, -1, 10**30, 0.5, True, "", "x", [], [[]], {}, {"name": 3}, [None], -10, "12")


@pytest.mark.parametrize("seed", range(300))
def test_no_damage_to_a_file_ends_in_anything_but_a_sentence(seed):
    dice = random.Random(seed)
    content = copy.deepcopy(dice.choice([picture(), in_a_subgraph(("x",)), switched(4)]))
    for _ in range(dice.randint(1, 4)):
        spots = [(c, k) for c in _containers(content) for k in (c if isinstance(c, dict) else range(len(c)))]
        container, key = dice.choice(spots)
        container[key] = copy.deepcopy(dice.choice(JUNK))
    try:
        made = converted(content)
    except BadFile as error:
        assert str(error)
    else:
        json.dumps(made.graph)
        _ = Workflow("mine", made.graph).slots


def _containers(value):
    if isinstance(value, dict | list):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _containers(inner)
