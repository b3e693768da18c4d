"""Files that stand whole or not at all: written beside themselves as `.part`, then renamed."""

import errno
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from domain.errors import CannotWrite, StudioError
from infrastructure import own_run

_PART = re.compile(r"(?:([0-9a-f]{6})-[0-9a-f]{4}\.)?(?:list\.|palette\.)?part")  # behind the name it is of
_WRITER = re.compile(r"\.([0-9a-f]{6})-[0-9a-f]{4}\.(?:list\.|palette\.)?part$")
_SILENCE = 24 * 3600.0  # seconds without a byte after which a part of an unknown writer is given up


@contextmanager
def writing(to: Path) -> Iterator[Path]:
    """Write to the path this gives; it becomes `to` at the end, and is gone when something breaks.

    Two who write the same at once, in one program or in two, have a part each, and the last one's
    stands. A part that a killed run left behind is unlinked first and never written into: a helper
    of its that still holds it open then writes into nothing.
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


def is_left(part: Path) -> bool:
    """Whether whoever wrote it is surely gone, so that nobody misses it.

    A run of this machine is known by the lock it holds. Of all others, on another machine at the same
    share or without a name, it is only seen that nothing was written for a day.
    """
    writer = _WRITER.search(part.name)
    if writer and writer[1] == own_run.own():
        return False
    if writer and (is_over := own_run.is_over(writer[1])) is not None:
        return is_over
    try:
        return time.time() - part.stat().st_mtime > _SILENCE
    except OSError:
        return False  # it went


def _part_of(to: Path) -> Path:
    return to.with_name(f"{to.name}.{own_run.own()}-{secrets.token_hex(2)}.part")


def _left_behind(to: Path) -> list[Path]:
    """Parts of the same whose writers are gone."""
    with os.scandir(to.parent) as entries:
        names = [entry.name for entry in entries if entry.name.endswith(".part")]
    beginning = f"{to.name}."
    parts = [name for name in names if name.startswith(beginning)]
    own = [to.with_name(name) for name in parts if _PART.fullmatch(name.removeprefix(beginning))]
    return list(filter(is_left, own))


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
