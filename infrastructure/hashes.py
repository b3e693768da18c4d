"""What a file contains, as sha256; read once as long as the file does not change."""

import hashlib
from functools import lru_cache
from pathlib import Path

_CHUNK = 1 << 20


def sha256(path: Path) -> str:
    """Hex digest of a file's content."""
    stat = path.stat()
    return _digest(str(path), stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=20_000)
def _digest(path: str, size: int, changed: int) -> str:
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def md5(path: Path) -> str:
    """Of a file whose source says nothing better."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
