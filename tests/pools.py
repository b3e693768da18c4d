"""Machines for tests of the pool: backends that write a file, as far as they are let; and jobs under way."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from domain.errors import BackendError, BackendUnreachable, JobRejected
from domain.events import Fact, Progress
from domain.job import Graph, Job, JobRun, Probe
from domain.status import Status
from infrastructure import pool as pool_module
from infrastructure import pool_member, pool_roster
from infrastructure.pool import Pool
from infrastructure.sketch_probe import SketchProbe
from tests.comfy_jobs import LONGEST, make_job, picture, until
from tests.fake_comfy import FakeComfy, Prompt

AWAY = "Nobody answers."


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pools look again, and speak, after a moment and not after seconds."""
    monkeypatch.setattr(pool_member, "FIRST", 0.02)
    monkeypatch.setattr(pool_member, "LONGEST", 0.05)
    monkeypatch.setattr(pool_roster, "WORD", 0.05)
    monkeypatch.setattr(pool_module, "WORD", 0.05)


class Machine:
    """While `gate` is clear its jobs do not get on; while `is_up` is not, they break off."""

    def __init__(self, lanes: int = 1, lacks: Sequence[str] = (), engine: str = "comfyui"):
        self.lanes, self.lacks, self.engine = lanes, list(lacks), engine
        self.is_up = True
        self.breaks: list[BackendError] = []  # one a job
        self.gate, self.answers = threading.Event(), threading.Event()
        self.gate.set()
        self.answers.set()
        self.begun: list[str] = []
        self.done: list[str] = []
        self.closed: list[str] = []
        self.looks = self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()

    def status(self) -> Status:
        with self._lock:
            self.looks += 1
        assert self.answers.wait(LONGEST)
        said = "" if self.is_up else AWAY
        return Status(self.is_up, "Machine 1", "here", "a card", running=self.at_once, waiting=1, said=said)

    def check(self, *graphs: Graph) -> str:
        if not self.is_up:
            raise BackendUnreachable(AWAY)
        if self.lacks:
            raise JobRejected("; ".join(self.lacks) + ".")
        return "a machine"

    def run(self, job: Job) -> JobRun:
        with self._lock:
            self.begun.append(job.name)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            yield Fact("server", "Machine 1")
            yield Progress(0.5, "drawing")
            if self.breaks:
                raise self.breaks.pop(0)
            while not self.gate.wait(0.005):
                yield Progress(0.5, "drawing")
                if not self.is_up:
                    raise BackendUnreachable(AWAY)
            job.folder.mkdir(parents=True, exist_ok=True)
            to = job.folder / f"{job.name}.png"
            to.write_text(f"made as {job.id}")
            self.done.append(job.name)
            return [to]
        except GeneratorExit:
            self.closed.append(job.name)
            raise
        finally:
            with self._lock:
                self.at_once -= 1

    def probe(self) -> Probe:
        return SketchProbe(self)


class Counting(FakeComfy):
    """A ComfyUI that counts what it carried out, also from before it was started again."""

    def __init__(self) -> None:
        super().__init__()
        self.finished: list[str] = []

    def _finish(self, prompt: Prompt, outputs: dict, is_good: bool, messages: list) -> None:
        if is_good:
            self.finished.append(prompt.id)
        super()._finish(prompt, outputs, is_good, messages)


class UnderWay:
    """A job that a thread carries out."""

    def __init__(self, pool: Pool, job: Job):
        self.job = job
        self.events: list[Progress | Fact] = []
        self.files: list[Path] = []
        self.error: BackendError | None = None
        self._is_closed = False
        self._run = pool.run(job)
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        try:
            while not self._is_closed:
                self.events.append(next(self._run))
            self._run.close()
        except StopIteration as stop:
            self.files = stop.value
        except BackendError as error:
            self.error = error

    def ended(self) -> "UnderWay":
        self._thread.join(LONGEST)
        assert not self._thread.is_alive(), f"{self.job.name} has no end: {self.events[-3:]}"
        return self

    def cancelled(self) -> "UnderWay":
        self._is_closed = True
        return self.ended()

    def words(self, least: int) -> None:
        """Wait until it has said so much more."""
        have = len(self.events)
        until(lambda: len(self.events) >= have + least, "a word")

    def facts(self, key: str) -> list:
        return [event.value for event in self.events if isinstance(event, Fact) and event.key == key]


def jobs(folder: Path, count: int, first: int = 1) -> list[Job]:
    return [make_job(folder, picture(seed), f"{seed:03}_v1") for seed in range(first, first + count)]


def all_ended(pool: Pool, of: Sequence[Job], lanes: int) -> list[UnderWay]:
    """Carry out all of them, so many at once."""
    left, over = list(of), []
    under_way: list[UnderWay] = []
    end = time.monotonic() + 2 * LONGEST
    while left or under_way:
        assert time.monotonic() < end
        while left and len(under_way) < lanes:
            under_way.append(UnderWay(pool, left.pop(0)))
        over += [one.ended() for one in under_way if not one._thread.is_alive()]
        under_way = [one for one in under_way if one not in over]
        time.sleep(0.005)
    return over
