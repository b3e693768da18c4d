"""Errands that draw a comic: portraits, and panels with the portraits of who is seen."""

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from domain.comic import Character, Comic, Page, Panel
from domain.errand import RUNNING, WAITING, Errand
from domain.errors import StudioError
from domain.events import Event
from infrastructure.recipes import Take, Wanted
from services import comic_art, comic_plan, keyframes, picks
from services.comic_art import Order
from services.desk import Desk
from services.means import Means, errand

Work = Generator[Event, None, None]


def order_of(desk: Desk, means: Means, comic: Comic | None = None) -> Order:
    """Raises StudioError when the project has no comic that reads."""
    if comic is None:
        if not desk.project.comic.exists():
            raise StudioError("This project has no comic any more.")
        comic = comic_plan.read(desk.project.comic).comic
    workflows = {0: means.keyframe_workflow}
    if comic_art.are_portraits_wanted(comic):
        workflows |= comic_art.by_references(means.workflows)
    return Order(comic, desk.project, means.backend, workflows)


def wanted_for(
    desk: Desk, means: Means, shown: Sequence[str], count: int = 0, asked: Iterable[Errand] = ()
) -> list[Errand]:
    """What draws these portraits and panels: the next `count` variants of each, or without a count the first
    of those that have none as they are planned now. Portraits that panels need come first."""
    order, run, folder = order_of(desk, means), uuid4().hex[:8], desk.project.folder
    coming = [e for e in asked if e.project == str(folder) and e.state in (WAITING, RUNNING)]
    wanted, portraits = list[Errand](), {e.shot: e.id for e in coming if e.deed == "portrait"}

    def portrait(who: Character, number: int) -> None:
        wanted.append(errand("portrait", folder, who.id, run, variant=number))
        portraits.setdefault(who.id, wanted[-1].id)

    for id in shown:
        if who := order.comic.character(id):
            made = partial(_portrait_of, desk, order, who)
            for number in _unmade(desk, order, coming, id, count, made):
                portrait(who, number)
    for page, panel in order.comic.panels:
        if panel.id not in shown:
            continue
        lacking = [who for who in comic_art.shown_in(order, panel) if portrait_of(desk, order, who) is None]
        for who in lacking:
            if who.id not in portraits:
                portrait(who, 1)
        before = tuple(portraits[who.id] for who in lacking)
        draws = None if before else partial(_panel_of, desk, order, page, panel)
        numbers = _unmade(desk, order, coming, panel.id, count, draws)
        for number in numbers:
            wanted.append(replace(errand("panel", folder, panel.id, run, variant=number), after=before))
        if draws and not numbers:
            _show_again(desk, order, panel.id, draws)
    return wanted


def _show_again(desk: Desk, order: Order, id: str, draws: Callable[[int], Wanted]) -> None:
    """A panel may be planned again as it was before its newest picture."""
    takes = list[Take]()
    while take := desk.ledger.done(order.backend, draws(len(takes) + 1)):
        takes.append(take)
    with desk.in_turn():
        comic_art.show(desk.project, id, takes)


def _unmade(
    desk: Desk,
    order: Order,
    coming: Iterable[Errand],
    id: str,
    count: int,
    wanted: Callable[[int], Wanted] | None,
) -> list[int]:
    """Numbers of variants that are neither there nor coming. Without `wanted` nothing is there."""
    on_its_way = {e.values.get("variant") for e in coming if e.shot == id}
    if not count and on_its_way:
        return []
    numbers, number = list[int](), 0
    while len(numbers) < max(1, count):
        number += 1
        if number in on_its_way:
            continue
        if wanted is None or desk.ledger.done(order.backend, wanted(number)) is None:
            numbers.append(number)
        elif not count:
            break
    return numbers


def portrait_of(desk: Desk, order: Order, who: Character) -> Path | None:
    """The chosen one, else the first as it is planned now, if that is there."""
    if chosen := picks.chosen(desk.project, who.id):
        return chosen
    take = desk.ledger.done(order.backend, _portrait_of(desk, order, who, 1))
    return keyframes.picture(take) if take else None


def draw_portrait(errand: Errand, desk: Desk, means: Means) -> Work:
    """Variant `variant` of a character's portrait."""
    order = order_of(desk, means)
    who = order.comic.character(errand.shot)
    if who is None:
        raise StudioError(f"The comic has no character {errand.shot} any more.")
    yield from _made(desk, order, _portrait_of(desk, order, who, _number(errand)))


def draw_panel(errand: Errand, desk: Desk, means: Means) -> Work:
    """Variant `variant` of a panel's picture."""
    order = order_of(desk, means)
    for page, panel in order.comic.panels:
        if panel.id == errand.shot:
            wanted = _panel_of(desk, order, page, panel, _number(errand))
            picture = yield from _made(desk, order, wanted)
            with desk.in_turn():
                picks.choose_for_now(desk.project, panel.id, picture)
            return
    raise StudioError(f"The comic has no panel {errand.shot} any more.")


def _made(desk: Desk, order: Order, wanted: Wanted) -> Generator[Event, None, Path]:
    return keyframes.picture((yield from keyframes.make(order.backend, desk.ledger, wanted)))


def _portrait_of(desk: Desk, order: Order, who: Character, number: int) -> Wanted:
    return comic_art.portrait(order, who, desk.seed(), number)


def _panel_of(desk: Desk, order: Order, page: Page, panel: Panel, number: int) -> Wanted:
    """Raises StudioError while somebody in it has no portrait."""
    portraits = dict[str, Path]()
    for who in comic_art.shown_in(order, panel):
        picture = portrait_of(desk, order, who)
        if picture is None:
            raise StudioError(f"{who.name} has no portrait yet. Draw it first.")
        portraits[who.id] = picture
    return comic_art.panel(order, page, panel, portraits, desk.seed(), number)


def _number(errand: Errand) -> int:
    number: Any = errand.values.get("variant", 1)
    return int(number)


DEEDS: dict[str, Callable[[Errand, Desk, Means], Work]] = {"portrait": draw_portrait, "panel": draw_panel}
