"""A project's bin: what is thrown away lies here, where it was in the project, until the bin is emptied.

A manifest is written before anything moves, and what has moved is seen from the disk. So being
killed between two moves loses nothing: what is in the bin can be restored, the rest stands where
it stood.
"""

import errno
import os
import re
import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import count
from pathlib import Path, PurePosixPath

from domain.errors import BadFile, Gone, StudioError
from domain.project import Project
from infrastructure.json_files import read_json, write_json
from infrastructure.part_files import cannot_write, writing
from infrastructure.project_folders import emptied, files_of

_MANIFEST = "manifest.json"
_FILES = "files"
_TAKE = re.compile(r"(.+_v)(\d+)(?!\d)(.*)", re.DOTALL)  # 003.01_v2_last.png: stem, number, rest


@dataclass(frozen=True)
class Binned:
    """What was thrown away at once."""

    project: Project
    name: str  # of its folder in the bin
    when: datetime
    why: str
    places: tuple[str, ...]  # where in the project it stood: "takes/003_v2.png"

    @property
    def folder(self) -> Path:
        return self.project.bin / self.name

    def path(self, place: str) -> Path:
        """Where the file lies now."""
        return self.folder / _FILES / place

    @property
    def size(self) -> int:
        return sum(found.size for found in files_of(self.folder / _FILES))


def discard(project: Project, paths: Iterable[Path], why: str) -> Binned:
    """Move files or folders of a project into its bin. Raises StudioError for what is not the project's."""
    places = _places(project, paths)
    if not places:
        raise StudioError("There is nothing there to throw away.")
    when = datetime.now(timezone.utc)
    binned = Binned(project, _new_folder(project, when), when, why, tuple(places))
    write_json(binned.folder / _MANIFEST, {"when": when.isoformat(), "why": why, "places": places})
    for place in places:
        with suppress(FileNotFoundError):  # it went by itself
            _move(project.folder / place, binned.path(place))
    return binned


def contents(project: Project) -> list[Binned]:
    """What is in the bin, newest first."""
    try:
        names = sorted(path.name for path in project.bin.iterdir() if path.is_dir())
    except OSError:
        return []
    found = (_read(project, name) for name in reversed(names))
    return [binned for binned in found if binned and binned.places]


def restore(binned: Binned) -> tuple[list[Path], list[str]]:
    """Put everything back; under the next free name where something stands by now, which is told.

    Raises Gone when nothing is there any more.
    """
    restored, told = [], []
    names: dict[tuple[str, str], int] = {}  # takes that have another number now
    there = [place for place in binned.places if os.path.lexists(binned.path(place))]
    if not there:
        raise Gone("It is not in the bin any more.")
    for place in there:
        target = _free(binned, place, names)
        if target.name != PurePosixPath(place).name:
            told.append(f"{place} is there again, so the one from the bin is called {target.name} now.")
            _tell_recipe(binned.path(place), target)
        _move(binned.path(place), target)
        restored.append(target)
    shutil.rmtree(binned.folder, ignore_errors=True)
    return restored, told


def empty(project: Project) -> int:
    """Remove everything in the bin for good; returns the bytes that are free now."""
    return emptied(project.bin)


def remove(binned: Binned) -> int:
    """Remove this alone for good; returns the bytes that are free now."""
    freed = emptied(binned.folder)
    with suppress(OSError):
        binned.folder.rmdir()
    return freed


def _places(project: Project, paths: Iterable[Path]) -> list[str]:
    """Each once and where it lies in the project; not what lies in a folder that goes as a whole."""
    folder, found = project.folder.resolve(), list[Path]()
    for path in paths:
        place = path.parent.resolve() / path.name  # a link itself goes, not what it leads to
        if not place.is_relative_to(folder) or place == folder or path.name in ("", ".", ".."):
            raise StudioError(f"{path} does not belong to the project {project.name}.")
        within = place.relative_to(folder)
        if within.parts[0] in (project.bin.name, ".lock"):
            raise StudioError(f"{path} cannot be thrown away.")
        if os.path.lexists(place) and within not in found:
            found.append(within)
    return [place.as_posix() for place in found if not any(other in place.parents for other in found)]


