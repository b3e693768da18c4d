"""Keyframes: variants of every shot, and which of them is chosen."""

from pathlib import Path
from typing import Any
from uuid import uuid4

from addons.deeds import step_of
from addons.live import live
from domain.errors import StudioError
from services import carried_values, takes
from services.errands import unmade_variants
from services.means import errand
from services.studio import Studio

ID = "keyframes"
MOST = 32  # variants of a shot at once


def build(studio: Studio) -> None:
    live(ID)


def generate(studio: Studio, shots: list[str], count: int = 0) -> list[str]:
    """The next `count` variants of each shot; 0 means as many as the board says."""
    if not 0 <= count <= MOST:
        raise StudioError(f"A shot gets 1 to {MOST} variants at once.")
    desk, means, run = studio.desk, studio.means(), uuid4().hex[:8]
    count = count or desk.board.variants or 2
    wanted = []
    with desk.asking:
        asked = studio.runs.errands()
        for id in shots:
            shot = desk.shot(id)
            numbers = unmade_variants(desk, means, shot, count, asked) if shot.is_renderable else [1]
            for number in numbers:
                wanted.append(errand("keyframe", desk.project.folder, id, run, variant=number))
        return studio.ask(wanted)


def again(studio: Studio, shot: str, seed: int, choose: bool = False) -> list[str]:
    """One take with a seed of the artist's choice."""
    desk = studio.desk
    return studio.ask(
        [errand("keyframe", desk.project.folder, shot, uuid4().hex[:8], seed=seed, choose=choose)]
    )


def pick(studio: Studio, shot: str, file: str) -> None:
    desk = studio.desk
    desk.choose(shot, desk.project.takes / Path(file).name)


def bring(studio: Studio, shot: str, upload: str, pick: bool = True) -> str:
    """An own picture becomes a take; returns its name."""
    with studio.uploads.taken(upload) as picture:
        return takes.bring_in(studio.desk, shot, picture, is_picked=pick)


def recipe(studio: Studio, take: str) -> dict[str, Any]:
    return studio.desk.ledger.recipe(Path(take).name)


def bring_reference(studio: Studio, upload: str) -> str:
    """A picture becomes a file of the project that shots can refer to; returns its path."""
    with studio.uploads.taken(upload) as picture:
        return str(takes.reference(studio.desk, picture))


def values_of(studio: Studio, upload: str) -> dict[str, Any]:
    """What a picture says it was made with."""
    with studio.uploads.taken(upload) as picture:
        return carried_values.needed_values(picture)


def use_values(studio: Studio, shots: list[str], values: dict[str, Any]) -> float:
    """Returns the step."""
    return step_of(studio, lambda: carried_values.use(studio.desk, shots, values))


def mark(studio: Studio, take: str, stars: int | None = None, rejected: bool | None = None) -> None:
    takes.mark(studio.desk, take, stars, rejected)


def star(studio: Studio, take: str) -> None:
    takes.star(studio.desk, take)


def use(studio: Studio, take: str, shots: list[str], field: str) -> float:
    """Returns what `undo` knows the step by."""
    desk = studio.desk
    return step_of(studio, lambda: takes.use(desk, desk.project.takes / Path(take).name, shots, field))


DEEDS = {
    "reference.bring": bring_reference,
    "take.mark": mark,
    "take.star": star,
    "take.use": use,
    "keyframe.generate": generate,
    "keyframe.again": again,
    "keyframe.pick": pick,
    "keyframe.bring": bring,
    "take.recipe": recipe,
    "values.read": values_of,
    "values.use": use_values,
}
