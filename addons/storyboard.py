"""Storyboard: the shots in order, each with everything that is known of it."""

from collections.abc import Callable, Mapping
from typing import Any

from addons.deeds import step_of
from addons.live import live
from domain import board_edits, cast_edits
from domain.errors import StudioError
from domain.storyboard import Shot, Storyboard
from services import cast, clipboard
from services.as_sent import as_sent
from services.desk import as_json, field_of
from services.history import Step
from services.studio import Studio

ID = "storyboard"


def build(studio: Studio) -> None:
    live(ID)


def set_field(studio: Studio, shots: list[str], field: str, value: Any, was: Any = ...) -> Any:
    """Returns what is stored now, which may be less than was typed: names lose the spaces around them."""
    studio.desk.set_field(shots, field, value, *(() if was is ... else (was,)))
    return field_of(studio.desk.shot(shots[0]), field)


def add(studio: Studio, after: str | None = None, prompt: str = "") -> str:
    """A new shot behind another one, in its scene; returns its id."""

    def fresh(board: Storyboard) -> list[Shot]:
        return [Shot("", prompt, scene=board_edits.shot_of(board, after).scene if after else "")]

    return _new(studio, "add", fresh, after)[0]


def duplicate(studio: Studio, shots: list[str]) -> list[str]:
    after = shots[-1] if shots else None
    return _new(studio, "duplicate", lambda board: [board_edits.shot_of(board, id) for id in shots], after)


def remove(studio: Studio, shots: list[str]) -> float:
    """Takes and keyframes stay where they are, so that undoing this step brings back the whole shot."""

    def without(board: Storyboard) -> Storyboard:
        return board_edits.without_shots(board, shots)

    return step_of(studio, lambda: studio.desk.edit("remove", without, ", ".join(shots[:4])))


def move(studio: Studio, shots: list[str], before: str | None = None, scene: str | None = None) -> None:
    """In front of another shot, or to the end; with `scene`, into it."""
    studio.desk.edit(
        "move", lambda board: board_edits.with_moved(board, shots, before, scene), ", ".join(shots[:4])
    )


def put_in(studio: Studio, shots: list[str], field: str, values: list[str]) -> None:
    """Characters or references more, for shots that keep their own."""
    cast.put_in(studio.desk, shots, field, values)


def take_out(studio: Studio, shots: list[str], field: str, values: list[str]) -> None:
    cast.take_out(studio.desk, shots, field, values)


def add_character(studio: Studio, name: str, shots: list[str] | None = None) -> str:
    """Somebody new in the cast, and in these shots; returns the id."""
    return cast.add(studio.desk, name, shots or [])


def set_character(studio: Studio, who: str, field: str, value: Any, was: Any = ...) -> Any:
    """Returns what is stored now."""
    cast.set_field(studio.desk, who, field, value, *(() if was is ... else (was,)))
    return as_json(getattr(cast_edits.character_of(studio.desk.board, who), field))


def remove_character(studio: Studio, who: str) -> float:
    """Out of the cast, and out of all shots. Returns the step."""
    return step_of(studio, lambda: cast.remove(studio.desk, who))


def prompt_parts(studio: Studio, shot: str) -> Mapping[str, Any]:
    """The shot's prompts as they would be sent now."""
    asked, today = studio.desk.shot(shot), studio.today()
    return as_sent(today, asked) if today else {}


def copy(studio: Studio, shots: list[str]) -> clipboard.Copied:
    return clipboard.copy(studio.desk, shots)


def paste(studio: Studio, shots: dict[str, Any], after: str | None = None) -> list[str]:
    return clipboard.paste(studio.desk, shots, after)


def undo(studio: Studio, step: float | None = None) -> dict[str, str] | None:
    """The last step, or the one that is meant, as long as it is the last."""
    last = studio.desk.undoable
    if step is not None and (last is None or last.at != step):
        raise StudioError("Something else was done since. Undo takes the steps back one by one.")
    return _named(studio.desk.undo())


def redo(studio: Studio) -> dict[str, str] | None:
    return _named(studio.desk.redo())


def _new(
    studio: Studio, label: str, shots: Callable[[Storyboard], list[Shot]], after: str | None
) -> list[str]:
    desk = studio.desk
    before = {shot.id for shot in desk.board.shots}
    taken = desk.used_ids()
    desk.edit(label, lambda board: board_edits.with_new_shots(board, shots(board), after, taken))
    return [shot.id for shot in desk.board.shots if shot.id not in before]


def _named(step: Step | None) -> dict[str, str] | None:
    return {"label": step.label, "about": step.about} if step else None


DEEDS = {
    "shot.set": set_field,
    "shot.add": add,
    "shot.duplicate": duplicate,
    "shot.remove": remove,
    "shot.move": move,
    "shot.copy": copy,
    "shot.paste": paste,
    "shot.put_in": put_in,
    "shot.take_out": take_out,
    "cast.add": add_character,
    "cast.set": set_character,
    "cast.remove": remove_character,
    "prompt.parts": prompt_parts,
    "undo": undo,
    "redo": redo,
}
