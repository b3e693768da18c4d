"""What a command says while it works: a bar with the time left for somebody who looks, lines for a log."""

import io

import pytest

from commands import terminal
from commands.terminal import Reporter
from domain.events import Fact, Failed, Progress, Saved, Told


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(terminal, "time", clock)
    return clock


def followed(out, clock, *steps):
    """A reporter that saw these events, each so many seconds after the one before."""
    reporter = Reporter(out, start=clock.now)

    def work():
        for seconds, event in steps:
            clock.now += seconds
            yield event
        return "made"

    assert reporter.follow(work()) == "made"
    return reporter


def test_a_log_gets_plain_lines_and_not_too_many(clock):
    out = io.StringIO()
    steps = [(1, Progress(n / 100, "drawing")) for n in range(100)]
    followed(out, clock, *steps)
    lines = out.getvalue().splitlines()
    assert 8 <= len(lines) <= 11
    assert not set(out.getvalue()) & set("\r\x1b█")


def test_a_terminal_gets_a_bar_with_the_share_and_the_time_left(clock):
    out = Terminal()
    followed(out, clock, (60, Progress(0.25, "shot 003: drawing")))
    assert "██████░" in out.getvalue()
    assert " 25% 3:00 left · shot 003: drawing" in out.getvalue()


def test_there_is_no_time_left_as_long_as_it_would_be_a_guess(clock):
    out = Terminal()
    followed(out, clock, (1, Progress(0.5, "a")), (60, Progress(0.01, "b")))
    assert out.getvalue().count("left") == 1  # the share never goes back, and so neither does its time


def test_the_share_never_goes_back(clock):
    out = Terminal()
    followed(out, clock, (1, Progress(0.5, "a")), (1, Progress(0.2, "b")))
    assert "50% b" in out.getvalue() and "20%" not in out.getvalue()


def test_a_line_takes_the_place_of_the_bar_and_the_end_leaves_none(clock, tmp_path):
    out = Terminal()
    followed(out, clock, (1, Progress(0.5, "a")), (1, Told("Something.")), (1, Progress(0.6, "b")))
    assert "\r\x1b[KSomething.\n" in out.getvalue()
    assert out.getvalue().endswith("\r\x1b[K")


def test_a_bar_is_never_wider_than_the_terminal(clock, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    out = Terminal()
    followed(out, clock, (1, Progress(0.5, "x" * 200)))
    assert max(len(part.removeprefix("\x1b[K")) for part in out.getvalue().split("\r")) < 60


def test_failures_are_told_by_name_and_what_was_there_already_is_not_told_at_all(clock, tmp_path):
    out = io.StringIO()
    new, old = Saved(tmp_path / "a_v1.png"), Saved(tmp_path / "b_v1.png", reused=True)
    reporter = followed(out, clock, (0, new), (0, old), (0, Failed("shot 003", "out of memory")))
    assert out.getvalue() == "saved a_v1.png\nFAILED shot 003: out of memory\n"
    assert reporter.jobs(tmp_path) == {"run": 1, "reused": 1, "failed": 1}


def test_only_takes_count_as_jobs(clock, tmp_path):
    reporter = followed(io.StringIO(), clock, (0, Saved(tmp_path / "film.mp4")))
    assert reporter.jobs(tmp_path / "takes") == {"run": 0, "reused": 0, "failed": 0}


def test_work_that_breaks_is_closed(clock):
    closed = []

    def work():
        try:
            yield Told("Working.")
            raise KeyboardInterrupt
        finally:
            closed.append(True)

    with pytest.raises(KeyboardInterrupt):
        Reporter(io.StringIO()).follow(work())
    assert closed == [True]


def test_a_machine_that_went_away_under_a_job_is_told_once(clock):
    out = io.StringIO()
    lost = [{"member": "one", "reason": "No ComfyUI answers."}, {"member": "two", "reason": "It is gone."}]
    steps = [(1, Fact("attempts", lost[:1])), (1, Fact("attempts", lost)), (1, Fact("machine", "three"))]
    followed(out, clock, *steps)
    first, second = out.getvalue().splitlines()
    assert first == ("one went away under its job, and another machine takes over. No ComfyUI answers.")
    assert second.startswith("two went away")
