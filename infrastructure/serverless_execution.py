"""One job at a serverless endpoint, from being handed over to its end.

Its number there is told as soon as there is one; whoever knows it finds the job again, also after a
crash. A job that the endpoint has forgotten is handed over anew.
"""

import logging
import random
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import replace
from statistics import median
from typing import Any, TypeVar

from domain.errors import BackendError, BackendUnreachable, JobFailed, StudioError
from domain.events import Fact, Progress
from domain.serverless import read_progress
from infrastructure.serverless_api import (
    CANCELLED,
    DONE,
    FAILED,
    LATE,
    QUEUED,
    RUNNING,
    RemoteJob,
    ServerlessAPI,
)
from infrastructure.serverless_chains import Link

log = logging.getLogger(__name__)

SOON, SELDOM = 2.0, 10.0  # seconds between two looks at first, and at a job that does not stir
SLOWER = 1.3  # … so many times as long after each
LEAST = 0.2  # … at least, and how long after it should be over
WORD = 0.5  # seconds between two words of our own
SENDS = 3  # times a job is handed over at most
REPEATS = 1  # of a question that may have arrived: each may be a job that is paid for
CANCELS = (0.5, 1.0, 2.0)  # seconds between attempts to take a job back
LATELY = 9  # jobs from which it is told how long one takes
PATIENCE = 90.0  # seconds without an answer after which it is left for later

T = TypeVar("T")
Steps = Generator[Progress | Fact, None, T]


class Pace:
    """What the jobs at one endpoint know of each other. May be used from many threads."""

    def __init__(self) -> None:
        self._ran = deque[float](maxlen=LATELY)
        self.ended = 0  # jobs: as often a worker came free

    def took(self, seconds: float | None) -> None:
        if seconds is not None:
            self._ran.append(seconds)
        self.ended += 1

    @property
    def usual(self) -> float:
        """Seconds that a job takes at a worker; 0 where that is not known."""
        return median(self._ran.copy()) if self._ran else 0.0


