"""Every shipped template is what its description says."""

import re
from pathlib import Path

import pytest

from domain.slots import TITLES, Slot
from domain.workflow import Workflow
from infrastructure.preflight import folder_of
from infrastructure.workflow_files import SHIPPED, WorkflowFolder
from tests.graphs import template

DOCS = (Path(__file__).parent.parent / "docs" / "WORKFLOWS.md").read_text("utf-8")
NAMES = WorkflowFolder().names()
KEYFRAMES, VIDEOS = WorkflowFolder().names("keyframe"), WorkflowFolder().names("video")
WITH_MODELS = [name for name in NAMES if template(name).about.models]
_MODEL = re.compile(r"\.(safetensors|sft|ckpt|pt|pth|gguf|bin)$")


def model_inputs(flow: Workflow) -> set[tuple[str, str]]:
    """The model files a graph names, with the folder its loader reads."""
    return {
        (folder_of(node["class_type"], input), value)
        for node in flow.graph.values()
        for input, value in node["inputs"].items()
        if isinstance(value, str) and _MODEL.search(value)
    }


def value(flow: Workflow, slot: Slot) -> object:
    return flow.graph[slot.node]["inputs"][slot.input]


def test_there_is_one_for_everything_promised():
    assert KEYFRAMES == [
        "keyframe_flux2_klein",
        "keyframe_flux_dev",
        "keyframe_flux_kontext",
        "keyframe_flux_krea",
        "keyframe_qwen_edit_1ref",
        "keyframe_qwen_edit_2ref",
        "keyframe_qwen_edit_3ref",
        "keyframe_qwen_image",
        "keyframe_sd15",
        "keyframe_sdxl",
        "keyframe_test",
        "keyframe_z_image_turbo",
    ]
    assert VIDEOS == [
        "video_hunyuan15",
        "video_ltx095",
        "video_ltx2",
        "video_test",
        "video_wan22_5b",
        "video_wan22_first_last",
        "video_wan22_i2v",
        "video_wan22_i2v_4step",
    ]
    assert sorted(KEYFRAMES + VIDEOS) == NAMES


def test_no_description_is_left_without_its_workflow():
    assert {path.name.removesuffix(".about.json") for path in SHIPPED.glob("*.about.json")} == {*NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_a_template_says_what_it_is_for(name):
    about = template(name).about

    assert about.title
    assert about.purpose.endswith(".")
    assert name.startswith(about.kind)
    assert about.extra["vram"]


@pytest.mark.parametrize("name", NAMES)
def test_it_names_its_models_with_folder_source_and_licence(name):
    flow = template(name)

    assert {(model["folder"], model["file"]) for model in flow.about.models} == model_inputs(flow)
    for model in flow.about.models:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+:\S+", model["source"])
        assert model["source"].endswith(model["file"])
        assert model["gib"] > 0
        assert model["licence"]
        assert model["commercial"]


@pytest.mark.parametrize("name", KEYFRAMES)
def test_a_keyframe_template_takes_what_a_shot_says(name):
    template(name).require("prompt", "seed", "width", "height", "prefix")


@pytest.mark.parametrize("name", VIDEOS)
def test_a_video_template_takes_what_a_shot_says(name):
    template(name).require("prompt", "seed", "width", "height", "prefix", "start_image", "frames", "fps")


@pytest.mark.parametrize("name", NAMES)
def test_its_sizes_and_lengths_are_such_as_its_models_draw(name):
    flow = template(name)

    assert flow.about.sizes
    assert all(flow.size_for(*size) == size for size in flow.about.sizes)
    if flow.kind == "video":
        assert flow.frames_for(flow.longest) == flow.longest
        assert flow.fps == {value(flow, slot) for slot in flow.slots["fps"]}.pop()


@pytest.mark.parametrize("name", WITH_MODELS)
def test_its_description_and_its_nodes_agree(name):
    """Without the file beside it, the studio would treat the graph no other way."""
    flow = template(name)
    bare = Workflow("mine", flow.graph)

    assert (bare.kind, bare.grid, bare.frame_step) == (flow.kind, flow.grid, flow.frame_step)
    if flow.kind == "video":
        assert (bare.longest, bare.fps) == (flow.longest, flow.fps)


@pytest.mark.parametrize("name", WITH_MODELS)
def test_its_titles_only_say_what_the_rules_find_anyway(name):
    flow = template(name)
    untitled = Workflow("mine", {id: {**node, "_meta": {}} for id, node in flow.graph.items()})

    def found(flow: Workflow) -> dict[str, list[tuple[str, str]]]:
        return {name: [(s.node, s.input) for s in slots] for name, slots in flow.slots.items()}

    assert found(untitled) == found(flow)


@pytest.mark.parametrize("name", NAMES)
def test_the_prompt_changes_the_prompt_alone(name):
    flow = template(name)
    graph = flow.with_values(prompt="a sea of clouds")
    changed = {id for id in graph if graph[id] != flow.graph[id]}

    assert changed == {slot.node for slot in flow.slots["prompt"]}
    assert changed.isdisjoint(slot.node for slot in flow.slots.get("negative", ()))


@pytest.mark.parametrize("name", VIDEOS)
def test_videos_are_saved_in_the_way_every_server_understands(name):
    savers = [n["inputs"] for n in template(name).graph.values() if n["class_type"] == "SaveVideo"]

    assert [(inputs["format"], inputs["codec"]) for inputs in savers] == [("mp4", "h264")]


@pytest.mark.parametrize("name", NAMES)
def test_a_filled_graph_shows_the_same_places(name):
    """A graph that already holds local files is read like the one it came from."""
    flow = template(name)
    files = {slot: Path("own.png") for slot in ("start_image", "end_image") if flow.takes(slot)}
    references = [Path("a.png") for _ in flow.slots.get("reference", ())]

    filled = flow.with_values(**files, references=references or None)

    assert Workflow(name, filled, flow.about).slots.keys() == flow.slots.keys()


def test_the_docs_tell_of_every_template_its_models_and_every_title():
    models = {model["file"] for name in NAMES for model in template(name).about.models}
    titles = {title for titles in TITLES.values() for title in titles}

    assert [word for word in sorted({*NAMES, *models, *titles}) if f"`{word}`" not in DOCS] == []
