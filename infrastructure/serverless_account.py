"""What an account says of one of its serverless endpoints, remembered for a while."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from domain.errors import PlatformError
from domain.pods import Endpoint
from infrastructure.runpod_api import RunPodAPI

KNOWN = 60.0  # seconds that it is believed


class Described:
    """`key` gives the account's. May be asked from many threads: while one asks, others are told what was
    known before."""

    def __init__(self, endpoint: str, key: Callable[[], str]):
        self._id, self._key = endpoint, key
        self._at, self.last = float("-inf"), None  # type: float, Endpoint | None
        self._lock = threading.Lock()

    def now(self) -> Endpoint | None:
        """None where the key is for the endpoint alone."""
        at, known = self._at, self.last
        if time.monotonic() - at > KNOWN and self._lock.acquire(blocking=known is None):
            try:
                if self._at == at:
                    with suppress(PlatformError):
                        known = self._looked_up(known)
                    self._at, self.last = time.monotonic(), known
            finally:
                self._lock.release()
        return self.last

    def price(self) -> float:
        """USD for an hour that one worker works; 0 where that is not told. Start and idling come on top."""
        known = self.now()
        if known and not known.price and self._lock.acquire(blocking=False):  # it may be told by now
            try:
                known = self.last = self._priced(known)
            finally:
                self._lock.release()
        return known.price if known else 0.0

    def raise_workers(self, most: int) -> None:
        """Have it start so many workers at most. Raises PlatformError."""
        RunPodAPI(self._key()).change_endpoint(self._id, most)
        with self._lock:
            self._at = float("-inf")

    def _looked_up(self, before: Endpoint | None) -> Endpoint:
        now = RunPodAPI(self._key()).endpoint(self._id)
        if before and before.price and (before.gpu, before.gpus) == (now.gpu, now.gpus):
            return replace(now, price=before.price)
        return self._priced(now)

    def _priced(self, endpoint: Endpoint) -> Endpoint:
        with suppress(PlatformError):
            each = RunPodAPI(self._key()).serverless_price(endpoint.gpu)
            return replace(endpoint, price=each * endpoint.gpus)
        return endpoint
