"""Pieces of work side by side: how many, what is told of them, and that all of them can be closed."""

import threading
from contextlib import closing

import pytest

from domain.errors import BackendUnreachable, JobFailed
from domain.events import Failed, Progress, Saved
from services.lanes import side_by_side

LONGEST = 60.0


def piece(result="done", error=None):
    yield Progress(0.5, "halfway", preview=b"jpeg")
    if error:
        raise error
    return result


class Endless:
    """A piece that goes on until it is closed, and says when that happens."""

    def __init__(self):
        self.began, self.closed = threading.Event(), threading.Event()

    def __call__(self):
        try:
            while True:
                self.began.set()
                yield Progress(0, "working")
        finally:
            self.closed.set()


def outcome(work):
    """The events of some work, and what it returned."""
    events = []
    while True:
        try:
            events.append(next(work))
        except StopIteration as stop:
            return events, stop.value


def test_each_piece_hands_back_what_it_made():
    _, results = outcome(side_by_side({"a": lambda: piece("A"), "b": lambda: piece("B")}, 2))
    assert results == {"a": "A", "b": "B"}


def test_no_work_is_no_work():
    assert outcome(side_by_side({}, 2)) == ([], {})


@pytest.mark.parametrize("lanes", [1, 3, 8])
def test_as_many_pieces_run_at_once_as_there_are_lanes(lanes):
    together = threading.Barrier(lanes)

    def meet():
        yield Progress(0, "waiting for the others")
        together.wait(LONGEST)

    events, results = outcome(side_by_side({str(n): meet for n in range(lanes)}, lanes))
    assert len(results) == lanes, events


def test_never_more_run_at_once_than_there_are_lanes():
    lock, count, most = threading.Lock(), 0, 0

    def counted():
        nonlocal count, most
        with lock:
            count += 1
            most = max(most, count)
        yield Progress(0, "working")
        with lock:
            count -= 1

    outcome(side_by_side({str(n): counted for n in range(20)}, 3))
    assert most <= 3


def test_one_lane_carries_out_the_pieces_in_order():
    began = []

    def noted(name):
        began.append(name)
        yield Progress(1, "done")

    outcome(side_by_side({name: lambda name=name: noted(name) for name in "abcd"}, 1))
    assert began == list("abcd")


def test_a_failed_piece_is_told_and_the_others_go_on():
    broken = JobFailed("out of memory")
    events, results = outcome(side_by_side({"a": lambda: piece(error=broken), "b": piece}, 1))
    assert Failed("a", "out of memory") in events
    assert results == {"b": "done"}


@pytest.mark.parametrize("error", [BackendUnreachable("nobody answers"), ZeroDivisionError("a bug")])
def test_an_error_that_no_other_piece_would_survive_ends_all_of_them(error):
    endless = Endless()

    def broken():
        assert endless.began.wait(LONGEST)
        yield Progress(0, "about to break")
        raise error

    with pytest.raises(type(error)):
        outcome(side_by_side({"a": endless, "b": broken}, 2))
    assert endless.closed.is_set()


def test_closing_the_work_closes_every_piece_under_way_and_begins_no_other():
    first, second, third = Endless(), Endless(), Endless()
    with closing(side_by_side({"a": first, "b": second, "c": third}, 2)) as work:
        while not (first.began.is_set() and second.began.is_set()):
            next(work)
    assert first.closed.is_set() and second.closed.is_set()
    assert not third.began.is_set()


def test_being_interrupted_while_lanes_start_leaves_none_at_work(monkeypatch):
    starts = iter([threading.Thread.start])

    def start(thread):
        if real := next(starts, None):
            return real(thread)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(KeyboardInterrupt):
        list(side_by_side({"a": Endless(), "b": Endless()}, 2))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lane")]


def test_no_lane_outlives_its_work():
    before = threading.active_count()
    with closing(side_by_side({"a": Endless(), "b": Endless()}, 2)) as work:
        next(work)
    assert threading.active_count() == before


def test_progress_is_that_of_all_pieces_and_never_more_than_all():
    events, _ = outcome(side_by_side(dict.fromkeys("abcd", piece), 1))
    fractions = [event.fraction for event in events if isinstance(event, Progress)]
    assert fractions == [0.125, 0.375, 0.625, 0.875]


def test_progress_names_its_piece_and_keeps_its_picture():
    events, _ = outcome(side_by_side({"shot 7": piece}, 1))
    assert events == [Progress(0.5, "shot 7: halfway", preview=b"jpeg")]


def test_other_events_pass_unchanged(tmp_path):
    def saving():
        yield Saved(tmp_path / "a.png")

    events, _ = outcome(side_by_side({"a": saving}, 1))
    assert events == [Saved(tmp_path / "a.png")]
