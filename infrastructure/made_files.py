"""What a made file was made of, so that it is not made again from the same; kept in the cache."""

import os
from hashlib import sha256
from pathlib import Path
from typing import Any

from domain.errors import BadFile
from infrastructure.json_files import read_json, write_json


def recall(cache: Path, made: Path, key: str) -> dict[str, Any] | None:
    """The notes kept with a file when it still is what was made under this key, else nothing."""
    try:
        note = read_json(_note(cache, made))
        return note["notes"] if note["key"] == key and note["file"] == _stamp(made) else None
    except (BadFile, OSError, KeyError, TypeError):
        return None  # not made yet, or somebody's cache: make it again


def remember(cache: Path, made: Path, key: str, notes: dict[str, Any]) -> None:
    write_json(_note(cache, made), {"key": key, "file": _stamp(made), "notes": notes})


def _note(cache: Path, made: Path) -> Path:
    name = f"{made.absolute().parent.name}/{made.name}"
    return cache / "made" / f"{made.stem}.{sha256(os.fsencode(name)).hexdigest()[:12]}.json"


def _stamp(made: Path) -> list[int]:
    stat = made.stat()
    return [stat.st_size, stat.st_mtime_ns]
