"""The ComfyUI client against a real server, from the first upload to a restart under a job."""

import uuid
from pathlib import Path

import pytest
import requests
from PIL import Image

from domain.errors import JobFailed, JobRejected
from infrastructure.comfy_api import ComfyAPI
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.comfy_history import RemoteFile, files
from infrastructure.downloads import download
from tests.comfy_jobs import carried_out, closed_when, make_job, parts, saved, until
from tests.test_real_comfy import picture_graph, video_graph

pytestmark = pytest.mark.real

OTHER = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def backend(real_comfy):
    return ComfyBackend(real_comfy.url)


@pytest.fixture
def seed():
    """One that no test before has used: nothing comes from the server's cache."""
    return uuid.uuid4().int % (1 << 32)


def get(server, path):
    return requests.get(f"{server.url}{path}", timeout=30).json()


def queue_of(server):
    queue = get(server, "/queue")
    return [[item[1] for item in queue[key]] for key in ("queue_running", "queue_pending")]


def is_running(server, id):
    return id in queue_of(server)[0]


def slow_graph(seed):
    """Some twenty seconds, with a place to stop at each step."""
    graph = picture_graph(seed=seed)
    graph["5"]["inputs"]["steps"] = 200
    return graph


def noise_graph(seed, prefix="noise", size=64):
    """Without any model."""
    return {
        "1": {
            "class_type": "EmptyImage",
            "inputs": {"width": size, "height": size, "batch_size": 1, "color": 3368601},
        },
        "2": {
            "class_type": "ImageAddNoise",
            "inputs": {"image": ["1", 0], "seed": seed, "strength": 0.5},
        },
        "3": {
            "class_type": "SaveImage",
            "inputs": {"images": ["2", 0], "filename_prefix": prefix},
            "_meta": {"title": "Keep it"},
        },
    }


def test_words_become_a_picture_that_can_be_watched(backend, tmp_path, seed):
    outcome = carried_out(backend, make_job(tmp_path, picture_graph(seed=seed)))

    with Image.open(outcome.files[0]) as picture:
        assert picture.size == (128, 128)
    assert len(outcome.previews) == 8
    assert len(set(outcome.previews)) == 8
    assert all(preview.startswith(b"\xff\xd8") for preview in outcome.previews)
    assert "KSampler: 8 of 8" in outcome.notes
    assert outcome.facts("server") == ["ComfyUI 0.30.0"]
    assert 0 < outcome.facts("gpu_seconds")[0] < 60


def test_a_start_image_goes_up_once_and_a_clip_comes_home(real_comfy, backend, tmp_path):
    start = tmp_path / "Größe «Anfang».png"
    Image.new("RGB", (160, 96), (uuid.uuid4().int % 255, 90, 120)).save(start)
    graph = video_graph(start)
    backend.check(graph)
    folder = real_comfy.base / "input" / "cindergrace"
    before = {*folder.glob("*.png")}
    outcome = carried_out(backend, make_job(tmp_path, graph, "002_v1"))

    (clip,) = outcome.files
    assert clip.name == "002_v1.mp4"
    assert b"ftyp" in clip.read_bytes()[:16]
    (there,) = {*folder.glob("*.png")} - before
    sent = there.stat().st_mtime_ns
    again = {
        **graph,
        "6": graph["6"],
        "8": {**graph["8"], "inputs": {**graph["8"]["inputs"], "noise_seed": 2}},
    }
    carried_out(backend, make_job(tmp_path, again, "002_v2"))
    assert there.stat().st_mtime_ns == sent


def test_an_equal_job_runs_once_however_often_it_is_asked_for(real_comfy, backend, tmp_path, seed):
    job = make_job(tmp_path, noise_graph(seed))
    first = carried_out(backend, job)
    before = len(get(real_comfy, "/history"))
    content = first.files[0].read_bytes()
    first.files[0].unlink()
    again = carried_out(ComfyBackend(real_comfy.url), job)

    assert len(get(real_comfy, "/history")) == before
    assert again.files[0].read_bytes() == content


