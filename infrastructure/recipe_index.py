"""What all recipes of a project say in short, so that thousands of takes are known at once.

The recipes are the truth. The index only spares reading those that have not changed, and may
be deleted.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from domain.errors import BadFile, StudioError
from infrastructure.json_files import read_json, write_json

FORMAT = 1
STARTED, DONE, FAILED, CANCELLED = "started", "done", "failed", "cancelled"
REMOTE = "serverless"  # by this fact a job that goes on without us is found again
_WORTH_KEEPING = 50  # recipes read from their files before an index is written


@dataclass(frozen=True)
class Entry:
    """What we remember of a recipe."""

    name: str
    engine: str
    job: str
    state: str
    files: tuple[str, ...]
    workflow: str = ""
    server: str = ""
    error: str = ""
    started: str = ""  # as the recipe has it: ISO, UTC
    ended: str = ""
    seconds: float | None = None
    worked: float | None = (
        None  # seconds that a worker of a serverless endpoint was at it, which are paid for
    )

    @property
    def key(self) -> tuple[str, str]:
        return self.engine, self.job


class RecipeIndex:
    def __init__(self, takes: Path, file: Path):
        self._takes = takes
        self._file = file
        self._known: dict[str, tuple[list[int], Entry]] = {}  # by recipe: its size and time, what it says
        self._news = 0
        self._read_index()

    def entries(self) -> tuple[list[Entry], list[str]]:
        """What every recipe says, and the names of those that do not read."""
        known: dict[str, tuple[list[int], Entry]] = {}
        damaged = []
        for name, stamp in self._recipes():
            there = self._known.get(name)
            if there is None or there[0] != stamp:
                try:
                    there = stamp, entry_of(read_json(self._takes / name))
                except (BadFile, KeyError, TypeError):
                    damaged.append(name)
                    continue
                self._news += 1
            known[name] = there
        self._known = known
        return [entry for _, entry in known.values()], damaged

    def keep(self) -> None:
        """Write the index down, when that spares something."""
        if self._news >= _WORTH_KEEPING:
            rows = {name: [stamp, *vars(entry).values()] for name, (stamp, entry) in self._known.items()}
            write_json(self._file, rows)
            self._news = 0

    def _recipes(self) -> Iterator[tuple[str, list[int]]]:
        try:
            with os.scandir(self._takes) as files:
                for file in files:
                    if file.name.endswith(".json") and file.is_file():  # and no link to nowhere
                        stat = file.stat()
                        yield file.name, [stat.st_size, stat.st_mtime_ns]
        except FileNotFoundError:
            return  # nothing was made yet
        except OSError as error:
            raise StudioError(f"{self._takes} cannot be read: {error.strerror}.") from error

    def _read_index(self) -> None:
        try:
            rows = read_json(self._file)
            for recipe, (stamp, name, engine, job, state, files, *about) in rows.items():
                if len(about) != 7:
                    raise ValueError  # of an older studio
                self._known[recipe] = stamp, Entry(name, engine, job, state, tuple(files), *about)
        except (BadFile, AttributeError, TypeError, ValueError):
            self._known = {}  # none yet, or not ours


def entry_of(recipe: dict[str, Any]) -> Entry:
    """Raises KeyError or TypeError when it is no recipe."""
    words = [recipe[key] for key in ("name", "engine", "job", "state")]
    if not all(isinstance(word, str) for word in (*words, *recipe["files"])):
        raise TypeError
    name, engine, job, state = words
    workflow, server, error, started = (
        _word(recipe.get(k)) for k in ("workflow", "server", "error", "started")
    )
    ended = _word(recipe.get("finished", recipe.get("ended")))
    took = _number(recipe.get("seconds"))
    worked = _number(recipe.get("gpu_seconds")) if REMOTE in recipe else None
    files = tuple(recipe["files"])
    return Entry(name, engine, job, state, files, workflow, server, error, started, ended, took, worked)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def now() -> str:
    """As recipes write times."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
