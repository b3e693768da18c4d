"""The artist's own workflows and a real server: asked without running, converted, and read from its files."""

import json
import uuid

import pytest
import requests

from infrastructure.comfy_backend import ComfyBackend
from infrastructure.comfy_server import ComfyServer
from services.workflows import examine, keep
from tests.comfy_jobs import carried_out, make_job
from tests.window_graphs import picture, ui, ui_node

pytestmark = pytest.mark.real


@pytest.fixture
def server(real_comfy):
    return ComfyServer(real_comfy.url)


def window():
    content = picture()
    content["nodes"][0]["widgets_values"] = ["tiny_sd15.safetensors"]
    content["nodes"][4]["widgets_values"] = [42, "randomize", 2, 7.5, "euler", "normal", 1]
    content["nodes"][3]["widgets_values"] = [64, 64, 1]
    return content


def heard_of(server):
    said = [requests.get(f"{server.url}/{path}", timeout=30).json() for path in ("queue", "history")]
    return said[0]["queue_running"], said[0]["queue_pending"], len(said[1])


def test_a_workflow_of_the_window_is_converted_checked_and_can_be_drawn(real_comfy, server, tmp_path):
    before = heard_of(real_comfy)
    found = examine(json.dumps(window()).encode(), "mine.json", server)

    assert (found.needs.faults, found.needs.missing, found.unsure) == ((), (), ())
    assert found.needs.are_met
    assert heard_of(real_comfy) == before
    graph = found.workflow.with_values(seed=uuid.uuid4().int % 2**32, prompt="a lake")
    assert carried_out(ComfyBackend(real_comfy.url), make_job(tmp_path, graph)).files


def test_a_fault_anywhere_in_a_graph_is_found_without_running_it(real_comfy, server):
    content = window()
    content["nodes"][3]["widgets_values"] = [3, 64, 1]
    content["nodes"][4]["widgets_values"] = [42, "fixed", 2, 7.5, "crayon", "normal", 1]
    before = heard_of(real_comfy)
    faults = examine(json.dumps(content).encode(), "mine.json", server).needs.faults

    assert any("width" in fault for fault in faults)
    assert any("crayon" in fault for fault in faults)
    assert heard_of(real_comfy) == before


def test_a_preview_of_nothing_but_a_loaded_picture_is_not_run_either(real_comfy, server):
    content = ui(
        ui_node(1, "LoadImage", ("a.png", "image"), "", "IMAGE MASK"),
        ui_node(2, "PreviewImage", (), "images:IMAGE=1"),
        links="1:1.0>2.0",
    )
    before = heard_of(real_comfy)
    found = examine(json.dumps(content).encode(), "mine.json", server)

    assert found.needs.faults == ()
    assert heard_of(real_comfy) == before


def test_a_picture_that_the_server_saved_gives_its_workflow_back(real_comfy, server, tmp_path):
    graph = {
        "1": {
            "class_type": "EmptyImage",
            "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": uuid.uuid4().int % 2**24},
            "_meta": {"title": "Canvas"},
        },
        "2": {
            "class_type": "SaveImage",
            "inputs": {"images": ["1", 0], "filename_prefix": "mine"},
            "_meta": {"title": "Save"},
        },
    }
    (take,) = carried_out(ComfyBackend(real_comfy.url), make_job(tmp_path, graph)).files
    found = examine(take, "", server)

    assert (found.origin, found.kind) == ("media", "keyframe")
    assert found.graph["1"]["inputs"] == graph["1"]["inputs"]
    assert keep(found, "from a picture", tmp_path / "workflows").is_file()
