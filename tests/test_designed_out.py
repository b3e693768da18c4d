"""What cannot happen here (docs/DESIGNED_OUT.md): the tests that have no home elsewhere."""

import json
import re
from dataclasses import replace

import pytest

from domain.job import files_in
from domain.project import Project
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.recipes import Ledger
from services import keyframes, shots
from tests.boards import board_with, shot
from tests.comfy_jobs import carried_out, make_job
from tests.comfy_jobs import picture as server_graph
from tests.fakes import OUT_OF_MEMORY, FakeBackend
from tests.graphs import TEMPLATES, node, template, workflow
from tests.renders import PRESETS, Rendered, a_board, a_shot, keyframe_workflow, video_workflow

TEMPLATE_NAMES = sorted(TEMPLATES.names())


ZEROED = {"ConditioningZeroOut"}


def reached(graph, link, seen):
    """The texts that a link's conditioning is made of, told from the shape of the graph alone."""
    id, output = link
    inputs = graph[id]["inputs"]
    if (id, output) in seen or graph[id]["class_type"] in ZEROED:
        return
    seen.add((id, output))
    is_pair = {"positive", "negative"} <= inputs.keys() and output < 2
    names = [("positive", "negative")[output]] if is_pair else list(inputs)
    for name in names:
        value = inputs[name]
        if isinstance(value, list):
            yield from reached(graph, value, seen)
        elif isinstance(value, str):
            yield value


def texts(graph, name):
    links = [n["inputs"][name] for n in graph.values() if isinstance(n["inputs"].get(name), list)]
    return {text for link in links for text in reached(graph, link, set())}


@pytest.mark.parametrize("name", TEMPLATE_NAMES)
def test_prompt_and_negative_meet_in_no_template(name):
    assert "a sea of clouds" not in texts(template(name).with_values(prompt="a sea of clouds"), "negative")
    graph = template(name).with_values(prompt="a sea of clouds", negative="no rain")

    assert "a sea of clouds" not in texts(graph, "negative")
    assert "no rain" not in texts(graph, "positive") | texts(graph, "conditioning")
    assert "a sea of clouds" in json.dumps(graph)


def test_the_walk_sees_a_prompt_in_the_negative():
    graph = workflow(unwanted=node("CLIPTextEncode", text="a hill", clip=["model", 1])).graph
    assert "a hill" in texts(graph, "negative")


@pytest.mark.parametrize("name", [name for name in TEMPLATE_NAMES if not name.endswith("_test")])
def test_the_size_reaches_every_canvas_of_every_template(name):
    flow = template(name)
    width, height = flow.size_for(704, 448)
    graph = flow.with_values(width=width, height=height)
    canvases = [id for id, n in flow.graph.items() if re.search(r"Empty.*Latent|ToVideo", n["class_type"])]

    assert canvases
    for id in canvases:
        for side in ("width", "height"):
            old, new = flow.graph[id]["inputs"].get(side), graph[id]["inputs"].get(side)
            assert isinstance(old, list) or old is None or old != new, f"{id}.{side} stayed {old}"


@pytest.mark.parametrize("name", TEMPLATE_NAMES)
def test_nothing_a_shot_says_changes_the_models_of_a_template(name):
    """Neither the two halves of a model nor the LoRAs that make it quick."""
    flow = template(name)
    values = {"prompt": "a hill", "negative": "rain", "seed": 0, "steps": 9, "cfg": 3.0, "width": 640}
    graph = flow.with_values(**values, height=384, lora="anna.safetensors")

    def models(graph):
        loaders = {id: n["inputs"] for id, n in graph.items() if "Loader" in n["class_type"]}
        return {id: inputs for id, inputs in loaders.items() if any(i.endswith("_name") for i in inputs)}

    assert models(graph) == models(flow.graph)


def test_a_lora_goes_into_its_marked_place_and_leaves_the_others_and_every_strength():
    speed = node("LoraLoaderModelOnly", "Speed", lora_name="speed.safetensors", strength_model=0.6)
    person = node("LoraLoaderModelOnly", "[LORA:character]", lora_name="old.safetensors", strength_model=0.8)
    graph = workflow(speed=speed, person=person).with_values(lora="anna.safetensors")

    assert graph["speed"] == speed
    assert graph["person"]["inputs"] == {"lora_name": "anna.safetensors", "strength_model": 0.8}


def test_what_is_cleared_on_a_shot_is_gone_from_what_is_sent():
    person = node("LoraLoaderModelOnly", "[LORA]", model=["model", 0], lora_name="none", strength_model=1.0)
    flow = keyframe_workflow(person=person)
    plain = a_shot("001")
    full = replace(plain, lora="anna", negative="rain", tags={"lighting": "golden_hour"})

    def sent(shot):
        (variant,) = keyframes.plan(flow, a_board(shot), 1, 5, PRESETS)
        return variant.wanted.graph

    assert "Golden hour" in sent(full)["words"]["inputs"]["text"]
    assert sent(full)["person"]["inputs"]["lora_name"] == "anna.safetensors"
    assert sent(replace(full, lora="", negative="", tags={})) == sent(plain)
    assert sent(plain)["person"] == person


