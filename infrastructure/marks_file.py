"""What the artist thinks of takes: stars and rejections, in one small file of the project."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from domain.errors import BadFile
from infrastructure.json_files import aside_if_broken, read_json, write_json

Marks = Mapping[str, Mapping[str, Any]]  # by a take's name: {"stars": 3, "rejected": True}


def read_marks(path: Path) -> Marks:
    """What does not read as a mark is left out."""
    try:
        content = read_json(path)
    except BadFile:
        return {}
    if not isinstance(content, dict):
        return {}
    return {name: _clean(mark) for name, mark in content.items() if isinstance(mark, dict)}


def keep_mark(path: Path, take: str, mark: Mapping[str, Any]) -> None:
    """Change what is thought of one take, and nothing else."""
    aside_if_broken(path, dict)
    marks = {**read_marks(path), take: _clean(mark)}
    write_json(path, {name: mark for name, mark in sorted(marks.items()) if mark})


def _clean(mark: Mapping[str, Any]) -> Mapping[str, Any]:
    stars = mark.get("stars")
    kept: dict[str, Any] = {"stars": stars} if stars in (1, 2, 3, 4, 5) else {}
    return {**kept, **({"rejected": True} if mark.get("rejected") is True else {})}
