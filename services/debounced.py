"""Work that many small changes ask for, done once a little after the last of them, in a thread of its own."""

import logging
import threading
from collections.abc import Callable

from domain.errors import StudioError

log = logging.getLogger(__name__)


class Debounced:
    """Does `work` `quiet` seconds after it was asked for, and not again before `rest` seconds more.

    A StudioError or OSError in it is logged with `name`, and the next time is as good as any.
    """

    def __init__(self, name: str, work: Callable[[], None], quiet: float, rest: float = 0.0):
        self._name, self._work, self._quiet, self._rest = name, work, quiet, rest
        self._wanted, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def again(self) -> None:
        """Have it done soon; returns at once."""
        self._wanted.set()

    def stop(self) -> None:
        """Come back when no work is under way; none begins after this."""
        self._over.set()
        self._wanted.set()
        self._thread.join()

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
