"""What something is before it is imported, and where it could go. Nothing is written here."""

from pathlib import Path
from typing import Any

from domain.errors import BadFile
from infrastructure.import_notes import ImportNotes
from infrastructure.pictures import SUFFIXES
from infrastructure.shot_table import read_table
from infrastructure.shot_text import read_text_of_shots
from infrastructure.storyboard_files import open_storyboard
from services.desk import Desk
from services.import_boards import has_shots, source_key
from services.imports import Kind, kind_of

_READERS = {Kind.board: open_storyboard, Kind.table: read_table, Kind.text: read_text_of_shots}
_NOT_NEW = (Kind.choices, Kind.project, Kind.settings)


def look(path: Path, desk: Desk | None, is_ours: bool) -> dict[str, Any]:
    """Raises BadFile for what cannot be imported. `why` says why it cannot go into the open project.

    A project that was handed over is ours to keep; one that lies somewhere is opened there.
    """
    kind = kind_of(path)
    why = _why_not(kind, path, desk)
    return {
        "name": path.name,
        "path": str(path),
        "kind": kind.name,
        "count": _count(kind, path),
        "into": not why,
        "why": why,
        "new": kind not in _NOT_NEW or (kind == Kind.project and is_ours),
    }


def _why_not(kind: Kind, path: Path, desk: Desk | None) -> str:
    if kind in (Kind.zip, Kind.project, Kind.settings):
        return kind.name
    if desk is None:
        return "none"
    if kind in (Kind.pictures, Kind.choices) or not has_shots(desk.board):
        return ""
    return "" if ImportNotes(desk.project).knows(source_key(path)) else "full"


def _count(kind: Kind, path: Path) -> int | None:
    """How many shots or pictures; None where that takes reading more than a file."""
    if kind == Kind.pictures:
        return sum(1 for each in path.iterdir() if each.suffix.lower() in SUFFIXES)
    read = _READERS.get(kind)
    if read is None:
        return None
    board, _ = read(path)
    if not board.shots:
        raise BadFile(f"{path.name} holds no shots.")
    return len(board.shots)
