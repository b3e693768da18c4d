"""Long work on whole projects: imports, copies, zip files, contact sheets. Nothing is drawn for it."""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TypeVar

from domain.errand import Errand
from domain.errors import StudioError
from domain.events import Event, Progress, Saved, Told
from domain.plan_request import PlanRequest
from domain.project import Project
from infrastructure.part_files import cannot_write
from infrastructure.storyboard_files import outline
from services import bin, comic_export, comic_plan, contact_sheet, imports, projects
from services.comic_desk import ComicDesk
from services.comic_pages import pictures_of
from services.comic_paper import paper, paper_of, printed
from services.desk import Desk
from services.outcomes import Outcomes
from services.planning import planner
from services.uploads import Uploads

Work = Generator[Event, None, None]
SHEET = "contact-sheet.pdf"
T = TypeVar("T")


@dataclass(frozen=True)
class Around:
    """What the work reaches besides its project."""

    root: Path  # where new projects go
    uploads: Uploads
    outcomes: Outcomes
    desk_of: Callable[[Path], Desk]
    comic: ComicDesk


def begin(errand: Errand, around: Around) -> Work:
    """Carry out an errand that is done aside; how it ended is told until it is dismissed."""
    try:
        with closing(_DEEDS[errand.deed](errand, around)) as work:
            yield from work
    except StudioError as error:
        around.outcomes.put(errand, [_plain(str(error), errand, around)], is_bad=True)
        raise


def _import(errand: Errand, around: Around) -> Work:
    source = str(errand.values["source"])
    path = around.uploads.source(source)
    if imports.kind_of(path) == imports.Kind.project:  # handed over, so it is a copy that can be kept
        project = yield from projects.duplicate(Project(path), around.root, _title(path))
        said = [f"It stands in {project.folder}."]
    elif errand.values.get("new"):
        project, said = yield from imports.import_new(path, around.root, around.desk_of)
    else:
        here = around.desk_of(Path(errand.project))
        project, said = yield from imports.import_any(path, here.project, here)
    desk = around.desk_of(project.folder)
    desk.ledger.refresh()
    desk.look()
    desk.tell()
    told = [_plain(sentence, errand, around) for sentence in said]
    around.outcomes.put(errand, told, str(project.folder))
    around.uploads.forget(source)


def _archive(errand: Errand, around: Around) -> Work:
    project = Project(Path(errand.project))
    said: list[str] = []
    made = yield from _listened(projects.archive(project, _free(around.root, project.name, ".zip")), said)
    around.outcomes.put(errand, [f"It stands in {made.parent}.", *said], file=str(made))
    yield Saved(made)


def _duplicate(errand: Errand, around: Around) -> Work:
    title, is_whole = str(errand.values["about"]), bool(errand.values.get("takes", True))
    made = yield from projects.duplicate(Project(Path(errand.project)), around.root, title, is_whole)
    around.outcomes.put(errand, [f"It stands in {made.folder}."], str(made.folder))


def _sheet(errand: Errand, around: Around) -> Work:
    """The sheet that was there before goes to the bin once the new one is whole."""
    desk = around.desk_of(Path(errand.project))
    project, to = desk.project, desk.project.folder / SHEET
    layout = layout_of(errand.values.get("columns", 3), errand.values.get("landscape", False))
    new = to.with_name(f"new-{SHEET}")
    _, said = yield from contact_sheet.write(project, desk.board, new, layout)
    if to.exists():
        bin.discard(project, [to], "replaced by a newer contact sheet")
    try:
        new.rename(to)
    except OSError as error:
        raise cannot_write(to, error) from error
    around.outcomes.put(errand, said, file=str(to))
    yield Saved(to)


def _book(errand: Errand, around: Around) -> Work:
    """A comic's lettered pages as `format` has them. What stood there before is kept aside."""
    project, format = around.desk_of(Path(errand.project)).project, str(errand.values["format"])
    comic, said = comic_plan.read(project.comic).comic, list[str]()
    out, file = comic_export.place_of(format, project), project.folder
    named = errand.values.get("paper")
    on = printed(paper(str(named)) if named else paper_of(comic))
    for written in comic_export.FORMATS[format](comic, pictures_of(comic, project), on, out):
        file = written.file
        said += [f"{finding.where}: {finding.said}" for finding in written.findings]
        yield Progress(written.page / len(comic.pages), f"page {written.page} of {len(comic.pages)}")
    around.outcomes.put(errand, said, file=str(file))
    yield Saved(file)


def _plan(errand: Errand, around: Around) -> Work:
    """A comic of an idea, by the language model of the settings. What is there when it breaks is kept."""
    desk, asked, chat = around.desk_of(Path(errand.project)), errand.values, around.comic.chat()
    request = PlanRequest(asked["idea"], asked["style"], asked["language"], asked["pages"])
    planned = yield from planner.plan(chat, request, desk.project.comic)
    said = around.comic.take(desk, planned)
    planner.finish(desk.project.comic)
    cost = "" if chat.usage.cost is None else f" for ${chat.usage.cost:.4f}"
    told = f"{chat.model} answered {chat.usage.questions} questions{cost}."
    around.outcomes.put(errand, [told, *said], str(desk.project.folder))


def layout_of(columns: object, landscape: object) -> contact_sheet.Layout:
    """Raises StudioError, when it is drawn, for columns that cannot be."""
    return contact_sheet.Layout(columns if isinstance(columns, int) else 0, bool(landscape))


def _listened(work: Generator[Event, None, T], said: list[str]) -> Generator[Event, None, T]:
    """Pass events on, and keep what is told."""
    with closing(work):
        while True:
            try:
                event = next(work)
            except StopIteration as stop:
                return stop.value
            if isinstance(event, Told):
                said.append(event.sentence)
            else:
                yield event


def _title(folder: Path) -> str:
    return outline(Project(folder).storyboard).title


def _free(folder: Path, name: str, suffix: str) -> Path:
    """A place where nothing stands."""
    names = (f"{name}{f'-{number}' * (number > 1)}{suffix}" for number in count(1))
    return next(path for each in names if not (path := folder / each).exists())


def _plain(sentence: str, errand: Errand, around: Around) -> str:
    try:
        path = around.uploads.source(str(errand.values.get("source", "")))
    except StudioError:
        return sentence
    return around.uploads.plain(sentence, path)


_DEEDS: dict[str, Callable[[Errand, Around], Work]] = {
    "import": _import,
    "archive": _archive,
    "duplicate": _duplicate,
    "sheet": _sheet,
    "book": _book,
    "plan": _plan,
}
