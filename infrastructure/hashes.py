"""What a file contains, as sha256; read once as long as the file does not change."""

import hashlib
from pathlib import Path

_known: dict[tuple[str, int, int], str] = {}
_CHUNK = 1 << 20


def sha256(path: Path) -> str:
    """Hex digest of a file's content."""
    stat = path.stat()
    key = (str(path), stat.st_size, stat.st_mtime_ns)
    if key not in _known:
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        _known[key] = digest.hexdigest()
    return _known[key]