class ServerlessExecution:
    """`is_left` says whether the job is to go on when this is closed; `later` is how many workflows were
    handed over with the one that is asked for, to follow on it."""

    def __init__(
        self, api: ServerlessAPI, endpoint: str, pace: Pace, is_left: Callable[[], bool], later: int = 0
    ):
        self._api, self._endpoint, self._pace, self._is_left = api, endpoint, pace, is_left
        self._later = later
        self._last = Progress(0.0, "")
        self._id = ""  # the job's number, from the moment it has one
        self._handed_over: float | None = None  # when, if it was by us
        self._times, self._is_told = 0, False  # how often that was, and whether it is told
        self._step = 0  # which of the workflows over there is ours
        self._is_anew = False  # it waited again when those before it were made

    def carried_out(
        self, body: Callable[[], bytes], link: Link, ready: Callable[[], Steps[None]] | None = None
    ) -> Steps[tuple[RemoteJob, Link]]:
        """The job's end, whatever it is, and where that was; `link` is where it was handed over to before.
        Of a chain that goes on, as soon as the workflow that is asked for is done. `ready` is done with
        before the body is asked for."""
        self._id, self._step = link.number, link.step
        self._times, has_been_late = int(link.is_ours), False
        try:
            while True:
                if not self._id:
                    if ready:
                        yield from ready()
                    yield Progress(0.0, "handing it over", is_queued=True)
                    yield from self._hand_over(body())
                end = yield from self._end_of()
                if end is not None and end.state != LATE and not _is_lost(end):
                    is_over = end.state != RUNNING
                    return end, replace(self._link, end=end if is_over else None)
                if (
                    end is not None and end.ran is not None and not self._step
                ):  # else it is of all before, too
                    yield Fact("gpu_seconds", end.ran)  # it was paid for all the same
                if end is not None and end.state == LATE:
                    if has_been_late:
                        return end, replace(self._link, end=end)
                    has_been_late = True
                why = (
                    "the endpoint had forgotten it"
                    if end is None
                    else f"no worker brought it to its end ({_said(end)})"
                )
                self._once_more(why)
                self._id = ""
        except (GeneratorExit, KeyboardInterrupt):
            if not self._is_left():
                self.drop()
            raise

    def drop(self) -> None:
        """Take it back, wherever it is."""
        if self._id:
            take_back(self._api, self._id)

    @property
    def _link(self) -> Link:
        return Link(self._id, self._step, is_anew=self._is_anew)

    def _hand_over(self, body: bytes) -> Steps[None]:
        self._times += 1
        job = yield from self._patiently(lambda: self._api.run(body), REPEATS)
        self._id, self._step, self._is_told, self._is_anew = job.id, 0, False, False
        yield Fact("serverless", {"endpoint": self._endpoint, "job": job.id}, is_urgent=True)
        self._handed_over = time.monotonic()

    def _taken(self) -> Iterator[Fact]:
        """A worker has it: from now on it costs, until it waits again."""
        if not self._is_told and self._times:
            yield Fact("sent", {"times": self._times})
        self._is_told = True

    def _end_of(self) -> Steps[RemoteJob | None]:
        """None when the endpoint has forgotten it."""
        pause, seen = SOON, None
        while True:
            job = yield from self._patiently(lambda: self._api.status(self._id))
            if job is None or job.state in (DONE, FAILED, CANCELLED, LATE):
                self._pace.took(job.ran if job and job.state == DONE else None)
                if job and (job.ran or job.state == DONE):
                    yield from self._taken()
                return job
            if job.state == RUNNING:
                yield from self._taken()
                if len(_finished(job)) > self._step:
                    return job
            else:
                self._is_told, self._is_anew = False, self._step > 0  # a worker had it and was lost
            self._last = self._word(job)
            pause = SOON if job != seen else min(SELDOM, pause * SLOWER)
            seen = job
            rest = self._rest(job, pause * random.uniform(0.9, 1.1))  # else all ask at once
            yield from self._wait(rest, job.state == QUEUED)

    def _rest(self, job: RemoteJob, pause: float) -> float:
        """Seconds to the next look: when it should be over, if that is sooner."""
        usual = self._pace.usual
        if job.state != RUNNING or not usual or self._handed_over is None:
            return pause
        left = self._handed_over + job.waited + usual - time.monotonic()
        return min(pause, left + LEAST if left > 0 else max(LEAST, -left))

    def _wait(self, seconds: float, is_queued: bool = False) -> Steps[None]:
        """Not so long when it waits for a worker and one came free."""
        end, ended = time.monotonic() + seconds, self._pace.ended
        while (left := end - time.monotonic()) > 0:
            yield self._last
            time.sleep(min(WORD, left))
            if is_queued and self._pace.ended != ended:
                break
        yield self._last

    def _patiently(self, ask: Callable[[], T], repeats: int | None = None) -> Steps[T]:
        """What the endpoint answers; asked again, less and less often, while it does not. `repeats`: so often
        at most when the question may have arrived all the same."""
        since, pause = time.monotonic(), WORD
        while True:
            try:
                return ask()
            except BackendUnreachable as error:
                is_unsure = repeats is not None and error.symptom not in ("silence", "429")
                if error.symptom in ("401", "404") or time.monotonic() - since > PATIENCE:
                    raise
                if is_unsure and repeats is not None:
                    repeats -= 1
                    if repeats < 0:
                        raise
                log.info("%s", error)
            # not that it waits: a worker may have it by now
            self._last = Progress(self._last.fraction, "RunPod does not answer; waiting for it")
            yield from self._wait(pause)
            pause = min(SELDOM, 2 * pause)

    def _once_more(self, why: str) -> None:
        if self._times >= SENDS:
            raise JobFailed(f"The job was handed over {self._times} times. {why[:1].upper()}{why[1:]}.")

    def _word(self, job: RemoteJob) -> Progress:
        if job.state == QUEUED:
            return Progress(0.0, "waiting for a worker", is_queued=True)
        with suppress(StudioError):
            if told := read_progress(job.output):
                share = told.fraction * (self._step + 1 + self._later) - self._step  # of the one asked for
                return replace(told, fraction=min(1.0, max(0.0, share)))
        return Progress(self._last.fraction, "a worker is at it")


def take_back(api: ServerlessAPI, number: str) -> bool:
    """However busy RunPod is: what goes on costs. Returns whether that ended it."""
    for pause in (*CANCELS, None):
        try:
            return api.cancel(number)
        except BackendError as error:
            if pause is None or getattr(error, "symptom", "") in ("401", "404"):
                log.warning("job %s could not be cancelled at RunPod: %s", number, error)
                break
            time.sleep(pause)
    return False


def _finished(job: RemoteJob) -> list[Any]:
    finished = job.output.get("finished") if isinstance(job.output, dict) else None
    return finished if isinstance(finished, list) else []


def _is_lost(job: RemoteJob) -> bool:
    """In RunPod's own words: a workflow may have its own trouble with time."""
    return job.state == FAILED and str(job.error).startswith("job timed out after")


def _said(job: RemoteJob) -> str:
    return f"RunPod said: {' '.join(str(job.error or job.state).split())[:200]}"
