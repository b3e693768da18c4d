"""Segments of a shot that one worker makes one after another: which of them is under way where.

A job that says what is likely to follow on it is handed over together with that. When what follows is asked
for, which is known by its id, it is found under way or done, and nothing is sent.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from domain.job import Job
from domain.serverless import Result
from infrastructure.serverless_api import RemoteJob

LEASE = 60.0  # seconds after which the rest of a chain is cancelled that nobody asks for
KEPT = 1500.0  # … and is forgotten, when it is over: RunPod keeps results for half an hour


@dataclass(frozen=True)
class Link:
    """Where a job is at the endpoint; without a number it is nowhere yet."""

    number: str = ""  # the job's over there
    step: int = 0  # which of its workflows, from 0
    end: RemoteJob | None = None  # when it is known that all is over
    is_ours: bool = False  # handed over by this studio, with the one that it follows on
    is_anew: bool = False  # another worker made those before it once more


class Chains:
    """May be used from many threads. `cancel` takes a job off the endpoint."""

    def __init__(self, cancel: Callable[[str], object]):
        self._cancel = cancel
        self._expected: dict[str, tuple[Link, threading.Timer]] = {}  # by the id of the job
        self._is_over = False  # nobody asks any more
        self._lock = threading.Lock()

    def expect(self, job: Job, link: Link, result: Result) -> None:
        """`result` is the job's; what follows on it is made at the same place."""
        frame = result.frame
        following = job.following(frame.sha256) if frame else ""
        if not following or self._is_over:
            if job.then and link.end is None:
                self._cancel(link.number)  # nobody could ask for it
            return
        then = Link(link.number, link.step + 1, link.end, is_ours=True)
        lease = threading.Timer(LEASE if link.end is None else KEPT, self._given_up, (following, then))
        lease.daemon = True
        lease.start()
        with self._lock:
            before, others = self._expected.get(following, (None, None))
            self._expected[following] = then, lease
        if others:
            others.cancel()
        if before and before.end is None and before.number != link.number:
            self._cancel(before.number)  # two of the same were under way

    def holds(self, job_id: str) -> bool:
        """Whether it is under way or done, handed over with the one that it follows on."""
        return job_id in self._expected

    def give_up(self) -> None:
        """Nobody will ask for what is expected."""
        self._is_over = True
        for job_id, (link, lease) in list(self._expected.items()):
            lease.cancel()
            self._given_up(job_id, link)

    def claimed(self, job_id: str) -> Link | None:
        with self._lock:
            link, lease = self._expected.pop(job_id, (None, None))
        if lease:
            lease.cancel()
        return link

    def _given_up(self, job_id: str, link: Link) -> None:
        with self._lock:
            if self._expected.get(job_id, (None,))[0] is not link:
                return  # it was asked for, or is another's by now
            del self._expected[job_id]
        if link.end is None:
            self._cancel(link.number)


def noted(earlier: Mapping[str, Any], endpoint: str) -> Link | None:
    """Where a recipe says that a job is, when it was handed over to this endpoint before."""
    match earlier.get("serverless"):
        case {"endpoint": str(where), "job": str(number), **more} if where == endpoint:
            step = more.get("step")
            return Link(number, step if isinstance(step, int) else 0)
    return None
