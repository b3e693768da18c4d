"""Comic: a script to a plan, its panels drawn with portraits of who is seen, and the lettered pages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from addons.deeds import step_of
from addons.live import live
from domain import comic_edits, comic_order
from domain.chat_settings import CHAT_URL, ChatSettings, parse_chat_url
from domain.comic import STYLES, Comic
from domain.errors import StudioError
from domain.languages import code_of, language_of
from domain.plan_request import USUAL_PAGES, PlanRequest
from services import comic_paper, comic_plan
from services.comic_errands import wanted_for
from services.comic_export import FORMATS
from services.means import errand
from services.planning.template import template
from services.studio import Studio

ID = "comic"
MOST = 16  # variants of a panel at once


def build(studio: Studio) -> None:
    live(ID)


def begin(studio: Studio, text: str = "", upload: str = "", style: str = "", language: str = "") -> list[str]:
    """Plan a comic of a script, or of a plan in a file; returns what was not taken as it stands."""
    if upload:
        with studio.uploads.taken(upload) as file:
            return studio.comic.begin(studio.desk, file, style, language)
    if not text.strip():
        raise StudioError("There is nothing to plan yet. Write or paste a script.")
    return studio.comic.begin_of_text(studio.desk, text, style, language)


def plan(
    studio: Studio,
    idea: str,
    pages: int = USUAL_PAGES,
    style: str = "",
    language: str = "",
    by: dict[str, Any] | None = None,
) -> list[str]:
    """Plan a comic of an idea: by a language model, {url, model}, an errand that takes minutes; else as a
    template of beats at once. Returns what is to be told."""
    code = code_of(language) if language.strip() else language_of(idea)
    request = PlanRequest(idea.strip(), style or STYLES[0], code, pages)
    if by is None:
        return studio.comic.take(studio.desk, template(request))
    if not request.idea:
        raise StudioError("Say in a sentence or two what the comic is about.")
    url, model = (str(by.get(name, "")).strip() for name in ("url", "model"))
    studio.set(chat=ChatSettings(parse_chat_url(url) if url else CHAT_URL, model))
    studio.comic.chat()  # which says what is missing
    asked = {"idea": request.idea, "style": request.style, "language": code, "pages": pages}
    folder = studio.desk.project.folder
    studio.ask([errand("plan", folder, run=uuid4().hex[:8], about=request.idea[:60], **asked)])
    return []


def script(studio: Studio) -> str:
    """The plan as it is now, as a script."""
    return comic_plan.as_script(studio.comic.comic(studio.desk.project))


def set_field(studio: Studio, field: str, value: Any, was: Any = ...) -> Any:
    """Of the whole comic; returns what is stored now."""

    def now(comic: Comic) -> Any:
        if field == "paper":
            return comic_paper.paper_of(comic).name
        return comic.more.get("portraits", True) if field == "portraits" else getattr(comic, field)

    if field == "paper":
        value = comic_paper.paper(str(value)).name  # which says what is wrong with it
    return _set(studio, lambda comic: comic_edits.with_comic_field(comic, field, value), now, field, was)


def set_panel(studio: Studio, panel: str, field: str, value: Any, was: Any = ...) -> Any:
    def now(comic: Comic) -> Any:
        there = comic_edits.panel_of(comic, panel)
        if field == "who":
            return [actor.character for actor in there.actors]
        return getattr(there, field)

    def edit(comic: Comic) -> Comic:
        return comic_edits.with_panel_field(comic, panel, field, value)

    return _set(studio, edit, now, f"{panel} {field}", was)


def set_line(studio: Studio, panel: str, number: int, field: str, value: Any, was: Any = ...) -> Any:
    """Of what is said in a panel, counted from 0."""

    def edit(comic: Comic) -> Comic:
        return comic_edits.with_line_field(comic, panel, number, field, value)

    def now(comic: Comic) -> Any:
        return getattr(comic_edits.line_of(comic, panel, number), field)

    return _set(studio, edit, now, f"{panel} {number + 1} {field}", was)


def add_line(studio: Studio, panel: str) -> float:
    return _step(studio, "comic.line", lambda comic: comic_edits.with_new_line(comic, panel), panel)


def place(studio: Studio, panel: str, number: int, part: str, spot: list[float] | None = None) -> float:
    """Put a balloon (`at`) or the end of its tail (`tail`) somewhere in its panel, in percent of it."""

    def edit(comic: Comic) -> Comic:
        return comic_edits.with_spot(comic, panel, number, part, spot)

    return _step(studio, "comic.place", edit, panel)


def places(studio: Studio, page: str) -> dict[str, list[dict[str, Any]]]:
    """Where the balloons of a page stand, by panel, in percent of the page."""
    return studio.comic.places(studio.desk.project, page)


def remove_line(studio: Studio, panel: str, number: int) -> float:
    return _step(
        studio, "comic.line.remove", lambda comic: comic_edits.without_line(comic, panel, number), panel
    )


def set_page(studio: Studio, page: str, field: str, value: Any, was: Any = ...) -> Any:
    def edit(comic: Comic) -> Comic:
        return comic_edits.with_page_field(comic, page, field, value)

    def now(comic: Comic) -> Any:
        return getattr(comic_edits.page_of(comic, page), field)

    return _set(studio, edit, now, f"{page} {field}", was)


def set_chapter(studio: Studio, chapter: str, value: str, was: Any = ...) -> Any:
    """What a chapter is called."""

    def edit(comic: Comic) -> Comic:
        return comic_order.with_chapter_title(comic, chapter, value)

    return _set(studio, edit, lambda comic: comic_order.chapter_of(comic, chapter).title, chapter, was)


def set_person(studio: Studio, who: str, field: str, value: Any, was: Any = ...) -> Any:
    def edit(comic: Comic) -> Comic:
        return comic_edits.with_person_field(comic, who, field, value)

    return _set(studio, edit, lambda comic: getattr(comic.character(who), field), f"{who} {field}", was)


def add(studio: Studio, after: str) -> str:
    """A panel; returns its id."""
    return _new(studio, "comic.add", lambda comic: comic_edits.with_new_panel(comic, after), after)


def duplicate(studio: Studio, panel: str) -> str:
    return _new(studio, "comic.duplicate", lambda comic: comic_edits.with_duplicate(comic, panel), panel)


def add_page(studio: Studio, after: str) -> str:
    """Of one panel; returns that panel's id."""
    return _new(studio, "comic.addPage", lambda comic: comic_edits.with_new_page(comic, after), after)


