"""Pictures and clips from elsewhere, copied into a project. The source is only read."""

import shutil
from pathlib import Path

from domain.errors import BadFile
from domain.project import Project
from domain.safe_names import folder_name
from infrastructure.import_notes import ImportNotes
from infrastructure.own_takes import describe_own
from infrastructure.part_files import writing
from infrastructure.pictures import copy_upright, suffix_of
from infrastructure.recipes import Ledger


class Takes:
    """Brings files in, each content once."""

    def __init__(self, project: Project, notes: ImportNotes, ledger: Ledger):
        self._project, self._notes, self._ledger = project, notes, ledger
        self.brought = 0
        self.known = 0  # files that were here already

    def picture(self, source: Path, shot: str, number: int | None = None) -> Path:
        """The take a picture is now. Raises BadFile when it cannot be read."""
        if there := self._there(source):
            return there
        take = self._name(shot, number, suffix_of(source))
        copy_upright(source, take)
        describe_own(take, source.name)
        return self._kept(source, take)

    def clip(self, source: Path, shot: str, segment: int, number: int | None = None) -> Path:
        if there := self._there(source):
            return there
        take = self._name(f"{shot}.{segment:02d}", number, source.suffix.lower())
        try:
            with writing(take) as part:
                shutil.copyfile(source, part)
        except FileNotFoundError as error:
            raise BadFile(f"There is no clip {source}.") from error
        return self._kept(source, take)

    def stand(self, source: Path, place: Path) -> None:
        """Copy a file to where it is the chosen one, if nothing stands there."""
        if place.exists() or not (take := self._notes.copy_of(source)):
            return
        with writing(place) as part:
            shutil.copyfile(take, part)

    def reference(self, source: Path) -> Path:
        """A picture that a shot refers to, in the project's own folder for those."""
        if there := self._there(source):
            return there
        folder, number = self._project.folder / "references", 1
        stem, suffix = folder_name(source.stem, "picture"), suffix_of(source)
        while (copy := folder / f"{stem}{f'-{number}' * (number > 1)}{suffix}").exists():
            number += 1
        copy_upright(source, copy)
        return self._kept(source, copy)

    def _there(self, source: Path) -> Path | None:
        try:
            there = self._notes.copy_of(source)
        except OSError as error:
            raise BadFile(f"{source} cannot be read: {error.strerror}.") from error
        self.known += there is not None
        return there

    def _kept(self, source: Path, take: Path) -> Path:
        self._notes.add_copy(source, take)
        self._notes.keep()  # after each, so that being stopped brings nothing twice
        self.brought += 1
        return take

    def _name(self, stem: str, number: int | None, suffix: str) -> Path:
        """The number the file had, else the next that no take has."""
        return self._project.takes / f"{self._ledger.free_name(stem, max(1, number or 1))}{suffix}"
