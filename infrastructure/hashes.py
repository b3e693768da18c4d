"""What a file contains, as sha256; read once as long as the file does not change."""

import hashlib
from collections.abc import Generator
from functools import lru_cache
from pathlib import Path
from typing import Any

from domain.events import Progress, finished, retold

_CHUNK = 1 << 20


def sha256(path: Path) -> str:
    """Hex digest of a file's content."""
    stat = path.stat()
    return _remembered(str(path), stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=20_000)
def _remembered(path: str, size: int, changed: int) -> str:
    return read_sha256(Path(path))


def read_sha256(path: Path) -> str:
    """Read now, whatever was read before: a disk may have changed it behind its size and time."""
    return finished(reading_sha256(path))


def reading_sha256(path: Path) -> Generator[int, None, str]:
    """The same for large ones: yields how many bytes it has read so far."""
    return _reading(path, hashlib.sha256())


def telling_sha256(path: Path) -> Generator[Progress, None, str]:
    """The same, told as a share of the whole."""
    size = path.stat().st_size
    return (yield from retold(reading_sha256(path), lambda read: Progress(read / size, "reading every byte")))


def md5(path: Path) -> str:
    """Of a file whose source says nothing better."""
    return finished(_reading(path, hashlib.md5(usedforsecurity=False)))


def _reading(path: Path, digest: Any) -> Generator[int, None, str]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            yield file.tell()
    return str(digest.hexdigest())