def remove(studio: Studio, panel: str) -> float:
    """Returns what `undo` knows the step by."""
    return _step(studio, "comic.remove", lambda comic: comic_edits.without_panel(comic, panel), panel)


def remove_page(studio: Studio, page: str) -> float:
    return _step(studio, "comic.removePage", lambda comic: comic_edits.without_page(comic, page), page)


def move(studio: Studio, panel: str, to: str, behind: bool = False) -> float:
    """Before or behind another panel, on that one's page."""
    return _step(studio, "comic.move", lambda comic: comic_edits.with_moved(comic, panel, to, behind), panel)


def move_page(studio: Studio, page: str, to: str, behind: bool = False) -> float:
    """Before or behind another page, in that one's chapter."""
    return _step(
        studio, "comic.movePage", lambda comic: comic_order.with_page_moved(comic, page, to, behind), page
    )


def add_person(studio: Studio, name: str) -> float:
    return _step(
        studio,
        "comic.person",
        lambda comic: comic_edits.with_new_person(comic, name, studio.desk.used_ids()),
        name,
    )


def remove_person(studio: Studio, who: str) -> float:
    return _step(studio, "comic.person.remove", lambda comic: comic_edits.without_person(comic, who), who)


def draw(studio: Studio, shown: list[str], count: int = 0) -> list[str]:
    """Portraits and panels that have no picture as they are planned now; with a count, so many more each."""
    if not 0 <= count <= MOST:
        raise StudioError(f"A panel gets 1 to {MOST} variants at once.")
    desk = studio.desk
    with desk.asking:
        wanted = wanted_for(desk, studio.means(), shown, count, studio.runs.errands())
        desk.tell(())
        return studio.ask(wanted) if wanted else []


def pick(studio: Studio, shot: str, file: str) -> None:
    """Make a take the panel's picture, or a character's portrait."""
    studio.comic.choose(studio.desk, shot, studio.desk.project.takes / Path(file).name)


def export(studio: Studio, format: str = "cbz", paper: str = "") -> list[str]:
    """The lettered pages as files, on the paper of that name or the comic's; returns the errand's id."""
    if format not in FORMATS:
        raise StudioError(f"Pages are made as {', '.join(FORMATS)}.")
    comic = studio.comic.comic(studio.desk.project)
    on = comic_paper.paper(paper) if paper else comic_paper.paper_of(comic)
    folder, run = studio.desk.project.folder, uuid4().hex[:8]
    return studio.ask([errand("book", folder, run=run, about=comic.title, format=format, paper=on.name)])


def _set(
    studio: Studio, edit: Callable[[Comic], Comic], now: Callable[[Comic], Any], about: str, was: Any
) -> Any:
    return studio.comic.set(studio.desk, edit, now, about, *(() if was is ... else (was,)))


def _new(studio: Studio, label: str, edit: Callable[[Comic], Comic], about: str) -> str:
    desk = studio.desk
    before = {panel.id for _, panel in studio.comic.comic(desk.project).panels}
    studio.comic.edit(desk, label, edit, about)
    return next(panel.id for _, panel in studio.comic.comic(desk.project).panels if panel.id not in before)


def _step(studio: Studio, label: str, edit: Callable[[Comic], Comic], about: str) -> float:
    return step_of(studio, lambda: studio.comic.edit(studio.desk, label, edit, about))


DEEDS = {
    "comic.begin": begin,
    "comic.plan": plan,
    "comic.script": script,
    "comic.example": lambda studio: comic_plan.example(),
    "comic.set": set_field,
    "comic.panel": set_panel,
    "comic.line": set_line,
    "comic.add_line": add_line,
    "comic.remove_line": remove_line,
    "comic.place": place,
    "comic.places": places,
    "comic.page": set_page,
    "comic.chapter": set_chapter,
    "comic.person": set_person,
    "comic.add": add,
    "comic.duplicate": duplicate,
    "comic.remove": remove,
    "comic.move": move,
    "comic.move_page": move_page,
    "comic.add_page": add_page,
    "comic.remove_page": remove_page,
    "comic.add_person": add_person,
    "comic.remove_person": remove_person,
    "comic.draw": draw,
    "comic.pick": pick,
    "comic.export": export,
}
