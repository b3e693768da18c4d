"""Shots copied from one project and pasted into the same or another, with their pictures and characters."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from domain import board_edits
from domain.cast import called, cast_of, known_by
from domain.errors import BadFile, StudioError
from domain.pictures import character_with_pictures, shot_with_pictures
from domain.storyboard import Shot, Storyboard
from infrastructure.storyboard_files import cast_from_json, cast_to_json, shots_from_json, shots_to_json
from infrastructure.there import is_file
from services import picks, takes
from services.desk import Desk

Copied = Mapping[str, Any]
MOST = 500


def copy(desk: Desk, ids: list[str]) -> Copied:
    """The shots as JSON, with whole paths; what is copied later from one place is whole in another."""
    shots = [_by_id(board_edits.shot_of(desk.board, id), desk.board) for id in ids]
    cast = {c.id: c for shot in shots for c in cast_of(shot, desk.board)}
    keyframes = [picks.chosen(desk.project, shot.id) for shot in shots]
    return {
        "from": str(desk.project.folder),
        "shots": shots_to_json(shots),
        "cast": cast_to_json(list(cast.values())),
        "keyframes": [str(path) if path else None for path in keyframes],
    }


def paste(desk: Desk, copied: Copied, after: str | None) -> list[str]:
    """New shots with new ids; pictures that lie in another project are copied into this one, and
    characters it does not know come along."""
    rows, pictures, cast = copied.get("shots"), copied.get("keyframes"), copied.get("cast", [])
    if not isinstance(rows, list) or not isinstance(pictures, list) or not 0 < len(rows) <= MOST:
        raise StudioError("There are no shots to paste.")

    def here(path: Path) -> Path:
        return _here(desk, path)

    shots = [shot_with_pictures(shot, here) for shot in shots_from_json(rows)]
    known = known_by(desk.board)
    fresh = cast_from_json(cast) if isinstance(cast, list) else ()
    unknown = [c for c in fresh if not known.keys() & {called(c.id), called(c.name)}]
    fresh = tuple(character_with_pictures(c, here) for c in unknown)
    before, taken = {shot.id for shot in desk.board.shots}, desk.used_ids()

    def edit(board: Storyboard) -> Storyboard:
        board = replace(board, characters=(*board.characters, *fresh))
        return board_edits.with_new_shots(board, shots, after, taken)

    desk.edit("paste", edit)
    ids = [shot.id for shot in desk.board.shots if shot.id not in before]
    for id, picture in zip(ids, pictures, strict=False):
        if isinstance(picture, str) and is_file(Path(picture)):
            desk.choose_first(id, desk.ledger.bring_in(id, Path(picture)))
    desk.tell(ids)
    return ids


def _by_id(shot: Shot, board: Storyboard) -> Shot:
    """The shot with its characters called by their ids, as only these are known elsewhere."""
    known = known_by(board)
    found = [(name, known.get(called(name))) for name in shot.characters]
    return replace(shot, characters=tuple(c.id if c else name for name, c in found))


def _here(desk: Desk, path: Path) -> Path:
    """A picture in this project: the same, or a copy."""
    if path.is_relative_to(desk.project.folder):
        return path
    try:
        return takes.reference(desk, path)
    except (BadFile, OSError):
        return path  # told at the shot as a picture that is not there
