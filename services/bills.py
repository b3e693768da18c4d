"""What serverless jobs cost is trued up from RunPod's bill: what workers worked is known at once, what
starting and idling cost only from there."""

import logging
import threading
import time
from collections.abc import Callable

from domain.errors import PlatformError, PlatformSilent
from infrastructure.runpod_api import RunPodAPI
from services.pods import ODD
from services.spending import Spending

log = logging.getLogger(__name__)

EVERY = 60.0  # seconds between two looks whether an hour's bill is due
REFUSED = 3600.0  # … after the account did not tell
_UNKNOWN = "What RunPod bills cannot be seen: {why} What jobs cost is told as at least."


class Bills:
    """`key` gives the account's; without one nobody is asked."""

    def __init__(self, spending: Spending, key: Callable[[], str]):
        self._spending, self._key = spending, key
        self._not_before = 0.0
        self._ended, self._starting = threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=self._look_on, name="bills", daemon=True)

    def start(self) -> None:
        """From the first endpoint on; may be said again, by any thread."""
        with self._starting:
            if not self._thread.is_alive() and not self._ended.is_set():
                self._thread.start()

    def stop(self) -> None:
        self._ended.set()

    def look(self, now: float) -> None:
        """True up each hour whose bill is due."""
        hours, key = self._spending.due(now), self._key()
        if not hours or not key or now < self._not_before:
            return
        api = RunPodAPI(key)
        for endpoint in sorted({hour.endpoint for hour in hours}):
            its = [hour for hour in hours if hour.endpoint == endpoint]
            try:
                bill = api.serverless_bill(endpoint, now - min(hour.start for hour in its))
            except PlatformSilent as error:
                log.info("%s", error)
            except PlatformError as error:
                self._not_before = now + REFUSED
                self._spending.bill_said(_UNKNOWN.format(why=error))
            else:
                self._spending.billed({hour.start: bill.get(hour.start, 0.0) for hour in its}, endpoint, now)

    def _look_on(self) -> None:
        while True:
            try:
                self.look(time.time())
            except ODD:
                log.exception("a look at the bill was missed")
            if self._ended.wait(EVERY):
                return
