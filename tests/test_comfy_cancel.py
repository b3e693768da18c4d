"""Closing a job takes it, and no other, off the server."""

import json
import threading
import time

import pytest

from infrastructure import comfy_execution, downloads, patience
from infrastructure.comfy_backend import ComfyBackend
from tests.comfy_jobs import aside, carried_out, closed_when, make_job, parts, picture, until
from tests.fake_answers import Slow
from tests.fake_comfy import Prompt

VERSIONS = ["0.33.0", "0.3.75", "0.3.40"]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(comfy_execution, "QUIET", 0.05)
    monkeypatch.setattr(patience, "PAUSE", 0.02)


def somebody_else_s(fake, id="11111111-1111-4111-8111-111111111111"):
    fake.queue({"prompt": picture(99), "prompt_id": id})
    return id


def ended(fake, id):
    return fake.histories[id]["status"]["status_str"] if id in fake.histories else None


@pytest.mark.parametrize("version", VERSIONS)
def test_a_running_job_is_stopped(fake, tmp_path, version):
    fake.version = version
    fake.gate.clear()
    job = make_job(tmp_path)
    closed_when(ComfyBackend(fake.url), job, lambda event: fake.running)

    assert ended(fake, job.id) == "error"
    assert not fake.running
    assert not list(tmp_path.rglob("*.png"))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_waiting_job_leaves_the_queue_and_the_running_one_goes_on(fake, tmp_path, version):
    fake.version = version
    fake.gate.clear()
    other = somebody_else_s(fake)
    until(lambda: fake.running, "the other job")
    closed_when(ComfyBackend(fake.url), make_job(tmp_path), lambda event: fake.pending)

    assert fake.pending == []
    assert fake.running.id == other
    fake.gate.set()
    until(lambda: ended(fake, other) == "success", "the other job's end")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_waiting_job_of_somebody_else_stays(fake, tmp_path, version):
    fake.version = version
    fake.gate.clear()

    def is_time(event):
        if fake.running and not fake.pending:
            somebody_else_s(fake)
        return fake.running and fake.pending

    closed_when(ComfyBackend(fake.url), make_job(tmp_path), is_time)
    fake.gate.set()
    until(lambda: ended(fake, "11111111-1111-4111-8111-111111111111") == "success", "the other job's end")


def test_an_old_server_is_asked_what_runs_before_anything_is_interrupted(fake, tmp_path):
    """It does not know ids, and would stop whatever runs."""
    fake.version = "0.3.40"
    job = make_job(tmp_path)
    backend = ComfyBackend(fake.url)
    fake.gate.clear()
    run = backend.run(job)
    while not fake.running:
        next(run)
    with fake.changed:  # our job ended, and another began, without our knowing
        fake.running = Prompt(7, somebody_else_s(fake), {}, {})
        fake.pending.clear()
    run.close()

    assert fake.asked("POST /interrupt") == 0


def test_cancelling_is_confirmed_before_it_returns(fake, tmp_path):
    fake.gate.clear()
    fake.instead["POST /api/jobs"] = [{"cancelled": True}]  # it says so, and takes its time

    def later():
        until(lambda: fake.asked("POST /api/jobs"), "the request")
        time.sleep(0.2)
        fake.interrupt(None)

    aside(later)
    job = make_job(tmp_path)
    closed_when(ComfyBackend(fake.url), job, lambda event: fake.running)
    assert ended(fake, job.id) == "error"


def test_a_job_that_cannot_stop_does_not_hold_the_cancel_up(fake, tmp_path, monkeypatch):
    monkeypatch.setattr(comfy_execution, "CANCEL", 0.2)
    fake.gate.clear()
    fake.instead["POST /api/jobs"] = [{"cancelled": True}]
    closed_when(ComfyBackend(fake.url), make_job(tmp_path), lambda event: fake.running)
    assert fake.running


def test_cancelling_on_a_server_that_is_gone_just_ends(fake, tmp_path):
    fake.gate.clear()
    backend = ComfyBackend(fake.url)

    def is_time(event):
        if fake.running:
            fake.crash()
            return True
        return False

    closed_when(backend, make_job(tmp_path), is_time)
    assert not parts(tmp_path)


def test_a_cancelled_job_can_be_run_again(fake, tmp_path):
    fake.gate.clear()
    backend, job = ComfyBackend(fake.url), make_job(tmp_path)
    closed_when(backend, job, lambda event: fake.running)
    fake.gate.set()
    assert carried_out(backend, job).files[0].exists()


def test_closing_before_the_first_step_asks_the_server_nothing(fake, tmp_path):
    run = ComfyBackend(fake.url).run(make_job(tmp_path))
    next(run)
    run.close()
    assert {path for _, path, _ in fake.requests} == {"/system_stats"}


def test_cancelling_during_an_upload_ends_it_and_sends_no_job(fake, tmp_path, monkeypatch):
    monkeypatch.setattr("infrastructure.uploads.WORD", 0.02)
    path = tmp_path / "start.png"
    path.write_bytes(b"start")
    graph = picture() | {"4": {"class_type": "LoadImage", "inputs": {"image": path}}}
    fake.instead["POST /upload"] = [Slow(0.5)]
    closed_when(
        ComfyBackend(fake.url), make_job(tmp_path, graph), lambda event: fake.asked("POST /upload/image")
    )
    assert fake.asked("POST /prompt") == fake.asked("POST /api/jobs") == 0


def test_an_upload_nobody_wants_stops_between_two_pieces(fake, tmp_path, monkeypatch):
    monkeypatch.setattr("infrastructure.uploads.WORD", 0.01)
    path = tmp_path / "start.mp4"
    path.write_bytes(b"x" * (64 << 20))
    graph = picture() | {"4": {"class_type": "LoadImage", "inputs": {"image": path}}}
    outcome = closed_when(
        ComfyBackend(fake.url), make_job(tmp_path, graph), lambda event: "%" in getattr(event, "note", "")
    )
    assert outcome.notes[-1].startswith("uploading start.mp4 (")
    until(lambda: not any(t.name.startswith("upload") for t in threading.enumerate()), "the upload's end")
    assert path.read_bytes() not in fake.files.values()


def test_cancelling_during_a_download_leaves_no_half_file(fake, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "WORD", -1)
    graph = picture(content="x" * (8 << 20))
    closed_when(
        ComfyBackend(fake.url),
        make_job(tmp_path, graph),
        lambda event: getattr(event, "note", "").startswith("downloading"),
    )
    assert list(tmp_path.rglob("*.p*")) == []
    assert fake.asked("POST /api/jobs") == 0  # the server is done with it


def test_a_keyboard_interrupt_takes_the_job_off_the_server(fake, tmp_path, monkeypatch):
    fake.gate.clear()
    job = make_job(tmp_path)
    run = ComfyBackend(fake.url).run(job)
    while not fake.running:
        next(run)

    def interrupt(self, seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr("infrastructure.comfy_socket.Listener.next", interrupt)
    with pytest.raises(KeyboardInterrupt):
        while True:
            next(run)
    assert ended(fake, job.id) == "error"


def test_after_a_cancel_an_equal_job_does_not_wait_for_it(fake, tmp_path):
    backend, job = ComfyBackend(fake.url), make_job(tmp_path)
    for stop in ("server", "sent"):
        closed_when(backend, job, lambda event, stop=stop: getattr(event, "key", "") == stop)
    outcome = carried_out(backend, job)
    assert "an equal job is under way" not in outcome.notes
    assert json.loads(fake.bodies[-1])["prompt_id"] == job.id
