"""Keeps the queue on disk as it goes, and no more often than that is worth."""

import logging
import threading
import time
from collections.abc import Callable

from domain.errand import Errand
from domain.errors import CannotWrite
from infrastructure.queue_file import QueueFile

log = logging.getLogger(__name__)

EVERY = 1.0  # seconds between two writings of a queue that goes on


class QueueKeeper:
    """`errands` gives the queue as it is."""

    def __init__(self, file: QueueFile, errands: Callable[[], list[Errand]]):
        self._file, self._errands = file, errands
        self._is_written, self._at = True, 0.0
        self._writing = threading.Lock()

    def changed(self) -> None:
        self._is_written = False

    def write(self, is_urgent: bool = False) -> None:
        """At most once in a while, unless it is urgent. Whoever closes waits here for a writing under way."""
        if not is_urgent and (self._is_written or time.monotonic() - self._at < EVERY):
            return
        with self._writing:
            if self._is_written:
                return
            self._is_written = True  # what changes from here on is written the next time
            self._at = time.monotonic()
            try:
                self._file.write(self._errands())
            except CannotWrite as error:
                self._is_written = False
                log.warning("the queue is only in memory: %s", error)
