"""Shots copied from one project and pasted into the same or another, with their pictures."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from domain import board_edits
from domain.errors import BadFile, StudioError
from domain.storyboard import Shot
from infrastructure.storyboard_files import shots_from_json, shots_to_json
from services import picks, takes
from services.desk import Desk

Copied = Mapping[str, Any]
MOST = 500


def copy(desk: Desk, ids: list[str]) -> Copied:
    """The shots as JSON, with whole paths; what is copied later from one place is whole in another."""
    shots = [board_edits.shot_of(desk.board, id) for id in ids]
    keyframes = [picks.chosen(desk.project, shot.id) for shot in shots]
    return {
        "from": str(desk.project.folder),
        "shots": shots_to_json(shots),
        "keyframes": [str(path) if path else None for path in keyframes],
    }


def paste(desk: Desk, copied: Copied, after: str | None) -> list[str]:
    """New shots with new ids; pictures that lie in another project are copied into this one."""
    rows, pictures = copied.get("shots"), copied.get("keyframes")
    if not isinstance(rows, list) or not isinstance(pictures, list) or not 0 < len(rows) <= MOST:
        raise StudioError("There are no shots to paste.")
    shots = [_at_home(desk, shot) for shot in shots_from_json(rows)]
    before, taken = {shot.id for shot in desk.board.shots}, desk.used_ids()
    desk.edit("paste", lambda board: board_edits.with_new_shots(board, shots, after, taken))
    ids = [shot.id for shot in desk.board.shots if shot.id not in before]
    for id, picture in zip(ids, pictures, strict=False):
        if isinstance(picture, str) and Path(picture).is_file():
            desk.choose_first(id, desk.ledger.bring_in(id, Path(picture)))
    desk.tell(ids)
    return ids


def _at_home(desk: Desk, shot: Shot) -> Shot:
    def here(path: Path | None) -> Path | None:
        if path is None or path.is_relative_to(desk.project.folder):
            return path
        try:
            return takes.reference(desk, path)
        except (BadFile, OSError):
            return path  # told at the shot as a picture that is not there

    references = tuple(path for p in shot.references if (path := here(p)))
    return replace(
        shot, references=references, start_image=here(shot.start_image), end_image=here(shot.end_image)
    )