def test_a_picture_that_was_deleted_on_the_server_is_made_again(real_comfy, backend, tmp_path, seed):
    job = make_job(tmp_path, noise_graph(seed), f"{seed}_v1")
    first = carried_out(backend, job)
    (there,) = (real_comfy.base / "output" / "cindergrace" / "film").glob(f"{seed}_*.png")
    there.unlink()
    first.files[0].unlink()
    again = carried_out(backend, job)

    assert again.facts("sent") == [{"times": 1, "why": "its file was gone from the server"}]
    assert again.files[0].exists()


def test_a_refused_workflow_is_told_node_by_node(real_comfy, backend, tmp_path, seed):
    graph = noise_graph(seed)
    graph["1"]["inputs"]["width"] = 0
    graph["2"]["inputs"]["strength"] = 7
    with pytest.raises(JobRejected) as raised:
        carried_out(backend, make_job(tmp_path, graph))
    assert "“EmptyImage” (EmptyImage, width): Value 0 smaller than min of 1" in str(raised.value)
    assert "(ImageAddNoise, strength): Value 7.0 bigger than max of 1.0" in str(raised.value)


def test_a_workflow_that_would_run_in_part_only_is_refused_and_does_not_run(
    real_comfy, backend, tmp_path, seed
):
    graph = noise_graph(seed) | {"4": {"class_type": "PreviewImage", "inputs": {}}}
    job = make_job(tmp_path, graph)
    with pytest.raises(JobRejected, match=r"“PreviewImage” \(PreviewImage, images\): Required input"):
        carried_out(backend, job)
    until(lambda: queue_of(real_comfy) == [[], []], "the empty queue")


def test_what_a_server_lacks_is_listed_before_anything_is_sent(real_comfy, backend, seed):
    graph = picture_graph(seed=seed) | {"9": {"class_type": "NoSuchNode", "inputs": {}}}
    graph["1"]["inputs"]["ckpt_name"] = "flux1-dev.safetensors"
    with pytest.raises(JobRejected) as raised:
        backend.check(graph)
    assert "flux1-dev.safetensors is missing; it belongs in models/checkpoints" in str(raised.value)
    assert "'NoSuchNode', which this server lacks" in str(raised.value)


