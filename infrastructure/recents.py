"""The list of projects that were opened last: folders and times in a small JSON file.

Written by every window of this user; a list that is damaged is an empty one, since nothing
depends on it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from domain.errors import BadFile
from infrastructure.json_files import read_json, write_json

MOST = 30


@dataclass(frozen=True)
class Opened:
    folder: Path
    when: datetime
    title: str  # as it was then: what is gone still has a name


def listed(file: Path) -> list[Opened]:
    """Newest first, each folder once."""
    try:
        rows = read_json(file)
    except BadFile:
        return []
    found: dict[Path, Opened] = {}
    for row in rows if isinstance(rows, list) else []:
        if opened := _opened(row):
            found.setdefault(opened.folder, opened)
    return list(found.values())[:MOST]


def put_first(file: Path, folder: Path, title: str) -> None:
    now = datetime.now(timezone.utc)
    others = [opened for opened in listed(file) if opened.folder != folder]
    _write(file, [Opened(folder, now, title), *others][:MOST])


def dropped(file: Path, folders: Iterable[Path]) -> None:
    gone = set(folders)
    _write(file, [opened for opened in listed(file) if opened.folder not in gone])


def _opened(row: Any) -> Opened | None:
    try:
        folder, when = Path(row["folder"]), datetime.fromisoformat(row["when"])
        return Opened(folder, when, str(row["title"])) if folder.is_absolute() and when.tzinfo else None
    except (KeyError, TypeError, ValueError):
        return None


def _write(file: Path, list_: list[Opened]) -> None:
    rows = [{"folder": str(o.folder), "when": o.when.isoformat(), "title": o.title} for o in list_]
    write_json(file, rows)
