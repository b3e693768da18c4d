"""The next job at the moment the one before is over.

The SDK of RunPod asks for jobs again a second after it found itself busy, so that a GPU idles half a second
between two of them. Here it is told that there is room for one more, and its question is held while a job
runs: it asks at once, and never has two.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

Handle = Callable[[dict[str, Any]], Coroutine[Any, Any, dict[str, Any]]]
Fetch = Callable[..., Awaitable[Any]]


class OneByOne:
    def __init__(self) -> None:
        self._is_free = asyncio.Event()
        self._is_free.set()

    def fetching(self, fetch: Fetch) -> Fetch:
        async def next_one(session: Any, count: int = 1) -> Any:
            await self._is_free.wait()
            jobs = await fetch(session, 1)
            if jobs:
                self._is_free.clear()
            return jobs

        return next_one

    def handling(self, handle: Handle) -> Handle:
        """A worker that asks to be replaced takes no more."""

        async def handled(job: dict[str, Any]) -> dict[str, Any]:
            is_last = False
            try:
                result = await handle(job)
                is_last = bool(result.get("refresh_worker"))
                return result
            finally:
                if not is_last:
                    self._is_free.set()

        return handled