def test_a_node_that_breaks_is_named_with_its_reason(backend, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture at all")
    graph = {
        "1": {"class_type": "LoadImage", "inputs": {"image": broken}, "_meta": {"title": "Start image"}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
    }
    with pytest.raises(JobFailed, match=r"“Start image” \(LoadImage\) failed: cannot identify image file"):
        carried_out(backend, make_job(tmp_path, graph))


def test_a_running_job_is_cancelled(real_comfy, backend, tmp_path, seed):
    job = make_job(tmp_path, slow_graph(seed))
    closed_when(backend, job, lambda event: getattr(event, "preview", None))

    assert queue_of(real_comfy) == [[], []]
    status = get(real_comfy, f"/history/{job.id}")[job.id]["status"]
    assert status["messages"][-1][0] == "execution_interrupted"
    assert not parts(tmp_path)


def test_a_waiting_job_is_cancelled_and_somebody_else_s_goes_on(real_comfy, backend, tmp_path, seed):
    body = {"prompt": slow_graph(seed), "prompt_id": OTHER}
    requests.post(f"{real_comfy.url}/prompt", json=body, timeout=30)
    until(lambda: is_running(real_comfy, OTHER), "the other job")
    job = make_job(tmp_path, slow_graph(seed + 1))
    closed_when(backend, job, lambda event: job.id in queue_of(real_comfy)[1])

    assert queue_of(real_comfy) == [[OTHER], []]
    assert get(real_comfy, f"/history/{job.id}") == {}
    requests.post(f"{real_comfy.url}/interrupt", json={"prompt_id": OTHER}, timeout=30)
    until(lambda: queue_of(real_comfy) == [[], []], "the empty queue")


def test_cancelling_the_running_job_leaves_somebody_else_s_in_the_queue(real_comfy, backend, tmp_path, seed):
    job = make_job(tmp_path, slow_graph(seed))
    other = str(uuid.uuid4())

    def is_time(event):
        if is_running(real_comfy, job.id):
            body = {"prompt": noise_graph(seed), "prompt_id": other}
            requests.post(f"{real_comfy.url}/prompt", json=body, timeout=30)
            return True
        return False

    closed_when(backend, job, is_time)
    until(lambda: get(real_comfy, f"/history/{other}"), "the other job's end")
    assert get(real_comfy, f"/history/{other}")[other]["status"]["status_str"] == "success"


def test_a_server_killed_under_a_job_and_started_again_finishes_it(real_comfy_server, tmp_path, seed):
    server = real_comfy_server()
    graph = picture_graph(seed=seed)
    graph["5"]["inputs"]["steps"] = 40
    killed = []

    def kill_once(event):
        if not killed and getattr(event, "preview", None):
            server.kill()
            killed.append(True)
            server.start()

    outcome = carried_out(ComfyBackend(server.url), make_job(tmp_path, graph), kill_once)
    assert outcome.facts("sent") == [{"times": 1}, {"times": 2, "why": "the server had forgotten it"}]
    with Image.open(outcome.files[0]) as picture:
        assert picture.size == (128, 128)


def test_a_file_larger_than_the_server_takes_is_named(real_comfy_server, tmp_path):
    server = real_comfy_server(max_upload_size=1)
    large = tmp_path / "start.png"
    large.write_bytes(bytes(12 << 20))
    graph = {
        "1": {"class_type": "LoadImage", "inputs": {"image": large}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
    }
    with pytest.raises(JobRejected, match=r"start\.png \(12\.0 MB\) is larger than the server takes"):
        carried_out(ComfyBackend(server.url), make_job(tmp_path, graph))


NAMES = ["名前 🎬", "Größe/Ende", "%date% %H", "a b&c=d?e#f+g", "x" * 120, "con"]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_any_name_on_the_server_comes_home_under_ours(real_comfy, backend, tmp_path, seed, name):
    """A node may name its files as it likes."""
    job = make_job(tmp_path, noise_graph(seed, "x"))
    (file,) = carried_out(backend, job).files
    content = file.read_bytes()
    folder, _, stem = name.rpartition("/")
    there = real_comfy.base / "output" / folder / f"{stem}_00001_.PNG"
    there.parent.mkdir(exist_ok=True)
    there.write_bytes(content)
    to = tmp_path / "home.png"

    (remote,) = files({"outputs": {"3": {"images": [saved(there.name, folder)]}}})
    list(download(ComfyAPI(real_comfy.url), remote, to))
    assert to.read_bytes() == content
    assert remote.suffix == ".png"


def test_a_name_that_leads_out_of_the_server_s_folders_is_not_fetched(real_comfy, tmp_path):
    Path(real_comfy.base / "secret.png").write_bytes(b"secret")
    for file in (
        RemoteFile("secret.png", "..", "output"),
        RemoteFile("../secret.png", "", "output"),
        RemoteFile(str(real_comfy.base / "secret.png"), "", "output"),
        RemoteFile("secret.png", str(real_comfy.base), "output"),
    ):
        with pytest.raises(JobFailed, match=r"does not hand out|no longer has"):
            list(download(ComfyAPI(real_comfy.url), file, tmp_path / "x.png"))
    assert not list(tmp_path.glob("x*"))


def test_a_project_of_any_name_gets_its_pictures(real_comfy, backend, tmp_path, seed):
    job = make_job(tmp_path / "Ω 名前 %year% ..", noise_graph(seed), "001 «ä»_v1")
    (file,) = carried_out(backend, job).files
    assert file.name == "001 «ä»_v1.png"
    with Image.open(file) as picture:
        assert picture.size == (64, 64)
