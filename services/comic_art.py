"""The pictures of a comic: a portrait of each character, then every panel with the portraits of who is seen.

A panel's picture depends on what the panel shows, on its id and on its characters' ids: one that was changed
is the only one that is made anew, as long as the ids of the others stay.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from domain.comic import Character, Comic, Page, Panel
from domain.comic_prompts import NEGATIVE, panel_prompt, portrait_prompt, size_of
from domain.events import Event, Failed, Told, Work, as_part
from domain.job import Backend
from domain.project import Project
from domain.workflow import Workflow
from infrastructure.booting import booted
from infrastructure.comics.layout_file import layouts
from infrastructure.comics.style_file import styles
from infrastructure.project_files import base_seed, keep_base_seed, leftovers_removed
from infrastructure.project_lock import locked
from infrastructure.recipes import Ledger, Take, Wanted
from infrastructure.workflow_files import WorkflowFolder
from services.comic_paper import paper_of
from services.keyframes import make, picture, seed_from
from services.lanes import Piece, side_by_side
from services.picks import choose_for_now, chosen, take_of

BY_REFERENCES = {  # of the shipped workflows, by how many portraits they take
    1: "keyframe_flux_kontext",
    2: "keyframe_qwen_edit_2ref",
    3: "keyframe_qwen_edit_3ref",
}
AREA = 1024 * 1024  # pixels, where a workflow does not say what its model is made for


def are_portraits_wanted(comic: Comic) -> bool:
    """Whether its panels are drawn with them, as it says; else by words alone."""
    return comic.more.get("portraits") is not False


def by_references(folder: WorkflowFolder) -> Mapping[int, Workflow]:
    """The shipped workflows for panels, by how many portraits they take."""
    return {count: folder.load(name) for count, name in BY_REFERENCES.items()}


@dataclass(frozen=True)
class Order:
    """Everything that is needed to draw a comic. `workflows` are those for panels, by how many portraits they
    are given, from none on; that for none draws the portraits as well."""

    comic: Comic
    project: Project
    backend: Backend
    workflows: Mapping[int, Workflow]
    variants: int = 1  # of each panel


@dataclass
class Outcome:
    """What stands on disk so far, by the ids of characters and panels."""

    portraits: dict[str, Take] = field(default_factory=dict)
    panels: dict[str, list[Take]] = field(default_factory=dict)


def draw(order: Order, outcome: Outcome | None = None) -> Generator[Event, None, Outcome]:
    """Goes on where an earlier drawing stopped; fills `outcome` as it goes. Raises BackendUnreachable,
    CannotWrite, and JobRejected when the backend lacks what the workflows need; a picture that fails alone is
    told and passed over."""
    outcome = Outcome() if outcome is None else outcome
    seed = base_seed(order.project)
    yield from booted(order.backend)
    yield Told(order.backend.check(*(order.workflows[count].graph for count in _counts(order))))
    with locked(order.project.folder):
        keep_base_seed(order.project, seed)
        leftovers_removed(order.project)
        ledger = Ledger(order.project)
        yield from map(Told, _notes(order))
        try:
            yield from as_part(_portraits(order, ledger, seed, outcome), 0.0, 0.2)
            yield from as_part(_panels(order, ledger, seed, outcome), 0.2, 1.0)
        finally:
            ledger.keep_index()
    return outcome


def _portraits(order: Order, ledger: Ledger, seed: int, outcome: Outcome) -> Work:
    pieces = {
        character.id: partial(make, order.backend, ledger, portrait(order, character, seed))
        for character in _needed(order)
        if chosen(order.project, character.id) is None
    }
    outcome.portraits = yield from side_by_side(pieces, order.backend.lanes)


def _panels(order: Order, ledger: Ledger, seed: int, outcome: Outcome) -> Work:
    """Those of one workflow after another: a GPU that changes its model for every panel mostly loads."""
    pictures = {id: picture(take) for id, take in outcome.portraits.items()}
    pictures |= {one.id: own for one in _needed(order) if (own := chosen(order.project, one.id))}
    numbers, pieces = range(1, order.variants + 1), dict[str, Callable[[], Piece[Take]]]()
    for page, one in sorted(order.comic.panels, key=lambda pair: len(shown_in(order, pair[1]))):
        if lacking := [who.name for who in shown_in(order, one) if who.id not in pictures]:
            yield Failed(one.id, f"It waits for a portrait of {', '.join(lacking)}, which was not made.")
            continue
        for number in numbers:
            wanted = panel(order, page, one, pictures, seed, number)
            pieces[f"{one.id}, variant {number}"] = partial(make, order.backend, ledger, wanted)
    made = yield from side_by_side(pieces, order.backend.lanes)
    for _, one in order.comic.panels:
        names = [f"{one.id}, variant {number}" for number in numbers]
        outcome.panels[one.id] = [made[name] for name in names if name in made]
        show(order.project, one.id, outcome.panels[one.id])


def show(project: Project, id: str, takes: Sequence[Take]) -> None:
    """Of a panel's takes as it is planned now, its page shows one, unless the artist chose another: what was
    made last may be of other words."""
    if takes and take_of(project, id) not in (picture(take).name for take in takes):
        choose_for_now(project, id, picture(takes[-1]))


def portrait(order: Order, character: Character, base: int, number: int = 1) -> Wanted:
    """A variant of somebody's portrait, counted from 1; the first has the character's seed."""
    seed = seed_from(base, character.id) if character.seed is None else character.seed
    seed = seed if number == 1 else seed_from(seed, f"{character.id}/{number}")
    prompt = portrait_prompt(character, styles()[order.comic.style])
    return _wanted(order.workflows[0], character.id, {"prompt": prompt, "seed": seed}, 1.0)


def panel(
    order: Order, page: Page, panel: Panel, portraits: Mapping[str, Path], base: int, number: int = 1
) -> Wanted:
    """A variant of a panel's picture; `portraits` has those of all who are `shown_in` it, by their ids."""
    shown = shown_in(order, panel)
    prompt = panel_prompt(order.comic, page, panel, styles()[order.comic.style], shown)
    references = [portraits[who.id] for who in shown]
    values = {"prompt": prompt, "seed": _seed(order, panel, number, base), "references": references}
    return _wanted(order.workflows[len(references)], panel.id, values, _ratio(order.comic, page, panel))


