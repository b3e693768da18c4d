"""Workflow files: what is read, what is refused, and with which words."""

import json
from pathlib import Path

import pytest

from domain.errors import BadFile, StudioError
from infrastructure import workflow_files
from infrastructure.workflow_files import SHIPPED, WorkflowFolder
from tests.graphs import node, picture


def put(folder: Path, name: str, content: object) -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def refusal(folder: Path, content: object) -> str:
    put(folder, "mine.json", content)
    with pytest.raises(BadFile) as error:
        WorkflowFolder(folder).load("mine")
    return str(error.value)


def test_the_artists_own_workflow_stands_beside_the_shipped_ones_and_before_one_of_its_name(tmp_path):
    put(tmp_path, "keyframe_mine.json", picture())
    put(tmp_path, "keyframe_sd15.json", {"1": node("SaveImage")})
    folder = WorkflowFolder(SHIPPED, tmp_path)

    assert "keyframe_mine" in folder.names("keyframe")
    assert "video_wan22_i2v" in folder.names("video")
    assert len(folder.load("keyframe_sd15").graph) == 1


def test_a_folder_that_is_not_there_holds_nothing(tmp_path):
    assert WorkflowFolder(tmp_path / "none").names() == []


def test_a_broken_file_does_not_hide_the_others(tmp_path):
    put(tmp_path, "a.json", "{")
    put(tmp_path, "b.json", picture())

    assert WorkflowFolder(tmp_path).names("keyframe") == ["b"]
    assert WorkflowFolder(tmp_path).names() == ["a", "b"]


def test_a_workflow_can_be_given_by_its_path(tmp_path):
    path = put(tmp_path, "mine.json", picture())

    assert WorkflowFolder().load(str(path)).graph == picture()


def test_a_name_may_carry_its_ending():
    assert WorkflowFolder().load("keyframe_sd15.json").name == "keyframe_sd15"


def test_an_unknown_name_is_answered_with_the_near_ones():
    with pytest.raises(StudioError, match=r"no workflow called keyframe_sd1\. Did you mean keyframe_sd15"):
        WorkflowFolder().load("keyframe_sd1")


def test_a_workflow_of_the_window_is_refused_with_the_way_to_export_it(tmp_path):
    text = refusal(tmp_path, {"nodes": [], "links": [], "version": 0.4})

    assert "Export (API)" in text
    assert "mine.json" in text


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "not valid JSON"),
        ([], "one entry per node"),
        ({}, "one entry per node"),
        ({"1": 5}, "node 1 has no class_type"),
        ({"1": {"class_type": "SaveImage"}}, "node 1 has no inputs"),
        ({"1": {"class_type": "SaveImage", "inputs": {}, "_meta": 3}}, "_meta of node 1"),
    ],
)
def test_what_is_no_graph_is_refused_by_its_node(tmp_path, content, reason):
    assert reason in refusal(tmp_path, content)


def test_a_file_too_large_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(workflow_files, "LARGEST", 100)

    assert "was not read" in refusal(tmp_path, picture())


def test_a_node_may_be_called_prompt(tmp_path):
    put(tmp_path, "mine.json", picture(prompt=node("PrimitiveString", value="a hill")))

    assert WorkflowFolder(tmp_path).load("mine").graph["prompt"]["inputs"] == {"value": "a hill"}


def test_a_graph_wrapped_as_a_request_is_unwrapped(tmp_path):
    put(tmp_path, "mine.json", {"prompt": picture(), "client_id": "x"})

    assert WorkflowFolder(tmp_path).load("mine").graph == picture()


def test_what_stands_beside_a_workflow_is_read_and_unknown_fields_kept(tmp_path):
    put(tmp_path, "mine.json", picture())
    about = {"title": "Mine", "kind": "video", "fps": 12, "frame_step": 4, "longest": 49, "grid": 16}
    put(tmp_path, "mine.about.json", {**about, "sizes": [[640, 352]], "vram": "8 GB"})
    read = WorkflowFolder(tmp_path).load("mine").about

    assert (read.title, read.kind, read.fps, read.frame_step, read.longest, read.grid) == (
        "Mine",
        "video",
        12.0,
        4,
        49,
        16,
    )
    assert read.sizes == ((640, 352),)
    assert read.extra == {"vram": "8 GB"}
    assert WorkflowFolder(tmp_path).names() == ["mine"]


@pytest.mark.parametrize("about", ['{"fps": "quick"}', '{"grid": 0}', '{"sizes": [5]}', "[]", "{"])
def test_a_description_that_does_not_read_is_named(tmp_path, about):
    put(tmp_path, "mine.json", picture())
    put(tmp_path, "mine.about.json", about)
    with pytest.raises(BadFile, match=r"mine\.about\.json"):
        WorkflowFolder(tmp_path).load("mine")


@pytest.mark.parametrize("name", ["gcv_wan.models", "gcv_wan.json.models"])
def test_the_older_apps_list_of_models_is_understood(tmp_path, name):
    put(tmp_path, "gcv_wan.json", picture())
    put(
        tmp_path,
        name,
        "# models\nvae\\wan.safetensors\n\n[high]\ndiffusion_models/wan/high.safetensors  # big\n"
        "[main]\nclip/t5.safetensors\n",
    )

    assert WorkflowFolder(tmp_path).load("gcv_wan").about.models == (
        {"folder": "vae", "file": "wan.safetensors"},
        {"folder": "diffusion_models", "file": "wan/high.safetensors", "slot": "high"},
        {"folder": "clip", "file": "t5.safetensors"},
    )


@pytest.mark.parametrize("line", ["Florence2|model|a/b|Caption", "type=flux"])
def test_lists_of_another_kind_are_no_models(tmp_path, line):
    put(tmp_path, "gca_look.json", picture())
    put(tmp_path, "gca_look.models", line)

    assert WorkflowFolder(tmp_path).load("gca_look").about.models == ()


@pytest.mark.parametrize(
    ("graph", "complaint"),
    [
        ('{"1": {"class_type": "A", "inputs": {"fps": NaN}}}', "line 1, column 45: NaN is not a number"),
        ('{"1": ' * 2000 + "1" + "}" * 2000, "is nested too deeply"),
    ],
)
def test_what_no_server_reads_is_refused_with_its_place(tmp_path, graph, complaint):
    assert complaint in refusal(tmp_path, graph)


def test_a_file_saved_in_utf_16_is_read(tmp_path):
    (tmp_path / "mine.json").write_text(json.dumps(picture()), "utf-16")

    assert WorkflowFolder(tmp_path).load("mine").graph == picture()
