"""Film: the shots one after another, playable at once, cut by hand, and rendered in several forms."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

from addons.deeds import step_of
from addons.live import live
from domain.errand import RUNNING, STOPPED, WAITING, Errand
from services import kept_films
from services.errands import for_missing
from services.means import errand
from services.studio import Studio

ID = "film"


def build(studio: Studio) -> None:
    live(ID)


def cut(studio: Studio, shot: str, edits: dict[str, Any]) -> None:
    """Trims, hold, fades and dissolve of a shot, in frames; those not named stay as they are."""
    studio.film.change(studio.desk, shot, edits)


def render(studio: Studio, preset: str = "h264") -> list[str]:
    """The film of the shots that have a video."""
    return studio.ask([_film(studio, preset, uuid4().hex[:8])])


def complete(studio: Studio, preset: str = "h264") -> list[str]:
    """The film, once every shot that has no video yet has been made."""
    run = uuid4().hex[:8]
    wanted = for_missing(studio.desk, run)
    film = _film(studio, preset, run)
    return studio.ask([*wanted, replace(film, after=(*film.after, *(other.id for other in wanted)))])


def proxies(studio: Studio) -> list[str]:
    """Small videos for the player; never twice at a time."""
    studio.runs.cancel([e.id for e in _others(studio, "proxies") if e.state == STOPPED])
    is_asked = any(e.state in (WAITING, RUNNING) for e in _others(studio, "proxies"))
    return [] if is_asked else studio.ask([errand("proxies", studio.desk.project.folder)])


def remove(studio: Studio, version: int) -> float:
    """Returns what `undo` knows the step by."""
    return step_of(studio, lambda: kept_films.throw_away(studio.desk, version))


def restore(studio: Studio, version: int) -> float:
    """Cut the film as a version of it was; returns what `undo` knows the step by."""
    return step_of(studio, lambda: studio.film.take_again(studio.desk, version))


def compare(studio: Studio, before: int, after: int) -> list[dict[str, Any]]:
    return kept_films.differences(studio.desk.project, before, after)


def reveal(studio: Studio, version: int) -> None:
    kept_films.show_in_folder(studio.desk.project, version)


def _film(studio: Studio, preset: str, run: str) -> Errand:
    """One film after the other: they share what they are put together from."""
    before = tuple(e.id for e in _others(studio, "film") if e.state in (WAITING, RUNNING))
    return replace(errand("film", studio.desk.project.folder, run=run, preset=preset), after=before)


def _others(studio: Studio, deed: str) -> list[Errand]:
    folder = str(studio.desk.project.folder)
    return [e for e in studio.runs.errands() if e.deed == deed and e.project == folder]


DEEDS = {
    "film.cut": cut,
    "film.render": render,
    "film.complete": complete,
    "film.proxies": proxies,
    "film.remove": remove,
    "film.restore": restore,
    "film.compare": compare,
    "film.reveal": reveal,
}
