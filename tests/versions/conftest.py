"""A small world to take versions from, and somebody who works with them."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from infrastructure.versions.builds import Build
from infrastructure.versions.store import Store
from infrastructure.versions.uv import this_platform
from infrastructure.workflow_files import WorkflowFolder
from services.feed import Feed
from services.versions.desk import VersionDesk
from services.versions.probing import Prober, nodes_of
from services.versions.realizing import Realized, Realizer, different
from services.versions.resolving import Resolver
from services.versions.shelf import Shelf, Version
from tests.comfy_jobs import until
from tests.folders import done
from tests.versions.world import World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(tmp_path / "world")
    for name, value in made.surroundings.items():
        monkeypatch.setenv(name, value)
    yield made
    made.close()


@dataclass
class Keeper:
    """Does with versions what the commands do."""

    world: World
    shelf: Shelf

    @property
    def store(self) -> Store:
        return self.shelf.store

    def version(self, id: str = "film-a", **changed: Any) -> Version:
        """Its spec is written when it is `changed` or not there yet."""
        if changed or not self.shelf.file(id).is_file():
            self.world.write(self.shelf.folders[0], version_id=id, **changed)
        return self.shelf.version(id)

    def resolve(self, id: str = "film-a", takes_new: bool = False, **changed: Any) -> Version:
        version = self.version(id, **changed)
        version.keep(done(Resolver(self.store, this_platform(), takes_new).lock(version.spec))[0])
        return version

    def realize(self, id: str = "film-a", prober: Prober | None = None, **changed: Any) -> Realized:
        version = self.version(id, **changed)
        if not version.is_resolved:
            self.resolve(id)
        attempt = None
        if prober:
            attempt = lambda build, lock: prober.attempt(build, lock, self.store.python(lock))
        realizer = Realizer(self.store, version.builds, attempt)
        return done(realizer.realize(version.needed_lock(), not version.spec.skips_models))[0]

    def different(self, id: str = "film-a", is_deep: bool = False) -> list[str]:
        version = self.shelf.version(id)
        return different(self.store, self.build(id), version.needed_lock(), is_deep=is_deep)

    def build(self, id: str = "film-a") -> Build:
        build = self.shelf.version(id).builds.current
        assert build, f"{id} is not realized"
        return build

    def offline(self) -> "Keeper":
        return replace(self, shelf=replace(self.shelf, store=Store(self.store.folder, is_offline=True)))


@pytest.fixture
def keeper(world: World, tmp_path: Path) -> Keeper:
    return Keeper(world, Shelf((tmp_path / "versions",), Store(tmp_path / "store")))


@pytest.fixture
def described(keeper, tmp_path, monkeypatch):
    """A realized version and the root of an image that has the worker's Python, and an uv in place."""
    realized = keeper.realize(env={"SHOWN": 'a "b"'})
    root = tmp_path / "image"
    worker = root / "opt" / "worker" / "bin"
    worker.mkdir(parents=True)
    (worker / "python").symlink_to(sys.executable)
    return keeper.shelf.version("film-a").needed_lock(), realized.realization.closure, root


@pytest.fixture
def nodes(monkeypatch):
    """ComfyUI has the nodes of all that is shipped."""
    needed = nodes_of(WorkflowFolder()).values()
    monkeypatch.setenv("WORLD_NODES", " ".join(sorted(set().union(*needed))))


class Page:
    """The desk, and what a page hears of it."""

    def __init__(self, shelf):
        self.feed = Feed()
        self.desk = VersionDesk(self.feed, shelf)

    def fact(self, key):
        news = json.loads(self.feed.since(0).as_json())
        return news["set"].get(key)

    @property
    def work(self):
        return self.fact("version/work")

    def done(self, deed, id, work):
        self.desk.begin(deed, id, work)
        until(lambda: self.work["state"] not in ("running", "cancelling"))
        return self.work

    def row(self, id, is_it=lambda row: True):
        self.desk.look()
        until(lambda: (row := self._row(id)) is not None and is_it(row), "the list")
        return self._row(id)

    def _row(self, id):
        return next((one for one in (self.fact("versions") or {"list": []})["list"] if one["id"] == id), None)


@pytest.fixture
def page(keeper):
    page = Page(keeper.shelf)
    yield page
    page.desk.stop()
