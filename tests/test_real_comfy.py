"""The real server itself: it runs, and its tiny models behave as models do."""

import io
import json
import os
import time

import imageio_ffmpeg
import pytest
import requests
import websocket
from PIL import Image, ImageChops, ImageStat

from tests import real_comfy_build
from tests.real_comfy import RealComfy
from tests.real_comfy_build import BuildFailed

LONGEST_JOB = 60.0  # seconds; they take three


def picture_graph(prompt="a lighthouse at dusk", seed=42):
    return {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny_sd15.safetensors"}},
        "2": {"class_type": "CLIPTextEncode", "inputs": {"text": prompt, "clip": ["1", 1]}},
        "3": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["1", 1]}},
        "4": {"class_type": "EmptyLatentImage", "inputs": {"width": 128, "height": 128, "batch_size": 1}},
        "5": {
            "class_type": "KSampler",
            "inputs": {
                "model": ["1", 0],
                "positive": ["2", 0],
                "negative": ["3", 0],
                "latent_image": ["4", 0],
                "seed": seed,
                "steps": 8,
                "cfg": 4.0,
                "sampler_name": "euler",
                "scheduler": "normal",
                "denoise": 1.0,
            },
        },
        "6": {"class_type": "VAEDecode", "inputs": {"samples": ["5", 0], "vae": ["1", 2]}},
        "7": {"class_type": "SaveImage", "inputs": {"images": ["6", 0], "filename_prefix": "tiny"}},
    }


def video_graph(start_image):
    def sampler(stage, noise, latent, start, end):
        inputs = {"add_noise": noise, "noise_seed": 1, "steps": 4, "cfg": 3.5, "sampler_name": "euler"}
        links = {"model": [stage, 0], "positive": ["7", 0], "negative": ["7", 1], "latent_image": latent}
        more = {"scheduler": "simple", "start_at_step": start, "end_at_step": end}
        more["return_with_leftover_noise"] = noise
        return {"class_type": "KSamplerAdvanced", "inputs": inputs | links | more}

    def expert(name):
        inputs = {"unet_name": f"tiny_wan22_i2v_{name}_noise.safetensors", "weight_dtype": "default"}
        return {"class_type": "UNETLoader", "inputs": inputs}

    size = {"width": 160, "height": 96, "length": 17, "batch_size": 1}
    ends = {"positive": ["5", 0], "negative": ["5", 0], "vae": ["4", 0], "start_image": ["6", 0]}
    save = {"video": ["11", 0], "filename_prefix": "tiny", "format": "mp4", "codec": "h264"}
    return {
        "1": expert("high"),
        "2": expert("low"),
        "3": {"class_type": "CLIPLoader", "inputs": {"clip_name": "tiny_clip_l.safetensors", "type": "sd3"}},
        "4": {"class_type": "VAELoader", "inputs": {"vae_name": "tiny_wan_vae.safetensors"}},
        "5": {"class_type": "CLIPTextEncode", "inputs": {"text": "waves", "clip": ["3", 0]}},
        "6": {"class_type": "LoadImage", "inputs": {"image": start_image}},
        "7": {"class_type": "WanImageToVideo", "inputs": size | ends},
        "8": sampler("1", "enable", ["7", 2], 0, 2),
        "9": sampler("2", "disable", ["8", 0], 2, 10000),
        "10": {"class_type": "VAEDecode", "inputs": {"samples": ["9", 0], "vae": ["4", 0]}},
        "11": {"class_type": "CreateVideo", "inputs": {"images": ["10", 0], "fps": 16.0}},
        "12": {"class_type": "SaveVideo", "inputs": save},
    }


def run(server: RealComfy, graph, client_id=None) -> dict:
    """Hand a graph over and wait for its end; returns the history's entry."""
    reply = requests.post(
        f"{server.url}/prompt", json={"prompt": graph, "client_id": client_id}, timeout=30
    ).json()
    assert not reply.get("node_errors"), reply
    return finished(server, reply["prompt_id"])


def finished(server: RealComfy, prompt_id: str) -> dict:
    end = time.monotonic() + LONGEST_JOB
    while time.monotonic() < end:
        history = requests.get(f"{server.url}/history/{prompt_id}", timeout=30).json()
        if prompt_id in history:
            return history[prompt_id]
        time.sleep(0.05)
    raise AssertionError(f"not finished after {LONGEST_JOB} s; see {server.log}")


def saved_picture(server: RealComfy, graph) -> Image.Image:
    (file,) = run(server, graph)["outputs"]["7"]["images"]
    return Image.open(server.base / "output" / file["subfolder"] / file["filename"]).convert("RGB")


def difference(one: Image.Image, other: Image.Image) -> float:
    return sum(ImageStat.Stat(ImageChops.difference(one, other.resize(one.size))).mean)


