"""The ledger of a project: beside every take a JSON file that says how it was made.

Written before a job is sent and finished when its files are home, so it is provenance for the
artist and crash recovery for the program. An equal job that is done is never run again; one
that is not done goes on under the name it has.
"""

import shutil
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from domain.errors import BackendUnreachable, BadFile, StudioError
from domain.events import Fact, Progress, heard
from domain.job import Backend, Graph, Job
from domain.project import Project
from domain.take_names import numbered, shot_of
from domain.workflow import Change
from infrastructure.hashes import sha256
from infrastructure.json_files import read_json, write_json
from infrastructure.own_takes import OWN, own_recipe
from infrastructure.part_files import writing
from infrastructure.recipe_index import (
    CANCELLED,
    DONE,
    FAILED,
    FORMAT,
    REMOTE,
    STARTED,
    Entry,
    RecipeIndex,
    entry_of,
    now,
)

_LOOK = 0.2  # seconds between two looks whether an equal job is done


@dataclass(frozen=True)
class Wanted:
    """A take that should exist: what would run, and what the recipe says of it."""

    stem: str  # "003", or "003.02" for a shot's second segment
    graph: Graph
    workflow: str
    values: Mapping[str, Any]
    changes: Sequence[Change] = field(default=(), repr=False)
    then: tuple[Graph, ...] = field(default=(), repr=False)  # see Job

    @cached_property
    def job(self) -> Job:
        """What would run; it has neither name nor place yet."""
        job = Job("", self.graph, Path(), {}, then=self.then)
        try:
            return replace(job, hashes={path: sha256(path) for path in job.all_files})
        except OSError as error:
            raise BadFile(f"{error.filename} cannot be read: {error.strerror}.") from error


@dataclass(frozen=True)
class Take:
    """What a job brought home. `path` is its first file."""

    name: str
    files: tuple[Path, ...]
    reused: bool  # nothing ran for it this time

    @property
    def path(self) -> Path:
        return self.files[0]


