"""From a lock to a ComfyUI on disk that is just that. What is in use stays until the new one was tried."""

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from domain.errors import BadFile, StudioError
from domain.events import Event, Progress, Told, as_part, finished
from domain.versions.closure import Realization, expected
from domain.versions.errors import Drift, Unresolved
from domain.versions.lock import Lock, LockedModel, Tree, digest
from infrastructure.part_files import writing_folder
from infrastructure.versions import links
from infrastructure.versions.builds import BASE, Build, Builds
from infrastructure.versions.locks import awaited
from infrastructure.versions.store import Store, shortly
from infrastructure.versions.uv import this_platform
from services.lanes import side_by_side
from services.versions.lacking import check_all_here

_LOOKS = 2  # of git at a time
_SOURCES = 0.1  # of a comparison: sources and packages are small beside models
LANES = 3  # repositories, packages and models side by side

Try = Callable[[Build, Lock], Generator[Event, None, None]]


@dataclass(frozen=True)
class Realized:
    build: Build
    realization: Realization
    is_new: bool  # whether anything was written


class Realizer:
    def __init__(self, store: Store, builds: Builds, attempt: Try | None = None):
        """`attempt` tries a build before it is switched to, and raises when it is no good."""
        self._store, self._builds, self._attempt = store, builds, attempt

    def realize(self, lock: Lock, with_models: bool = True) -> Generator[Event, None, Realized]:
        """Raises Drift, Unresolved, NotInStore, CannotWrite, Blocked."""
        _check_platform(lock)
        alone = awaited(self._builds.change_lock, f"the version {lock.id}")
        with (yield from self._store.joined()), (yield from alone):
            self._store.remember(self._builds.folder)
            now = self._in_use()
            if now and not (yield from self._compared(now, lock, with_models)):
                return Realized(now, now.realization(), False)
            if self._store.is_offline:
                check_all_here(self._store, lock, with_models)
            realization = yield from self._gathered(lock, with_models)
            build = self._builds.build(realization)
            env = realization.env
            is_there = build.folder.is_dir()
            if not is_there or (yield from self._compared(build, lock, with_models, env)):
                yield Progress(0.85, "laying it out")
                yield from as_part(self._laid_out(build, lock, realization), 0.85, 0.9)
            if found := (yield from self._compared(build, lock, with_models, env)):
                raise Drift(f"What was realized is not what the lock says: {shortly(found)}.", tuple(found))
            if self._attempt:
                yield from as_part(self._attempt(build, lock), 0.9, 1.0, "trying it")
            self._builds.switch(build)
            return Realized(build, realization, True)

    def _compared(
        self, build: Build, lock: Lock, with_models: bool, env: str = ""
    ) -> Generator[Event, None, list[str]]:
        """No step of its own, unless a model has to be read once more."""
        work = compared(self._store, build, lock, with_models, is_deep=False, env=env)
        return (yield from as_part(work, 0.0, 0.0))

    def _in_use(self) -> Build | None:
        with suppress(BadFile):  # another is made in its place
            return self._builds.current
        return None

    def _gathered(self, lock: Lock, with_models: bool) -> Generator[Event, None, Realization]:
        """Everything into the store, side by side."""
        faults, env = list[StudioError](), list[str]()

        def sources() -> Generator[Event, None, None]:
            for number, tree in enumerate((lock.comfy, *lock.nodes)):
                share, name = number / (1 + len(lock.nodes)), tree.name or "ComfyUI"
                yield Progress(share, name)
                yield from as_part(self._store.git.bring(tree.repo, tree.commit), share, share, name)

        def packages() -> Generator[Event, None, None]:
            # by whichever uv is here: what it installs is fixed by hashes, and the closure tells if not
            env.append((yield from self._store.installed(lock)).hash)

        pieces: dict[str, Callable[[], Generator[Event, None, None]]] = {
            "sources": lambda: _noting(sources(), faults),
            "packages": lambda: _noting(packages(), faults),
        }
        for model in lock.models if with_models else ():
            pieces[model.target] = lambda model=model: _noting(self._model(model), faults)  # type: ignore[misc]
        yield from as_part(side_by_side(pieces, LANES), 0.0, 0.85)
        if faults:
            raise faults[0]
        return expected(lock, digest_of(lock), env[0], with_models)

    def _model(self, model: LockedModel) -> Generator[Event, None, None]:
        origins = [(origin.url, origin.revision) for origin in model.sources]
        yield from self._store.blobs.bring(model.sha256, model.size, origins)

    def _laid_out(self, build: Build, lock: Lock, realization: Realization) -> Generator[Event, None, None]:
        with writing_folder(build.folder) as part:
            new = Build(part)
            for name in BASE:
                (new.base / name).mkdir(parents=True)
            git = self._store.git
            yield from git.check_out(lock.comfy.repo, lock.comfy.commit, new.comfy, self._sibling(lock))
            for number, node in enumerate(lock.nodes, 1):
                share = number / (1 + len(lock.nodes))
                work = git.check_out(node.repo, node.commit, new.node(node.name))
                yield from as_part(work, share, share, node.name)
            for target, sha256 in realization.models.items():
                blob = self._store.blobs.path(sha256)
                how = links.link(blob, new.models / target)
                if how == links.SYMLINK and not self._store.has_own_models:
                    links.note(blob, build.models / target)  # for who sweeps it by another store
            new.write(lock, realization)
            if build.folder.is_dir():  # somebody changed it: kept, beside, now that there is another
                build.folder.rename(_aside(build))

    def _sibling(self, lock: Lock) -> Path | None:
        """ComfyUI of another version, of the same repository and as its lock says. Nodes are never shared so:
        many write into their own folders."""
        for builds in self._store.all_builds():
            try:
                build = builds.current
                if build is None or (its := build.lock()).comfy.repo != lock.comfy.repo:
                    continue
                if not self._store.git.changes(lock.comfy.repo, its.comfy.commit, build.comfy):
                    return build.comfy
            except BadFile:  # half of it is gone, which is no matter of this version
                continue
        return None


