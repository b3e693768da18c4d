"""Everything that versions share on this machine: sources, models, packages, environments."""

import hashlib
import os
import platform
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISDIR

from domain.errors import BadFile
from domain.events import Progress, retold
from domain.versions.errors import Drift
from domain.versions.lock import Lock
from infrastructure.json_files import read_json, write_json
from infrastructure.part_files import writing_folder
from infrastructure.versions import env_tree
from infrastructure.versions.blobs import Blobs
from infrastructure.versions.builds import Builds
from infrastructure.versions.env_tree import EnvTree
from infrastructure.versions.git_store import GitStore
from infrastructure.versions.locks import SOON, awaited, exclusive, held, joined
from infrastructure.versions.uv import Uv, python_of

STORE = "STUDIO_STORE"
VOLUMES = Path("/runpod-volume"), Path("/workspace")
SWEEP = 600.0  # seconds that somebody waits for who sweeps
_ELSEWHERE, _LOCKS = "elsewhere.json", "locks.json"
_TOLD = 5  # differences that a sentence names


def store_folder(data: Path) -> Path:
    """Where versions share what they have: named, on a volume that is mounted here, or among our own data."""
    if named := os.environ.get(STORE):
        return Path(named)
    volume = next((path for path in VOLUMES if path.is_dir() and os.access(path, os.W_OK)), None)
    return volume / "studio-store" if volume else data / "store"