def _new_folder(project: Project, when: datetime) -> str:
    try:
        project.bin.mkdir(exist_ok=True)
        for number in count(1):
            name = f"{when:%Y%m%dT%H%M%S}-{number:03d}"
            with suppress(FileExistsError):
                (project.bin / name).mkdir()
                return name
        raise AssertionError  # count has no end
    except OSError as error:
        raise cannot_write(project.bin, error) from error


def _read(project: Project, name: str) -> Binned | None:
    """One folder of the bin, if it holds anything; the manifest says what it was, the disk what it is."""
    try:
        content = read_json(project.bin / name / _MANIFEST)
        when, why, said = datetime.fromisoformat(content["when"]), str(content["why"]), content["places"]
        places = [place for place in said if isinstance(place, str) and _is_within(project, place)]
    except (BadFile, KeyError, TypeError, ValueError):
        found = files_of(project.bin / name / _FILES)
        when, why, places = datetime.fromtimestamp(0, timezone.utc), "", ["/".join(f.within) for f in found]
    binned = Binned(project, name, when, why, ())
    there = tuple(place for place in places if os.path.lexists(binned.path(place)))
    return Binned(project, name, when, why, there)


def _is_within(project: Project, place: str) -> bool:
    """A manifest may have come with a project from elsewhere."""
    path = project.folder / place
    return path != project.folder and path.is_relative_to(project.folder) and ".." not in path.parts


def _free(binned: Binned, place: str, names: dict[tuple[str, str], int]) -> Path:
    """Where a file goes back to. A take goes back whole: picture, recipe and last frame keep one number."""
    target, folder = binned.project.folder / place, PurePosixPath(place).parent.as_posix()
    match = _TAKE.fullmatch(target.name) if folder == "takes" else None
    if match is None:
        return _first_free(target, lambda n: f"{target.stem}-{n}{target.suffix}")
    stem, number, rest = match[1], int(match[2]), match[3]
    if (stem, match[2]) not in names:
        is_taken = any(map(os.path.lexists, _family(binned, folder, stem, match[2])))
        names[stem, match[2]] = _next_number(target.parent, stem) if is_taken else number
    number = names[stem, match[2]]
    return target if number == int(match[2]) else target.with_name(f"{stem}{number}{rest}")


def _family(binned: Binned, folder: str, stem: str, number: str) -> list[Path]:
    """All places of one take."""
    matches = ((place, _TAKE.fullmatch(place)) for place in binned.places)
    wanted = f"{folder}/{stem}", number
    return [binned.project.folder / place for place, m in matches if m and (m[1], m[2]) == wanted]


def _next_number(folder: Path, stem: str) -> int:
    matches = (_TAKE.fullmatch(path.name) for path in folder.iterdir())
    return 1 + max((int(m[2]) for m in matches if m and m[1] == stem), default=0)


def _first_free(target: Path, name: Callable[[int], str]) -> Path:
    free, number = target, 1
    while os.path.lexists(free):
        number += 1
        free = target.with_name(name(number))
    return free


def _tell_recipe(path: Path, target: Path) -> None:
    """A recipe says its take's name and files; under another number it says others."""
    match = _TAKE.fullmatch(target.name)
    if target.suffix != ".json" or target.parent.name != "takes" or match is None:
        return
    with suppress(BadFile, TypeError, AttributeError):
        recipe = read_json(path)
        names: Sequence[str] = recipe.get("files", [])
        parts = [(name, _TAKE.fullmatch(name)) for name in names]
        files = [f"{match[1]}{match[2]}{part[3]}" if part else name for name, part in parts]
        write_json(path, {**recipe, "name": target.stem, "files": files})


def _move(path: Path, to: Path) -> None:
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.rename(to)
        except OSError as error:
            if error.errno != errno.EXDEV or path.is_dir():
                raise
            with writing(to) as part:  # takes may lie on another disk
                shutil.copy2(path, part, follow_symlinks=False)
            path.unlink()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise cannot_write(to, error) from error


__all__ = ["Binned", "contents", "discard", "empty", "remove", "restore"]
