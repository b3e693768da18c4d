"""A worker's whole life on the platform, with a ComfyUI of its own on a volume: up, at work, gone."""

import os
import re
import signal
from pathlib import Path

import pytest

from domain.serverless import read_result
from tests.comfy_jobs import picture
from tests.real_comfy import free_port
from tests.serverless.volumes import Volume, python_with_torch
from tests.test_comfy_real import slow_graph
from tests.test_real_comfy import picture_graph

pytestmark = pytest.mark.real


@pytest.fixture
def volume(comfy_installation, tmp_path):
    return Volume(comfy_installation, tmp_path / "runpod-volume")


@pytest.fixture
def url():
    return f"http://127.0.0.1:{free_port()}"


def children(pid):
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [(int(child), Path(f"/proc/{child}/cmdline").read_bytes().decode()) for child in listed.split()]


def comfy_of(worker):
    return next(pid for pid, command in children(worker.pid) if "main.py" in command)


def is_dead(pid):
    """All of it: its parent hears of that when its last thread has ended."""
    process = Path(f"/proc/{pid}")
    try:
        return ") Z " in (process / "stat").read_text() and len(list((process / "task").iterdir())) == 1
    except OSError:
        return True


def test_the_comfyui_of_the_volume_is_started_and_draws(endpoint, sdk_worker, volume, url, sent, ended):
    worker = sdk_worker(endpoint, url, **volume.environment)
    told = ended(sent({"workflow": picture_graph(seed=424_242)}))
    assert told["status"] == "COMPLETED", worker.said[-3000:]
    assert read_result(told["output"]).server.startswith("ComfyUI 0.30")
    assert f"ComfyUI found at {volume.home}, run by {volume.home}/com_venv/bin/python." in worker.said
    assert re.search(r"ComfyUI 0\.30\.\d is up, on no GPU\.", worker.said)
    assert not list((volume.base / "output").iterdir())  # several workers share the volume


def test_a_comfyui_that_dies_under_a_job_fails_it_at_once_and_takes_the_worker_with_it(
    endpoint, sdk_worker, volume, url, sent, ended
):
    worker = sdk_worker(endpoint, url, **volume.environment)
    id = sent({"workflow": slow_graph(434_343)})
    worker.until(lambda: endpoint.jobs[id].progress)
    os.kill(comfy_of(worker), signal.SIGKILL)
    told = ended(id)
    assert told["status"] == "FAILED"
    assert told["error"].startswith("ComfyUI ended (it was killed, most likely for want of memory).")
    assert told["output"]["details"][0]["kind"] == "comfyui_died"
    assert endpoint.workers[worker.id].is_gone


def test_a_comfyui_that_died_between_two_jobs_is_started_again(
    endpoint, sdk_worker, volume, url, sent, ended
):
    worker = sdk_worker(endpoint, url, **volume.environment)
    assert ended(sent({"workflow": picture_graph(seed=464_646)}))["status"] == "COMPLETED"
    os.kill(comfy := comfy_of(worker), signal.SIGKILL)
    worker.until(lambda: is_dead(comfy))
    told = ended(sent({"workflow": picture_graph(seed=474_747)}))
    assert told["status"] == "COMPLETED", told
    assert "It is started again." in worker.said


def test_a_worker_that_ends_takes_its_comfyui_with_it(endpoint, sdk_worker, volume, url, sent, ended):
    worker = sdk_worker(endpoint, url, **volume.environment)
    assert ended(sent({"workflow": picture_graph(seed=454_545)}))["status"] == "COMPLETED"
    comfy = comfy_of(worker)
    worker.stop()
    assert not Path(f"/proc/{comfy}").exists()


def test_a_machine_without_a_gpu_takes_no_job_from_one_that_has_it(
    endpoint, sdk_worker, fake, tmp_path, sent, ended
):
    home = tmp_path / "ComfyUI"
    home.mkdir()
    (home / "main.py").write_text("import time\ntime.sleep(60)\n")
    id = sent({"workflow": picture()})
    torch = python_with_torch(tmp_path, 'raise RuntimeError("No CUDA GPUs are available")')
    given = {"COMFY_HOME": str(home), "COMFY_PYTHON": str(torch)}
    bad = sdk_worker(endpoint, f"http://127.0.0.1:{free_port()}", "bad", **given)
    assert endpoint.wait(lambda: bad.has_ended, 60), bad.said
    assert bad.code == 1 and "torch finds no GPU on this worker" in bad.said
    ((check, reason),) = endpoint.unfit
    assert check == "gpu" and reason.endswith("No CUDA GPUs are available")
    assert endpoint.jobs[id].status == "IN_QUEUE" and not endpoint.jobs[id].retries
    sdk_worker(endpoint, fake.url, "good")
    assert ended(id)["workerId"] == "good"


def test_a_torch_that_knows_no_gpus_is_told_each_job(endpoint, sdk_worker, url, volume, sent, ended):
    worker = sdk_worker(endpoint, url, **volume.environment | {"COMFY_ARGS": ""})
    told = ended(sent({"workflow": picture()}))
    assert told["status"] == "FAILED" and "not compiled with CUDA" in told["error"], told
    assert endpoint.workers[worker.id].is_gone and not endpoint.unfit


def test_without_a_comfyui_each_job_is_told_where_it_was_looked_for(
    endpoint, sdk_worker, url, tmp_path, sent, ended
):
    worker = sdk_worker(endpoint, url, COMFY_HOME=str(tmp_path / "nowhere"))
    told = ended(sent({"workflow": picture()}))
    assert told["status"] == "FAILED"
    for place in (tmp_path / "nowhere", "/runpod-volume/ComfyUI", "/workspace/ComfyUI", "/comfyui"):
        assert str(place) in told["error"]
    assert endpoint.workers[worker.id].is_gone
