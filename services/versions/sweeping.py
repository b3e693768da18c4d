"""What no version needs any more, and what killed programs left: told, and taken out of the store.

What is needed is seen from the versions in use. What may be needed where nobody can look from here, on
another machine or a disk that is away, stays, and is told.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from domain.errors import BadFile, Blocked, StudioError
from domain.versions import lock
from domain.versions.lock import Lock
from infrastructure.json_files import read_json
from infrastructure.versions import links, running
from infrastructure.versions.builds import Build, Builds
from infrastructure.versions.locks import SOON, held
from infrastructure.versions.removing import remove
from infrastructure.versions.store import Store, files_in, shortly
from services.versions.keeping import megabytes
from services.versions.shelf import Shelf

_HALVES = ("part", "part.json", "fill.part", "bad")  # of downloads


def collect(shelf: Shelf, is_dry: bool) -> dict[str, Any]:
    """What no version in use needs goes: realizations that were replaced, models, environments and
    their packages, repositories, and what was left half done. Raises Blocked while somebody is at work on the
    store or a version."""
    store = shelf.store
    with ExitStack() as held_all:
        held_all.enter_context(store.exclusive())
        if away := store.away():
            raise StudioError(
                f"{away[0]} is not there, and what the version in it needs is not known. Attach its disk, or "
                f"take it out of {store.folder / 'elsewhere.json'}."
            )
        every = store.all_builds()
        for builds in every:
            for file in (builds.change_lock, builds.start_lock):
                held_all.enter_context(held(file, f"the version {builds.folder.name}", SOON))
        sweep = _Sweep(store)
        sweep.look(every, shelf)
        freed = sweep.freed()
        if not is_dry:
            sweep.carry_out()
    gone, said = list(map(str, sweep.goes)), "would go" if is_dry else "went"
    count = len(sweep.packages)
    packages = [f"{count} Python packages that no version has installed"] if count else []
    lines = [*gone, *packages, *sweep.kept, f"{megabytes(freed)} {said}."]
    return {"gone": gone, "packages": count, "kept": sweep.kept, "bytes": freed, "lines": lines}


@dataclass
class _Sweep:
    store: Store
    goes: list[Path] = field(default_factory=list)
    packages: list[str] = field(default_factory=list)
    beside: list[Path] = field(default_factory=list)  # goes with it, and is not worth a word
    kept: list[str] = field(default_factory=list)  # sentences

    def look(self, every: Sequence[Builds], shelf: Shelf) -> None:
        used, models = list[Build](), set[str]()
        for builds in every:
            used += (its := [b for b in builds.all() if b == builds.current or running.in_use(b)])
            changed = [build for build in builds.all() if build.folder in builds.changed()]
            self.goes += [build.folder for build in builds.all() if build not in (*its, *changed)]
            models.update(*(build.realization().models.values() for build in its), *map(_models_of, changed))
        locks = [build.lock() for build in used]
        known = _Known(shelf)
        self._models(models, {model.sha256 for one in known.locks for model in one.models}, shelf)
        self._environments({self.store.environment(one) for one in locks})
        installed = {line.split()[0] for one in locks for line in one.requirements}  # "name @ URL" too
        for package, paths in self.store.uv.unpacked() if self.store.has_own_packages else ():
            if not installed & {package, package.partition("==")[0]}:
                self.packages.append(package)
                self.beside += paths
        self._repositories([*locks, *known.locks], known.unseen)
        self.goes += _in(self.store.seconds)

    def _models(self, needed: set[str], wanted: set[str], shelf: Shelf) -> None:
        """`wanted`: what some lock names. What was begun of it goes on the next time."""
        if not self.store.has_own_models:
            place = (self.store.folder / "models").resolve()
            self.kept.append(f"All models stay: other stores share {place}. Sweep the one they belong to.")
            return
        blobs, ours = self.store.blobs, self._links_to_go()
        shared = 0  # bytes
        for sha256 in sorted(blobs.all()):
            path = blobs.path(sha256)
            stat = path.stat()
            if not _is_free(path.with_name("lock")):
                continue
            if sha256 not in needed and not self._is_linked(path):
                if stat.st_nlink <= 1 + ours[stat.st_dev, stat.st_ino]:
                    self.goes.append(path.parent)
                    continue
                shared += stat.st_size
            self.goes += [half for name in _HALVES if (half := path.with_name(name)).exists()]
        if shared:
            self.kept.append(
                f"Models of {megabytes(shared)} stay: other folders have the same files, and nothing would "
                "become free."
            )
        begun = {blobs.incoming(m.source).name for version in shelf.all() for m in version.spec.models}
        for folder in blobs.unfinished():
            self._unfinished(folder, folder.name in wanted | begun)

    def _is_linked(self, blob: Path) -> bool:
        """Whether a folder that is no version's has it, or may have it."""
        places = list(links.noted(blob))
        unseen = [place for place, is_seen in places if not is_seen]
        if unseen and len(unseen) == len(places):
            self.kept.append(
                f"{blob.parent} stays: {shortly(unseen)} may need it, which cannot be looked at from here. "
                f"If not, delete {links.notes_of(blob)}."
            )
        return bool(places)

    def _unfinished(self, folder: Path, goes_on: bool) -> None:
        if not _is_free(folder / "lock"):
            return
        if goes_on:
            self.goes += [bad for bad in (folder / "bad",) if bad.exists()]
        elif any((folder / name).exists() for name in _HALVES):
            self.goes.append(folder)
        else:
            self.beside.append(folder)

    def _environments(self, needed: set[Path]) -> None:
        for env in _in(self.store.folder / "envs"):
            if env.is_dir() and env not in needed:
                self.goes.append(env)
        kept = {env.name for env in needed}
        self.beside += [path for path in _in(self.store.folder / "envs") if path.stem not in kept]

    def _repositories(self, locks: Sequence[Lock], unseen: Sequence[Path]) -> None:
        """A commit that upstream forgot is nowhere else."""
        folder, git = self.store.folder / "git", self.store.git
        needed = {git.folder_of(tree.repo).stem for one in locks for tree in (one.comfy, *one.nodes)}
        unneeded = [path for path in _in(folder) if path.stem not in needed and path.is_dir()]
        if unseen and unneeded:
            self.kept.append(
                f"Repositories stay: {shortly(list(map(str, unseen)))} may need them, and cannot be read. "
                f"Attach its disk, or take it out of {self.store.locks_note}."
            )
            return
        for path in unneeded:
            if _is_free(mark := path.with_suffix(".lock")):
                self.goes.append(path)
                self.beside.append(mark)

    def _links_to_go(self) -> Counter[tuple[int, int]]:
        """How often each file has a name among what goes."""
        return Counter((stat.st_dev, stat.st_ino) for path in self._all_to_go() for stat in files_in(path))

    def _all_to_go(self) -> list[Path]:
        above = {*self.goes}
        return [*self.goes, *(path for path in self.beside if path not in above)]

    def freed(self) -> int:
        """Bytes of the files that have no name anywhere else."""
        count, sizes = Counter[tuple[int, int]](), dict[tuple[int, int], int]()
        for path in self._all_to_go():
            for stat in files_in(path):
                file = stat.st_dev, stat.st_ino
                count[file] += 1
                if count[file] >= stat.st_nlink:
                    sizes[file] = stat.st_size
        return sum(sizes.values())

    def carry_out(self) -> None:
        try:
            for path in self._all_to_go():
                remove(path)
        finally:
            self.store.blobs.protect()


class _Known:
    """Locks that may be realized again, in folders of versions and wherever one was resolved."""

    def __init__(self, shelf: Shelf):
        self.locks, self.unseen = list[Lock](), list[Path]()
        there = {path.absolute() for folder in shelf.folders for path in folder.glob("*.lock.json")}
        for file in sorted({*there, *shelf.store.locks()}):
            if file.is_file():
                try:
                    self.locks.append(lock.read(read_json(file)))
                except BadFile:
                    self.unseen.append(file)
            elif not file.parent.is_dir():  # else somebody deleted it
                self.unseen.append(file)


def _models_of(build: Build) -> Iterator[str]:
    """Of one that somebody changed: as far as it still says."""
    try:
        yield from build.realization().models.values()
    except BadFile:
        return


def _in(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _is_free(file: Path) -> bool:
    """Nobody is at work there: a script that fills a volume holds the lock of a model, and shares nothing."""
    if not file.exists():
        return True
    try:
        with held(file, file.parent.name, 0.0):
            return True
    except Blocked:
        return False
