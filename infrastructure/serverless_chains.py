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


class Chains:
    """May be used from many threads. `cancel` takes a job off the endpoint."""

    def __init__(self, cancel: Callable[[str], None]):
        self._cancel = cancel
        self._expected: dict[str, tuple[Link, threading.Timer]] = {}  # by the id of the job
        self._lock = threading.Lock()

    def expect(self, job: Job, link: Link, result: Result) -> None:
        """`result` is the job's; what follows on it is made at the same place."""
        frame = result.frame
        following = job.following(frame.sha256) if frame else ""
        if not following:
            if job.then and link.end is None:
                self._cancel(link.number)  # nobody could ask for it
            return
        lease = threading.Timer(LEASE if link.end is None else KEPT, self._given_up, (following,))
        lease.daemon = True
        lease.start()
        with self._lock:
            self._expected[following] = Link(link.number, link.step + 1, link.end, is_ours=True), lease

    def holds(self, job_id: str) -> bool:
        """Whether it is under way or done, handed over with the one that it follows on."""
        return job_id in self._expected

    def give_up(self) -> None:
        """Nobody will ask for what is expected."""
        for job_id in list(self._expected):
            self._given_up(job_id)

    def claimed(self, job_id: str) -> Link | None:
        with self._lock:
            link, lease = self._expected.pop(job_id, (None, None))
        if lease:
            lease.cancel()
        return link

    def _given_up(self, job_id: str) -> None:
        link = self.claimed(job_id)
        if link and link.end is None:
            self._cancel(link.number)


def noted(earlier: Mapping[str, Any], endpoint: str) -> Link | None:
    """Where a recipe says that a job is, when it was handed over to this endpoint before."""
    match earlier.get("serverless"):
        case {"endpoint": str(where), "job": str(number), **more} if where == endpoint:
            step = more.get("step")
            return Link(number, step if isinstance(step, int) else 0)
    return None
