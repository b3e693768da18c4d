"""The cast of the open project: every deed on it is one step that can be undone."""

from collections.abc import Sequence
from typing import Any

from domain import board_edits, cast_edits
from domain.errors import StudioError
from domain.storyboard import Storyboard
from services.desk import Conflict, Desk, as_json


def add(desk: Desk, name: str, shots: Sequence[str] = ()) -> str:
    """A new character, in these shots; returns its id."""
    before = {character.id for character in desk.board.characters}
    desk.edit("cast", lambda board: cast_edits.with_new_character(board, name, shots), name.strip()[:40])
    return next(c.id for c in desk.board.characters if c.id not in before)


def set_field(desk: Desk, id: str, field: str, value: Any, *was: Any) -> None:
    """One field of a character; with `was`, only if nobody changed it since it was seen so."""

    def edit(board: Storyboard) -> Storyboard:
        edited = cast_edits.with_character_field(board, id, field, value)
        there = as_json(getattr(cast_edits.character_of(board, id), field))
        made = as_json(getattr(cast_edits.character_of(edited, id), field))
        if was and there not in (was[0], made):
            raise Conflict(there)
        return edited

    desk.edit("edit", edit, f"{id} · {field}", f"cast {id} {field}")


def remove(desk: Desk, id: str) -> None:
    desk.edit("cast.remove", lambda board: cast_edits.without_character(board, id), id)


def put_in(desk: Desk, shots: Sequence[str], field: str, values: Sequence[str]) -> None:
    """Characters or references more for shots, each of which keeps its own."""

    def edit(board: Storyboard) -> Storyboard:
        if field == "characters":
            return cast_edits.with_called(board, shots, values)
        _need_references(field)
        for id in shots:
            there = board_edits.shot_of(board, id).references
            board = board_edits.with_shot_field(board, id, field, [*map(str, there), *values])
        return board

    desk.edit("edit", edit, f"{', '.join(shots[:3])} · {field}")


def take_out(desk: Desk, shots: Sequence[str], field: str, values: Sequence[str]) -> None:
    """Characters or references taken out of shots, whichever of them have them."""

    def edit(board: Storyboard) -> Storyboard:
        if field == "characters":
            return cast_edits.without_called(board, shots, values)
        _need_references(field)
        for id in shots:
            there = board_edits.shot_of(board, id).references
            left = [str(path) for path in there if str(path) not in values]
            board = board_edits.with_shot_field(board, id, field, left)
        return board

    desk.edit("edit", edit, f"{', '.join(shots[:3])} · {field}")


def _need_references(field: str) -> None:
    if field != "references":
        raise StudioError(f"Nothing can be added to {field}.")
