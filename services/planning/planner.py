"""A comic's plan by a language model: its characters, its outline, its panels side by side, and a review.

After every step the draft is on the disk. Nothing a model says is trusted: what the rules ask for is brought
about by the form of the question, by rule, or by asking again, and the findings say where.
"""

import hashlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path

from domain.comic import Character, Comic, Page, Panel
from domain.comic_layouts import Layouts
from domain.comic_outline import outlined
from domain.comic_rules import ALIKE, MOST_PAGES, Finding, findings, likeness
from domain.errors import JobFailed, StudioError
from domain.events import Event, Failed, Told, as_part, heard
from domain.plan_request import PlanRequest
from infrastructure.chat import Answer, Chat
from infrastructure.comics.layout_file import layouts
from infrastructure.http_line import is_here
from services.comic_plan import Planned, check_style
from services.lanes import side_by_side
from services.planning import prompts, schemas
from services.planning.drafts import Draft, draft_path
from services.planning.mending import mended
from services.planning.readers import Read, objects, read_characters, read_outline, read_panel, text

LANES, OWN_LANES = 4, 2  # questions at once; a server on this machine has them wait for each other
PASSES = 2  # of the review
FEW = 5  # panels below which a plan is not reviewed
LONGEST_IDEA = 30_000  # letters

Steps = Generator[Event, None, None]


@dataclass(frozen=True)
class _Planning:
    chat: Chat
    request: PlanRequest
    draft: Draft
    layouts: Layouts


def plan(chat: Chat, request: PlanRequest, to: Path) -> Generator[Event, None, Planned]:
    """The finished plan is returned, not written; its draft lies beside `to` until `finish`. Raises
    StudioError; asked again for the same, it goes on where it was."""
    check_style(request.style)
    if not request.idea.strip() or len(request.idea) > LONGEST_IDEA:
        raise StudioError(
            f"Say in a few sentences what the comic is about, in at most {LONGEST_IDEA} letters."
        )
    if not 1 <= request.pages <= MOST_PAGES:
        raise StudioError(f"A comic is planned in 1 to {MOST_PAGES} pages.")
    draft = Draft(draft_path(to), request, layouts())
    planning = _Planning(chat, request, draft, schemas.usable(layouts(), request.pages))
    if draft.done:
        yield Told(f"{len(draft.done)} panels of it are there already; it goes on from there.")
    if not draft.has_characters:
        yield from as_part(_characters(planning), 0.0, 0.05, "characters")
    if not draft.comic.pages:
        yield from as_part(_outline(planning), 0.05, 0.15, "outline")
    whole, missing = len(draft.comic.pages), draft.missing
    for page, panels in missing:
        start = 0.15 + 0.7 * (page.number - 1) / whole
        work = _panels(planning, page.number, {panel.id: () for panel in panels})
        yield from as_part(work, start, start + 0.7 / whole, f"page {page.number}")
    yield from as_part(_review(planning), 0.85, 1.0, "review")
    return Planned(draft.comic, draft.found, findings(draft.comic, request.pages))


def finish(to: Path) -> None:
    """The plan is written: its draft is not needed any more."""
    draft_path(to).unlink(missing_ok=True)


def _characters(planning: _Planning) -> Steps:
    request, found = planning.request, []
    answer = yield from planning.chat.ask(prompts.characters(request))
    people = read_characters(answer.content)
    if not people:
        answer = yield from planning.chat.ask(prompts.characters(request))
        people = read_characters(answer.content)
    if not people:
        found.append(Finding("plan", "The model named no characters; it is planned without."))
    people = [replace(one, seed=_seed(request, one)) for one in people]
    planning.draft.keep(replace(planning.draft.comic, characters=tuple(people)), found)


def _seed(request: PlanRequest, character: Character) -> int:
    """From 0 to 999999, the same for the same."""
    said = f"{request.idea}\0{request.style}\0{character.id}\0{character.name}"
    return int.from_bytes(hashlib.sha256(said.encode()).digest()[:8], "big") % 1_000_000