@dataclass(frozen=True)
class Store:
    folder: Path
    is_offline: bool = False
    git: GitStore = field(init=False)
    blobs: Blobs = field(init=False)
    uv: Uv = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", self.folder.absolute())  # ComfyUI runs in a folder of its own
        object.__setattr__(self, "git", GitStore(self.folder / "git", self.is_offline))
        object.__setattr__(self, "blobs", Blobs(self.folder / "models", self.is_offline))
        object.__setattr__(self, "uv", Uv(self.folder / "uv", self.is_offline))

    @property
    def builds(self) -> Path:
        return self.folder / "builds"

    def all_builds(self) -> list[Builds]:
        """Of every version that needs what is here."""
        return [Builds(folder) for folder in (*sorted(self.builds.glob("*/")), *self.elsewhere())]

    def away(self) -> list[Path]:
        """Folders of versions whose disk is not there just now. Raises BadFile."""
        return [folder for folder in self._remembered(_ELSEWHERE) if not folder.is_dir()]

    def elsewhere(self) -> list[Path]:
        """Folders of versions that are laid out outside of the store, as far as they are there just now.
        Raises BadFile: who cannot know them must not take anything away from them."""
        return [folder for folder in self._remembered(_ELSEWHERE) if folder.is_dir()]

    def remember(self, builds: Path) -> None:
        """A folder that needs what is here, wherever it is."""
        if builds.parent != self.builds:
            self._remember(_ELSEWHERE, builds)

    def remember_lock(self, file: Path) -> None:
        """A lock whose commits are to stay, wherever it lies: upstream may forget them. Raises BadFile."""
        self._remember(_LOCKS, file)

    def locks(self) -> list[Path]:
        """All that were remembered, whether they are there or not. Raises BadFile."""
        return self._remembered(_LOCKS)

    @property
    def locks_note(self) -> Path:
        return self.folder / _LOCKS

    @property
    def has_own_models(self) -> bool:
        """Else other stores have theirs in the same place, as pods that share a volume do."""
        return self._has_own("models")

    @property
    def has_own_packages(self) -> bool:
        return self._has_own("uv")

    def _has_own(self, name: str) -> bool:
        return (self.folder / name).resolve() == self.folder.resolve() / name

    def _remember(self, name: str, path: Path) -> None:
        if path.absolute() in self._remembered(name):
            return
        with held((self.folder / name).with_suffix(".lock"), "the store"):
            paths = {*map(str, self._remembered(name)), str(path.absolute())}  # also on a disk that is away
            write_json(self.folder / name, sorted(paths))

    def _remembered(self, name: str) -> list[Path]:
        file = self.folder / name
        content = read_json(file) if file.exists() else []
        if isinstance(content, list) and all(isinstance(path, str) for path in content):
            return list(map(Path, content))
        raise BadFile(
            f"{file} is no list of paths. Correct it, or delete it when no version or lock lies elsewhere."
        )

    def joined(self) -> Generator[Progress, None, ExitStack]:
        """For a `with`: while somebody brings something, or needs what no version has in use yet, nothing is
        swept. Waits for who sweeps. Raises Blocked."""
        return joined(self._users, "the store", SWEEP)

    @property
    def _users(self) -> Path:
        """Among the models: stores that share these wait for each other."""
        return self.folder / "models" / "users"

    def exclusive(self) -> AbstractContextManager[None]:
        """While things are taken out nobody begins to bring some. Raises Blocked while somebody does."""
        return exclusive(self._users, "the store", SOON)

    def second(self) -> "tempfile.TemporaryDirectory[str]":
        """A place for another store, for as long as somebody shares this one."""
        self.seconds.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(dir=self.seconds)

    @property
    def seconds(self) -> Path:
        return self.folder / "reproduce"

    def environment(self, lock: Lock) -> Path:
        """Where the environment of a lock's packages is or will be; locks with the same packages share it."""
        made = f"{lock.requirements_text}\0{platform.python_implementation()} {lock.platform.python}\0"
        made += f"{lock.platform.os} {lock.platform.arch}"
        return self.folder / "envs" / hashlib.sha256(made.encode()).hexdigest()

    def python(self, lock: Lock) -> Path:
        return python_of(self.environment(lock))

    def installed(self, lock: Lock) -> Generator[Progress, None, EnvTree]:
        """Made unless it is there and as it was made. Raises Drift, Unresolved, NotInStore, CannotWrite."""
        env = self.environment(lock)
        manifest = env.with_suffix(".json")
        with (yield from awaited(env.with_suffix(".lock"), "the Python packages")):
            if env.is_dir() and (tree := self._as_made(env, manifest)):
                return tree
            installing = Progress(0.1, "installing Python packages")
            yield installing
            with writing_folder(env) as part:
                work = self.uv.environment(part, lock.requirements_text, lock.platform)
                yield from retold(work, lambda _: installing)  # whoever cancels is heard meanwhile
                yield Progress(0.6, "reading every file of them")
                tree = env_tree.read_tree(part)
                if foreign := env_tree.foreign(part, tree):
                    raise Drift(
                        f"The cache of Python packages was changed: {shortly(foreign)} is not what its "
                        f"package says. Delete {self.folder / 'uv'}, and run this again.",
                        tuple(foreign),
                    )
                if env.is_dir():  # somebody changed it; it stays until there is another
                    aside = env.with_name(f"{env.name}.changed")
                    shutil.rmtree(aside, ignore_errors=True)  # an earlier one was killed just here
                    env.rename(aside)
                    shutil.rmtree(aside, ignore_errors=True)
                env_tree.write_tree(manifest, tree)
            return tree

    def env_changes(self, lock: Lock, is_deep: bool = False) -> tuple[str, list[str]]:
        """The hash of the environment as it was made, and files that are not as they were."""
        env = self.environment(lock)
        was = env_tree.read_manifest(env.with_suffix(".json"))
        if not env.is_dir():
            return was.hash, ["all of them are gone"]
        now = env_tree.read_tree(env, None if is_deep else was)
        gone = [] if python_of(env).exists() else ["its Python, which went from this machine"]
        return was.hash, gone + env_tree.differences(was, now)

    def _as_made(self, env: Path, manifest: Path) -> EnvTree | None:
        with suppress(BadFile):
            was = env_tree.read_manifest(manifest)
            if python_of(env).exists() and not env_tree.differences(was, env_tree.read_tree(env, was)):
                return was
        return None


def shortly(names: list[str]) -> str:
    more = len(names) - _TOLD
    return ", ".join(names[:_TOLD]) + (f" and {more} more" if more > 0 else "")


def size_of(folder: Path, seen: set[tuple[int, int]]) -> int:
    """Bytes of what was not `seen` before, by device and inode: hard links are one file."""
    total = 0
    for stat in files_in(folder):
        if (file := (stat.st_dev, stat.st_ino)) not in seen:
            seen.add(file)
            total += stat.st_size
    return total


def files_in(path: Path) -> Iterator[os.stat_result]:
    """Of each file in a folder; of a file its own."""
    if path.is_symlink() or path.is_file():
        yield path.lstat()
        return
    for top, folders, names in os.walk(path):
        for name in (*names, *folders):
            with suppress(FileNotFoundError):  # it went, or got its name, just now
                stat = (Path(top) / name).lstat()
                if not S_ISDIR(stat.st_mode):  # a link to a folder is a file
                    yield stat
