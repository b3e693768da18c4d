"""Models that stand in more than one place and are one file, and a note of each place that nobody sees.

A hard link needs no note: the file system counts it, and it outlives the blob. A symbolic link does not, and
may be in a folder of somebody's own, or on a machine that shares the volume: beside its blob, `links` has a
line for it, the machine and the path. `version gc` reads them.
"""

import errno
import os
import platform
from collections.abc import Iterator
from pathlib import Path

from domain.errors import CannotWrite
from infrastructure.part_files import cannot_write

SYMLINK = "symlink"


def link(blob: Path, to: Path) -> str:
    """Make a blob stand at a place without a second copy; returns how: "hardlink", "symlink", "reflink".
    Raises CannotWrite."""
    if not blob.is_file():
        raise CannotWrite(f"{to} cannot be linked: its file has gone from the store. Run this again.")
    to.parent.mkdir(parents=True, exist_ok=True)
    faults = list[OSError]()
    for how, make in (("hardlink", os.link), (SYMLINK, _symlink), ("reflink", reflink)):
        try:
            make(blob.absolute(), to)
        except OSError as error:
            faults.append(error)
        else:
            return how
    told = faults[0]
    if told.errno == errno.EEXIST:
        raise cannot_write(to, told) from told
    raise CannotWrite(
        f"{to} cannot be linked to {blob}: {told.strerror or told}. Put the store on the same disk; a "
        "second copy is never made."
    ) from told


def is_link_to(blob: Path, at: Path) -> bool:
    try:
        return at.samefile(blob)
    except OSError:
        return False


def note(blob: Path, to: Path) -> None:
    """Of a symbolic link that no version of this store accounts for. Raises CannotWrite."""
    line, file = f"{_machine()} {to.absolute()}", notes_of(blob)
    try:
        if line not in _lines(file):
            with file.open("a", encoding="utf-8", errors="surrogateescape") as out:
                out.write(f"{line}\n")
    except OSError as error:
        raise cannot_write(file, error) from error


def notes_of(blob: Path) -> Path:
    return blob.with_name("links")


def noted(blob: Path) -> Iterator[tuple[str, bool]]:
    """Each place that may still be a link to it, and whether it is seen to be one: on another machine, or a
    disk that is away, it cannot be."""
    for line in _lines(notes_of(blob)):
        machine, _, name = line.partition(" ")
        place = Path(name)
        if machine != _machine():
            yield f"{name} on {machine}", False
        elif is_link_to(blob, place):
            yield name, True
        elif not place.parent.is_dir():
            yield name, False


def reflink(source: Path, to: Path) -> None:
    """Two files that share their bytes until one is written to, on disks that can (btrfs, xfs). Raises
    OSError."""
    try:
        from fcntl import ioctl
    except ImportError as error:  # Windows
        raise OSError(errno.EOPNOTSUPP, "this system has no reflinks") from error
    with source.open("rb") as content, to.open("xb") as target:
        try:
            ioctl(target, 0x40049409, content.fileno())  # FICLONE
            os.fsync(target.fileno())
        except OSError:
            to.unlink(missing_ok=True)
            raise


def _symlink(blob: Path, to: Path) -> None:
    to.symlink_to(blob)


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8", "surrogateescape").splitlines()
    except FileNotFoundError:
        return []


def _machine() -> str:
    return platform.node().replace(" ", "-")
