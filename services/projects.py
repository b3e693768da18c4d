"""Projects as a whole: made, found again, copied, packed, measured. What is in a shot is known elsewhere."""

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from os import scandir
from pathlib import Path

from domain.board_edits import with_new_shots
from domain.errors import BadFile, StudioError
from domain.events import Event, Progress, Told
from domain.pictures import pictures_of
from domain.project import Project
from domain.storyboard import Shot, Storyboard
from infrastructure import archives, import_notes, project_folders, recents
from infrastructure.project_folders import Found
from infrastructure.project_lock import locked
from infrastructure.resolutions import RESOLUTIONS, Resolution
from infrastructure.storyboard_files import Outline, open_storyboard, outline, write_storyboard
from infrastructure.there import is_folder

__all__ = ["RESOLUTIONS", "Defaults", "Recent", "Resolution"]

STRIP = 6  # keyframes that stand for a project
_WITHOUT_TAKES = ("storyboard.json", "project.json", "film.json", "references", "keyframes")


@dataclass(frozen=True)
class Defaults:
    """What a new board says of all its shots."""

    width: int = Storyboard.width
    height: int = Storyboard.height
    fps: float | None = None
    style: str = ""  # a key of the presets' styles, or free words


@dataclass(frozen=True)
class Recent:
    folder: Path
    title: str
    shots: int
    seconds: float
    when: datetime  # it was opened
    exists: bool
    strip: tuple[Path, ...]  # up to six keyframes from all over the film
    problem: str = ""  # why its board cannot be read


def create(root: Path, title: str, defaults: Defaults | None = None) -> Project:
    """A new project in a folder of its own below `root`, with a board that has no shots yet."""
    look = defaults or Defaults()
    for name, size in (("width", look.width), ("height", look.height)):
        if not 256 <= size <= 2048:
            raise StudioError(f"A {name} of {size} is not possible; 256 to 2048 pixels are.")
    title = " ".join(title.split()) or "Untitled"
    project = Project(project_folders.new_folder(root.resolve(), title))
    tags = {"style": look.style} if look.style else {}
    board = Storyboard(title, width=look.width, height=look.height, fps=look.fps, tags=tags)
    try:
        write_storyboard(project.storyboard, board)
    except StudioError:
        with suppress(OSError):
            project.folder.rmdir()
        raise
    return project


def discard(project: Project, recent: Path) -> None:
    """Take back a project that was just made, if there is nothing in it but the board it was made with."""
    with suppress(OSError, StudioError):
        if [*project.folder.iterdir()] != [project.storyboard] or outline(project.storyboard).ids:
            return
        project.storyboard.unlink()
        project.folder.rmdir()
        forget(recent, project.folder)


def begin(root: Path, title: str, defaults: Defaults | None = None) -> Project:
    """A new project whose first shot waits for its words."""
    project = create(root, title, defaults)
    board = with_new_shots(open_storyboard(project.storyboard)[0], [Shot("", "")])
    write_storyboard(project.storyboard, board)
    return project


def remember(file: Path, folder: Path) -> None:
    """Put a project at the top of the list in `file`."""
    folder = folder.resolve()
    recents.put_first(file, folder, _outline(Project(folder))[0].title)


def recent(file: Path) -> list[Recent]:
    """The projects opened last, newest first; those that have gone are told as gone."""
    return [_looked_at(opened) for opened in recents.listed(file)]


def forget(file: Path, *folders: Path) -> None:
    """Drop projects from the list; the folders themselves stay."""
    recents.dropped(file, folders)


