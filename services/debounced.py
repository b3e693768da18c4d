"""Work that many small changes ask for, done once a little after the last of them, in a thread of its own."""

import logging
import threading
from collections.abc import Callable

from domain.errors import StudioError

log = logging.getLogger(__name__)


class Debounced:
    """Does `work` `quiet` seconds after it was asked for, and not again before `rest` seconds more.

    A StudioError or OSError in it is logged with `name`, and the next time is as good as any. Anything
    else ends its thread, with its trace; the next time has a new one.
    """

    def __init__(self, name: str, work: Callable[[], None], quiet: float, rest: float = 0.0):
        self._name, self._work, self._quiet, self._rest = name, work, quiet, rest
        self._wanted, self._over = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_started = False

    def start(self) -> None:
        with self._lock:
            self._is_started = True
            self._begin()

    def again(self) -> None:
        """Have it done soon; returns at once."""
        self._wanted.set()
        with self._lock:
            if self._is_started and self._thread is None:
                self._begin()

    def stop(self) -> None:
        """Come back when no work is under way; none begins after this."""
        self._over.set()
        self._wanted.set()
        with self._lock:
            thread = self._thread
        if thread:
            thread.join()

    def _begin(self) -> None:
        if not self._over.is_set():
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

    def _run(self) -> None:
        try:
            self._loop()
        finally:
            with self._lock:
                self._thread = None
                if self._wanted.is_set():  # while it broke
                    self._begin()

    def _loop(self) -> None:
        while not self._over.is_set():
            self._wanted.wait()
            if self._over.wait(self._quiet):
                return
            self._wanted.clear()
            try:
                self._work()
            except (StudioError, OSError) as error:
                log.warning("%s cannot be told: %s", self._name, error)
            self._over.wait(self._rest)