def test_everything_an_imported_shot_says_is_in_what_is_sent(tmp_path):
    said = shot(
        negative_prompt="crowds",
        duration="1.5s",
        presets={"style": "watercolor", "lighting": "golden_hour", "mood": "peaceful", "camera": "pan_left"},
        flux={"seed": 0, "cfg": 3.5, "steps": 28},
        wan={"seed": 11, "cfg": 6.0, "steps": 12, "motion_strength": 0.9},
        width=320,
        height=256,
    )
    board, _ = board_with(tmp_path, said, video_settings={"default_fps": 8, "max_segment_duration": 0.25})
    made = Rendered(
        FakeBackend(),
        tmp_path / "film",
        board,
        keyframe_workflow=keyframe_workflow(),
        video_workflow=video_workflow(),
    )
    picture, clip = made.backend.asked("001_v1"), made.backend.asked("001.01_v1")

    assert made.error is None and not made.failed
    for asked, words in (
        (picture, ("atercolo", "golden hour", "peaceful")),
        (clip, ("golden hour", "amera: ")),
    ):
        assert all(word in asked["prompt"] for word in words), asked["prompt"]
        assert (asked["negative"], asked["width"], asked["height"]) == ("crowds", 320, 256)
    assert (picture["seed"], picture["cfg"], picture["steps"]) == (0, 3.5, 28)
    assert (clip["seed"], clip["cfg"], clip["steps"], clip["frames"]) == (11, 6.0, 12, 5)
    assert made.backend.asked("001.02_v1")["seed"] == 12
    assert len(made.film) == 12  # 1.5 seconds at 8 frames a second


def test_negative_words_that_a_workflow_has_no_place_for_are_told(tmp_path):
    zeroed = node("ConditioningZeroOut", conditioning=["words", 0])
    board = a_board(a_shot("001"), a_shot("002", negative="rain"))
    flow = keyframe_workflow(unwanted=zeroed)
    told = Rendered(FakeBackend(), tmp_path, board, keyframe_workflow=flow).told

    assert "Negative words have no place in keyframe_small; left out in shot 002." in told


def test_where_every_job_fails_nothing_is_called_done(tmp_path):
    fails = {f"00{n}_v1": OUT_OF_MEMORY for n in (1, 2)}
    made = Rendered(FakeBackend(fails=fails), tmp_path, a_board(a_shot("001"), a_shot("002")))

    assert len(made.failed) == 2 and all("memory" in reason for reason in made.failed.values())
    assert made.outcome.film is None and not made.outcome.keyframes and not made.saved
    assert not Project(tmp_path).film.exists()


def test_other_peoples_files_on_the_server_are_neither_taken_nor_touched(fake, tmp_path):
    others = {
        ("output", "", "ComfyUI_00001_.png"): b"theirs",
        ("output", "cindergrace/film", "001_cat-dog_00001_.png"): b"another shot's",
    }
    fake.files.update(others)
    outcome = carried_out(ComfyBackend(fake.url), make_job(tmp_path, name="001_cat"))

    assert [path.name for path in outcome.files] == ["001_cat.png"]
    assert outcome.files[0].read_bytes() not in others.values()
    assert {key: fake.files[key] for key in others} == others


@pytest.mark.parametrize("name", ['a.png"\r\nX-Own: 1', "a\r\n\r\nb.png", "../../a.png".replace("/", "\\")])
def test_the_name_of_a_start_image_cannot_break_out_of_its_form(fake, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"a start image")
    carried_out(ComfyBackend(fake.url), make_job(tmp_path, loading(path)))

    (upload,) = [key for key in fake.files if key[0] == "input"]
    assert upload[1] == "cindergrace"
    assert re.fullmatch(r"[0-9a-f]+[\w.]*", upload[2])
    assert fake.files[upload] == b"a start image"


def test_start_images_of_one_name_never_meet_on_the_server(fake, tmp_path):
    for project in ("one", "two"):
        path = tmp_path / project / "start.png"
        path.parent.mkdir()
        path.write_bytes(project.encode())
        carried_out(ComfyBackend(fake.url), make_job(tmp_path / project, loading(path)))

    assert sorted(fake.files[key] for key in fake.files if key[0] == "input") == [b"one", b"two"]


def loading(path):
    graph = {**server_graph(), "4": {"class_type": "LoadImage", "inputs": {"image": path}}}
    assert files_in(graph)
    return graph


def test_what_opens_an_address_is_not_told_on(tmp_path):
    """Neither in the answer, where programs read it, nor in words, nor in a recipe."""
    address = "http://joe:s3cret@127.0.0.1:1/a.png?token=t0ken#s3cret"
    for reference in (address, {"url": address}, {"url": address.replace(":1/", ":99999/")}):
        batch = {"shots_with_references": [{"shot_id": 1, "prompt": "A lamp.", "references": [reference]}]}
        read = shots.read_batch(batch, "batch.json")
        work = shots.make(FakeBackend(), Ledger(Project(tmp_path)), keyframe_workflow(), read, tmp_path)
        events = list(work)

        said = f"{events} {read.shots[0].references[0][1]}"
        assert "127.0.0.1" in said and "a.png" in said
        assert "s3cret" not in said and "t0ken" not in said and "joe" not in said


def test_an_address_that_is_none_fails_its_shot_and_not_the_batch(tmp_path):
    batch = {
        "shots_with_references": [{"shot_id": 1, "prompt": "A lamp.", "references": ["http://[oops/a.png"]}]
    }
    read = shots.read_batch(batch, "batch.json")
    events = list(shots.make(FakeBackend(), Ledger(Project(tmp_path)), keyframe_workflow(), read, tmp_path))

    assert "neither a path nor an address" in str(events)
