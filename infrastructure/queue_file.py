"""The queue on disk: what was asked for and not yet made, and the last things that were."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from domain.errand import OVER, STOPPED, Errand
from domain.errors import BadFile
from infrastructure.json_files import read_json, write_json

KEPT = 300  # errands that are over and still remembered


def read_queue(path: Path) -> list[Errand]:
    """The errands; what waited or ran when the studio ended is stopped. What does not read is left out."""
    try:
        rows = read_json(path)
    except BadFile:
        return []
    errands = [errand for row in rows if (errand := _errand(row))] if isinstance(rows, list) else []
    return [e if e.state in OVER else replace(e, state=STOPPED) for e in errands]


def write_queue(path: Path, errands: list[Errand]) -> None:
    over = [errand.id for errand in errands if errand.is_over]
    forgotten = set(over[:-KEPT])
    write_json(path, [asdict(errand) for errand in errands if errand.id not in forgotten])


def _errand(row: Any) -> Errand | None:
    try:
        errand = Errand(**{**row, "after": tuple(row["after"]), "files": tuple(row["files"])})
    except (KeyError, TypeError):
        return None
    words = (errand.id, errand.deed, errand.project, errand.shot, errand.state, errand.error)
    is_whole = all(isinstance(word, str) for word in words) and isinstance(errand.values, dict)
    return errand if is_whole else None
