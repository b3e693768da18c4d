"""The worker under way: its progress, its cancelling, its failures."""

import asyncio
import errno
import threading
import time

import pytest

from domain.events import Progress
from infrastructure.part_files import writing
from tests.comfy_jobs import picture, until
from worker import handler


def slow(steps=100_000):
    return picture(steps=steps)


def test_progress_grows_and_ends_before_the_result(counter, fake):
    fake.step_seconds = 0.05
    one = counter()
    one.order({"workflow": picture(steps=20)})
    told = [post["progress"] for post in one.posts]
    assert len(told) > 3
    assert told == sorted(told) and told[-1] < 1
    assert any(post["note"].startswith("Paint: ") for post in one.posts)
    assert not any("preview" in post for post in one.posts)


def test_progress_is_told_at_most_so_often(counter, fake, monkeypatch):
    monkeypatch.setattr(handler, "BETWEEN", 0.5)
    fake.step_seconds = 0.02
    one, began = counter(), time.monotonic()
    one.order({"workflow": picture(steps=50)})
    assert 1 < len(one.posts) <= (time.monotonic() - began) / 0.5 + 1


def test_pictures_as_they_form_come_when_they_are_asked_for(counter, fake):
    fake.step_seconds = 0.05
    one = counter()
    one.order({"workflow": picture(steps=20), "preview": True})
    assert any("preview" in post for post in one.posts)


def test_nothing_is_told_after_the_result(counter, fake):

    one, told = counter(), []

    async def post(job, payload):
        await asyncio.sleep(0.3)
        told.append("progress")

    async def ordered():
        await one.handler(post).handle({"id": "j", "input": {"workflow": picture()}})
        told.append("result")
        await asyncio.sleep(0.5)

    asyncio.run(ordered())
    assert told[-1] == "result" and "progress" in told


def test_that_it_is_done_is_told_by_the_result_alone(monkeypatch):
    monkeypatch.setattr(handler, "BETWEEN", 0.02)
    told, is_over = [], threading.Event()

    async def post(job, payload):
        told.append(payload["progress"])

    def work(said):
        yield Progress(0.5, "half")
        is_over.wait(0.1)
        yield Progress(1.0, "done")
        is_over.wait(0.1)
        return {"images": []}

    asyncio.run(handler.Handler(work, post).handle({"id": "j", "input": {}}))
    assert told == [0.5]


def test_a_line_that_is_lost_for_progress_loses_nothing_else(counter):

    async def post(job, payload):
        raise OSError("gone")

    handling = counter().handler(post).handle({"id": "j", "input": {"workflow": picture()}})
    assert asyncio.run(handling)["images"]


# --- cancelling


@pytest.mark.parametrize("is_waiting", [False, True], ids=["running", "waiting"])
def test_cancelling_takes_the_job_off_comfyui(counter, fake, is_waiting):
    if is_waiting:
        other = counter()
        fake.gate.clear()
        other.backend._api.queue(picture(seed=9), "11111111-1111-4111-8111-111111111111", "")
        until(lambda: fake.running)
    one = counter()
    one.cancelled_when({"workflow": slow()}, lambda: fake.pending if is_waiting else fake.running)
    assert not fake.pending
    assert bool(fake.running) is is_waiting


def test_the_next_order_is_carried_out_after_a_cancelled_one(counter, fake):
    one = counter()
    one.cancelled_when({"workflow": slow()}, lambda: fake.running)
    assert one.order({"workflow": picture(seed=2)})["images"]


# --- failures


def test_a_node_that_breaks_is_named_with_its_number_its_class_and_why(counter):
    graph = {"7": {"class_type": "Break", "inputs": {"message": "no such sigma", "kind": "ValueError"}}}
    answer = counter().order({"workflow": graph})
    assert answer["error"] == "Node 7: “Break” (Break) failed: no such sigma"
    (detail,) = answer["details"]
    assert detail == {
        "kind": "failed",
        "node_id": "7",
        "class_type": "Break",
        "message": "no such sigma",
        "exception_type": "ValueError",
    }
    assert "refresh_worker" not in answer


def test_running_out_of_memory_has_a_kind_of_its_own(counter):
    graph = {
        "7": {"class_type": "Break", "inputs": {"message": "CUDA out of memory.", "kind": "RuntimeError"}}
    }
    answer = counter().order({"workflow": graph})
    assert "ran out of memory" in answer["error"]
    assert answer["details"][0]["kind"] == "out_of_memory"


def test_an_error_of_cuda_that_stays_asks_for_another_worker(counter):
    message = "CUDA error: an illegal memory access was encountered"
    graph = {"7": {"class_type": "Break", "inputs": {"message": message, "kind": "RuntimeError"}}}
    assert counter().order({"workflow": graph})["refresh_worker"] is True
    memory = {"message": "CUDA error: out of memory", "kind": "RuntimeError"}
    graph = {"7": {"class_type": "Break", "inputs": memory}}
    assert "refresh_worker" not in counter().order({"workflow": graph})


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_full_disk_asks_for_another_worker(is_ours, tmp_path):
    async def post(job, payload):
        pass

    def work(said):
        yield Progress(0.1, "writing")
        full = OSError(errno.ENOSPC, "No space left on device")
        if is_ours:
            with writing(tmp_path / "a.png"):
                raise full
        raise full

    answer = asyncio.run(handler.Handler(work, post).handle({"id": "j", "input": {}}))
    assert answer["details"][0]["kind"] == "cannot_write"
    assert answer["refresh_worker"] is True


def test_a_refused_graph_names_every_node(counter):
    graph = picture()
    graph["1"]["inputs"]["ckpt_name"] = "large.safetensors"
    del graph["2"]["inputs"]["seed"]
    answer = counter().order({"workflow": graph})
    assert [(one["kind"], one["node_id"], one["class_type"]) for one in answer["details"]] == [
        ("rejected", "1", "CheckpointLoaderSimple"),
        ("rejected", "2", "KSampler"),
    ]
    assert "large.safetensors" in answer["error"]


def test_an_order_that_is_none_is_refused_with_a_reason(counter):
    answer = counter().order({"images": []})
    assert answer["error"].startswith("The job has no workflow")
    assert answer["details"] == [{"kind": "bad_order", "message": answer["error"]}]


def test_a_disk_that_fails_is_told_in_a_sentence_as_well():
    async def post(job, payload):
        pass

    def work(said):
        yield Progress(0.1, "writing")
        raise OSError(errno.EIO, "Input/output error")

    answer = asyncio.run(handler.Handler(work, post).handle({"id": "j", "input": {}}))
    assert answer["error"] == "The worker's disk fails: Input/output error."
    assert answer["details"][0]["kind"] == "cannot_write"
    assert "refresh_worker" not in answer


def test_the_death_of_comfyui_ends_the_job_at_once_and_the_worker_with_it(counter, fake):
    one = counter()
    fake.gate.clear()
    fake.when["executing"] = lambda: setattr(one, "death", "ComfyUI ended (exit code 1).")
    answer = one.order({"workflow": slow()})
    assert answer == {
        "error": "ComfyUI ended (exit code 1).",
        "details": [{"kind": "comfyui_died", "message": "ComfyUI ended (exit code 1)."}],
        "refresh_worker": True,
    }


def test_a_comfyui_that_stays_silent_is_given_up_and_the_worker_with_it(counter, fake):
    one = counter()
    fake.when["executing"] = fake.crash
    answer = one.order({"workflow": slow()})
    assert answer["details"][0]["kind"] == "backend_unreachable"
    assert answer["refresh_worker"] is True
