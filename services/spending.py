"""What rented machines cost while the studio is open: the meter, the caps, and the stop of one that idles.

Caps and idle stop rest on what the account says of its pods; without a key the studio knows no price and
stops nothing.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.errand import Errand
from domain.errors import CannotWrite, StudioError
from domain.pods import PodState
from domain.spending import IdleStop, Limits
from infrastructure.spending_file import SpendingFile
from services.pods import Pods

log = logging.getLogger(__name__)

TICK, NAP = 1.0, 2.0  # seconds between two looks while something costs, and while nothing does
KEEP = 30.0  # seconds between two writes while nothing but the sums changes
REACHED = {
    "day": "Today's limit is reached: {spent:.2f} of {cap:.2f} USD. Raise it on the Machines page, or go on "
    "tomorrow.",
    "project": "This project's limit is reached: {spent:.2f} of {cap:.2f} USD. Raise it on the "
    "Machines page.",
}


@dataclass(frozen=True)
class Work:
    """What the machines are rented for: asked at every tick, so it costs next to nothing to say."""

    at_work: Callable[[], Sequence[Errand]]  # what is drawn on them now, or begins by itself
    is_tested: Callable[[], bool]  # whether the test bench is at them
    project: Callable[[], str]  # the one that is open, which pays for what nobody uses
    seconds: Callable[[str], Mapping[str, float]]  # that each deed takes in a project
    end: Callable[[str, str], None]  # cancel what waits and runs, of one project or ("") of all; says why


class Spending:
    def __init__(
        self,
        file: SpendingFile,
        pods: Pods,
        work: Work,
        limits: Callable[[], Limits],
        tell: Callable[[dict[str, Any]], None],
    ):
        self._file, self._pods, self._work, self._limits, self._tell = file, pods, work, limits, tell
        self._book = file.read()
        self._idle = IdleStop()
        self._started: set[str] = set()
        self._written = float("-inf")
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._tick_on, name="spending", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def keep(self, now: float) -> None:
        """Somebody wants what idles to go on for as long again."""
        with self._lock:
            self._idle.keep(now)
        self.tick(now)

    def watch(self, pod: str) -> None:
        """The studio had this pod started, so it is one of ours."""
        with self._lock:
            self._started.add(pod)

    @property
    def watched(self) -> set[str]:
        """Pods that the studio had started, or that it saw costing."""
        with self._lock:
            return self._started | self._book.accounts.keys()

    def allow(self, project: str, now: float) -> None:
        """Raises StudioError when a cap is reached: nothing new may be begun that costs."""
        if why := self._reached(project, now):
            raise StudioError(why)

    def tick(self, now: float) -> bool:
        """Book what was spent, and end what must not go on; returns whether something costs."""
        with self._lock:
            costing, at_work = self._pods.costing(), self._work.at_work()
            projects = sorted({errand.project for errand in at_work}) or [self._work.project()]
            prices = {id: pod.price for id, pod in costing.items()}
            is_new = prices.keys() != self._book.accounts.keys()
            runs = sorted({errand.run for errand in at_work if errand.run})
            self._book.passed(now, prices, projects, runs)
            over = {project: why for project in projects if (why := self._reached(project, now))}
            is_needed = (
                bool(at_work)
                or self._work.is_tested()
                or any(pod.state is not PodState.running for pod in costing.values())
            )
            seconds = self._limits().idle_minutes * 60
            left = self._idle.left(now, seconds, is_needed) if costing else None
            self._keep_book(now, is_new)
        if costing:
            self._end(over, len(over) == len(projects))
            if left == 0:
                log.warning("Nothing was drawn for %.0f minutes: the pod is stopped.", seconds / 60)
                self._pods.stop_costing()
        self._tell(self._fact(now, left, runs))
        return bool(costing)

    def _end(self, over: dict[str, str], is_all: bool) -> None:
        for project, why in over.items():
            log.warning("%s", why)
            self._work.end(project, why)
        if over and is_all:
            self._pods.stop_costing()

    def _reached(self, project: str, now: float) -> str:
        limits = self._limits()
        which = self._book.reached(limits, now, project)
        if not which:
            return ""
        spent = self._book.spent_on(now) if which == "day" else self._book.projects[project]
        return REACHED[which].format(spent=spent, cap=limits.day if which == "day" else limits.project)

    def _fact(self, now: float, left: float | None, runs: Sequence[str]) -> dict[str, Any]:
        project, limits = self._work.project(), self._limits()
        return {
            "per_hour": round(self._book.per_hour, 3),
            "today": round(self._book.spent_on(now), 3),
            "project": round(self._book.projects.get(project, 0.0), 3),
            "seconds": dict(self._work.seconds(project)),
            "runs": {run: round(self._book.runs.get(run, 0.0), 3) for run in runs},
            "cap_day": limits.day,
            "cap_project": limits.project,
            "reached": self._book.reached(limits, now, project),
            "idle_minutes": limits.idle_minutes,
            "idle_until": None if left is None else round(now + left),
        }

    def _keep_book(self, now: float, is_new: bool) -> None:
        is_due = bool(self._book.accounts) and now - self._written >= KEEP
        if is_new or is_due:
            self._written = now
            try:
                self._file.write(self._book)
            except CannotWrite as error:
                log.warning("what was spent cannot be kept: %s", error)

    def _tick_on(self) -> None:
        costs = True
        while not self._ended.wait(TICK if costs else NAP):
            costs = self.tick(time.time())
        with self._lock:
            self._keep_book(float("inf"), bool(self._book.accounts))
