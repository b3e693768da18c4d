"""What a file contains, as sha256; read once as long as the file does not change."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

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
    return _read(path, hashlib.sha256())


def md5(path: Path) -> str:
    """Of a file whose source says nothing better."""
    return _read(path, hashlib.md5(usedforsecurity=False))


def _read(path: Path, digest: Any) -> str:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return str(digest.hexdigest())
