"""Keeps an eye on the backend while somebody looks at the window, and tells what changes.

Nobody is asked while nobody looks and no work waits for it: a pod that is left alone is left alone.
"""

import threading
import time
from collections.abc import Callable

from domain.errors import StudioError
from domain.job import Backend
from domain.status import Status

EVERY = 3.0  # seconds between two looks at a backend that answers
LONGEST = 15.0  # … and at most, at one that does not
FIRST = 2.0  # … and at first; twice as long after each miss
ATTENTION = 10.0  # seconds that a page counts as looking after its last heartbeat
NAP = 10.0  # seconds between two looks whether work has begun to wait, while nobody looks
FAREWELL = 1.0  # seconds that stop() waits for a look under way; its answer is dropped then


class BackendWatch:
    """`tell` is called from the watch's own thread, with what is new and nothing else; `is_up` after
    every look at a backend that answered. `is_awaited` says whether work waits for one to come back.

    `connect` is called before the first look, after `again`, and as long as it raises a StudioError,
    which is told as a backend that is not up.
    """

    def __init__(
        self,
        connect: Callable[[], Backend],
        tell: Callable[[Status], None],
        is_up: Callable[[], None] = lambda: None,
        is_awaited: Callable[[], bool] = lambda: False,
    ):
        self._connect, self._tell, self._is_up, self._is_awaited = connect, tell, is_up, is_awaited
        self._backend: Backend | None = None
        self._latest: Status | None = None
        self._misses = 0
        self._asked = self._seen = float("-inf")  # when the backend was last asked, and a page last looked
        self._is_wanted = self._is_stopped = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="backend watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def looking(self) -> None:
        """An open page's heartbeat."""
        with self._changed:
            is_first = time.monotonic() - self._seen > ATTENTION
            self._seen = time.monotonic()
            if is_first:
                self._changed.notify()

    def again(self) -> None:
        """Look now, at whatever `connect` gives now: settings changed, or somebody does not want to wait."""
        with self._changed:
            self._is_wanted = True
            self._changed.notify()

    def stop(self) -> None:
        """Nothing is told after this."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(FAREWELL)

    def _work(self) -> None:
        while self._is_time():
            status = self._look()
            self._misses = 0 if status.is_up else self._misses + 1
            with self._changed:
                self._asked = time.monotonic()
                is_news = status != self._latest and not self._is_stopped and not self._is_wanted
            if is_news:
                self._latest = status
                self._tell(status)
            if status.is_up and not self._is_stopped:
                self._is_up()

    def _is_time(self) -> bool:
        """Wait until it is time for a look; False when there will be none any more."""
        with self._changed:
            while not self._is_stopped and not self._is_wanted:
                now = time.monotonic()
                if now - self._seen > ATTENTION and not self._is_awaited():
                    self._changed.wait(NAP)
                elif (left := self._asked + pause(self._misses) - now) > 0:
                    self._changed.wait(left)
                else:
                    break
            if self._is_wanted:
                self._backend, self._misses, self._is_wanted = None, 0, False
            return not self._is_stopped

    def _look(self) -> Status:
        try:
            self._backend = self._backend or self._connect()
        except StudioError as error:
            return Status(is_up=False, name="", said=str(error))
        return self._backend.status()


def pause(misses: int) -> float:
    """Seconds until the next look, after so many in a row that found nobody."""
    return min(LONGEST, FIRST * 2 ** min(misses - 1, 10)) if misses else EVERY