def _wanted(workflow: Workflow, stem: str, values: Mapping[str, Any], ratio: float) -> Wanted:
    area = max((width * height for width, height in workflow.about.sizes), default=AREA)
    width, height = size_of(ratio, area, workflow.grid)
    whole = {"references": [], **values, "negative": NEGATIVE, "width": width, "height": height}
    graph, changes = workflow.filled(**whole)
    return Wanted(stem, graph, workflow.name, whole, changes)


def _seen(comic: Comic, panel: Panel) -> list[str]:
    """Ids of the comic's characters whom a panel shows."""
    shown = dict.fromkeys(actor.character for actor in panel.actors)
    return [id for id in shown if comic.character(id)]


def shown_in(order: Order, panel: Panel) -> list[Character]:
    """Whose portraits go to a panel: the first ones, where the workflows take no more."""
    seen = [order.comic.character(id) for id in _seen(order.comic, panel)[: max(order.workflows)]]
    return [character for character in seen if character]


def _needed(order: Order) -> list[Character]:
    """Whose portraits a panel needs."""
    needed = {who.id for _, panel in order.comic.panels for who in shown_in(order, panel)}
    return [character for character in order.comic.characters if character.id in needed]


def _counts(order: Order) -> list[int]:
    """Which of the workflows draw something."""
    counts = {len(shown_in(order, panel)) for _, panel in order.comic.panels}
    return sorted({*counts, 0} if _needed(order) else counts)


def _seed(order: Order, panel: Panel, number: int, base: int) -> int:
    """Of a panel's variant: drawn from the seeds of who is seen, so that another look is another picture."""
    seen = [order.comic.character(id) for id in _seen(order.comic, panel)]
    own = "/".join(str(character.seed) for character in seen if character and character.seed is not None)
    return seed_from(base, f"{panel.id}/{own}/{number}")


def _ratio(comic: Comic, page: Page, panel: Panel) -> float:
    """Width to height of the place that it has on the page, the paper's margins counted."""
    on = paper_of(comic)
    places = layouts()[page.layout].rects((on.width, on.height), on.margin, on.gutter)
    place = places[page.panels.index(panel)]
    return place.width / place.height


def _notes(order: Order) -> Iterator[str]:
    most = max(order.workflows)
    crowded = [panel.id for _, panel in order.comic.panels if len(_seen(order.comic, panel)) > most > 0]
    if crowded:
        yield f"Pictures take {most} portraits; of others there are words alone: {', '.join(crowded[:5])}."
