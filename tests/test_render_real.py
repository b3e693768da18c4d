"""The whole main job on a real ComfyUI: twelve shots, tiny models, references, and what it lacks."""

import json
import re
import signal
import sys
import time
from pathlib import Path

import pytest
import requests
from PIL import Image

import main
from infrastructure.clip_frames import last_frame
from infrastructure.clip_probe import probe
from infrastructure.hashes import sha256
from tests.graphs import node, template
from tests.killing import WORKFLOWS, Render, small_board

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("home")]

EXAMPLE = Path(main.__file__).parent / "examples" / "low-tide-post.json"
LONGEST = 60.0
TINY = {
    "v1-5-pruned-emaonly-fp16.safetensors": "tiny_sd15.safetensors",
    "wan2.2_i2v_high_noise_14B_fp8_scaled.safetensors": "tiny_wan22_i2v_high_noise.safetensors",
    "wan2.2_i2v_low_noise_14B_fp8_scaled.safetensors": "tiny_wan22_i2v_low_noise.safetensors",
    "wan_2.1_vae.safetensors": "tiny_wan_vae.safetensors",
    "umt5_xxl_fp8_e4m3fn_scaled.safetensors": "tiny_clip_l.safetensors",
    '"wan"': '"sd3"',  # the type of text encoder that goes with the tiny one
}


@pytest.fixture
def told(real_comfy, capsys):
    """A command on the real server: its code, its JSON and what it said."""

    def run(*words):
        code = main.main([*map(str, words), "--backend", "local", "--url", real_comfy.url])
        out, error = capsys.readouterr()
        return code, json.loads(out) if out else None, error

    return run


def written(path, content):
    path.write_text(json.dumps(content), "utf-8")
    return path


def executions(server):
    return server.log.read_text("utf-8", errors="replace").count("Prompt executed in")


def test_twelve_shots_become_a_film_exact_to_the_frame_and_again_costs_nothing(tmp_path, told, real_comfy):
    content = json.loads(EXAMPLE.read_text("utf-8"))
    for shot in content["shots"]:
        shot["duration"] = shot["duration"] / 4
    board = written(tmp_path / "board.json", {**content, "width": 256, "height": 256, "longest_segment": 1})
    words = ("render", board, "--json", *WORKFLOWS)
    code, summary, error = told(*words)
    assert code == 0, error
    assert probe(Path(summary["film"])).frames == sum(round(s["duration"] * 24) for s in content["shots"])
    assert [len(shot["takes"]) for shot in summary["shots"]] == [content.get("variants", 2)] * 12
    assert max(len(shot["clips"]) for shot in summary["shots"]) == 3
    before = executions(real_comfy)
    code, again, _ = told(*words)
    assert (code, again["jobs"]["run"], executions(real_comfy)) == (0, 0, before)


def test_changing_one_prompt_runs_that_shots_jobs_alone_on_the_server(tmp_path, told, real_comfy):
    board = small_board(tmp_path, base_seed=99)
    told("render", board, "--json", *WORKFLOWS)
    content = json.loads(board.read_text("utf-8"))
    content["shots"][2]["prompt"] = "Something else altogether, at noon."  # one segment
    written(board, content)
    before = executions(real_comfy)
    code, summary, _ = told("render", board, "--json", *WORKFLOWS)
    assert (code, summary["jobs"]["run"]) == (0, 2)
    assert executions(real_comfy) - before == 2


def tiny(folder, name):
    """A shipped template with the tiny models in place of its own."""
    flow = template(name)
    text = json.dumps(flow.graph)
    for large, small in TINY.items():
        text = text.replace(large, small)
    path = folder / f"{name}.json"
    path.write_text(text, "utf-8")
    about = {"kind": flow.kind, "fps": flow.fps, "frame_step": flow.frame_step, "longest": 81, "grid": 16}
    written(folder / f"{name}.about.json", about)
    return path


def test_stable_diffusion_and_wan_make_a_film_in_chained_segments(tmp_path, told):
    few = {"flux": {"steps": 2}, "wan": {"steps": 2}}
    shot = {"shot_id": "a", "prompt": "A lighthouse.", "duration": 0.5, **few}
    board = {"width": 256, "height": 256, "variants": 1, "longest_segment": 0.5, "shots": [shot]}
    flows = tiny(tmp_path, "keyframe_sd15"), tiny(tmp_path, "video_wan22_i2v")
    words = ("--keyframe-workflow", flows[0], "--video-workflow", flows[1])
    code, summary, error = told("render", written(tmp_path / "board.json", board), "--json", *words)
    assert code == 0, error
    assert probe(Path(summary["film"])).frames == 8
    first, second = map(Path, summary["shots"][0]["clips"])
    recipe = json.loads(second.with_suffix(".json").read_text("utf-8"))
    assert list(recipe["inputs"].values()) == [sha256(last_frame(first, tmp_path / "last.png"))]
    assert recipe["server"].startswith("ComfyUI")
    assert recipe["values"]["frames"] == 5


def test_everything_the_server_lacks_is_told_at_once_and_nothing_is_written(tmp_path, told):
    board = small_board(tmp_path)
    words = ("--keyframe-workflow", "keyframe_flux_dev", "--video-workflow", "video_wan22_i2v")
    code, summary, error = told("render", board, "--json", *words)
    assert (code, summary) == (2, None)
    models = [m for name in words[1::2] for m in template(name).about.models]
    assert all(model["file"] in error and f"models/{model['folder']}" in error for model in models)
    assert [path.name for path in tmp_path.iterdir()] == ["board.json"]


def test_references_of_a_batch_reach_the_server(tmp_path, told):
    Image.new("RGB", (256, 256), (250, 20, 40)).save(tmp_path / "ref.png")
    graph = {
        **template("keyframe_test").graph,
        "7": node("LoadImage", "Reference", image="none.png"),
        "8": node("ImageBlend", image1=["5", 0], image2=["7", 0], blend_factor=1.0, blend_mode="normal"),
        "6": node("SaveImage", images=["8", 0], filename_prefix="batch"),
    }
    shots = [
        {"shot_id": 1, "prompt": "A.", "references": [{"url": "ref.png", "reference_id": "red"}]},
        {"shot_id": 2, "prompt": "B.", "references": [{"url": "gone.png", "reference_id": "x"}]},
    ]
    batch = {"shots_with_references": shots, "workflow": graph, "batch_size": 2}
    code, answer, error = told("shots", written(tmp_path / "batch.json", batch))
    first, second = answer["generated_images"]
    assert (code, first["success"], second["success"]) == (1, True, False), error
    with Image.open(re.sub("^file://", "", first["image_url"])) as image:
        assert image.convert("RGB").resize((1, 1)).getpixel((0, 0)) == pytest.approx((250, 20, 40), abs=3)


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_an_interrupted_render_leaves_nothing_on_the_server_and_goes_on(tmp_path, real_comfy):
    backend = ("--backend", "local", "--url", real_comfy.url)
    render = Render(small_board(tmp_path, base_seed=77), tmp_path / "film", backend)
    process, end = render.start(), time.monotonic() + LONGEST
    while len(list(render.takes.glob("*.json"))) < 3:
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=LONGEST)
    queue = requests.get(f"{real_comfy.url}/queue", timeout=30).json()
    assert (process.returncode, queue["queue_running"], queue["queue_pending"]) == (130, [], []), error
    assert not list(tmp_path.rglob("*.part*"))
    assert json.loads(out)["film"] is None
    assert render.finished()["film"]
