"""The worker in the real SDK's loop: orders come from the platform, pictures go back."""

import base64
import os
import signal
import time

import pytest
import requests

from domain.serverless import read_progress, read_result
from tests.comfy_jobs import picture, puts_out, saved
from tests.fake_comfy_nodes import png
from tests.test_comfy_real import slow_graph
from tests.test_real_comfy import picture_graph, video_graph

pytestmark = pytest.mark.real


def until(is_so, longest=30.0):
    end = time.monotonic() + longest
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_an_order_comes_back_as_a_picture(endpoint, sdk_worker, fake, sent, ended):
    sdk_worker(endpoint, fake.url)
    told = ended(sent({"workflow": picture()}))

    assert told["status"] == "COMPLETED", told
    (output,) = read_result(told["output"]).outputs
    assert (output.node_id, output.kind, output.filename) == ("3", "images", "ComfyUI_00001_.png")
    assert base64.b64decode(output.data) in fake.files.values()
    assert not endpoint.late


def test_the_platform_hears_how_far_it_is_and_nothing_after_the_end(endpoint, sdk_worker, fake, sent, ended):
    fake.step_seconds = 0.1
    sdk_worker(endpoint, fake.url)
    id = sent({"workflow": picture(steps=40), "preview": True})
    assert ended(id)["status"] == "COMPLETED"
    progress = [read_progress(said) for said in endpoint.jobs[id].progress]
    assert 3 <= len(progress) <= 7
    assert [one.fraction for one in progress] == sorted(one.fraction for one in progress)
    assert any(one.preview for one in progress)
    time.sleep(1.5)
    assert not endpoint.late
    assert endpoint.jobs[id].status == "COMPLETED"


def test_cancelling_frees_comfyui_and_the_worker(endpoint, sdk_worker, fake, public, sent, ended):
    sdk_worker(endpoint, fake.url)
    id = sent({"workflow": picture(steps=100_000)})
    until(lambda: fake.running)
    public("POST", f"cancel/{id}")
    until(lambda: not fake.running)
    assert ended(sent({"workflow": picture(seed=2)}))["status"] == "COMPLETED"


def test_a_job_that_runs_out_of_time_frees_comfyui_as_well(endpoint, sdk_worker, fake, sent, ended):
    sdk_worker(endpoint, fake.url)
    id = sent({"workflow": picture(steps=100_000)}, policy={"executionTimeout": 5000})
    until(lambda: fake.running)
    assert ended(id)["status"] == "TIMED_OUT"
    until(lambda: not fake.running)


def test_what_breaks_is_told_as_a_failure_with_details(endpoint, sdk_worker, fake, sent, ended):
    sdk_worker(endpoint, fake.url)
    graph = {"7": {"class_type": "Break", "inputs": {"message": "no such sigma", "kind": "ValueError"}}}
    told = ended(sent({"workflow": graph}))
    assert (told["status"], told["error"]) == ("FAILED", "Node 7: “Break” (Break) failed: no such sigma")
    assert told["output"]["details"][0]["node_id"] == "7"


def test_the_largest_result_that_goes_inline_arrives_and_a_larger_one_fails_at_once(
    endpoint, sdk_worker, fake, sent, ended
):
    endpoint.largest_run = 64 << 20  # the order of this test carries what the fake is to save
    sdk_worker(endpoint, fake.url)
    output = {"images": [saved("big.png")]}
    fits = ended(sent({"workflow": puts_out(output, content="x" * (14 << 20))}))
    assert (fits["status"], fits["output"]["outputs"][0]["size"]) == ("COMPLETED", 14 << 20)
    too_large = ended(sent({"workflow": puts_out(output, content="x" * ((14 << 20) + 1))}))
    assert too_large["status"] == "FAILED" and "Set up a bucket" in too_large["error"]
    assert not endpoint.refused


@pytest.mark.parametrize("at_once", ["1", "2"])
def test_a_fresh_worker_is_asked_for_after_the_job_and_this_one_ends(
    endpoint, sdk_worker, fake, sent, ended, at_once
):
    fake.step_seconds = 0.05
    worker = sdk_worker(endpoint, fake.url, "w1", WORKER_CONCURRENCY=at_once)
    told = ended(sent({"workflow": picture(), "refresh_worker": True}))
    assert told["status"] == "COMPLETED" and "refresh_worker" not in told["output"]
    assert endpoint.workers["w1"].is_gone
    other = sent({"workflow": picture(seed=2)})
    until(lambda: worker.has_ended)
    assert endpoint.jobs[other].status == "IN_QUEUE"