def different(
    store: Store, build: Build, lock: Lock, with_models: bool = True, is_deep: bool = False, env: str = ""
) -> list[str]:
    """What in a build is not as the lock says, by its path; nothing when all of it is. `is_deep` reads every
    byte, else what has not changed its size and time since it was read is believed. `env`: what the packages
    were found to be just now."""
    return finished(compared(store, build, lock, with_models, is_deep, env))


def compared(
    store: Store, build: Build, lock: Lock, with_models: bool, is_deep: bool, env: str = ""
) -> Generator[Event, None, list[str]]:
    """`different` for who waits for it."""
    yield Progress(0.0, "comparing with the lock")
    with ThreadPoolExecutor(_LOOKS) as beside:  # git reads while packages are looked through
        trees = [("ComfyUI", lock.comfy, build.comfy)]
        trees += [(f"custom_nodes/{node.name}", node, build.node(node.name)) for node in lock.nodes]
        sources = beside.map(lambda one: _changed(store, one[0], one[1], one[2], is_deep), trees)
        try:
            is_other = build.realization().lock_sha256 != digest_of(lock)
            env, changed = (env, []) if env else store.env_changes(lock, is_deep)
        except BadFile as error:
            return [str(error)]
        wanted = expected(lock, digest_of(lock), env, with_models)
        if is_other or build.realization() != wanted:
            return ["realization.json"]
        found = [*(f"packages: {path}" for path in changed), *chain.from_iterable(sources)]
    found += yield from as_part(_other_models(store, build, lock, wanted, is_deep), _SOURCES, 1.0)
    return found


def _other_models(
    store: Store, build: Build, lock: Lock, wanted: Realization, is_deep: bool
) -> Generator[Event, None, list[str]]:
    sizes = {model.target: model.size for model in lock.models if model.target in wanted.models}
    found, read, total = list[str](), 0, max(1, sum(sizes.values()))
    for target, sha256 in wanted.models.items():
        start, read = read / total, read + sizes[target]
        work = as_part(store.blobs.looking(sha256, is_deep), start, read / total, target)
        is_linked = links.is_link_to(store.blobs.path(sha256), build.models / target)
        if not is_linked or not (yield from work):
            found.append(f"models/{target}")
    return found


def _changed(store: Store, name: str, tree: Tree, at: Path, is_deep: bool) -> list[str]:
    try:
        return [f"{name}/{path}" for path in store.git.changes(tree.repo, tree.commit, at, is_deep)]
    except BadFile as error:  # there is nothing to compare it with
        return [f"{name}: {error}"]


def _check_platform(lock: Lock) -> None:
    here, wanted = this_platform(), lock.platform
    if (here.os, here.arch) != (wanted.os, wanted.arch):
        raise Unresolved(
            f"{lock.id} was resolved for {wanted.os} on {wanted.arch}, and this is {here.os} on {here.arch}. "
            "Resolve it here, as a version of its own."
        )


def digest_of(lock: Lock) -> str:
    return digest(lock.text)


def _noting(work: Generator[Event, None, None], faults: list[StudioError]) -> Generator[Event, None, None]:
    try:
        yield from work
    except StudioError as error:
        faults.append(error)
        yield Told(str(error))


def _aside(build: Build) -> str:
    number = 1
    while (aside := build.folder.with_name(f"{build.folder.name}.changed-{number}")).exists():
        number += 1
    return str(aside)
