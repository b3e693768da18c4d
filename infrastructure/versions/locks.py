"""One at a time at a blob, a repository, a build: the system lets go of a lock when its holder dies."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from domain.errors import Blocked
from infrastructure.part_files import cannot_write

LONGEST = 3600.0  # seconds; a large model on a slow line


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
