"""Files that stand whole or not at all: written beside themselves as `.part`, then renamed."""

import errno
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from domain.errors import CannotWrite, StudioError


@contextmanager
def writing(to: Path) -> Iterator[Path]:
    """Write to the path this gives; it becomes `to` at the end, and is gone when something breaks.

    A part that an earlier, killed run left behind is unlinked first and never written into:
    whoever may still hold it open then writes into nothing.
    """
    part = to.with_name(to.name + ".part")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
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
    part = to.with_name(to.name + ".part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        yield part
        part.rename(to)
    except OSError as error:
        raise cannot_write(to, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


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
