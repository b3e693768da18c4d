"""What a command says on a terminal: a bar with the time left, or plain lines where nobody looks."""

import shutil
import sys
import time
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO, TypeVar, cast

from domain.errors import BackendUnreachable, CannotWrite
from domain.events import Event, Fact, Failed, Progress, Saved, Told

T = TypeVar("T")

REDRAW = 0.1  # seconds between two drawings of the bar
LINE = 10.0  # seconds between two plain lines of progress


@dataclass
class Reporter:
    """Shows events on stderr and keeps what the summary needs."""

    out: TextIO = field(default_factory=lambda: sys.stderr)
    failures: list[Failed] = field(default_factory=list)
    saved: list[Saved] = field(default_factory=list)
    start: float = field(default_factory=time.monotonic)
    _shown: float = 0.0
    _best: float = 0.0

    def __post_init__(self) -> None:
        self._has_bar = self.out.isatty()

    def follow(self, work: Generator[Event, None, T]) -> T:
        """Carry out work to its end, telling how it goes; returns what it returns."""
        with closing(work):
            while True:
                try:
                    event = next(work)
                except StopIteration as stop:
                    self._clear()
                    return cast(T, stop.value)
                self._show(event)

    def follow_and_tell(self, work: Generator[Event, None, T], tell: Callable[[], None]) -> None:
        """The same, and `tell` at its end, also when it ends early and may be taken up again."""
        try:
            self.follow(work)
        except (BackendUnreachable, CannotWrite, KeyboardInterrupt):
            tell()
            raise
        tell()

    def jobs(self, takes: Path) -> dict[str, int]:
        """How many jobs ran, how many had their take in the folder already, how many broke."""
        made = [saved.reused for saved in self.saved if saved.path.parent == takes]
        return {"run": made.count(False), "reused": made.count(True), "failed": len(self.failures)}

    def _show(self, event: Event) -> None:
        match event:
            case Progress(fraction, note):
                self._progress(fraction, note)
            case Saved(path, reused):
                self.saved.append(event)
                if not reused:
                    self._line(f"saved {path.name}")
            case Failed(what, reason):
                self.failures.append(event)
                self._line(f"FAILED {what}: {reason}")
            case Told(sentence):
                self._line(sentence)
            case Fact("attempts", [*_, {"member": machine, "reason": why}]):
                self._line(f"{machine} went away under its job, and another machine takes over. {why}")

    def _progress(self, fraction: float, note: str) -> None:
        now = time.monotonic()
        self._best = max(self._best, min(1.0, fraction))
        if now - self._shown < (REDRAW if self._has_bar else LINE):
            return
        self._shown = now
        text = f"{self._best:4.0%} {self._left()}{note}"
        if not self._has_bar:
            self._say(f"{text.strip()}\n")
            return
        width = shutil.get_terminal_size().columns
        filled = round(24 * self._best)
        bar = f"{'█' * filled}{'░' * (24 - filled)} {text}"
        self._say(f"\r\x1b[K{bar[: width - 1]}")

    def _left(self) -> str:
        """Time left, once there is enough to tell it from."""
        gone = time.monotonic() - self.start
        if gone < 3 or self._best < 0.02:
            return ""
        left = round(gone * (1 - self._best) / self._best)
        return f"{left // 60}:{left % 60:02d} left · "

    def _line(self, text: str) -> None:
        self._clear()
        self._say(f"{text}\n")

    def _clear(self) -> None:
        if self._has_bar:
            self._say("\r\x1b[K")

    def _say(self, text: str) -> None:
        with suppress(BrokenPipeError):  # whoever looked on has gone; the work goes on
            self.out.write(text)
            self.out.flush()
