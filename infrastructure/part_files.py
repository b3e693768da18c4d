"""Files that stand whole or not at all: written beside themselves as `.part`, then renamed."""

import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from domain.errors import CannotWrite, StudioError

_OURS = secrets.token_hex(3)  # of this run of the program
_PART = re.compile(r"(?:([0-9a-f]{6})-[0-9a-f]{4}\.)?(?:list\.|palette\.)?part")  # behind the name it is of


@contextmanager
def writing(to: Path) -> Iterator[Path]:
    """Write to the path this gives; it becomes `to` at the end, and is gone when something breaks.

    Two who write the same at once have a part each, and the last one's stands. A part that an
    earlier, killed run left behind is unlinked first and never written into: whoever may still
    hold it open then writes into nothing.
    """
    part = _part_of(to)
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        for left in _left_behind(to):
            left.unlink(missing_ok=True)
        yield part
        part.replace(to)
    except OSError as error:
        raise cannot_write(to, error) from error
    finally:
        with suppress(OSError):
            part.unlink()  # also after renaming onto a hard link of itself, which renames nothing


@contextmanager
def writing_folder(to: Path) -> Iterator[Path]:
    """Like `writing`, for a folder of files; `to` must not stand there yet."""
    part = _part_of(to)
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        for left in _left_behind(to):
            shutil.rmtree(left, ignore_errors=True)
        part.mkdir()
        yield part
        part.rename(to)
    except OSError as error:
        raise cannot_write(to, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def named(part: Path) -> str:
    """What a part will be called."""
    return re.sub(r"(\.[0-9a-f]{6}-[0-9a-f]{4})?\.part$", "", part.name)


def _part_of(to: Path) -> Path:
    return to.with_name(f"{to.name}.{_OURS}-{secrets.token_hex(2)}.part")


def _left_behind(to: Path) -> list[Path]:
    """Parts of the same that are not of this run."""
    with os.scandir(to.parent) as entries:
        names = [entry.name for entry in entries if entry.name.endswith(".part")]
    beginning = f"{to.name}."
    own = [name for name in names if name.startswith(beginning)]
    parts = [(name, _PART.fullmatch(name.removeprefix(beginning))) for name in own]
    return [to.with_name(name) for name, part in parts if part and part[1] != _OURS]


def of_other_runs(folder: Path) -> list[Path]:
    """Parts in a folder that this run of the program does not write."""
    parts = folder.glob("*.part")
    return [part for part in parts if not re.search(rf"\.{_OURS}-[0-9a-f]{{4}}\.", part.name)]


def remove_leftovers(parts: Iterable[Path]) -> None:
    """What killed runs left half written: files and folders."""
    for path in list(parts):
        try:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise StudioError(f"{path} cannot be removed: {error.strerror or error}.") from error


def kept_aside(path: Path, why: str) -> Path:
    """A copy of the file beside itself: film.json.broken, or -2, -3, … when that holds another."""
    content = path.read_bytes()
    aside, number = path.with_name(f"{path.name}.{why}"), 1
    while aside.exists() and aside.read_bytes() != content:
        number += 1
        aside = path.with_name(f"{path.name}.{why}-{number}")
    with writing(aside) as part:
        part.write_bytes(content)
    return aside


def cannot_write(path: Path, error: OSError) -> CannotWrite:
    """One sentence; a full disk also gets what to do about it."""
    is_full = error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
    hint = " Make room on the disk and run it again." if is_full else ""
    return CannotWrite(f"{path} cannot be written: {error.strerror or error}.{hint}")
