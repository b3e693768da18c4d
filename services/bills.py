"""What serverless jobs cost is trued up from RunPod's bill: what workers worked is known at once, what
starting and idling cost only from there."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from domain.errors import PlatformError, PlatformSilent
from infrastructure.runpod_api import RunPodAPI
from services.pods import ODD
from services.spending import Spending

log = logging.getLogger(__name__)

EVERY = 60.0  # seconds between two looks whether an hour's bill is due
SILENT, REFUSED = 300.0, 3600.0  # … after it did not answer, or the account does not tell
_UNKNOWN = "What RunPod bills cannot be seen: {why} What jobs cost is told as at least."


class Bills:
    """`key` gives the account's; without one nobody is asked."""

    def __init__(self, spending: Spending, key: Callable[[], str]):
        self._spending, self._key = spending, key
        self._not_before: dict[tuple[str, str], float] = {}  # by endpoint and key
        self._said: dict[str, str] = {}  # why an endpoint's bill is not told
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
        due = sorted({hour.endpoint for hour in hours}) if key else []
        for endpoint in due:
            if now >= self._not_before.get((endpoint, key), 0.0):
                self._ask(endpoint, [hour.start for hour in hours if hour.endpoint == endpoint], key, now)
        self._said = {endpoint: why for endpoint, why in self._said.items() if endpoint in due}
        self._spending.bill_said(next(iter(self._said.values()), ""))

    def _ask(self, endpoint: str, hours: Sequence[float], key: str, now: float) -> None:
        try:
            bill = RunPodAPI(key).serverless_bill(endpoint, now - min(hours))
        except PlatformSilent as error:
            log.info("%s", error)
            self._not_before[endpoint, key] = now + SILENT
        except PlatformError as error:
            self._not_before[endpoint, key] = now + REFUSED
            self._said[endpoint] = _UNKNOWN.format(why=error)
        else:
            self._said.pop(endpoint, None)
            self._spending.billed({hour: bill.get(hour, 0.0) for hour in hours}, endpoint, now)

    def _look_on(self) -> None:
        while True:
            try:
                self.look(time.time())
            except ODD:
                log.exception("a look at the bill was missed")
            if self._ended.wait(EVERY):
                return
