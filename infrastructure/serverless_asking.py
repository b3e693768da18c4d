"""Asks a worker of an endpoint what it is and has, and remembers what it said for a while.

It may have to start for that, which costs seconds of a GPU: nobody is asked who was not meant to be.
"""

import json
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing

from domain.errors import BackendUnreachable, BadFile, JobFailed, JobRejected
from domain.events import Fact, Progress
from domain.job import Job
from domain.pods import Endpoint
from domain.serverless_about import ORDER, About, read_about
from infrastructure.preflight import lacks
from infrastructure.serverless_api import CANCELLED, DONE, RemoteJob
from infrastructure.serverless_chains import Link
from infrastructure.serverless_execution import WORD, ServerlessExecution, Steps

WAIT = 300.0  # seconds for a worker to start and answer somebody who looks on
ANSWER = 60.0  # … of which it may work
FRESH = 600.0  # seconds that a word is used to refuse by: models are added
_PUBLIC = "Missing 'workflow' parameter"  # says the public worker of an order without one
_OLDER = "The job has no workflow"  # … and one of ours that cannot be asked yet
_LATE = (
    "No worker answered within {minutes:.0f} minutes, and the question was taken back. "
    "Does the endpoint have a GPU that is free, and what does a worker's log say?"
)


class CannotBeAsked(JobFailed):
    """A worker took the question, and has no answer that can be read."""


def question(wait: float) -> bytes:
    policy = {"executionTimeout": round(ANSWER * 1000), "ttl": round((wait + ANSWER) * 1000)}
    return json.dumps({"input": ORDER, "policy": policy}).encode()


def answered(execution: ServerlessExecution, wait: float) -> Generator[Progress | Fact, None, RemoteJob]:
    """The end of the question. Raises BackendUnreachable when it takes longer than `wait` seconds; it is
    taken back then."""
    until = time.monotonic() + wait
    with closing(execution.carried_out(lambda: question(wait), Link())) as run:
        while True:
            try:
                event = next(run)
            except StopIteration as stop:
                return stop.value[0]
            except BackendUnreachable:
                execution.drop()  # nobody comes back for it
                raise
            yield event
            if time.monotonic() > until:
                raise BackendUnreachable(_LATE.format(minutes=wait / 60))


def read(end: RemoteJob) -> About:
    """What that worker is. Raises JobFailed, as CannotBeAsked when that is the worker's doing."""
    if _PUBLIC in str(end.error):
        return About({})
    if _OLDER in str(end.error):
        raise CannotBeAsked(
            "This worker is an older one of the studio's, which cannot be asked. Build its image anew."
        )
    if end.state == CANCELLED:
        raise JobFailed("The question was cancelled at RunPod.")
    if end.state != DONE:
        raise CannotBeAsked(end.why)
    try:
        return read_about(end.output)
    except BadFile as error:
        raise CannotBeAsked(str(error)) from error


class Meeting:
    """One question for all jobs that need to know who works there, before any of them is handed over."""

    def __init__(self) -> None:
        self._is_mute = False  # whoever works there cannot be asked: the job shows it
        self._asking = threading.Lock()

    def met(
        self, is_known: Callable[[], bool], ask: Callable[[], Generator[Progress | Fact, None, About]]
    ) -> Steps[None]:
        """Returns when it is known, or will not be."""
        while not self._asking.acquire(timeout=WORD):
            if is_known() or self._is_mute:
                return
            yield Progress(0.0, "waiting for a worker to say what it takes", is_queued=True)
        try:
            if is_known() or self._is_mute:
                return
            with closing(ask()) as question:  # its number is not the job's; its cost is
                for event in question:
                    if not isinstance(event, Fact) or event.key in ("sent", "gpu_seconds"):
                        yield event
        except CannotBeAsked:
            self._is_mute = True
        finally:
            self._asking.release()


class Word:
    """What a worker of an endpoint said last, when it was asked."""

    def __init__(self) -> None:
        self._about: About | None = None
        self._at, self._of = 0.0, ("", 0)

    @property
    def about(self) -> About | None:
        return self._about

    def keep(self, about: About, endpoint: Endpoint | None) -> None:
        self._about, self._at, self._of = about, time.monotonic(), _kind(endpoint)

    def refuse(self, job: Job, endpoint: Endpoint | None) -> None:
        """Raises JobRejected for what that worker cannot do; an old word refuses nothing."""
        about = self._about
        if not about or not about.worker or time.monotonic() - self._at > FRESH:
            return
        if self._of == _kind(endpoint) and (found := lacks(about.object_info, [job.graph, *job.then])):
            raise JobRejected(
                f"This endpoint's worker cannot run the workflow yet: {'; '.join(found)}. "
                "Test the connection again after adding it."
            )


def _kind(endpoint: Endpoint | None) -> tuple[str, int]:
    return (endpoint.gpu, endpoint.gpus) if endpoint else ("", 0)