def test_a_worker_that_is_told_to_end_finishes_its_job_and_takes_no_other(endpoint, sdk_worker, fake, sent):
    fake.gate.clear()
    worker = sdk_worker(endpoint, fake.url, "w1")
    first = sent({"workflow": picture()})
    until(lambda: fake.running)
    time.sleep(1.5)  # its next question is held
    second = sent({"workflow": picture(seed=2)})
    os.kill(worker.pid, signal.SIGTERM)
    time.sleep(0.5)
    fake.gate.set()
    until(lambda: worker.has_ended)
    assert endpoint.jobs[first].status == "COMPLETED"
    assert endpoint.jobs[second].status == "IN_QUEUE"


@pytest.mark.parametrize("level", ["warning", "CRITICAL"])
def test_it_serves_whatever_name_the_log_level_is_given(endpoint, sdk_worker, fake, sent, ended, level):
    sdk_worker(endpoint, fake.url, WORKER_LOG_LEVEL=level)
    assert ended(sent({"workflow": picture()}), 15)["status"] == "COMPLETED"


def test_what_a_killed_worker_had_is_drawn_by_another(endpoint, sdk_worker, fake, sent, ended):
    fake.gate.clear()
    first = sdk_worker(endpoint, fake.url, "w1")
    id = sent({"workflow": picture()})
    until(lambda: fake.running)
    first.kill()
    endpoint.lose("w1")
    sdk_worker(endpoint, fake.url, "w2")
    until(lambda: endpoint.jobs[id].worker == "w2")
    fake.gate.set()
    told = ended(id)
    assert (told["status"], told["workerId"], told["retries"]) == ("COMPLETED", "w2", 1)
    assert fake.asked("POST /prompt") == 1


def test_twelve_jobs_are_shared_by_three_workers(endpoint, sdk_worker, sent, ended, comfies):
    for number, comfy in enumerate(comfies(3)):
        comfy.step_seconds = 0.1
        sdk_worker(endpoint, comfy.url, f"w{number}")
    ids = [sent({"workflow": picture(seed=n, steps=10)}) for n in range(12)]
    told = [ended(id) for id in ids]
    assert {one["status"] for one in told} == {"COMPLETED"}
    assert {one["workerId"] for one in told} == {"w0", "w1", "w2"}
    assert not endpoint.late


def test_a_worker_ends_when_the_platform_tells_it_to(endpoint, sdk_worker, fake, sent, ended):
    worker = sdk_worker(endpoint, fake.url)
    ended(sent({"workflow": picture()}))
    worker.stop()
    assert worker.has_ended
    assert not _lives(worker.pid)


def _lives(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# --- with a real ComfyUI


def test_a_picture_of_a_real_comfyui(endpoint, sdk_worker, real_comfy, sent, ended):
    sdk_worker(endpoint, real_comfy.url)
    told = ended(sent({"workflow": picture_graph(seed=7_654_321)}))
    result = read_result(told["output"])
    assert result.server.startswith("ComfyUI 0.30")
    (output,) = result.outputs
    assert output.mime == "image/png" and output.filename.startswith("tiny_")
    assert base64.b64decode(output.data)[:4] == b"\x89PNG"


@pytest.mark.parametrize("content", [b"one", b"another"])
def test_a_file_that_no_node_names_lies_in_a_real_comfyuis_input_folder(
    endpoint, sdk_worker, real_comfy, sent, ended, content
):
    sdk_worker(endpoint, real_comfy.url)
    given = [{"name": "poses/7/pose “ä”.json", "data": base64.b64encode(content).decode()}]
    told = ended(sent({"workflow": picture_graph(seed=7_654_322), "inputs": given}))
    assert told["status"] == "COMPLETED" and not read_result(told["output"]).errors, told
    place = {"filename": "pose “ä”.json", "subfolder": "poses/7", "type": "input"}
    assert requests.get(f"{real_comfy.url}/view", params=place, timeout=10).content == content


def test_a_film_of_a_real_comfyui_comes_back(endpoint, sdk_worker, real_comfy, sent, ended):
    sdk_worker(endpoint, real_comfy.url)
    given = [{"name": "start.png", "image": base64.b64encode(png(0x336699, (64, 64))).decode()}]
    told = ended(sent({"workflow": video_graph("start.png"), "images": given}))
    assert [output.mime for output in read_result(told["output"]).outputs] == ["video/mp4"]


def test_a_real_sampler_is_stopped_in_the_midst_of_its_work(endpoint, sdk_worker, real_comfy, public, sent):
    def get(path):
        return requests.get(f"{real_comfy.url}/{path}", timeout=10).json()

    def running():
        return get("queue")["queue_running"]

    sdk_worker(endpoint, real_comfy.url)
    id = sent({"workflow": slow_graph(8_765_432)})
    until(lambda: running() and endpoint.jobs[id].progress)
    (job,) = running()
    public("POST", f"cancel/{id}")
    until(lambda: not running())
    status = get(f"history/{job[1]}")[job[1]]["status"]
    assert "execution_interrupted" in [name for name, _ in status["messages"]]
