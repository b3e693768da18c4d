"""How the emulated proxy of one pod misbehaves, and the pages that it says so with.

Built from documentation; proves nothing about the platform. `seconds` go by the emulator's clock;
what happens to open lines goes by real time.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.fake_answers import Answer

TITLES = {
    302: "Found",
    401: "Authorization Required",
    404: "Not Found",
    413: "Request Entity Too Large",
    502: "Bad gateway",
    503: "Service Temporarily Unavailable",
    524: "A timeout occurred",
}
CUT = "cut"
_STYLE = "".join(
    f".cf-{n}{{margin:0 auto;max-width:{n}rem;color:#404040;line-height:1.5}}" for n in range(90)
)


def turned_away() -> Answer:
    """What programs without a name of their own get."""
    return Answer(403, b"error code: 1010", {"Content-Type": "text/plain; charset=UTF-8"})


def html(status: int) -> Answer:
    if status == 403:
        return turned_away()
    title = TITLES.get(status, "Error")
    body = f"""<!DOCTYPE html>
<html lang="en-US"><head><title>runpod.net | {status}: {title}</title><meta charset="UTF-8" />
<meta name="robots" content="noindex, nofollow" /><style>{_STYLE}</style></head>
<body><div id="cf-wrapper"><h1>{title} <span>Error code {status}</span></h1>
<p>Cloudflare Ray ID: <strong>8f1c2e0b7d4a9c31</strong></p></div></body></html>"""
    headers = {
        "Content-Type": "text/html; charset=UTF-8",
        "Server": "cloudflare",
        "Cache-Control": "no-store",
    }
    headers |= {"Location": "/login?next=%2F"} if status == 302 else {}
    headers |= {"WWW-Authenticate": 'Basic realm="ComfyUI"'} if status == 401 else {}
    return Answer(status, body.encode(), headers)


@dataclass(eq=False)
class Manners:
    fail_share: float = 0.0  # of requests that get 502 or no answer at all
    drop_sockets_every: float = 0.0  # seconds that a WebSocket lives
    idle_cut: float = 0.0  # seconds without traffic that a WebSocket survives
    cut_downloads_after: tuple[int, int] = (0, 0)  # bytes of an answer before the line breaks, how often
    delay: float = 0.0  # seconds before every answer
    patience: float = 100.0  # seconds the pod has for its first byte; then 524, while it works on
    clock: Callable[[], float] = time.monotonic
    cuts: int = 0  # downloads that were broken off
    drops: int = 0  # WebSockets that were cut
    dice: random.Random = field(default_factory=lambda: random.Random(7))

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._bad, self._until, self._left = 0, 0.0, 0.0
        self._only, self._is_done = "", False

    def bad(
        self,
        status: int,
        seconds: float | None = None,
        count: int | None = None,
        only: str = "",
        is_done: bool = False,
    ) -> None:
        """Answer with this page instead: for so long, so many times, or until `good()`.

        `only` one kind of request: "POST /prompt". With `is_done` the pod does what it is asked to,
        and the page is all that is heard of it.
        """
        endless = float("inf")
        with self._lock:
            self._until = self.clock() + (endless if seconds is None else seconds)
            self._bad, self._left = status, endless if count is None else count
            self._only, self._is_done = only, is_done

    def good(self) -> None:
        with self._lock:
            self._bad = 0

    def instead(self, what: str) -> Answer | str | None:
        """What this request gets in place of being passed on, if anything."""
        with self._lock:
            if not self._is_done and self._is_due(what):
                return html(self._bad)
            if self.fail_share and self.dice.random() < self.fail_share:
                return html(502) if self.dice.random() < 0.5 else CUT
            return None

    def afterwards(self, what: str) -> Answer | None:
        """What this request gets in place of the pod's answer, if anything."""
        with self._lock:
            return html(self._bad) if self._is_done and self._is_due(what) else None

    def _is_due(self, what: str) -> bool:
        is_due = self._bad and self._left > 0 and self.clock() < self._until and self._only in ("", what)
        self._left -= bool(is_due)
        return bool(is_due)

    def may_pass(self, sent: int, more: int) -> int:
        """How many of so many more bytes of an answer pass; fewer than there are: the line breaks."""
        with self._lock:
            limit, times = self.cut_downloads_after
            if times < 1 or sent + more <= limit:
                return more
            self.cut_downloads_after = limit, times - 1
            self.cuts += 1
            return limit - sent

    def wants_to_drop(self, age: float, idle: float) -> bool:
        is_time = 0 < self.drop_sockets_every <= age or 0 < self.idle_cut <= idle
        self.drops += is_time
        return is_time