@pytest.mark.real
def test_the_server_is_the_version_that_was_asked_for(real_comfy):
    stats = requests.get(f"{real_comfy.url}/system_stats", timeout=30).json()
    assert stats["system"]["comfyui_version"] == real_comfy_build.VERSION == "0.30.0"


@pytest.mark.real
def test_the_server_lists_the_tiny_models(real_comfy):
    def choices(node: str, input: str) -> list[str]:
        info = requests.get(f"{real_comfy.url}/object_info/{node}", timeout=30).json()
        return info[node]["input"]["required"][input][0]

    assert "tiny_sd15.safetensors" in choices("CheckpointLoaderSimple", "ckpt_name")
    assert "tiny_wan22_i2v_high_noise.safetensors" in choices("UNETLoader", "unet_name")
    assert "tiny_wan22_i2v_low_noise.safetensors" in choices("UNETLoader", "unet_name")
    assert "tiny_wan_vae.safetensors" in choices("VAELoader", "vae_name")
    assert "tiny_clip_l.safetensors" in choices("CLIPLoader", "clip_name")


@pytest.mark.real
def test_seed_and_prompt_decide_the_picture(real_comfy):
    picture = saved_picture(real_comfy, picture_graph())
    again = saved_picture(real_comfy, picture_graph() | {"8": node_that_only_forces_a_new_run()})

    assert picture.size == (128, 128)
    assert difference(picture, again) == 0
    assert difference(picture, saved_picture(real_comfy, picture_graph(seed=43))) > 3
    assert difference(picture, saved_picture(real_comfy, picture_graph(prompt="a red fox"))) > 0.1


def node_that_only_forces_a_new_run():
    return {"class_type": "PreviewImage", "inputs": {"images": ["6", 0]}}


@pytest.mark.real
@pytest.mark.parametrize(("method", "seed"), [("latent2rgb", 7), ("taesd", 8)])
def test_previews_come_nearer_to_the_picture_with_each_step(real_comfy, method, seed):
    socket = websocket.create_connection(f"ws://127.0.0.1:{real_comfy.port}/ws?clientId={method}", timeout=30)
    body = {"prompt": picture_graph(seed=seed), "client_id": method, "extra_data": {"preview_method": method}}
    prompt_id = requests.post(f"{real_comfy.url}/prompt", json=body, timeout=30).json()["prompt_id"]
    previews = []
    while True:
        frame = socket.recv()
        if isinstance(frame, bytes):
            previews.append(Image.open(io.BytesIO(frame[8:])).convert("RGB"))
        elif json.loads(frame)["type"] == "executing" and json.loads(frame)["data"]["node"] is None:
            break
    socket.close()
    (file,) = finished(real_comfy, prompt_id)["outputs"]["7"]["images"]
    picture = Image.open(real_comfy.base / "output" / file["filename"]).convert("RGB")

    distances = [difference(preview, previews[-1]) for preview in previews]
    assert len(previews) == 8
    assert distances == sorted(distances, reverse=True)
    assert difference(previews[-1], picture) < difference(previews[0], picture)


@pytest.mark.real
def test_a_start_image_becomes_a_clip_of_the_asked_length(real_comfy):
    Image.new("RGB", (160, 96), "teal").save(real_comfy.base / "input" / "start.png")
    (file,) = run(real_comfy, video_graph("start.png"))["outputs"]["12"]["images"]

    frames, _ = imageio_ffmpeg.count_frames_and_secs(str(real_comfy.base / "output" / file["filename"]))
    assert frames == 17


@pytest.mark.real
def test_a_server_can_be_killed_and_started_again_on_its_port(real_comfy_server):
    server = real_comfy_server(max_upload_size=1)
    first = server.pid
    (server.base / "output" / "kept.png").write_bytes(b"")
    assert requests.get(f"{server.url}/features", timeout=30).json()["max_upload_size"] == 1 << 20

    server.kill()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{server.url}/queue", timeout=30)
    server.start()

    assert server.pid != first
    assert requests.get(f"{server.url}/queue", timeout=30).json()["queue_running"] == []
    assert (server.base / "output" / "kept.png").exists()


def test_a_build_that_breaks_says_why_and_is_begun_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("CINDERGRACE_TEST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    failure = r"No matching distribution found for torch"
    with pytest.raises(BuildFailed, match=failure):
        real_comfy_build.install(tell=lambda sentence: None)
    (folder,) = (path for path in (tmp_path / "cache").iterdir() if path.is_dir())
    (folder / "half").touch()

    with pytest.raises(BuildFailed, match=failure):
        real_comfy_build.install(tell=lambda sentence: None)
    assert not (folder / "half").exists()