class Ledger:
    def __init__(self, project: Project):
        self.project = project
        self.skipped: list[str] = []  # recipes that do not read
        self._index = RecipeIndex(project.takes, project.cache / "recipes.json")
        self._lock = threading.Lock()
        self.noting = threading.Lock()  # held by who changes a note of which takes are used
        self._entries: dict[tuple[str, str], Entry] = {}  # by engine and job
        self._by_shot: dict[str, dict[str, Entry]] = {}  # by shot and name
        self._numbers: dict[str, int] = {}  # the highest take of each stem
        self._at_work: set[tuple[str, str]] = set()
        self.refresh()

    def refresh(self) -> None:
        """Read what changed on disk."""
        with self._lock:
            found, self.skipped = self._index.entries()
            entries = dict[tuple[str, str], Entry]()
            by_shot, numbers = dict[str, dict[str, Entry]](), dict[str, int]()
            for entry in found:
                by_shot.setdefault(shot_of(entry.name), {})[entry.name] = entry
                known = entries.get(entry.key)
                if known is None or known.state != DONE:
                    entries[entry.key] = entry
            named = [self._entries[key] for key in self._at_work if key in self._entries]
            for entry in named:  # its recipe may not be written yet
                entries.setdefault(entry.key, entry)
            for entry in (*found, *named):
                if number := numbered(entry.name):
                    numbers[number[0]] = max(numbers.get(number[0], 0), number[1])
            self._entries, self._by_shot, self._numbers = entries, by_shot, numbers

    def keep_index(self) -> None:
        with self._lock:
            self._index.keep()

    def done(self, backend: Backend, wanted: Wanted) -> Take | None:
        """The take, if it is there already."""
        return self.made(backend, wanted.job.id)

    def made(self, backend: Backend, job: str) -> Take | None:
        """The same by the job's id."""
        entry = self._entries.get((backend.engine, job))
        if entry is None or entry.state != DONE or not entry.files:
            return None
        files = tuple(self.project.takes / name for name in entry.files)
        return Take(entry.name, files, True) if all(file.exists() for file in files) else None

    def carry_out(self, backend: Backend, wanted: Wanted) -> Generator[Progress | Fact, None, Take]:
        """The take: from disk when it is there, else made now."""
        key = backend.engine, wanted.job.id
        while not self._begin(key):
            yield Progress(0, "an equal job is under way")
            time.sleep(_LOOK)
        try:
            if take := self.done(backend, wanted):
                yield Fact("take", take.name)
                return take
            return (yield from self._made(backend, wanted, key))
        finally:
            with self._lock:
                self._at_work.discard(key)

    def takes_of(self, shot_id: str) -> list[Entry]:
        """Everything that was begun for a shot, pictures and segments, in the order of their numbers."""
        with self._lock:
            found = list(self._by_shot.get(shot_id, {}).values())
        return sorted(found, key=lambda entry: _order(entry.name))

    def entries(self) -> list[Entry]:
        """Everything that was begun in the project, in no order."""
        with self._lock:
            return [entry for shot in self._by_shot.values() for entry in shot.values()]

    def bring_in(self, stem: str, file: Path, carried: Mapping[str, Any] = MappingProxyType({})) -> Path:
        """A file that no job of ours made, copied as a take; an equal one that is there is the same take.

        `carried` are the values that the file says it was made with.
        """
        content = sha256(file)
        key = OWN, content
        known = self._entries.get(key)
        if known and known.files and all((self.project.takes / name).exists() for name in known.files):
            return self.project.takes / known.files[0]
        self._begin(key)
        try:
            take = self.project.takes / f"{self._name(key, stem)}{file.suffix.lower()}"
            with writing(take) as part:
                shutil.copyfile(file, part)
            self._write(own_recipe(take, content, file.name, carried))
        finally:
            with self._lock:
                self._at_work.discard(key)
        return take

    def recipe(self, name: str) -> dict[str, Any]:
        """The recipe of a take by its name, such as "003_v2"."""
        content: dict[str, Any] = read_json(self._path(name))
        return content

    def _begin(self, key: tuple[str, str]) -> bool:
        """Whether the job is ours to carry out; two shots may want an equal one at once."""
        with self._lock:
            is_free = key not in self._at_work
            self._at_work.add(key)
            return is_free

    def _made(
        self, backend: Backend, wanted: Wanted, key: tuple[str, str]
    ) -> Generator[Progress | Fact, None, Take]:
        before = self._begun_before(key)
        earlier, name = before if before.get("state") == STARTED else {}, self._name(key, wanted.stem)
        job = replace(wanted.job, name=name, folder=self.project.takes, earlier=earlier)
        recipe = self._intent(job, wanted, backend.engine)
        recipe |= {fact: before[fact] for fact in ("price", "cost") if fact in before}
        recipe |= {fact: earlier[fact] for fact in (REMOTE,) if fact in earlier}
        self._write(recipe)
        start, is_asked_for = time.monotonic(), False
        try:
            yield Fact("take", name)
            is_asked_for = True
            files = yield from heard(backend.run(job), partial(self._note, recipe))
        except GeneratorExit:
            for fact in getattr(backend, "bill_of_closed", lambda id: ())(job.id):
                self._note(recipe, fact)
            goes_on = getattr(backend, "is_left", False) or (REMOTE in earlier and not is_asked_for)
            if not goes_on:  # without us
                self._write({**recipe, "state": CANCELLED, "ended": now()})
            raise
        except BackendUnreachable as error:  # it did not fail: it goes on when it is asked for again
            self._write({**recipe, "error": str(error)})
            raise
        except StudioError as error:
            self._write({**recipe, "state": FAILED, "error": str(error), "ended": now()})
            raise
        done = {"state": DONE, "files": [file.name for file in files], "finished": now()}
        self._write({**recipe, **done, "seconds": round(time.monotonic() - start, 3)})
        return Take(name, tuple(files), False)

    def _note(self, recipe: dict[str, Any], event: Progress | Fact) -> None:
        """Keep a fact in the recipe; what attempts cost adds up."""
        if isinstance(event, Fact):
            before = recipe.get("cost") if event.key == "cost" else None
            is_more = isinstance(before, int | float)
            recipe[event.key] = round(before + event.value, 6) if is_more else event.value
            if event.is_urgent:
                self._write(recipe)

    def _begun_before(self, key: tuple[str, str]) -> dict[str, Any]:
        """The recipe of an earlier attempt at the same job; nothing when there is none that reads."""
        entry = self._entries.get(key)
        if entry is None:
            return {}
        with suppress(BadFile):
            recipe = self.recipe(entry.name)
            return recipe if isinstance(recipe, dict) else {}
        return {}

    def free_name(self, stem: str, number: int = 1) -> str:
        """A name for a take that comes from elsewhere, from this number on; nobody else is given it."""
        with self._lock:
            given = {self._entries[key].name for key in self._at_work if key in self._entries}
            while f"{stem}_v{number}" in given or any(self.project.takes.glob(f"{stem}_v{number}.*")):
                number += 1
            self._numbers[stem] = max(number, self._numbers.get(stem, 0))
            return f"{stem}_v{number}"

    def _name(self, key: tuple[str, str], stem: str) -> str:
        """The name the job had when it was begun, else the next free one; never a name in use."""
        with self._lock:
            if key in self._entries:
                return self._entries[key].name
            number = self._numbers.get(stem, 0) + 1
            while any(self.project.takes.glob(f"{stem}_v{number}.*")):
                number += 1  # a picture of the artist's own, or one whose recipe is gone
            self._numbers[stem] = number
            self._entries[key] = Entry(f"{stem}_v{number}", *key, STARTED, ())
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
            "started": now(),
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

    def _write(self, recipe: dict[str, Any]) -> None:
        write_json(self._path(recipe["name"]), recipe)
        entry = entry_of(recipe)
        with self._lock:
            self._entries[entry.key] = entry
            self._by_shot.setdefault(shot_of(entry.name), {})[entry.name] = entry

    def _path(self, name: str) -> Path:
        return self.project.takes / f"{name}.json"


def _order(name: str) -> tuple[str, int]:
    return numbered(name) or (name, 0)
