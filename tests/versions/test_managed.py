"""A version's ComfyUI that the studio starts itself: when needed, after a crash, and only for so long."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

import main
from domain.errors import BackendUnreachable, JobFailed, StudioError
from domain.job import Job
from domain.settings import ComfySettings, Mode
from infrastructure import managed as module
from infrastructure.managed import ManagedBackend
from infrastructure.versions import running
from services.versions import keeping, sweeping
from services.versions.managed import Managed
from tests.versions.world import COMFY

LONGEST = 60.0
HOUSE = Path(main.__file__).parent
OWN = "import os; from infrastructure import own_run; print(own_run.own(), os.getpid())"


@pytest.fixture
def backend(keeper):
    keeper.realize()
    made = ManagedBackend(keeper.store, keeper.shelf.builds("film-a"), "film-a")
    yield made
    made.close()


def pid(backend):
    return backend._running.pid


def is_alive(number):
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def up(backend):
    """Its status when it answers."""
    return until(lambda: (status := backend.status()).is_up and status)


def until(look):
    end = time.monotonic() + LONGEST
    while not (seen := look()):
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.05)
    return seen


def test_it_is_started_when_somebody_looks_and_says_that_it_starts(backend):
    status = backend.status()
    if not status.is_up:
        assert status.said.startswith("ComfyUI of film-a is starting, for ")
    assert up(backend).name == "ComfyUI 0 (film-a)"
    assert backend.check().startswith("ComfyUI 0")


def test_after_a_crash_it_is_up_again_at_the_same_address(backend):
    address, before = up(backend).address, pid(backend)
    os.kill(before, signal.SIGKILL)
    until(lambda: not backend._running or not backend._running.is_alive or pid(backend) != before)
    assert up(backend).address == address
    assert pid(backend) != before


def test_one_that_does_not_come_up_says_its_last_words_and_is_not_started_over_and_over(keeper, monkeypatch):
    keeper.world.comfy.commit({"main.py": "print('no such GPU here')\nraise SystemExit(3)\n"})
    keeper.realize(comfy={"repo": keeper.world.comfy.url})
    backend = ManagedBackend(keeper.store, keeper.shelf.builds("film-a"), "film-a")
    said = until(lambda: (s := backend.status()).said.startswith("film-a does not start") and s.said)
    assert said == "film-a does not start. ComfyUI ended (exit code 3). Its last words: no such GPU here"
    starts = backend._starts
    for _ in range(5):
        assert backend.status().said == said
    assert backend._starts == starts
    monkeypatch.setattr(module, "AGAIN", 0.0)
    with pytest.raises(BackendUnreachable, match="does not start"):
        backend.check()
    backend.close()


def test_a_version_that_is_not_realized_says_how(keeper):
    keeper.resolve()
    backend = ManagedBackend(keeper.store, keeper.shelf.builds("film-a"), "film-a")
    status = backend.status()
    assert not status.is_up
    assert status.said == (
        "film-a is not realized on this machine yet: python main.py version realize film-a"
    )


def test_what_a_killed_studio_left_running_is_taken_up_and_not_started_twice(keeper, backend):
    first = up(backend)
    again = ManagedBackend(keeper.store, keeper.shelf.builds("film-a"), "film-a")
    assert up(again).address == first.address
    assert pid(again) == pid(backend) and again._starts == 0
    again.close()  # it was not the one who started it
    assert is_alive(pid(backend))


def test_a_process_of_the_same_number_is_not_taken_for_it(keeper, backend):
    up(backend)
    backend.close()
    running.note(keeper.build(), os.getpid(), "http://127.0.0.1:1")
    again = ManagedBackend(keeper.store, keeper.shelf.builds("film-a"), "film-a")
    assert up(again) and pid(again) != os.getpid()
    again.close()


def test_it_ends_with_the_studio(backend):
    up(backend)
    number = pid(backend)
    backend.close()
    assert not is_alive(number)


def test_its_own_words_are_in_a_log_and_those_before_a_crash_in_another(keeper, backend):
    up(backend)
    folder = keeper.shelf.builds("film-a").folder
    assert "variable" in (folder / "comfyui.log").read_text()
    os.kill(pid(backend), signal.SIGKILL)
    until(lambda: backend.status() and backend._starts == 2)
    assert "variable" in (folder / "comfyui.log.1").read_text()


def test_when_another_build_is_in_use_it_is_started_with_that(keeper, backend):
    up(backend)
    before = pid(backend)
    keeper.realize(comfy={"repo": keeper.world.comfy.url, "ref": "v2"})
    assert up(backend) and pid(backend) != before and not is_alive(before)
    assert backend._running.build == keeper.build()


def test_nothing_is_started_once_it_is_closed(backend):
    up(backend)
    backend.close()
    assert not backend.status().is_up
    assert backend._running is None


@pytest.mark.parametrize("is_known", [True, False])
def test_one_whose_studio_is_gone_ends_with_the_next(keeper, backend, is_known):
    """Also when that was so long ago that nobody knows its run any more."""
    up(backend)
    number = pid(backend)
    note = next(keeper.shelf.builds("film-a").folder.glob("running-*.json"))
    gone = subprocess.run([sys.executable, "-c", OWN], cwd=HOUSE, capture_output=True, text=True, check=True)
    run, number_of_it = gone.stdout.split() if is_known else ("0fffff", gone.stdout.split()[1])
    told = {**json.loads(note.read_text()), "run": run, "owner": int(number_of_it)}
    note.write_text(json.dumps(told))
    again = ManagedBackend(keeper.store, keeper.shelf.builds("film-a"), "film-a")
    assert up(again) and pid(again) == number
    again.close()
    until(lambda: backend._running is None or not backend._running.is_alive)


def test_a_variable_that_is_not_set_is_a_state_like_another(keeper):
    keeper.realize(env={"A": "${NOT_SET_ANYWHERE}"})
    backend = ManagedBackend(keeper.store, keeper.shelf.builds("film-a"), "film-a")
    assert "needs the variable NOT_SET_ANYWHERE" in backend.status().said
    backend.close()


def test_what_runs_is_neither_deleted_nor_swept(keeper, backend):
    up(backend)
    with pytest.raises(StudioError, match="film-a is running"):
        keeping.delete(keeper.shelf, "film-a", with_spec=False)
    running = backend._running.build
    with backend._at_work():
        keeper.realize(comfy={"repo": keeper.world.comfy.url, "ref": "v2"})
        assert sweeping.collect(keeper.shelf, is_dry=False)["gone"] == []
    assert running.folder.is_dir()


def test_a_look_at_another_version_leaves_nothing_running(keeper):
    keeper.realize()
    versions = Managed(keeper.shelf)
    seen = versions.glance(ComfySettings(Mode.managed, version="film-a"), ComfySettings())
    assert seen and seen.is_up
    assert versions.backend("film-a")._running is None
    versions.close()


def test_one_that_draws_stays_when_somebody_looks_at_it(keeper):
    keeper.realize()
    versions, drawing = Managed(keeper.shelf), ComfySettings(Mode.managed, version="film-a")
    backend = versions.backend("film-a")
    up(backend)
    before = pid(backend)
    assert versions.glance(drawing, drawing)
    assert versions.at_address(drawing).addresses == (backend.address,)  # who is asked what it can run
    assert pid(backend) == before and is_alive(before)
    versions.only(ComfySettings())
    until(lambda: not is_alive(before))
    assert versions.at_address(drawing) == drawing
    versions.close()


DYING = """
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        print("no memory left", flush=True)
        os._exit(9)

    def log_message"""


def test_a_job_under_which_it_ends_three_times_has_failed_and_the_next_is_not_blamed(keeper, tmp_path):
    dying = COMFY.replace("\n    def log_message", DYING).replace(" if self.path in answers else 404", "")
    keeper.world.comfy.commit({"main.py": dying})
    keeper.realize(comfy={"repo": keeper.world.comfy.url})
    backend = ManagedBackend(keeper.store, keeper.shelf.builds("film-a"), "film-a")
    job = Job("001_v1", {"1": {"class_type": "SaveImage", "inputs": {}}}, tmp_path / "takes", {})
    with closing(backend), closing(backend.run(job)) as work:
        said = []
        with pytest.raises(JobFailed) as failed:
            said += work
        assert str(failed.value) == (
            "ComfyUI ended 3 times under this job. ComfyUI ended (exit code 9). "
            "Its last words: no memory left"
        )
        assert up(backend)  # for whatever comes next


def test_nobody_waits_for_one_that_ends(keeper, monkeypatch):
    keeper.realize()
    versions, drawing = Managed(keeper.shelf), ComfySettings(Mode.managed, version="film-a")
    up(backend := versions.backend("film-a"))
    ends, may_end, stop = threading.Event(), threading.Event(), running.Running.stop

    def slowly(self):
        ends.set()
        assert may_end.wait(LONGEST)
        stop(self)

    def asks():
        assert versions.at_address(drawing) == drawing and not backend.address
        assert versions.backend("film-a") is backend
        versions.only(ComfySettings())

    monkeypatch.setattr(running.Running, "stop", slowly)
    versions.only(ComfySettings())
    with ThreadPoolExecutor() as threads:
        try:
            assert ends.wait(LONGEST)
            threads.submit(asks).result(LONGEST / 2)
        finally:
            may_end.set()
    versions.close()
    assert not backend.status().is_up
