"""The versions that somebody has: their specs and locks as files, and where each is realized."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.errors import BadFile, StudioError
from domain.events import Event
from domain.versions import lock, spec
from domain.versions.lock import Lock
from domain.versions.spec import Spec
from infrastructure.json_files import read_json
from infrastructure.part_files import kept_aside, writing
from infrastructure.versions.builds import Builds
from infrastructure.versions.locks import SOON, held
from infrastructure.versions.store import Store
from services.versions.resolving import spec_sha256


@dataclass(frozen=True)
class Version:
    """One of them, by its files. It may be not resolved yet, or not realized."""

    file: Path
    spec: Spec
    builds: Builds
    store: Store

    @property
    def lock_file(self) -> Path:
        return self.file.with_suffix(".lock.json")

    @property
    def baseline_file(self) -> Path:
        return self.file.with_suffix(".baseline.json")

    @property
    def lock(self) -> Lock | None:
        """None when there is none. Raises BadFile."""
        return lock.read(named_json(self.lock_file)) if self.lock_file.is_file() else None

    @property
    def is_resolved(self) -> bool:
        """Whether the lock is of the spec as it stands."""
        found = self.lock
        return found is not None and found.spec_sha256 == spec_sha256(self.spec)

    def untouched(self) -> Generator[Event, None, ExitStack]:
        """For a `with`: nobody changes, deletes or sweeps what is realized of it. Raises Blocked."""
        with (yield from self.store.joined()) as stack:
            stack.enter_context(held(self.builds.change_lock, f"the version {self.spec.id}", SOON))
            return stack.pop_all()

    def needed_lock(self) -> Lock:
        """Raises StudioError."""
        found = self.lock
        if found is None:
            raise StudioError(f"{self.spec.id} is not resolved yet. Resolve it first.")
        return found

    def remember(self) -> None:
        """Its lock, for who sweeps the store. Raises BadFile."""
        self.store.remember_lock(self.lock_file)

    def keep(self, found: Lock) -> bool:
        """Returns whether it is another than before."""
        self.remember()
        if self.lock_file.is_file() and self.lock_file.read_bytes() == found.text.encode():
            return False
        if self.lock_file.is_file():
            kept_aside(self.lock_file, "before")
        with writing(self.lock_file) as part:
            part.write_text(found.text, "utf-8")
        return True


@dataclass(frozen=True)
class Shelf:
    """`folders` are looked through in order; new ones go into the last."""

    folders: tuple[Path, ...]
    store: Store
    target: Path | None = None  # in place of the store's own folder of builds
    takes_paths: bool = False  # in place of an id: for whoever has the machine anyway

    def version(self, id: str) -> Version:
        """By its id, or by the path of its spec where paths are taken. Raises BadFile."""
        return self._read(self.file(id))

    def file(self, id: str) -> Path:
        if self.takes_paths and (id.endswith(".json") or "/" in id or "\\" in id):
            return Path(id)
        spec.checked_id(id, "The version's id")
        files = [folder / f"{id}.json" for folder in self.folders]
        return next((file for file in files if file.is_file()), files[-1])

    def all(self) -> list[Version]:
        """Those that read, by their id; of the same id the first."""
        found = dict[str, Version]()
        for file in self._files():
            with suppress(BadFile):
                found.setdefault(file.stem, self._named(file))
        return [found[id] for id in sorted(found)]

    def faults(self) -> dict[Path, str]:
        """What is wrong with those that do not read."""
        said = dict[Path, str]()
        for file in self._files():
            try:
                self._named(file)
            except BadFile as error:
                said[file] = str(error)
        return said

    def check_alone(self, id: str) -> None:
        """Two ids that differ in capitals alone are one folder on macOS and Windows, and one would be made
        over the other. Raises BadFile."""
        stems = {file.stem for file in self._files()}
        realized = {path.name for path in self.store.builds.glob("*/")}
        for other in sorted({*stems, *realized, *(version.spec.id for version in self.all())}):
            if other != id and other.lower() == id.lower():
                raise BadFile(f"{id} differs from {other} in capitals alone. Choose another id.")

    def builds(self, id: str) -> Builds:
        return Builds(self.target.absolute() if self.target else self.store.builds / id)

    def keep(self, wanted: Spec, to: Path | None = None, over: bool = False) -> Path:
        """Raises BadFile when one stands there and may not be written `over`, or its id is as good as
        another's."""
        self.check_alone(wanted.id)
        file = to or self._new(wanted.id)
        if file.exists() and not over:
            raise BadFile(f"{file} is there already. Choose another id.")
        with writing(file) as part:
            part.write_text(spec.text(wanted), "utf-8")
        return file

    def check_free(self, id: str) -> None:
        """Raises BadFile for what is no id, or another version's."""
        spec.checked_id(id, "The version's name")
        self.check_alone(id)
        if self._new(id).exists():
            raise BadFile(f"{id} is there already. Choose another name.")

    def _new(self, id: str) -> Path:
        return self.folders[-1] / f"{id}.json"

    def _files(self) -> Iterator[Path]:
        for folder in self.folders:
            yield from (
                one
                for one in sorted(folder.glob("*.json"))
                if not one.name.endswith((".lock.json", ".baseline.json"))
            )

    def _named(self, file: Path) -> Version:
        """One of a folder, which is known by its file's name. Raises BadFile."""
        version = self._read(file)
        if version.spec.id != file.stem:
            raise BadFile(f"{file} is of the version {version.spec.id}. Give the file its name.")
        return version

    def _read(self, file: Path) -> Version:
        content = named_json(file)
        try:
            wanted = spec.read(content)
        except BadFile as error:
            raise BadFile(f"{file}: {error}") from error
        return Version(file, wanted, self.builds(wanted.id), self.store)


def named_json(file: Path) -> Any:
    content = read_json(file)
    if not isinstance(content, Mapping):
        raise BadFile(f"{file} must hold a JSON object.")
    return content
