"""Project folders as folders: made, walked through, copied, measured. What a board says is not known here."""

import errno
import os
import secrets
import shutil
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from domain.errors import StudioError
from domain.events import Progress
from domain.project import Project
from domain.safe_names import folder_name, plain_name
from infrastructure.part_files import cannot_write

CHUNK = 1 << 20
LEFT_BEHIND = ("cache", ".bin", ".lock")  # at the top of a project: made again, thrown away, held by someone
_NO_SUCH_NAME = (errno.EILSEQ, errno.EINVAL, errno.ENAMETOOLONG)
_VIDEOS = {".mp4", ".mov", ".mkv", ".webm", ".avi"}
ASIDE = ".emptied-"  # how names begin of what only waits to be removed
KINDS = ("takes", "keyframes", "videos", "films", "cache", "bin", "other")


@dataclass(frozen=True)
class Found:
    """A file in a project."""

    path: Path
    within: tuple[str, ...]  # ("takes", "003_v2.png")
    size: int


def new_folder(root: Path, title: str) -> Path:
    """A folder of its own for a title; never one that was there before."""
    return _placed(root, title, lambda path: path.mkdir())


@contextmanager
def staged(root: Path) -> Iterator[Path]:
    """A hidden folder to fill before it gets its name with `settled`; gone if it never does."""
    stage = root / f".new-{secrets.token_hex(6)}.part"
    try:
        stage.mkdir(parents=True)
        yield stage
    except OSError as error:
        raise cannot_write(root, error) from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def settled(stage: Path, root: Path, title: str) -> Path:
    """Give a filled folder the name its title asks for, or the next free one."""

    def place(path: Path) -> None:
        if os.path.lexists(path):  # renaming may replace an empty folder without a word
            raise FileExistsError
        stage.rename(path)

    return _placed(root, title, place)


def files_of(folder: Path) -> Iterator[Found]:
    """Every file below a folder. Links to folders are not followed, so that no walk goes in circles."""
    open_folders: list[tuple[Path, tuple[str, ...]]] = [(folder, ())]
    while open_folders:
        path, within = open_folders.pop()
        with suppress(PermissionError, FileNotFoundError), os.scandir(path) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):  # it went while we looked
                    place = (*within, entry.name)
                    if entry.is_dir(follow_symlinks=False):
                        open_folders.append((Path(entry.path), place))
                    elif entry.is_file():
                        yield Found(Path(entry.path), place, entry.stat().st_size)


def belongings(project: Project) -> list[Found]:
    """What makes the project up: all but its cache, its bin, and what is only half written."""
    return sorted(
        (
            f
            for f in files_of(project.folder)
            if f.within[0] not in LEFT_BEHIND and not f.within[-1].endswith(".part")
        ),
        key=lambda found: found.within,
    )


def copied(files: Sequence[Found], to: Path) -> Generator[Progress, None, None]:
    """Copy files into a folder, keeping where they lie. What goes meanwhile is passed over."""
    total, done = sum(f.size for f in files) or 1, 0
    for found in files:
        yield Progress(done / total, f"copying {'/'.join(found.within)}")
        target = to.joinpath(*found.within)
        target.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError), found.path.open("rb") as source, target.open("xb") as copy:
            while chunk := source.read(CHUNK):
                copy.write(chunk)
                done += len(chunk)
                yield Progress(min(1.0, done / total), f"copying {'/'.join(found.within)}")
            shutil.copystat(found.path, target)


def used(project: Project) -> dict[str, int]:
    """Bytes on the disk by what they are for."""
    sizes = dict.fromkeys(KINDS, 0)
    for found in files_of(project.folder):
        sizes[_kind(found)] += found.size
    return sizes


def emptied(folder: Path, but: Sequence[str] = ()) -> int:
    """Remove everything in a folder but what is named; returns the bytes that are free now."""
    return removed([child for child in _children(folder) if child.name not in but])


def set_aside(folder: Path, but: Sequence[str] = ()) -> list[Path]:
    """Move everything in a folder, but what is named, out of the way, which takes a moment however much
    it is; returns what is to be `removed`.

    It stays in the folder under a hidden name, so that it lies on the same disk and counts as what the
    folder is. What an earlier removal that was interrupted left there is returned as well.
    """
    children = [child for child in _children(folder) if child.name not in but]
    before = [child for child in children if child.name.startswith(ASIDE)]
    aside = folder / f"{ASIDE}{secrets.token_hex(6)}"
    try:
        for child in children:
            if child not in before:
                aside.mkdir(exist_ok=True)
                child.rename(aside / child.name)
    except OSError as error:
        raise _cannot_remove(error) from error
    return [*before, aside] if aside.exists() else before


def removed(paths: Sequence[Path]) -> int:
    """Remove files and folders for good; returns the bytes that are free now."""
    freed = 0
    try:
        for path in paths:
            if path.is_dir() and not path.is_symlink():
                freed += sum(found.size for found in files_of(path))
                while path.exists():
                    with suppress(FileNotFoundError):  # somebody else removes it, too
                        shutil.rmtree(path)
            else:
                freed += path.stat().st_size if path.is_file() else 0
                path.unlink(missing_ok=True)
    except OSError as error:
        raise _cannot_remove(error) from error
    return freed


def _children(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        raise _cannot_remove(error) from error


def _cannot_remove(error: OSError) -> StudioError:
    return StudioError(f"{error.filename} cannot be removed: {error.strerror or error}.")


def _kind(found: Found) -> str:
    first = found.within[0].removeprefix(".")
    if len(found.within) == 1:
        return "films" if Path(found.within[0]).suffix.lower() in _VIDEOS else "other"
    return first if first in KINDS else "other"


def _placed(root: Path, title: str, place: Callable[[Path], object]) -> Path:
    try:
        root.mkdir(parents=True, exist_ok=True)
        try:
            return _numbered(root / folder_name(title), place)
        except UnicodeEncodeError:  # a disk, or a system, that knows no such letters
            return _numbered(root / plain_name(title), place)
        except OSError as error:
            if error.errno not in _NO_SUCH_NAME:
                raise
            return _numbered(root / plain_name(title), place)
    except OSError as error:
        raise cannot_write(root, error) from error


def _numbered(wanted: Path, place: Callable[[Path], object]) -> Path:
    for number in count(2):
        path = wanted if number == 2 else wanted.with_name(f"{wanted.name}-{number - 1}")
        with suppress(FileExistsError):
            place(path)
            return path
    raise AssertionError  # count has no end
