"""A project's own file: what it needs to know of itself besides its board."""

import secrets
from pathlib import Path
from typing import Any

from domain.errors import StudioError
from domain.project import Project
from infrastructure.json_files import read_json, write_json
from infrastructure.project_lock import locked

__all__ = ["base_seed", "leftovers_removed", "locked", "open_project"]


def open_project(folder: Path) -> Project:
    """The project in a folder, which is made if it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StudioError(f"{folder} cannot be used as a project folder: {error.strerror}.") from error
    return Project(folder.resolve())


def base_seed(project: Project) -> int:
    """The number all of the project's seeds come from: chosen once at random, and kept."""
    path = project.folder / "project.json"
    content: dict[str, Any] = read_json(path) if path.exists() else {}
    if not isinstance(content.get("base_seed"), int):
        content["base_seed"] = secrets.randbelow(2**32)
        write_json(path, content)
    return int(content["base_seed"])


def leftovers_removed(project: Project) -> None:
    """Remove what a killed render left half written; only files of our own making end so."""
    for folder in (project.folder, project.takes, project.keyframes, project.videos, project.cache):
        for path in folder.glob("*.part"):
            path.unlink(missing_ok=True)