def _outline(planning: _Planning) -> Steps:
    request, bare = planning.request, planning.draft.comic
    people = bare.characters
    best: tuple[Comic, list[Finding]] | None = None
    complaints: list[str] = []
    for _ in range(2):
        question = prompts.outline(request, people, planning.layouts, complaints)
        answer = yield from planning.chat.ask(question)
        comic, unknown = read_outline(answer.content, bare)
        made, changed = outlined(comic, request.pages, planning.layouts)
        if best is None or len(made.pages) > len(best[0].pages):
            best = made, [*unknown, *changed]
        complaints = list(_lacks(comic, made, request.pages))
        if not complaints:
            break
    if best is None or not best[0].pages:
        raise JobFailed(
            f"The model {planning.chat.model} gave no outline with pages in it. Try another model."
        )
    made, found = best
    if len(made.pages) < request.pages:
        told = f"It has {len(made.pages)} pages; {request.pages} were asked for, and the model gave no more."
        found.append(Finding("plan", told))
    planning.draft.keep(replace(made, title=made.title or _title(request)), found)


def _lacks(said: Comic, made: Comic, pages: int) -> Iterator[str]:
    if len(said.pages) != pages:
        yield f"It had {len(said.pages)} pages; {pages} are asked for, no more and no fewer."
    if len(made.pages) < min(pages, len(said.pages)) or any(not page.panels for page in said.pages):
        yield "A page had no panels."


def _title(request: PlanRequest) -> str:
    return " ".join(request.idea.split()[:8])[:80]


def _panels(planning: _Planning, number: int, wanted: Mapping[str, Sequence[str]]) -> Steps:
    """Panels by their ids, each with what to heed. All are asked for with the page as it is now."""
    comic = planning.draft.comic
    places = {panel.id: (page, panel) for page, panel in comic.panels}
    pieces = {id: partial(_panel, planning, comic, *places[id], list(heed)) for id, heed in wanted.items()}
    failed: list[Failed] = []
    lanes = OWN_LANES if is_here(planning.chat.url) else LANES
    with closing(heard(side_by_side(pieces, lanes), lambda event: _note(event, failed))) as work:
        for event in work:
            if not isinstance(event, Failed):
                yield event
    if failed:
        raise JobFailed(f"{failed[0].what}: {failed[0].reason} What is planned so far is kept: run it again.")


def _note(event: Event, failed: list[Failed]) -> None:
    if isinstance(event, Failed):
        failed.append(event)


def _panel(
    planning: _Planning, comic: Comic, page: Page, wanted: Panel, heed: list[str]
) -> Generator[Event, None, None]:
    """Asked for, and once more with what was wrong with it; then brought within the rules."""
    best: Read | None = None
    why = ""
    for _ in range(2):
        complaints = [*heed, *(best.complaints if best else ())]
        question = prompts.panel(planning.request, comic, page, wanted, complaints)
        try:
            answer = yield from planning.chat.ask(question)
        except JobFailed as error:
            why = str(error)
            continue
        read = read_panel(answer.content, wanted, comic)
        if best is None or len(read.complaints) <= len(best.complaints):
            best = read
        if not best.complaints:
            break
    if best is None:
        told = "It stayed as it was." if heed else "It shows what the outline says, without words."
        best = Read(wanted, [], [Finding(wanted.id, f"{told} {why}")])
    panel, changed = mended(best.panel, comic)
    planning.draft.keep_panel(panel, [*best.found, *changed])


def _review(planning: _Planning) -> Steps:
    draft = planning.draft
    while draft.passes < PASSES and len(draft.done) >= FEW:
        try:
            answer = yield from planning.chat.ask(prompts.review(planning.request, draft.comic))
        except JobFailed as error:
            draft.keep_pass([Finding("plan", f"It was not reviewed. {error}")])
            return
        notes, unknown = _notes(answer, draft.comic)
        if notes:
            wanted = {id: [note] for id, note in notes.items()}
            yield from _panels(planning, 0, wanted)
        told = [Finding(id, f"Written anew after the review: {note}") for id, note in notes.items()]
        draft.keep_pass([*unknown, *told])
        if not notes:
            return


def _notes(answer: Answer, comic: Comic) -> tuple[dict[str, str], list[Finding]]:
    """What is to be bettered, by panel: what the model found, and what repeats itself by count of words."""
    notes: dict[str, str] = {}
    found = []
    panels = [panel for _, panel in comic.panels]
    ids = {panel.id for panel in panels}
    for said in objects(answer.content, "findings", "description"):
        id, what = text(said, "panelId", "panel", "id"), text(said, "description")
        fix = text(said, "fix")
        if id in ids and (what or fix):
            notes.setdefault(id, " ".join(filter(None, (what, fix))))
        elif id:
            found.append(Finding("review", f"There is no panel {id[:40]}: “{what}”"))
    for before, after in pairwise(panels):
        if likeness(before.action, after.action) > ALIKE:
            notes.setdefault(
                after.id, f"The same happens as in {before.id}: “{before.action}”. Show another moment."
            )
    return notes, found
