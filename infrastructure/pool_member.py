"""One machine of a pool: how it is, what it can run, what it has already, and its lanes.

Holds no lock: the pool's own guards all of it.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from domain.errors import JobRejected
from domain.events import Fact, Progress, heard
from domain.job import Backend, Graph, Job, JobRun
from domain.machines import LaneView, MachineView
from domain.status import Status

FIRST, LONGEST = 1.0, 15.0  # seconds until a machine that is away is looked at again
STALE = 5.0  # seconds after which what it can run may have changed, if there is a sign of it
REMEMBERED = 5_000  # files and jobs that a machine is known to have

Lacks = Callable[[Graph], list[str]]  # what a graph needs that is not there


@runtime_checkable
class Known(Protocol):
    """A backend that tells a pool more than others do."""

    def learned(self) -> Lacks:
        """Asks now; what it returns asks nobody."""
        ...

    def holds(self) -> set[str]:
        """Ids of jobs whose results are there or on their way."""
        ...

    def drop(self, job_id: str) -> None: ...


class Remembered:
    """The newest of what was put in."""

    def __init__(self, most: int = REMEMBERED):
        self._most, self._all = most, dict[str, None]()

    def add(self, *items: str) -> None:
        for item in items:
            self._all.pop(item, None)
            self._all[item] = None
        for item in list(self._all)[: max(0, len(self._all) - self._most)]:
            del self._all[item]

    def discard(self, item: str) -> None:
        self._all.pop(item, None)

    def clear(self) -> None:
        self._all.clear()

    def __contains__(self, item: str) -> bool:
        return item in self._all

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._all))

    def __len__(self) -> int:
        return len(self._all)


@dataclass(eq=False)
class Lane:
    """One job at one machine."""

    member: "Member"
    number: int
    job: Job
    fraction: float = 0.0
    note: str = ""
    digests: list[str] = field(default_factory=list)  # of the files it brought home

    def carried_out(self) -> JobRun:
        return heard(self.member.backend.run(self.job), self._hear)

    def _hear(self, event: Progress | Fact) -> None:
        if isinstance(event, Progress):
            self.fraction, self.note = event.fraction, event.note


@dataclass(eq=False)
class Member:
    name: str
    backend: Backend
    status: Status | None = None  # None: nobody has looked yet
    lacks: Lacks | None = None  # as it was when it was last asked
    learned_at: float = 0.0
    is_known: bool = False  # `lacks` is of now: it was not away since
    is_new: bool = True  # nobody knows yet whether it can be given jobs
    is_ready: bool = False  # it may get jobs
    is_asked: bool = False  # how it is, just now
    is_looked_at: bool = False  # the same, or what it can run
    away_since: float | None = None
    times_away: int = 0
    next_look: float = 0.0
    asked_at: float = 0.0  # when it last was
    done: int = 0
    failed: int = 0
    lanes: list[Lane] = field(default_factory=list)
    files: Remembered = field(default_factory=Remembered)
    jobs: Remembered = field(default_factory=Remembered)  # whose results are there or on their way
    abandoned: Remembered = field(default_factory=lambda: Remembered(100))  # … and nobody wants
    _misses: int = 0

    @property
    def is_up(self) -> bool:
        return bool(self.status and self.status.is_up)

    @property
    def said(self) -> str:
        return self.status.said if self.status else ""

    @property
    def has_room(self) -> bool:
        return len(self.lanes) < self.backend.lanes

    @property
    def load(self) -> float:
        return len(self.lanes) / max(1, self.backend.lanes)

    def taken(self, job: Job) -> Lane:
        """A free lane, for this job."""
        used = {lane.number for lane in self.lanes}
        lane = Lane(self, next(n for n in range(1, len(used) + 2) if n not in used), job)
        self.lanes.append(lane)
        self.jobs.add(job.id)
        self.files.add(*(job.hashes[path] for path in job.files))
        return lane

    def has(self, job: Job) -> int:
        """How many of a job's files came from here or were sent here."""
        return sum(job.hashes[path] in self.files or self._made(path) for path in job.files)

    def made(self, lane: Lane) -> None:
        self.done += 1
        self.files.add(*lane.digests, str(lane.job.folder / lane.job.name))

    def _made(self, path: Path) -> bool:
        """Files beside a take that are named after it were made of it: 003.01_v1_last.png."""
        pieces = path.stem.split("_")
        names = ("_".join(pieces[:count]) for count in range(1, len(pieces) + 1))
        return any(str(path.parent / name) in self.files for name in names)

    def is_due(self, now: float) -> bool:
        """Whether it is time to look if it can be given jobs, or to take off it what nobody wants."""
        if self.is_looked_at:
            return False
        return now >= self.next_look if not self.is_ready else self.is_up and len(self.abandoned) > 0

    def answered(self, status: Status) -> None:
        self.asked_at = time.monotonic()
        self.is_new = self.is_new and status.is_up
        if status.is_up:
            self.status, self.away_since, self._misses = status, None, 0
            self.is_ready, self.next_look = self.is_known, 0.0
        else:
            self.went_away(status)

    def learned(self, lacks: Lacks, jobs: set[str]) -> None:
        self.lacks, self.learned_at = lacks, time.monotonic()
        self.is_known = self.is_ready = True
        self.is_new = False
        self.jobs.add(*jobs)

    def doubted(self) -> None:
        """It gets nothing new until somebody has looked."""
        self.is_ready, self.next_look = False, 0.0

    def went_away(self, status: Status) -> None:
        if self.is_up or self.status is None:
            self.away_since = time.time()
        self.status, self.is_ready, self.is_known = status, False, False
        self.times_away += 1
        self.next_look = time.monotonic() + min(LONGEST, FIRST * 2 ** min(self._misses, 10))
        self._misses += 1
        self.jobs.clear()  # it may have forgotten them

    def view(self, is_leaving: bool) -> MachineView:
        said = "" if self.is_up else self.said
        return MachineView(self.name, self.is_up, said, self.away_since, self.done, self.failed, is_leaving)

    def lane_views(self, is_leaving: bool) -> Iterator[LaneView]:
        """Also its free ones, unless it leaves."""
        busy = {lane.number: lane for lane in self.lanes}
        for number in sorted({*busy, *(() if is_leaving else range(1, self.backend.lanes + 1))}):
            lane = busy.get(number)
            if lane:
                yield LaneView(self.name, number, lane.job.name, lane.fraction, lane.note)
            else:
                yield LaneView(self.name, number)


def what_it_lacks(backend: Backend) -> Lacks:
    """Asks a backend what it can run, once; one that does not tell is asked each time."""
    if isinstance(backend, Known):
        return backend.learned()

    def lacks(graph: Graph) -> list[str]:
        try:
            backend.check(graph)
        except JobRejected as error:
            return [str(error).rstrip(".")]
        return []

    return lacks
