"""What takes a while with a version: each says how far it is, and returns what a page is told at its end."""

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from domain.errors import BadFile
from domain.events import Event, Progress, as_part
from domain.versions.errors import Drift
from domain.versions.lock import Lock, Platform
from domain.versions.spec import Spec, checked_id
from infrastructure.versions import uv
from infrastructure.workflow_files import WorkflowFolder
from services.versions import comparing, keeping, sweeping, taking_over
from services.versions.making import Maker
from services.versions.probing import Prober, nodes_of
from services.versions.realizing import compared
from services.versions.shelf import Shelf, Version

Outcome = dict[str, Any]
Work = Generator[Event, None, Outcome]
_LINES = 200  # of ComfyUI's log


@dataclass(frozen=True)
class Works:
    """`prober`: who tries a build; without one, its ComfyUI must have the nodes of all workflows we ship, and
    `log` is filled with what it says."""

    shelf: Shelf
    prober: Prober | None = None
    log: deque[str] = field(default_factory=lambda: deque(maxlen=_LINES))

    def resolve(self, id: str, torch: str | None = None) -> Work:
        """`torch`: for which kind of GPU; None for that of the lock there is. What is another than in that
        lock is told before anything of it is brought here."""
        version = self.shelf.version(id)
        before = _lock_of(version)
        yield from Maker(self.shelf, _platform(version, torch)).resolved(version)
        changes = comparing.differences(before, version.needed_lock()) if before else None
        return {"changes": changes}

    def realize(self, id: str, torch: str | None = None) -> Work:
        version = self.shelf.version(id)
        there = _lock_of(version)
        if there and torch is not None and torch != there.platform.torch:
            yield from as_part(self.resolve(id, torch), 0.0, 0.15)
        done = yield from Maker(self.shelf, _platform(version, torch), self._prober()).realized(version)
        return {"is_new": done.is_new, "closure": done.realization.closure}

    def verify(self, id: str, is_deep: bool = False) -> Work:
        version = self.shelf.version(id)
        build, lock = version.builds.realized(version.spec.id), version.needed_lock()
        with (yield from version.untouched()):
            work = compared(self.shelf.store, build, lock, not version.spec.skips_models, is_deep)
            found = yield from work
        if found:
            raise Drift(f"{lock.id} is not what its lock says:", tuple(found))
        return {"is_deep": is_deep, "closure": build.realization().closure}

    def probe(self, id: str) -> Work:
        version = self.shelf.version(id)
        build = version.builds.realized(version.spec.id)
        lock = build.lock()
        with (yield from version.untouched()):
            yield from self._prober().attempt(build, lock, self.shelf.store.python(lock))
        return {"closure": build.realization().closure}

    def reproduce(self, id: str, keep: Path | None = None) -> Work:
        """`keep`: an empty folder for what is made, which stays."""
        version = self.shelf.version(id)
        build = version.builds.realized(version.spec.id)
        lock = build.lock()  # the spec's own may be newer
        made = yield from comparing.reproduced(
            lock, build, self.shelf.store, keep, not version.spec.skips_models
        )
        return {"closure": made.closure}

    def create(self, id: str, of: str, where: str) -> Work:
        """`of` is "folder", "running" or "file", and `where` it is; else ComfyUI as it is published,
        and `where` a tag, a branch, a commit or nothing."""
        checked_id(id, "The version's name")
        self.shelf.keep((yield from self._begun(id, of, where)))
        return {}

    def delete(self, id: str, with_spec: bool) -> Work:
        yield Progress(0.0, "taking it away")
        return {"kept": keeping.delete(self.shelf, id, with_spec)}

    def collect(self, is_dry: bool) -> Work:
        yield Progress(0.0, "looking what nobody needs")
        swept = sweeping.collect(self.shelf, is_dry)
        return {"is_dry": is_dry, "bytes": swept["bytes"]}

    def _begun(self, id: str, of: str, where: str) -> Generator[Event, None, Spec]:
        match of:
            case "folder":
                return (yield from taking_over.from_folder(Path(where).expanduser(), id, "", None))
            case "running":
                return (yield from taking_over.from_server(where, id, ""))
            case "file":
                return (yield from taking_over.from_file(Path(where), id, ""))
        return keeping.new(id, f"{keeping.COMFY}@{where}" if where else "", (), ())

    def _prober(self) -> Prober:
        own = lambda: Prober(nodes_of(WorkflowFolder()), hear=lambda line: self.log.append(line.rstrip()))
        return self.prober or own()


def _platform(version: Version, torch: str | None) -> Platform:
    """This machine, with the Python of a lock that was made here: another would be another version."""
    here, lock = uv.this_platform(torch or ""), _lock_of(version)
    if lock is None:
        return here
    return Platform(here.os, here.arch, lock.platform.python, lock.platform.torch if torch is None else torch)


def _lock_of(version: Version) -> Lock | None:
    """One that does not read is none: another takes its place."""
    try:
        return version.lock
    except BadFile:
        return None
