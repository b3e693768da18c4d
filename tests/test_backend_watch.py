"""The eye on the backend: open while somebody looks, quick when asked, quiet when nothing changes."""

import threading
import time

import pytest

from domain.errors import StudioError
from domain.status import Status
from services import backend_watch
from services.backend_watch import BackendWatch, pause
from tests.comfy_jobs import until
from tests.fakes import FakeBackend

UP, DOWN = Status(True, "Fake 1.0"), Status(False, "Fake", said="No ComfyUI answers.")
QUIET = 0.3  # seconds; a watch that is awake looks a hundred times meanwhile


class Watched(FakeBackend):
    """A backend whose state a test turns."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.looks, self.answers = UP, 0, 0
        self.gate = threading.Event()
        self.gate.set()

    def status(self) -> Status:
        now = self.now
        self.looks += 1
        self.gate.wait(20)
        self.answers += 1
        return now


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    for name, seconds in {"EVERY": 0.002, "FIRST": 0.002, "LONGEST": 0.004, "FAREWELL": 5.0}.items():
        monkeypatch.setattr(backend_watch, name, seconds)


@pytest.fixture
def backend():
    return Watched()


@pytest.fixture
def told():
    return []


@pytest.fixture
def connected():
    """How often the watch asked whom to watch."""
    return []


@pytest.fixture
def watch(backend, told, connected):
    def connect():
        connected.append(backend)
        return backend

    one = BackendWatch(connect, told.append)
    one.start()
    yield one
    backend.gate.set()
    one.stop()


def is_quiet(backend):
    looks = backend.looks
    time.sleep(QUIET)
    return backend.looks == looks


def looks_on(backend, more=5):
    before = backend.looks
    until(lambda: backend.looks >= before + more, "more looks")


def test_nobody_is_asked_before_somebody_looks(watch, backend):
    assert is_quiet(backend) and backend.looks == 0


def test_somebody_who_looks_is_told_and_told_again_when_it_changes(watch, backend, told):
    watch.looking()
    until(lambda: told == [UP])
    backend.now = DOWN
    until(lambda: told == [UP, DOWN])
    backend.now = UP
    until(lambda: told == [UP, DOWN, UP])


def test_each_answer_counts_as_back_and_none_does_not(backend, told):
    backs = []
    backend.now = DOWN
    one = BackendWatch(lambda: backend, told.append, lambda: backs.append(backend.now))
    one.start()
    one.looking()
    until(lambda: told == [DOWN] and backend.looks > 2)
    assert backs == []
    backend.now = UP
    until(lambda: len(backs) > 2)  # also when it is no news any more
    one.stop()


def test_what_stays_the_same_is_told_once(watch, backend, told):
    watch.looking()
    looks_on(backend)
    assert told == [UP]


def test_work_that_waits_for_a_backend_counts_as_somebody_looking(backend, told, monkeypatch):
    monkeypatch.setattr(backend_watch, "NAP", 0.002)
    waits = threading.Event()
    one = BackendWatch(lambda: backend, told.append, is_awaited=waits.is_set)
    one.start()
    assert is_quiet(backend) and not backend.looks
    waits.set()
    looks_on(backend)
    waits.clear()
    until(lambda: is_quiet(backend), "sleep")
    one.stop()


def test_when_the_last_page_is_closed_it_sleeps_and_the_next_one_wakes_it(watch, backend, monkeypatch):
    monkeypatch.setattr(backend_watch, "ATTENTION", 0.05)
    until(lambda: watch.looking() or backend.looks)
    until(lambda: is_quiet(backend), "sleep")
    before = backend.looks
    until(lambda: watch.looking() or backend.looks > before, "waking up")


def test_again_is_at_once_and_asks_whom_to_watch(watch, backend, told, connected, monkeypatch):
    monkeypatch.setattr(backend_watch, "EVERY", 1000.0)
    watch.looking()
    until(lambda: told == [UP])
    backend.now = DOWN
    watch.again()
    until(lambda: told == [UP, DOWN])
    assert len(connected) == 2


def test_between_two_changes_of_the_settings_one_backend_is_asked(watch, backend, connected):
    watch.looking()
    looks_on(backend)
    assert len(connected) == 1


def test_an_answer_that_was_asked_for_before_the_settings_changed_is_not_told(watch, backend, told):
    backend.gate.clear()
    watch.looking()
    until(lambda: backend.looks == 1)
    backend.now = DOWN
    watch.again()
    backend.gate.set()
    until(lambda: told)
    assert told == [DOWN]


def test_settings_that_mean_no_backend_are_a_state_too(told):
    def connect():
        raise StudioError("There is no pod id.")

    watch = BackendWatch(connect, told.append)
    watch.start()
    watch.looking()
    until(lambda: told)
    watch.stop()
    assert told == [Status(is_up=False, name="", said="There is no pod id.")]


def test_stopping_does_not_wait_for_a_backend_that_hangs_and_nothing_is_told_after(
    watch, backend, told, monkeypatch
):
    monkeypatch.setattr(backend_watch, "FAREWELL", 0.01)
    backend.gate.clear()
    watch.looking()
    until(lambda: backend.looks)
    watch.stop()
    assert backend.answers == 0
    backend.gate.set()
    until(lambda: not any(thread.name == "backend watch" for thread in threading.enumerate()))
    assert told == []


def test_a_watch_that_sleeps_can_be_stopped(watch):
    watch.stop()
    assert not any(thread.name == "backend watch" for thread in threading.enumerate())


def test_stopping_one_that_never_began_is_harmless(backend, told):
    BackendWatch(lambda: backend, told.append).stop()


def test_the_longer_nobody_answers_the_rarer_it_looks(monkeypatch):
    monkeypatch.undo()
    assert [pause(misses) for misses in range(7)] == [3, 2, 4, 8, 15, 15, 15]
    assert pause(10_000) == 15
