"""Takes besides rendering them: own pictures brought in, marks given, and one take used elsewhere."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from domain import board_edits
from domain.errors import StudioError
from domain.storyboard import Shot, Storyboard
from domain.take_names import shot_of
from infrastructure.hashes import sha256
from infrastructure.marks_file import Marks, keep_mark, read_marks
from services import picks
from services.carried_values import carried_values
from services.desk import Desk
from services.history import Step


def bring_in(desk: Desk, shot_id: str, picture: Path, is_picked: bool) -> str:
    """A copy of an own picture as a take of the shot; the same picture again is the same take.

    Returns the take's file name.
    """
    desk.shot(shot_id)
    picks.check_picture(picture)
    file = desk.ledger.bring_in(shot_id, picture, carried_values(picture))
    if is_picked:
        desk.choose(shot_id, file)
    desk.tell([shot_id])
    return file.name


def reference(desk: Desk, picture: Path) -> Path:
    """A copy of a picture in the project's references, named by its name and content."""
    picks.check_picture(picture)
    name = f"{picture.stem[:60]}-{sha256(picture)[:8]}{picture.suffix.lower()}"
    to = desk.project.folder / "references" / name
    return picks.copied(picture, to)


def use(desk: Desk, take: Path, shot_ids: list[str], field: str) -> None:
    """Make a take's picture a reference, start or end image of shots; the take stays where it is."""
    if field not in ("references", "start_image", "end_image"):
        raise StudioError(f"A take cannot be used as {field}.")
    if not take.is_file():
        raise StudioError(f"{take.name} is not among the takes any more.")

    def value(shot: Shot) -> object:
        return [*shot.references, take] if field == "references" else take

    def edit(board: Storyboard) -> Storyboard:
        for id in shot_ids:
            board = board_edits.with_shot_field(board, id, field, value(board_edits.shot_of(board, id)))
        return board

    desk.edit("edit", edit, f"{', '.join(shot_ids[:3])} · {field}")


def marks(desk: Desk) -> Marks:
    return read_marks(desk.project.marks)


def mark(desk: Desk, take: str, stars: int | None = None, rejected: bool | None = None) -> None:
    """Give a take stars, 0 to 5, or put it out of sight; undoable."""
    if stars is not None and not 0 <= stars <= 5:
        raise StudioError("A take has 0 to 5 stars.")
    given = {"stars": stars, "rejected": rejected}
    _mark(desk, take, {key: value for key, value in given.items() if value is not None})
    desk.tell([shot_of(take)])


def star(desk: Desk, take: str) -> None:
    """One star more; after five, none."""
    with desk.in_turn():
        stars = marks(desk).get(take, {}).get("stars", 0)
        _mark(desk, take, {"stars": (stars + 1) % 6})
    desk.tell([shot_of(take)])


def _mark(desk: Desk, take: str, given: Mapping[str, Any]) -> None:
    def put(mark: Mapping[str, Any]) -> None:
        keep_mark(desk.project.marks, take, mark)

    with desk.in_turn():
        before = marks(desk).get(take, {})
        after = {**before, **given}
        put(after)
        desk.took(Step("mark", lambda: put(before), lambda: put(after), take))
