"""The ledger of a project: beside every take a JSON file that says how it was made.

Written before a job is sent and finished when its files are home, so it is provenance for the
artist and crash recovery for the program. An equal job that is done is never run again; one
that is not done goes on under the name it has.
"""

import re
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from domain.errors import BadFile, StudioError
from domain.events import Fact, Progress
from domain.job import Backend, Graph, Job, files_in
from domain.project import Project
from domain.workflow import Change
from infrastructure.hashes import sha256
from infrastructure.json_files import read_json, write_json

FORMAT = 1
STARTED, DONE, FAILED, CANCELLED = "started", "done", "failed", "cancelled"
_NUMBER = re.compile(r"(.+)_v(\d+)$")


@dataclass(frozen=True)
class Wanted:
    """A take that should exist: what would run, and what the recipe says of it."""

    stem: str  # "003", or "003.02" for a shot's second segment
    graph: Graph
    workflow: str
    values: Mapping[str, Any]
    changes: Sequence[Change] = field(default=(), repr=False)


@dataclass(frozen=True)
class Take:
    """What a job brought home. `path` is its first file."""

    name: str
    files: tuple[Path, ...]
    reused: bool  # nothing ran for it this time

    @property
    def path(self) -> Path:
        return self.files[0]


@dataclass
class _Entry:
    """What we remember of a recipe."""

    name: str
    state: str
    files: tuple[str, ...]


class Ledger:
    def __init__(self, project: Project):
        self.project = project
        self._lock = threading.Lock()
        self._entries: dict[tuple[str, str], _Entry] = {}  # (engine, job id)
        self._numbers: dict[str, int] = {}  # the highest take of each stem
        self.skipped: list[str] = []  # recipes that do not read
        self._read_all()

    def done(self, backend: Backend, wanted: Wanted) -> Take | None:
        """The take, if it is there already."""
        return self._take(self._entries.get((backend.engine, self._job("", wanted).id)))

    def carry_out(self, backend: Backend, wanted: Wanted) -> Generator[Progress | Fact, None, Take]:
        """The take: from disk when it is there, else made now."""
        unnamed = self._job("", wanted)
        key = (backend.engine, unnamed.id)
        if take := self._take(self._entries.get(key)):
            return take
        job = Job(self._name(key, wanted.stem), wanted.graph, self.project.takes, unnamed.hashes)
        recipe = self._intent(job, wanted, backend.engine)
        self._write(key, recipe)
        start = time.monotonic()
        try:
            files = yield from _noting(backend.run(job), recipe)
        except GeneratorExit:
            self._write(key, {**recipe, "state": CANCELLED})
            raise
        except StudioError as error:
            self._write(key, {**recipe, "state": FAILED, "error": str(error)})
            raise
        done = {"state": DONE, "files": [file.name for file in files], "finished": _now()}
        self._write(key, {**recipe, **done, "seconds": round(time.monotonic() - start, 3)})
        return Take(job.name, tuple(files), False)

    def recipe(self, name: str) -> dict[str, Any]:
        """The recipe of a take by its name, such as "003_v2"."""
        content: dict[str, Any] = read_json(self._path(name))
        return content

    def _job(self, name: str, wanted: Wanted) -> Job:
        hashes = {path: sha256(path) for path in files_in(wanted.graph)}
        return Job(name, wanted.graph, self.project.takes, hashes)

    def _take(self, entry: _Entry | None) -> Take | None:
        if entry is None or entry.state != DONE or not entry.files:
            return None
        files = tuple(self.project.takes / name for name in entry.files)
        return Take(entry.name, files, True) if all(file.exists() for file in files) else None

    def _name(self, key: tuple[str, str], stem: str) -> str:
        """The name the job had when it was begun, else the next free one; never a name in use."""
        with self._lock:
            if key in self._entries:
                return self._entries[key].name
            number = self._numbers.get(stem, 0) + 1
            while any(self.project.takes.glob(f"{stem}_v{number}.*")):
                number += 1  # a picture of the artist's own, or one whose recipe is gone
            self._numbers[stem] = number
            self._entries[key] = _Entry(f"{stem}_v{number}", STARTED, ())
            return f"{stem}_v{number}"

    def _intent(self, job: Job, wanted: Wanted, engine: str) -> dict[str, Any]:
        local = {path: self._relative(path) for path in job.files}
        return {
            "format": FORMAT,
            "name": job.name,
            "job": job.id,
            "engine": engine,
            "state": STARTED,
            "files": [],
            "error": "",
            "workflow": wanted.workflow,
            "values": {k: self._plain(v) for k, v in wanted.values.items() if v is not None},
            "inputs": {local[path]: job.hashes[path] for path in job.files},
            "started": _now(),
            "changes": [
                {**vars(c), "old": self._plain(c.old), "new": self._plain(c.new)} for c in wanted.changes
            ],
            "graph": job.graph_with(local),
        }

    def _relative(self, path: Path) -> str:
        """A path as a project that is moved still understands it."""
        folder = self.project.folder
        return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)

    def _plain(self, value: Any) -> Any:
        if isinstance(value, Path):
            return self._relative(value)
        return [self._plain(v) for v in value] if isinstance(value, list | tuple) else value

    def _write(self, key: tuple[str, str], recipe: dict[str, Any]) -> None:
        try:
            write_json(self._path(recipe["name"]), recipe)
        except OSError as error:
            where = self._path(recipe["name"])
            raise StudioError(f"{where} cannot be written: {error.strerror}. Is the disk full?") from error
        self._entries[key] = _entry(recipe)

    def _path(self, name: str) -> Path:
        return self.project.takes / f"{name}.json"

    def _read_all(self) -> None:
        for path in self.project.takes.glob("*.json"):
            try:
                recipe = read_json(path)
                key = recipe["engine"], recipe["job"]
                entry = _entry(recipe)
            except (BadFile, KeyError, TypeError):
                self.skipped.append(path.name)
                continue
            known = self._entries.get(key)
            if known is None or known.state != DONE:
                self._entries[key] = entry
            if match := _NUMBER.match(entry.name):
                self._numbers[match[1]] = max(self._numbers.get(match[1], 0), int(match[2]))


def _entry(recipe: dict[str, Any]) -> _Entry:
    return _Entry(recipe["name"], recipe["state"], tuple(recipe["files"]))


def _noting(
    run: Generator[Progress | Fact, None, list[Path]], recipe: dict[str, Any]
) -> Generator[Progress | Fact, None, list[Path]]:
    """Pass a job's events on, and keep its facts in the recipe."""
    try:
        while True:
            try:
                event = next(run)
            except StopIteration as stop:
                files: list[Path] = stop.value
                return files
            if isinstance(event, Fact):
                recipe[event.key] = event.value
            yield event
    finally:
        run.close()


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
