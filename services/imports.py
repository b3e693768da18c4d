"""Taking over what was made elsewhere: finds out what a file or folder is, and brings it into a project."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from pathlib import Path

from domain.errors import BadFile, StudioError
from domain.events import Progress
from domain.project import Project
from infrastructure.import_notes import ImportNotes
from infrastructure.older_project import is_older_project
from infrastructure.pictures import SUFFIXES
from infrastructure.project_folders import new_folder
from infrastructure.settings_import import PLACES
from infrastructure.shot_table import is_table, read_table
from infrastructure.shot_text import read_text_of_shots
from infrastructure.storyboard_files import open_storyboard
from infrastructure.strict_json import parse_json, read_text
from infrastructure.there import is_file, is_folder
from services import projects
from services.desk import Desk
from services.import_boards import (
    Import,
    import_board,
    import_choices,
    import_older,
    import_pictures,
    source_key,
)
from services.import_into import Into

_TABLES, _TEXTS = {".csv", ".tsv", ".tab"}, {".txt", ".md", ".markdown", ".text"}
_DATABASES = {".db", ".sqlite", ".sqlite3", ".backup"}


class Kind(Enum):
    """What may be imported, in words that fit behind "is"."""

    board = "a storyboard"
    choices = "the older studio's list of chosen pictures"
    older = "a project of the older studio"
    pictures = "a folder of pictures"
    text = "a text of shots"
    table = "a table of shots"
    zip = "a project packed into a zip file"
    project = "a project of this studio"
    settings = "settings of the older studio"


def kind_of(path: Path) -> Kind:
    """What a file or folder is. Raises BadFile when it is nothing that can be imported."""
    if is_folder(path):
        return _kind_of_folder(path)
    if not is_file(path):
        raise BadFile(f"There is no {path}.")
    suffix = path.suffix.lower()
    if suffix in _DATABASES:
        return Kind.settings
    if suffix == ".json":
        return _kind_of_json(path)
    if suffix == ".zip":
        return Kind.zip
    if suffix in _TABLES:
        return Kind.table
    if suffix in _TEXTS:
        return Kind.table if is_table(path) else Kind.text
    if suffix in SUFFIXES:
        raise BadFile(f"{path.name} is a single picture. Import the folder it lies in.")
    raise BadFile(f"{path.name} is nothing that can be imported: {_LIST}.")


def import_any(path: Path, project: Project, desk: Desk | None = None) -> Import:
    """Bring whatever this is into a project; the first sentence returned says what it was.

    A project that is worked on comes with its `desk`.
    """
    kind = kind_of(path)
    work = _INTO.get(kind)
    if work is None:
        raise StudioError(f"{path} is {kind.value}. {_INSTEAD[kind]}")
    project, told = yield from work(path, Into(project, desk))
    return project, [f"{path.name} is {kind.value}.", *told]


def import_new(path: Path, root: Path, desk_of: Callable[[Path], Desk] | None = None) -> Import:
    """The same into a project of its own below `root`: the one it made before, else a new one."""
    kind = kind_of(path)
    if kind == Kind.zip:
        unpacked = yield from projects.unarchive(path, root)
        return unpacked, [f"{path.name} is {kind.value}.", f"It stands in {unpacked.folder}."]
    if kind not in _INTO:
        raise StudioError(f"{path} is {kind.value}. {_INSTEAD[kind]}")
    yield Progress(0, f"reading {path.name}")
    if project := _made_before(path, root):
        return (yield from import_any(path, project, desk_of(project.folder) if desk_of else None))
    project = Project(new_folder(root.resolve(), _title(path, kind)))
    try:
        return (yield from import_any(path, project))
    except StudioError:
        if not project.storyboard.exists():
            shutil.rmtree(project.folder, ignore_errors=True)  # ours, and nothing came into it
        raise


def _made_before(path: Path, root: Path) -> Project | None:
    key = source_key(path)
    for folder in sorted(root.resolve().iterdir()) if is_folder(root) else ():
        project = Project(folder)
        if is_file(project.storyboard) and ImportNotes(project).knows(key):
            return project
    return None


def _title(path: Path, kind: Kind) -> str:
    if kind == Kind.board:
        with suppress(BadFile):
            return open_storyboard(path)[0].title
    return path.resolve().stem if path.is_file() else path.resolve().name


def _kind_of_folder(path: Path) -> Kind:
    if is_file(path / "storyboard.json"):
        return Kind.project
    if is_older_project(path):
        return Kind.older
    try:
        below = list(path.iterdir())
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}.") from error
    if any(is_file(path / place) for place in PLACES):
        return Kind.settings
    if any(p.suffix.lower() in SUFFIXES and is_file(p) for p in below):
        return Kind.pictures
    if several := sorted(p.name for p in below if is_folder(p) and is_older_project(p)):
        raise BadFile(f"{path} holds several projects. Import one of them: {', '.join(several[:20])}.")
    raise BadFile(f"{path} holds nothing that can be imported: {_LIST}.")


def _kind_of_json(path: Path) -> Kind:
    content = parse_json(read_text(path), path)
    if isinstance(content, dict) and "selections" in content:
        return Kind.choices
    is_board = isinstance(content, list) or (
        isinstance(content, dict) and {"shots", "shots_with_references"} & content.keys()
    )
    return Kind.board if is_board else Kind.settings


def _table(path: Path, into: Into) -> Import:
    return import_board(path, into, read_table)


def _text(path: Path, into: Into) -> Import:
    return import_board(path, into, read_text_of_shots)


_INTO: dict[Kind, Callable[[Path, Into], Import]] = {
    Kind.board: import_board,
    Kind.choices: import_choices,
    Kind.older: import_older,
    Kind.pictures: import_pictures,
    Kind.text: _text,
    Kind.table: _table,
}
_INSTEAD = {
    Kind.zip: "It gets a folder of its own and cannot go into another project.",
    Kind.project: "It can be opened as it is.",
    Kind.settings: "They belong to no project.",
}
_LIST = "storyboards, older projects, folders of pictures, texts, tables and zip files can be"
