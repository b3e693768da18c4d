"""How long a server may stay away before a job is given up: a restart is waited out, an end is not."""

import time
from collections.abc import Generator

from domain.errors import BackendUnreachable
from domain.events import Progress

SECONDS = 90.0  # a ComfyUI with many custom nodes takes about a minute to start again
PAUSE = 0.5  # seconds between two attempts


class Patience:
    """Begins with the first failure and starts anew after a success."""

    def __init__(self, url: str, seconds: float | None = None) -> None:
        self._who = url.partition("://")[2]
        self._seconds = SECONDS if seconds is None else seconds
        self._since: float | None = None

    def after(self, error: BackendUnreachable, fraction: float = 0.0) -> Generator[Progress, None, None]:
        """Pause before the next attempt; raises the error when there have been enough."""
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        if now - self._since > self._seconds:
            raise error
        yield Progress(fraction, f"{self._who} does not answer; waiting for it")
        time.sleep(PAUSE)

    def renew(self) -> None:
        self._since = None
