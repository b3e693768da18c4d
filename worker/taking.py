"""The next job at the moment there is room for it, and the end of a worker that takes no more.

The SDK of RunPod asks for jobs again a second after it found itself busy, so that a GPU idles half a second
between two of them. Here it is told that there is room for one more, and its question is held while the
worker is full: it asks at once, and never has one too many. When the worker ends, what it still asks is
answered with nothing: a job that was handed over then would be lost.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

HELD = 30.0  # seconds that one question is held; the SDK gives it up after 90 and asks again
LINGER = 3.0  # seconds from the last result to the end, in which the platform may end the worker itself

log = logging.getLogger(__name__)

Handle = Callable[[dict[str, Any]], Coroutine[Any, Any, dict[str, Any]]]
Ask = Callable[..., Awaitable[Any]]


class InTurn:
    """At most `most` jobs at once. A worker that asks to be replaced takes no more."""

    def __init__(self, most: int = 1):
        self._most, self._taken = most, 0
        self._is_last = False
        self._is_over = asyncio.Event()
        self._takes_no_more = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()

    def attached(self, scale: Any, handle: Handle) -> tuple[Handle, int]:
        """`handle` and how many jobs at once to tell the SDK, whose module rp_scale this is."""
        scaler: Any = getattr(scale, "JobScaler", None)
        if not hasattr(scale, "get_job") or not hasattr(scaler, "kill_worker"):
            log.warning("This version of RunPod's library is not known: the GPU may idle between two jobs.")
            return handle, self._most
        scale.get_job = self.fetching(scale.get_job)
        if hasattr(scale, "get_stop_signals"):
            scale.get_stop_signals = _until(self._is_over, scale.get_stop_signals, [])
        scaler.kill_worker = self._ending(scaler.kill_worker)
        if hasattr(scaler, "handle_job"):
            scaler.handle_job = self._posted(scaler.handle_job)
        return self.handling(handle), self._most + 1

    def fetching(self, fetch: Ask) -> Ask:
        ask = _until(self._takes_no_more, fetch, None)

        async def next_one(session: Any, count: int = 1) -> Any:
            if not self._has_room.is_set() or self._takes_no_more.is_set():
                await self._room()
                return None  # the SDK asks again at once, and has its whole time for that question
            if jobs := await ask(session, 1):
                self._count(len(jobs))
            return jobs

        return next_one

    def handling(self, handle: Handle) -> Handle:
        async def handled(job: dict[str, Any]) -> dict[str, Any]:
            try:
                result = await handle(job)
                if result.pop("refresh_worker", False):
                    self._is_last = True
                    self._takes_no_more.set()
                # of several under way the one that ends last says it: the platform ends the worker then
                return result | ({"refresh_worker": True} if self._is_last and self._taken <= 1 else {})
            finally:
                self._count(-1)

        return handled

    async def _room(self) -> None:
        """Returns when there is some, when the worker ends, or after a while."""
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._has_room.wait(), HELD)

    def _ending(self, kill: Callable[[Any], None]) -> Callable[[Any], None]:
        def kill_worker(scaler: Any) -> None:
            self._is_over.set()
            self._takes_no_more.set()
            self._has_room.set()  # whoever waits for it is to wait no longer
            kill(scaler)

        return kill_worker

    def _posted(self, handle: Ask) -> Ask:
        """The SDK's way of one job, to the posting of its result. It leaves the end to the platform, and a
        worker that waits for it is paid for."""

        async def handled(scaler: Any, *given: Any) -> Any:
            try:
                return await handle(scaler, *given)
            finally:
                if self._is_last and not self._taken:
                    asyncio.get_running_loop().call_later(LINGER, scaler.kill_worker)

        return handled

    def _count(self, more: int) -> None:
        self._taken += more
        if self._is_over.is_set() or not (self._is_last or self._taken >= self._most):
            self._has_room.set()
        else:
            self._has_room.clear()


def _until(event: asyncio.Event, ask: Ask, nothing: Any) -> Ask:
    """`ask`, that answers with nothing when the event comes first."""

    async def asked(*given: Any) -> Any:
        asking, ending = asyncio.ensure_future(ask(*given)), asyncio.ensure_future(event.wait())
        try:
            await asyncio.wait([asking, ending], return_when=asyncio.FIRST_COMPLETED)
            return asking.result() if asking.done() else nothing
        finally:
            asking.cancel()
            ending.cancel()

    return asked
