"""One job at a serverless endpoint, from being handed over to its end.

Its number there is told as soon as there is one; whoever knows it finds the job again, also after a
crash. A job that the endpoint has forgotten is handed over anew.
"""

import logging
import random
import time
from collections import deque
from collections.abc import Callable, Generator
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
SENDS = 3  # times a job is handed over, or given to another worker, at most
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
        self._sent: float | None = None  # when it was handed over by us
        self._step = 0  # which of the workflows over there is ours

    def carried_out(self, body: Callable[[], bytes], link: Link) -> Steps[tuple[RemoteJob, Link]]:
        """The job's end, whatever it is, and where that was; `link` is where it was handed over to before.
        Of a chain that goes on, as soon as the workflow that is asked for is done."""
        times, self._id, self._step = 0, link.number, link.step
        try:
            while True:
                if not self._id:
                    times += 1
                    yield from self._hand_over(body(), times)
                end = yield from self._end_of()
                if end is None:
                    self._once_more(times, "the endpoint had forgotten it")
                    self._id = ""
                elif end.state == LATE or _is_lost(end):
                    self._once_more(times, "its worker was lost or took too long")
                    times += 1
                    yield from self._patiently(lambda: self._api.retry(self._id))
                else:
                    is_over = end.state != RUNNING
                    return end, Link(self._id, self._step, end if is_over else None)
        except (GeneratorExit, KeyboardInterrupt):
            if self._id and not self._is_left():
                self._cancel()
            raise

    def _hand_over(self, body: bytes, times: int) -> Steps[None]:
        self._id = (yield from self._patiently(lambda: self._api.run(body))).id
        self._sent, self._step = time.monotonic(), 0
        yield Fact("sent", {"times": times})
        yield Fact("serverless", {"endpoint": self._endpoint, "job": self._id}, is_urgent=True)

    def _end_of(self) -> Steps[RemoteJob | None]:
        """None when the endpoint has forgotten it."""
        pause, seen = SOON, None
        while True:
            job = yield from self._patiently(lambda: self._api.status(self._id))
            if job is None or job.state in (DONE, FAILED, CANCELLED, LATE):
                self._pace.took(job.ran if job and job.state == DONE else None)
                return job
            if job.state == RUNNING and len(_finished(job)) > self._step:
                return job
            self._last = self._word(job)
            pause = SOON if job != seen else min(SELDOM, pause * SLOWER)
            seen = job
            rest = self._rest(job, pause * random.uniform(0.9, 1.1))  # else all ask at once
            yield from self._wait(rest, job.state == QUEUED)

    def _rest(self, job: RemoteJob, pause: float) -> float:
        """Seconds to the next look: when it should be over, if that is sooner."""
        usual = self._pace.usual
        if job.state != RUNNING or not usual or self._sent is None:
            return pause
        left = self._sent + job.waited + usual - time.monotonic()
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

    def _patiently(self, ask: Callable[[], T]) -> Steps[T]:
        """What the endpoint answers; asked again, less and less often, while it does not."""
        since, pause = time.monotonic(), WORD
        while True:
            try:
                return ask()
            except BackendUnreachable as error:
                if error.symptom in ("401", "404") or time.monotonic() - since > PATIENCE:
                    raise
                log.info("%s", error)
            yield Progress(self._last.fraction, "RunPod does not answer; waiting for it")
            yield from self._wait(pause)
            pause = min(SELDOM, 2 * pause)

    def _once_more(self, times: int, why: str) -> None:
        if times >= SENDS:
            raise JobFailed(
                f"The job was handed over {times} times and {why} each time. Look at the endpoint's log."
            )

    def _word(self, job: RemoteJob) -> Progress:
        if job.state == QUEUED:
            return Progress(0.0, "waiting for a worker")
        with suppress(StudioError):
            if told := read_progress(job.output):
                share = told.fraction * (self._step + 1 + self._later) - self._step  # of the one asked for
                return replace(told, fraction=min(1.0, max(0.0, share)))
        return Progress(self._last.fraction, "a worker is at it")

    def _cancel(self) -> None:
        try:
            self._api.cancel(self._id)
        except BackendError as error:
            log.warning("job %s could not be cancelled at RunPod: %s", self._id, error)


def _finished(job: RemoteJob) -> list[Any]:
    finished = job.output.get("finished") if isinstance(job.output, dict) else None
    return finished if isinstance(finished, list) else []


def _is_lost(job: RemoteJob) -> bool:
    return job.state == FAILED and "timed out" in str(job.error)
