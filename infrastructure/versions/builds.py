"""What a version has on disk: one folder a realization, and a note of the one in use.

builds/<id>/current.json            which
builds/<id>/<realization>/          ComfyUI, base/custom_nodes, base/models, lock.json, realization.json
builds/<id>/{input,output,user,…}   what belongs to whoever works with it, through all of them
"""

import re
from dataclasses import dataclass
from pathlib import Path

from domain.errors import BadFile
from domain.versions import closure, lock
from domain.versions.closure import Realization
from domain.versions.lock import Lock
from infrastructure.json_files import read_json, write_json

_CURRENT, _LOCK, _REALIZATION = "current.json", "lock.json", "realization.json"
_OURS = re.compile(r"[0-9a-f]{16}(\.changed-\d+|(\.[0-9a-f]{6}-[0-9a-f]{4})?\.part)?")
OWN = ("input", "output", "temp", "user")
BASE = ("custom_nodes", "models", *OWN)  # ComfyUI does not start when its base folder lacks one


@dataclass(frozen=True)
class Build:
    folder: Path

    @property
    def comfy(self) -> Path:
        return self.folder / "ComfyUI"

    @property
    def base(self) -> Path:
        return self.folder / "base"

    @property
    def models(self) -> Path:
        return self.base / "models"

    def node(self, name: str) -> Path:
        return self.base / "custom_nodes" / name

    def own(self, name: str) -> Path:
        """A folder of whoever works with the version."""
        return self.folder.parent / name

    def lock(self) -> Lock:
        """Raises BadFile."""
        return lock.read(read_json(self.folder / _LOCK))

    def realization(self) -> Realization:
        """Raises BadFile."""
        return closure.read(read_json(self.folder / _REALIZATION))

    def write(self, lock: Lock, realization: Realization) -> None:
        (self.folder / _LOCK).write_text(lock.text, "utf-8")
        (self.folder / _REALIZATION).write_text(closure_text(realization), "utf-8")


@dataclass(frozen=True)
class Builds:
    """Of one version."""

    folder: Path

    @property
    def change_lock(self) -> Path:
        """Held while something is changed here."""
        return self.folder / ".lock"

    @property
    def start_lock(self) -> Path:
        """Held from looking what is in use until a note says that it runs. Who holds both takes the other one
        first."""
        return self.folder / ".run.lock"

    @property
    def current(self) -> Build | None:
        """The one in use. Raises BadFile when that cannot be known: nobody must take it for unneeded then."""
        file = self.folder / _CURRENT
        if not file.exists():
            return None
        try:
            build = Build(self.folder / str(read_json(file)["build"]))
        except (TypeError, KeyError) as error:
            raise BadFile(f"{file} does not say which build is in use. Realize the version anew.") from error
        return build if build.folder.is_dir() and build.folder.parent == self.folder else None

    def realized(self, id: str) -> Build:
        """The one in use. Raises BadFile."""
        if build := self.current:
            return build
        raise BadFile(f"{id} is not realized on this machine yet: python main.py version realize {id}")

    def build(self, realization: Realization) -> Build:
        """Another lock is another folder, though all the files are the same."""
        return Build(self.folder / lock.digest(realization.as_json())[:16])

    def switch(self, to: Build) -> None:
        write_json(self.folder / _CURRENT, {"build": to.folder.name})

    def all(self) -> list[Build]:
        """Realizations, whole or not, in use or replaced; nothing else that lies there is ours."""
        folders = self.folder.iterdir() if self.folder.is_dir() else ()
        ours = [path for path in folders if _OURS.fullmatch(path.name)]
        return [Build(path) for path in sorted(ours) if path.is_dir() and not path.is_symlink()]

    def changed(self) -> list[Path]:
        """Realizations that somebody changed, which were put aside for that."""
        return [build.folder for build in self.all() if ".changed-" in build.folder.name]

    def forget_current(self) -> None:
        (self.folder / _CURRENT).unlink(missing_ok=True)


def closure_text(realization: Realization) -> str:
    return lock.canonical(realization.as_json())
