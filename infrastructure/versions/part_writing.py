"""A large file as it is written: the disk is at work while the line is, so that little is left at the end.

Asked for once, at the end, the disk's part costs more than the whole rest of a fast download.
"""

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

STEP = 32 << 20  # bytes until the disk is asked once more


class PartFile:
    """All of it is on disk when the block it is opened by has ended."""

    def __init__(self, descriptor: int, beside: ThreadPoolExecutor):
        self._descriptor, self._beside = descriptor, beside
        self._fresh = 0  # bytes that the disk was not asked for yet
        self._asked: Future[None] | None = None

    def write(self, piece: bytes) -> None:
        """Raises OSError, also for what was written before."""
        left = memoryview(piece)
        while left:
            left = left[os.write(self._descriptor, left) :]
        self._fresh += len(piece)
        if self._fresh >= STEP and (self._asked is None or self._asked.done()):
            self._heard()
            self._fresh, self._asked = 0, self._beside.submit(os.fsync, self._descriptor)

    def end(self) -> None:
        self._heard()
        os.fsync(self._descriptor)

    def _heard(self) -> None:
        """The system tells a fault once: what is not heard here, nobody would be told any more."""
        if self._asked:
            self._asked.result()


@contextmanager
def writing_part(path: Path, goes_on: bool = False) -> Iterator[PartFile]:
    """Raises OSError."""
    with path.open("ab" if goes_on else "wb", buffering=0) as out, ThreadPoolExecutor(1) as beside:
        part = PartFile(out.fileno(), beside)
        yield part
        part.end()
