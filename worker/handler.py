"""What the SDK of RunPod calls for each job: work in a thread of its own, progress on the way, an end.

When the SDK cancels it, the work's generator is closed, which takes the job off ComfyUI.
"""

import asyncio
import errno
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from typing import Any

from domain.errors import BackendError, BackendUnreachable, CannotWrite, StudioError
from domain.events import Fact, Progress
from domain.serverless import failure_said, progress_said
from worker.work import FINISHED, Work

BETWEEN = 1.0  # seconds from one word about progress to the next
POSTING = 10.0  # seconds that one may take
STOPPING = 10.0  # seconds until a cancelled job is off ComfyUI

log = logging.getLogger(__name__)

Hear = Callable[[Progress | Fact], None]
Post = Callable[[dict[str, Any], dict[str, Any]], Awaitable[None]]


class Handler:
    """`work` makes the work of a job; `ended` says how ComfyUI died, or nothing; `post` tells progress."""

    def __init__(
        self, work: Callable[[dict[str, Any]], Work], post: Post, ended: Callable[[], str] = lambda: ""
    ):
        self._work, self._post, self._ended = work, post, ended

    async def handle(self, job: dict[str, Any]) -> dict[str, Any]:
        loop, latest = asyncio.get_running_loop(), _Latest()
        stop = threading.Event()

        def hear(event: Progress | Fact) -> None:
            loop.call_soon_threadsafe(latest.put, event)

        pulling = asyncio.ensure_future(asyncio.to_thread(self._pulled, job, hear, stop))
        telling = asyncio.create_task(self._tell(job, latest))
        try:
            return await asyncio.shield(pulling)
        except asyncio.CancelledError:
            stop.set()
            await asyncio.wait([pulling], timeout=STOPPING)
            raise
        finally:
            latest.end()
            await asyncio.shield(telling)  # nothing may be told of a job that has ended

    def _pulled(self, job: dict[str, Any], hear: Hear, stop: threading.Event) -> dict[str, Any]:
        try:
            return self._to_the_end(job, hear, stop)
        except StudioError as error:
            return self._failure(error)
        except OSError as error:
            failed = CannotWrite(f"The worker's disk fails: {error.strerror or error}.")
            failed.__cause__ = error
            return self._failure(failed)

    def _to_the_end(self, job: dict[str, Any], hear: Hear, stop: threading.Event) -> dict[str, Any]:
        with closing(self._work(job)) as work:
            while not stop.is_set():
                try:
                    hear(next(work))
                except StopIteration as end:
                    return end.value
                if death := self._ended():
                    raise BackendUnreachable(death)
        return failure_said("The job was cancelled.")

    def _failure(self, error: StudioError) -> dict[str, Any]:
        """One sentence, and the same for programs. A worker that is of no more use asks to be replaced."""
        death = self._ended()
        details = list(error.details) if isinstance(error, BackendError) else []
        sentence = death or str(error)
        if not details or death:
            details = [{"kind": "comfyui_died" if death else _kind(error), "message": sentence}]
        ids = [one["node_id"] for one in details if one.get("node_id")]
        if len(ids) == 1:
            sentence = f"Node {ids[0]}: {sentence}"
        log.error("%s", sentence)
        is_over = bool(death) or isinstance(error, BackendUnreachable) or _stays_broken(error, details)
        return failure_said(sentence, details) | ({"refresh_worker": True} if is_over else {})

    async def _tell(self, job: dict[str, Any], latest: "_Latest") -> None:
        while (progress := await latest.next()) is not None:
            done = {FINISHED: latest.finished} if latest.finished else {}
            try:
                await asyncio.wait_for(self._post(job, progress_said(progress) | done), POSTING)
            except (asyncio.TimeoutError, OSError) as error:
                log.warning("progress could not be told: %s", error or "it took too long")
            await latest.pause(BETWEEN)


class _Latest:
    """The newest word of progress. Older ones that nobody has heard yet are forgotten."""

    def __init__(self) -> None:
        self._has_come, self._is_over = asyncio.Event(), asyncio.Event()
        self._progress: Progress | None = None
        self.finished: list[Any] = []  # results of workflows while others follow

    def put(self, event: Progress | Fact) -> None:
        if isinstance(event, Fact):
            self.finished += [event.value] if event.key == FINISHED else []
            return
        progress = event
        if progress.fraction >= 1:
            return  # the end is told by the result
        preview = progress.preview or (self._progress.preview if self._progress else None)
        self._progress = Progress(progress.fraction, progress.note, preview)
        self._has_come.set()

    def end(self) -> None:
        self._is_over.set()
        self._has_come.set()

    async def next(self) -> Progress | None:
        """Waits for one; None when there will be no more."""
        await self._has_come.wait()
        self._has_come.clear()
        progress, self._progress = self._progress, None
        return None if self._is_over.is_set() else progress

    async def pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._is_over.wait(), seconds)
        except asyncio.TimeoutError:
            return


def _stays_broken(error: BaseException | None, details: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the next job would fail alike: after an error of CUDA that is not about memory nothing works in
    that process any more, and a full disk stays full."""
    while error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            return True
        error = error.__cause__
    messages = [str(detail.get("message", "")) for detail in details]
    return any("CUDA error" in said and "out of memory" not in said.lower() for said in messages)


def _kind(error: StudioError) -> str:
    words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in type(error).__name__)
    return words.lstrip("_")
