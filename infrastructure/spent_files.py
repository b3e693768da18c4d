"""What commands spent without the studio's window: each notes it in a file of its own, beside the book, which
the window alone writes. A file is only added to, so that a command that is killed loses nothing."""

import json
import logging
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import uuid4

from domain.doubt import number
from domain.spending import Spent

LARGEST = 1e6  # USD of one job
log = logging.getLogger(__name__)


class SpentFiles:
    def __init__(self, folder: Path):
        self._folder = folder
        self._own = folder / f"{uuid4().hex}.jsonl"
        self._known: dict[str, tuple[int, list[Spent]]] = {}  # by file: its size, and what it holds
        self._lock = threading.Lock()

    def note(self, spent: Spent) -> None:
        line = json.dumps(asdict(spent)) + "\n"
        try:
            with self._lock:
                self._folder.mkdir(parents=True, exist_ok=True)
                with self._own.open("a", encoding="utf-8") as file:
                    file.write(line)
        except OSError as error:
            log.warning("what was spent cannot be noted in %s: %s", self._own, error.strerror)

    def read(self) -> dict[str, list[Spent]]:
        """What each file holds, by its name; one that did not change is not read again."""
        known = {}
        for path in sorted(self._folder.glob("*.jsonl")):
            with suppress(OSError):
                size = path.stat().st_size
                before = self._known.get(path.name)
                known[path.name] = before if before and before[0] == size else (size, _entries(path))
        self._known = known
        return {name: entries for name, (_, entries) in known.items()}

    def forget(self, names: Iterable[str]) -> None:
        for name in names:
            with suppress(OSError):
                (self._folder / name).unlink()


def _entries(path: Path) -> list[Spent]:
    """A line that does not read is one all the same: lines are counted. The last may not be whole yet."""
    lines = path.read_text("utf-8", errors="replace").split("\n")[:-1]
    return [_entry(line) for line in lines]


def _entry(line: str) -> Spent:
    said: Any = None
    with suppress(ValueError, RecursionError):
        said = json.loads(line)
    match said:
        case {"project": str() as project, "endpoint": str() as endpoint, "pod": str() as pod}:
            amount, at, seconds = (said.get(name) for name in ("amount", "at", "seconds"))
            return Spent(
                project,
                number(amount, LARGEST) or 0.0,
                number(at, 1e11) or 0.0,
                endpoint,
                number(seconds, 1e9) or 0.0,
                pod,
            )
    return Spent("", 0.0, 0.0)
