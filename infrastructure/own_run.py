"""Runs of the program on this machine: which one this is, and whether another one is surely over.

Each run holds a lock, for as long as it lives, on an empty file of its own among the system's temporary
ones; the system lets go of it when the run dies, however it dies. That is sure on every system, where a
process id may have been given to somebody else by now, or be counted differently in a container. A run
on another machine that writes into the same folder has no such file here, and is never called over.
"""

import os
import secrets
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from infrastructure.project_lock import take

DAY = 24 * 3600.0  # seconds until the file of a run that is over is removed


@cache  # two threads that ask first at once get two names, and both are held
def own() -> str:
    """The name of this run. Where nothing can be held, nobody can tell that it is over."""
    _forget_old_ones()
    while True:
        run = secrets.token_hex(3)
        try:
            handle = os.open(_file(run), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue  # somebody else's name
        except OSError:
            return run
        try:
            take(handle)  # and never closed
        except OSError:
            os.close(handle)
            with suppress(OSError):
                _file(run).unlink()
        return run


def is_over(run: str) -> bool | None:
    """Whether a run of this machine has ended; None, when nobody here knows."""
    try:
        handle = os.open(_file(run), os.O_RDWR)
    except OSError:
        return None
    try:
        take(handle)
        return True
    except OSError:
        return False
    finally:
        os.close(handle)


def _file(run: str) -> Path:
    return Path(tempfile.gettempdir(), f"cindergrace-{run}.run")


def _forget_old_ones() -> None:
    with suppress(OSError):
        for path in _file("*").parent.glob(_file("*").name):
            with suppress(OSError):
                is_old = time.time() - path.stat().st_mtime > DAY
                if is_old and is_over(path.stem.removeprefix("cindergrace-")):
                    path.unlink()
