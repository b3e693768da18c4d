"""Project: which one is open, what is in it, and what comes in from elsewhere."""

from typing import Any
from uuid import uuid4

from addons.live import live
from domain import board_edits
from domain.errors import StudioError
from domain.storyboard import Storyboard
from services import bin, import_looks, imports, project_workflows, projects
from services.desk import UNDO
from services.means import errand
from services.project_work import SHEET
from services.studio import Studio

ID = "project"


def build(studio: Studio) -> None:
    live(ID)


def new(
    studio: Studio,
    title: str,
    width: int = Storyboard.width,
    height: int = Storyboard.height,
    fps: float | None = None,
    style: str = "",
) -> str:
    """A new project, opened; returns the id of its first shot."""
    if fps is not None and not 1 <= fps <= 120:
        raise StudioError("fps should be from 1 to 120 frames a second.")
    defaults = projects.Defaults(width, height, fps, style.strip())
    desk = studio.open(projects.begin(studio.places.projects, title, defaults).folder)
    return desk.board.shots[0].id


def open_project(studio: Studio, folder: str) -> None:
    """A project by its folder, or by the board in it."""
    path = studio.uploads.source(folder)
    path = path.parent if path.name == "storyboard.json" else path
    if (kind := imports.kind_of(path)) != imports.Kind.project:
        raise StudioError(f"{path.name} is {kind.value}. Import it, and it becomes a project.")
    studio.open(path)


def forget(studio: Studio, key: str) -> None:
    """Off the list; the folder itself stays."""
    projects.forget(studio.places.recent, studio.shelf.folder(key))
    studio.shelf.tell_recent()


def measure(studio: Studio) -> None:
    """The page is seen: have its facts looked at again."""
    studio.shelf.again()


def duplicate(studio: Studio, title: str, takes: bool = True) -> list[str]:
    return _ask(studio, "duplicate", title.strip() or studio.desk.board.title, takes=takes)


def archive(studio: Studio) -> list[str]:
    return _ask(studio, "archive", studio.desk.board.title)


def sheet(studio: Studio, columns: int = 3, landscape: bool = False) -> list[str]:
    return _ask(studio, "sheet", SHEET, columns=columns, landscape=landscape)


def empty_cache(studio: Studio) -> int:
    desk = studio.desk
    freed = projects.empty_cache(desk.project, [UNDO], desk.alone)
    studio.shelf.again()
    return freed


def set_board(studio: Studio, field: str, value: Any) -> None:
    studio.desk.edit(
        "board", lambda b: board_edits.with_board_field(b, field, value), field, f"board {field}"
    )


def set_size(studio: Studio, width: int, height: int) -> None:
    """Both at once, as one step."""

    def edit(board: Storyboard) -> Storyboard:
        return board_edits.with_board_field(
            board_edits.with_board_field(board, "width", width), "height", height
        )

    studio.desk.edit("board", edit, "size")


def set_workflow(studio: Studio, kind: str, name: str) -> None:
    project_workflows.choose(studio.desk, studio.workflows, kind, name)


def restore(studio: Studio, name: str) -> list[str]:
    """Back to where it stood; returns what has another name now."""
    desk = studio.desk
    _, told = bin.restore(_binned(studio, name))
    desk.ledger.refresh()
    desk.look()
    desk.tell()
    studio.shelf.again()
    return told


def remove_binned(studio: Studio, name: str) -> int:
    """For good. Returns the bytes that are free now."""
    freed = bin.remove(_binned(studio, name))
    studio.shelf.again()
    return freed


def empty_bin(studio: Studio) -> int:
    freed = bin.empty(studio.desk.project)
    studio.shelf.again()
    return freed


def gather(studio: Studio, name: str, files: dict[str, Any]) -> str:
    """Uploads become one folder; `files` says where in it each belongs."""
    return studio.uploads.gather(name, {id: str(path) for id, path in files.items()})


def look(studio: Studio, source: str) -> dict[str, Any]:
    """What something is, and where it could go."""
    path = studio.uploads.source(source)
    try:
        desk = studio.desk if studio.is_open else None
        return import_looks.look(path, desk, studio.uploads.holds(path))
    except StudioError as error:
        raise StudioError(studio.uploads.plain(str(error), path)) from error


def run_import(studio: Studio, source: str, new: bool = False) -> list[str]:
    path = studio.uploads.source(source)
    imports.kind_of(path)
    folder = studio.places.projects if new else studio.desk.project.folder
    return studio.ask(
        [errand("import", folder, run=uuid4().hex[:8], about=path.name, source=source, new=new)]
    )


def leave(studio: Studio, source: str) -> None:
    """What was handed over is not imported after all."""
    studio.uploads.forget(source)


def dismiss(studio: Studio, id: str) -> None:
    studio.outcomes.dismiss(id)


def _ask(studio: Studio, deed: str, about: str, **values: Any) -> list[str]:
    """Ask for work on the whole project that is open."""
    folder = studio.desk.project.folder
    return studio.ask([errand(deed, folder, run=uuid4().hex[:8], about=about, **values)])


def _binned(studio: Studio, name: str) -> bin.Binned:
    for binned in bin.contents(studio.desk.project):
        if binned.name == name:
            return binned
    raise StudioError("That is not in the bin any more.")


DEEDS = {
    "project.new": new,
    "project.open": open_project,
    "project.forget": forget,
    "project.measure": measure,
    "project.duplicate": duplicate,
    "project.archive": archive,
    "project.empty_cache": empty_cache,
    "project.workflow": set_workflow,
    "board.set": set_board,
    "board.size": set_size,
    "bin.restore": restore,
    "bin.remove": remove_binned,
    "bin.empty": empty_bin,
    "import.gather": gather,
    "import.look": look,
    "import.run": run_import,
    "import.leave": leave,
    "sheet.make": sheet,
    "outcome.dismiss": dismiss,
}