def duplicate(
    project: Project, root: Path, title: str, with_takes: bool = True
) -> Generator[Progress, None, Project]:
    """A copy under another title; without takes only the board, its pictures, the chosen ones and the cut."""
    _check_is_there(project)
    title = " ".join(title.split()) or "Untitled"
    files = project_folders.belongings(project)
    if not with_takes:
        files = _without_takes(project, files)
    with project_folders.staged(root.resolve()) as stage:
        yield from project_folders.copied(files, stage)
        copy = Project(stage)
        import_notes.forget_sources(copy)
        with suppress(BadFile):  # a board that does not read stays as it is
            board, _ = open_storyboard(copy.storyboard)
            write_storyboard(copy.storyboard, replace(board, title=title))
        return Project(project_folders.settled(stage, root.resolve(), title))


def archive(project: Project, to: Path) -> Generator[Event, None, Path]:
    """The project in one zip file, without cache and bin. Pictures that lie elsewhere are told."""
    _check_is_there(project)
    to = to.resolve()
    files = [found for found in project_folders.belongings(project) if found.path != to]
    with suppress(BadFile):
        for path in _pictures_elsewhere(project):
            yield Told(f"{path} lies outside the project and is not in the zip file.")
    return (yield from archives.pack(files, to, project.name))


def unarchive(zip: Path, root: Path) -> Generator[Progress, None, Project]:
    """The project in a zip file, in a folder of its own below `root`."""
    root = root.resolve()
    with project_folders.staged(root) as stage:
        yield from archives.unpack(zip, stage)
        if not Project(stage).storyboard.is_file():
            raise BadFile(f"{zip} holds no project: storyboard.json is missing.")
        return Project(project_folders.settled(stage, root, zip.stem))


def disk_used(project: Project) -> dict[str, int]:
    """Bytes by kind: takes, keyframes, videos, films, cache, bin, other."""
    return project_folders.used(project)


def empty_cache(
    project: Project, but: Sequence[str] = (), alone: Callable[[], AbstractContextManager[None]] = nullcontext
) -> int:
    """Remove what can be made again; returns the bytes that are free now.

    The project is held, `alone`, only until all of it is out of the way: removing may take minutes.
    """
    _check_is_there(project)
    with alone(), locked(project.folder):  # a render works in it
        aside = project_folders.set_aside(project.cache, but)
    return project_folders.removed(aside)


def _looked_at(opened: recents.Opened) -> Recent:
    project = Project(opened.folder)
    if not is_folder(project.folder):
        return Recent(opened.folder, opened.title, 0, 0.0, opened.when, False, ())
    told, problem = _outline(project)
    strip = _strip(project, told.ids)
    return Recent(opened.folder, told.title, len(told.ids), told.seconds, opened.when, True, strip, problem)


def _outline(project: Project) -> tuple[Outline, str]:
    """The board in short, else the folder's name and what is wrong."""
    try:
        return outline(project.storyboard), ""
    except BadFile as error:
        return Outline(project.name), str(error)


def _strip(project: Project, ids: tuple[str, ...]) -> tuple[Path, ...]:
    try:
        with scandir(project.keyframes) as entries:
            there = {entry.name for entry in entries}
    except OSError:
        return ()
    pictures = [project.keyframe(id) for id in ids if project.keyframe(id).name in there]
    if len(pictures) <= STRIP:
        return tuple(pictures)
    return tuple(pictures[round(n * (len(pictures) - 1) / (STRIP - 1))] for n in range(STRIP))


def _pictures_elsewhere(project: Project) -> list[Path]:
    board, _ = open_storyboard(project.storyboard)
    return [path for path in pictures_of(board) if not path.is_relative_to(project.folder)]


def _without_takes(project: Project, files: list[Found]) -> list[Found]:
    """The board and what it refers to, which may be takes; those come with their recipes."""
    named = set[Path]()
    with suppress(BadFile):
        named.update(pictures_of(open_storyboard(project.storyboard)[0]))
    named |= {path.with_suffix(".json") for path in named}
    return [found for found in files if found.within[0] in _WITHOUT_TAKES or found.path.absolute() in named]


def _check_is_there(project: Project) -> None:
    if not is_folder(project.folder):
        raise StudioError(f"There is no project folder {project.folder}.")
