"""What rented machines cost while the studio is open: the meter, the caps, and the stop of one that idles.

Caps and idle stop rest on what the account says of its pods; without a key the studio knows no price and
stops nothing.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.bills import Hour
from domain.errand import Errand
from domain.errors import CannotWrite, StudioError
from domain.pods import Pod, PodState
from domain.spending import Book, IdleStop, Limits, Spent
from infrastructure.spending_file import SpendingFile
from services.pods import ODD, Pods, Seen

log = logging.getLogger(__name__)

TICK, NAP = 1.0, 2.0  # seconds between two looks while something costs, and while nothing does
LONGEST_START = 1800.0  # seconds
OLD = 86_400.0  # seconds after which what a command noted is not kept any longer
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
    drawing: Callable[[], Collection[str]]  # the pods that are drawn on, by id
    seconds: Callable[[str], Mapping[str, float]]  # that each deed takes in a project
    end: Callable[
        [str, str], bool
    ]  # draw no more for one project, or ("") for any; says why; if any was ended


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
        self._kept = dict(self._book.taken)  # as it is on disk
        self._idle: dict[str, IdleStop] = {}  # by pod
        self._written = float("-inf")
        self._is_resumed = False
        self._met: set[str] = set()  # pods that were in the account
        self._bill_said = ""  # why the account's bill is not known
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
            for idle in self._idle.values():
                idle.keep(now)
        self.tick(now)

    def watch(self, pod: str) -> None:
        """The studio had this pod started, so it is one of ours."""
        with self._lock:
            self._book.watched.add(pod)
            self._keep_book(time.time(), True)

    def await_pod(self, name: str) -> None:
        """A pod of this name is being made: whenever it turns up, it is one of ours."""
        with self._lock:
            self._book.awaited.add(name)
            self._keep_book(time.time(), True)

    def not_made(self, name: str) -> None:
        """RunPod said that it was not."""
        with self._lock:
            self._book.awaited.discard(name)

    @property
    def awaited(self) -> set[str]:
        with self._lock:
            return set(self._book.awaited)

    @property
    def watched(self) -> set[str]:
        with self._lock:
            return self._book.watched | self._book.accounts.keys()

    def stopped(self, pods: Collection[str], now: float) -> None:
        """These were stopped as the studio ends: nothing more is booked for them."""
        with self._lock:
            self.tick(now)
            for pod in pods:
                self._book.accounts.pop(pod, None)
            self._keep_book(now, True)

    def drew(self, spent: Spent) -> None:
        """A job at an endpoint cost so much, which is known at its end; its bill may tell of more. What a
        limit ends is ended at the next tick: now it could be the very job, before it is written down."""
        with self._lock:
            errands = [errand for errand in self._work.at_work() if errand.project == spent.project]
            runs = sorted({errand.run for errand in errands if errand.run})
            self._book.drew(spent, runs)
            self._keep_book(spent.at, True)
        self._tell(self._fact(spent.at, {}, runs))

    def due(self, now: float) -> list[Hour]:
        """The hours whose bill is to be looked at."""
        with self._lock:
            return [hour for hour in self._book.hours if hour.is_due(now)]

    def billed(self, bill: Mapping[float, float], endpoint: str, now: float) -> None:
        """What RunPod bills for an endpoint, by hour."""
        with self._lock:
            self._book.billed(bill, endpoint)
            self._keep_book(now, True)
        self._tell(self._fact(now, {}, ()))

    def bill_said(self, why: str) -> None:
        """Why the account does not tell what it bills; "" when it does."""
        self._bill_said = why

    def allow(self, project: str, now: float) -> None:
        """Raises StudioError when a cap is reached: nothing new may be begun that costs."""
        if why := self._reached(project, now)[1]:
            raise StudioError(why)

    def tick(self, now: float) -> bool:
        """Book what was spent, and end what must not go on; returns whether something costs."""
        seen, at_work = self._pods.seen, self._work.at_work()
        if not seen.is_known:  # nobody knows yet which pods cost
            with self._lock:
                if not self._book.accounts:
                    self._keep_book(now, self._take_up(now))
            self._end(self._over(sorted({errand.project for errand in at_work}), now), False, ())
            self._tell({**self._fact(now, {}, ()), "per_hour": 0.0})
            return False
        with self._lock:
            costing = self._pods.costing()
            self._know(seen, costing, now)
            is_taken = self._take_up(now)
            projects = sorted({errand.project for errand in at_work}) or [self._work.project()]
            prices = {id: pod.price for id, pod in costing.items()}
            is_new = is_taken or prices.keys() != self._book.accounts.keys()
            runs = sorted({errand.run for errand in at_work if errand.run})
            self._book.passed(now, prices, projects, runs)
            over = self._over(projects, now)
            left = self._idling(costing, bool(at_work) or self._work.is_tested(), now)
            self._keep_book(now, is_new)
        self._end(over, len(over) == len(projects), costing)
        if costing:
            self._stop_idle([id for id, seconds in left.items() if seconds == 0])
        self._tell(self._fact(now, left, runs))
        return bool(costing)

    def _over(self, projects: Sequence[str], now: float) -> dict[str, tuple[str, str]]:
        """The projects that have reached a limit: which, and its sentence."""
        return {project: why for project in projects if (why := self._reached(project, now))[0]}

    def _know(self, seen: Seen, costing: Mapping[str, Pod], now: float) -> None:
        """Which pods are ours, as the account says by now."""
        if not self._is_resumed:
            self._book.resumed(now, {id: pod.uptime for id, pod in costing.items()})
            self._is_resumed = True
        made = {id: pod.name for id, pod in seen.pods.items() if pod.name in self._book.awaited}
        self._book.watched |= made.keys() | costing.keys()
        self._book.awaited -= set(made.values())
        self._met |= self._book.watched & seen.pods.keys()
        self._book.watched -= self._met - seen.pods.keys()  # one that was just made may not be listed yet

    def _take_up(self, now: float) -> bool:
        """What commands spent; whether that was anything new. A file is kept until the book with all of
        it is on disk, and how much was taken until it is gone."""
        files = self._file.spent.read()
        for name in self._book.taken.keys() - files.keys():
            del self._book.taken[name]
        is_new = [self._book.take_up(name, spent) for name, spent in files.items()]
        booked = {
            name: spent for name, spent in files.items() if spent and self._kept.get(name) == len(spent)
        }
        old = [name for name, spent in booked.items() if now - max(one.at for one in spent) > OLD]
        self._file.spent.forget(old)
        return any(is_new)

    def _idling(self, costing: Mapping[str, Pod], is_drawing: bool, now: float) -> dict[str, float]:
        """Seconds until each pod that nobody needs is stopped."""
        seconds, drawn_on = self._limits().idle_minutes * 60, self._work.drawing()
        self._idle = {id: self._idle.get(id) or IdleStop() for id in costing}
        left = {
            id: self._idle[id].left(now, seconds, (is_drawing and id in drawn_on) or _is_starting(pod))
            for id, pod in costing.items()
        }
        return {id: one for id, one in left.items() if one is not None}

    def _end(self, over: Mapping[str, tuple[str, str]], is_all: bool, costing: Collection[str]) -> None:
        for project, (which, why) in over.items():
            if self._work.end("" if which == "day" else project, why):
                log.warning("%s", why)
        if over and is_all and costing:
            self._pods.stop_soon(costing)

    def _stop_idle(self, pods: Collection[str]) -> None:
        for id in self._pods.stop_soon(pods):
            log.warning(
                "Nothing was to be drawn for %.0f minutes: pod %s is stopped.",
                self._limits().idle_minutes,
                id,
            )

    def _reached(self, project: str, now: float) -> tuple[str, str]:
        with self._lock:
            return reached(self._book, self._limits(), now, project)

    def _fact(self, now: float, left: Mapping[str, float], runs: Sequence[str]) -> dict[str, Any]:
        project, limits, drawing = self._work.project(), self._limits(), self._work.drawing()
        pods = self._pods.seen.pods
        return {
            "per_hour": round(self._book.per_hour, 3),
            "drawing_per_hour": round(sum(pods[id].price for id in drawing if id in pods), 3),
            "today": round(self._book.spent_on(now), 3),
            "project": round(self._book.projects.get(project, 0.0), 3),
            "seconds": dict(self._work.seconds(project)),
            "runs": {run: round(self._book.runs.get(run, 0.0), 3) for run in runs},
            "is_least": self._book.is_least(now),
            "is_projects_least": self._book.is_projects_least(project),
            "bill_said": self._bill_said,
            "cap_day": limits.day,
            "cap_project": limits.project,
            "reached": self._book.reached(limits, now, project),
            "idle_minutes": limits.idle_minutes,
            "idle_until": round(now + min(left.values())) if left else None,
        }

    def _keep_book(self, now: float, is_new: bool) -> None:
        is_due = bool(self._book.accounts) and now - self._written >= KEEP
        if is_new or is_due:
            self._written = now
            try:
                self._file.write(self._book)
                self._kept = dict(self._book.taken)
            except CannotWrite as error:
                log.warning("what was spent cannot be kept: %s", error)

    def _tick_on(self) -> None:
        costs = True
        while not self._ended.wait(TICK if costs else NAP):
            try:
                costs = self.tick(time.time())
            except ODD:
                log.exception("the meter missed a beat")
        with self._lock:
            self._keep_book(float("inf"), bool(self._book.accounts))


def reached(book: Book, limits: Limits, now: float, project: str) -> tuple[str, str]:
    """Which limit, and its sentence; "" twice when none is."""
    which = book.reached(limits, now, project)
    if not which:
        return "", ""
    spent, cap = book.spent_on(now), limits.day
    if which == "project":
        spent, cap = book.projects[project], limits.project
    return which, REACHED[which].format(spent=spent, cap=cap)


def _is_starting(pod: Pod) -> bool:
    """For so long as a start may take; one that takes longer is stuck, and costs."""
    return pod.state is not PodState.running and (pod.uptime or 0.0) < LONGEST_START
