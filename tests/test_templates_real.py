"""The shipped templates on a real ComfyUI: all are accepted, and those with tiny models run."""

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import pytest
import requests
from PIL import Image

from domain.job import Graph, Job, files_in
from domain.workflow import Workflow
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.workflow_files import WorkflowFolder
from tests.graphs import template
from tests.real_comfy import RealComfy

pytestmark = pytest.mark.real

NAMES = WorkflowFolder().names()
LOADERS = ("start.png", "end.png", "ref1.png", "ref2.png", "ref3.png")
TINY = {
    "v1-5-pruned-emaonly-fp16.safetensors": "tiny_sd15.safetensors",
    "wan2.2_i2v_high_noise_14B_fp8_scaled.safetensors": "tiny_wan22_i2v_high_noise.safetensors",
    "wan2.2_i2v_low_noise_14B_fp8_scaled.safetensors": "tiny_wan22_i2v_low_noise.safetensors",
    "wan_2.1_vae.safetensors": "tiny_wan_vae.safetensors",
    "umt5_xxl_fp8_e4m3fn_scaled.safetensors": "tiny_clip_l.safetensors",
    "wan": "sd3",  # the type of text encoder that goes with the tiny one
}
QUEUE_EMPTY = 60.0  # seconds a refused or broken job may take to leave the queue


@pytest.fixture(scope="module")
def placeholders(real_comfy: RealComfy) -> Iterator[RealComfy]:
    """A server on which every model and picture is there by name, though empty."""
    wanted = [
        real_comfy.models / m["folder"] / m["file"] for name in NAMES for m in template(name).about.models
    ]
    made = [path for path in dict.fromkeys(wanted) if not path.exists()]
    for path in made:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for name in LOADERS:
        made.append(real_comfy.base / "input" / name)
        Image.new("RGB", (64, 48), "teal").save(made[-1])
    yield real_comfy
    for path in made:
        path.unlink()


def node_errors(server: RealComfy, graph: Graph) -> object:
    """What the server finds wrong with a graph; {} when it would run it. Leaves the queue empty."""
    answer = requests.post(f"{server.url}/prompt", json={"prompt": graph}, timeout=30).json()
    if "prompt_id" in answer:
        requests.post(f"{server.url}/queue", json={"delete": [answer["prompt_id"]]}, timeout=30)
        requests.post(f"{server.url}/interrupt", json={"prompt_id": answer["prompt_id"]}, timeout=30)
    end = time.monotonic() + QUEUE_EMPTY
    while requests.get(f"{server.url}/prompt", timeout=30).json()["exec_info"]["queue_remaining"]:
        assert time.monotonic() < end, "the server does not let go of the job"
        time.sleep(0.05)
    return answer["node_errors"] if "prompt_id" in answer else answer


@pytest.mark.parametrize("name", NAMES)
def test_a_template_is_accepted_as_it_is(placeholders, name):
    assert node_errors(placeholders, template(name).graph) == {}


@pytest.mark.parametrize("name", NAMES)
def test_a_template_is_accepted_with_everything_filled_in(placeholders, name):
    flow = template(name)
    width, height = flow.size_for(*flow.about.sizes[0])
    values = {"prompt": "a sea", "negative": "fog", "seed": 0, "steps": 5, "cfg": 1.5, "prefix": "a/b"}
    unplug = [] if name == "video_test" else ["start_image", "end_image"]
    graph = flow.with_values(
        **values, width=width, height=height, frames=flow.frames_for(20), fps=12, references=[], unplug=unplug
    )
    assert node_errors(placeholders, graph) == {}


@pytest.mark.parametrize("name", [name for name in NAMES if template(name).takes("reference")])
def test_a_template_is_accepted_with_any_number_of_references(placeholders, name):
    flow = template(name)
    most = len(flow.slots["reference"])
    for count in range(most + 1):
        graph = flow.with_values(references=["ref1.png", "ref2.png", "ref3.png"][:count])

        assert node_errors(placeholders, graph) == {}, f"{count} references"


def run(server: RealComfy, folder: Path, graph: Graph) -> list[Path]:
    tiny = {id: {**n, "inputs": {k: _tiny(v) for k, v in n["inputs"].items()}} for id, n in graph.items()}
    hashes = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files_in(tiny)}
    job = ComfyBackend(server.url).run(Job("take", tiny, folder, hashes))
    try:
        while True:
            next(job)
    except StopIteration as end:
        return end.value


def _tiny(value: object) -> object:
    return TINY.get(value, value) if isinstance(value, str) else value


def drawn(server: RealComfy, folder: Path, flow: Workflow, **values: object) -> Image.Image:
    folder.mkdir()
    [path] = run(server, folder, flow.with_values(**values))
    return Image.open(path).convert("RGB")


def test_stable_diffusion_draws_what_it_was_given(real_comfy, tmp_path):
    flow = template("keyframe_sd15")
    values = {"prompt": "a lighthouse", "seed": 0, "width": 128, "height": 96, "steps": 4}
    first = drawn(real_comfy, tmp_path / "a", flow, **values)

    assert first.size == (128, 96)
    assert first.tobytes() != drawn(real_comfy, tmp_path / "b", flow, **{**values, "seed": 1}).tobytes()
    assert (
        first.tobytes() != drawn(real_comfy, tmp_path / "c", flow, **{**values, "prompt": "rain"}).tobytes()
    )


def test_the_test_picture_needs_no_model_and_differs_by_seed(real_comfy, tmp_path):
    flow = template("keyframe_test")
    first = drawn(real_comfy, tmp_path / "a", flow, prompt="a lighthouse", seed=0, width=320, height=184)

    assert first.size == (320, 184)
    again = drawn(real_comfy, tmp_path / "b", flow, prompt="a lighthouse", seed=1, width=320, height=184)
    assert first.tobytes() != again.tobytes()


@pytest.mark.parametrize("name", ["video_wan22_i2v", "video_test"])
def test_a_clip_has_the_size_and_the_frames_that_were_asked_for(real_comfy, tmp_path, name):
    start = tmp_path / "start.png"
    Image.linear_gradient("L").convert("RGB").save(start)
    flow = template(name)
    graph = flow.with_values(
        prompt="rain", seed=3, width=160, height=96, frames=17, steps=4, start_image=start
    )
    [clip] = run(real_comfy, tmp_path, graph)

    reader = imageio_ffmpeg.read_frames(str(clip))
    assert next(reader)["size"] == (160, 96)
    assert len(list(reader)) == 17
