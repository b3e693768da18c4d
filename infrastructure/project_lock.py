"""One render at a time in a project: a lock that the system lets go of when its holder dies."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.errors import Blocked, StudioError

_HELD = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)  # what systems answer when somebody else has the lock


RENDERING = "Another render is at work in {folder}. Wait for it, or stop it first."


@contextmanager
def locked(folder: Path, held: str = RENDERING) -> Iterator[None]:
    """Raises Blocked at once, with the sentence `held`, when another program holds the folder.

    Makes the folder.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StudioError(f"{folder} cannot be used: {error.strerror}.") from error
    try:
        take(handle)
    except OSError as error:
        os.close(handle)
        if error.errno in _HELD:
            raise Blocked(held.format(folder=folder)) from error
        told = f"{folder} cannot be locked: {error.strerror or error}. Put it on another disk."
        raise StudioError(told) from error
    try:
        yield
    finally:
        os.close(handle)


if sys.platform == "win32":
    import msvcrt

    def take(handle: int) -> None:
        """Lock an open file. Raises OSError at once when somebody else has."""
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def take(handle: int) -> None:
        """Lock an open file. Raises OSError at once when somebody else has."""
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
