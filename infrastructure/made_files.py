"""What a made file was made of, so that it is not made again from the same; kept in the cache."""

import os
from hashlib import sha256
from pathlib import Path
from typing import Any

from domain.errors import BadFile
from infrastructure.json_files import read_json, write_json


def recall(cache: Path, made: Path, key: str) -> dict[str, Any] | None:
    """The notes kept with a file when it still is what was made under this key, else nothing."""
    return _recalled(cache, made, key)


def notes_of(cache: Path, made: Path) -> dict[str, Any]:
    """The notes kept with a file as it stands, whatever it was made of; none of a file put there by hand."""
    return _recalled(cache, made, None) or {}


def remember(cache: Path, made: Path, key: str, notes: dict[str, Any]) -> None:
    write_json(_note(cache, made), {"key": key, "file": _stamp(made), "notes": notes})


def _recalled(cache: Path, made: Path, key: str | None) -> dict[str, Any] | None:
    try:
        note = read_json(_note(cache, made))
        is_it = note["file"] == _stamp(made) and key in (None, note["key"])
        notes: dict[str, Any] | None = note["notes"] if is_it else None
        return notes
    except (BadFile, OSError, KeyError, TypeError):
        return None  # not made yet, or somebody's cache: make it again


def _note(cache: Path, made: Path) -> Path:
    name = f"{made.absolute().parent.name}/{made.name}"
    return cache / "made" / f"{made.stem}.{sha256(os.fsencode(name)).hexdigest()[:12]}.json"


def _stamp(made: Path) -> list[int]:
    stat = made.stat()
    return [stat.st_size, stat.st_mtime_ns]
