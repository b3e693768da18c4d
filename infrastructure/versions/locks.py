"""One at a time at a blob, a repository, a build; or many at the store, and one alone once they have ended.
The system lets go of a lock when its holder dies.
"""

import secrets
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from domain.errors import Blocked
from domain.events import Progress
from infrastructure.part_files import cannot_write

LONGEST = 3600.0  # seconds; a large model on a slow line
SOON = 1.0  # seconds, for who would rather be told
_LOOK = 0.5  # seconds between two words that somebody waits
_GATE = "gate"  # held by whoever comes in or is alone


@contextmanager
def held(file: Path, what: str, longest: float = LONGEST) -> Iterator[None]:
    """Waits for who holds it. Raises Blocked after `longest` seconds."""
    lock = FileLock(file, timeout=longest, poll_interval=0.1)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise Blocked(f"Another program is at work on {what}. Wait for it, and run this again.") from error
    except OSError as error:
        raise cannot_write(file, error) from error
    try:
        yield
    finally:
        lock.release()


def awaited(file: Path, what: str, longest: float = LONGEST) -> Generator[Progress, None, ExitStack]:
    """`held` for work that says what it waits for, and is cancelled meanwhile. Held already when it is
    returned: for a `with`. Raises Blocked after `longest` seconds."""
    end = time.monotonic() + longest
    while True:
        with ExitStack() as lock:
            try:
                lock.enter_context(held(file, what, min(_LOOK, longest)))
            except Blocked:
                if time.monotonic() >= end:
                    raise
            else:
                return lock.pop_all()
        yield Progress(0.0, f"waiting for who is at work on {what}")


def joined(folder: Path, what: str, longest: float = LONGEST) -> Generator[Progress, None, ExitStack]:
    """One of many, each with a lock of its own in `folder`; for a `with`. Waits for who is alone. Raises
    Blocked."""
    own = folder / f"{secrets.token_hex(8)}.lock"
    with ExitStack() as at_end:
        with (yield from awaited(folder / _GATE, what, longest)):
            at_end.callback(_remove, own)
            at_end.enter_context(held(own, what))
        return at_end.pop_all()


@contextmanager
def exclusive(folder: Path, what: str, longest: float = LONGEST) -> Iterator[None]:
    """Alone: nobody comes in meanwhile. Raises Blocked while one of those who share does not end."""
    with held(folder / _GATE, what, longest):
        for other in folder.glob("*.lock"):
            with held(other, what, longest):
                pass
            _remove(other)  # left behind by one that was killed
        yield


def _remove(file: Path) -> None:
    with suppress(OSError):  # on Windows, while another looks at it: then it is theirs to take away
        file.unlink()
