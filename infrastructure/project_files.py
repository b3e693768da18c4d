"""A project's own file: what it needs to know of itself besides its board."""

import secrets
from itertools import chain
from pathlib import Path
from typing import Any

from domain.errors import BadFile, StudioError
from domain.project import Project
from infrastructure.json_files import read_json, write_json
from infrastructure.part_files import is_left, remove_leftovers
from infrastructure.project_folders import ASIDE

KINDS = ("keyframe", "video")  # of workflows


def open_project(folder: Path) -> Project:
    """The project in a folder, which need not be there yet: rendering makes it."""
    return Project(folder.resolve())


def base_seed(project: Project) -> int:
    """The number all of the project's seeds come from: as it is kept, else one drawn now.

    Writes nothing, so that a render that cannot begin leaves nothing behind: `keep_base_seed`.
    """
    kept = _content(project).get("base_seed")
    return kept if isinstance(kept, int) else secrets.randbelow(2**32)


def keep_base_seed(project: Project, seed: int) -> None:
    """Raises StudioError when another render has chosen a seed in the meantime."""
    content = _content(project)
    kept = content.get("base_seed")
    if isinstance(kept, int) and kept != seed:
        raise StudioError(f"Another render has just begun in {project.folder}. Start this one again.")
    if kept is None:
        write_json(_file(project), {**content, "base_seed": seed})


def chosen_workflows(project: Project) -> dict[str, str]:
    """The workflows the project is made with by kind, where it says something else than the settings."""
    try:
        content = _content(project)
    except BadFile:
        return {}
    names = {kind: content.get(f"{kind}_workflow") for kind in KINDS}
    return {kind: name for kind, name in names.items() if isinstance(name, str) and name}


def keep_workflow(project: Project, kind: str, name: str) -> None:
    """Write down what a project is made with; without a name, what the settings say."""
    others = {key: value for key, value in _content(project).items() if key != f"{kind}_workflow"}
    write_json(_file(project), {**others, f"{kind}_workflow": name} if name else others)


def leftovers_removed(project: Project) -> None:
    """Remove what a killed render left half written; in the project's folder only what is ours there."""
    own = (project.film, project.storyboard, _file(project))
    cached = (path for path in project.cache.rglob("*.part") if not _is_at_work_elsewhere(project, path))
    parts = chain(
        *(path.parent.glob(f"{path.name}*.part") for path in own),
        *(folder.glob("*.part") for folder in (project.takes, project.keyframes, project.videos)),
        (project.folder / "references").glob("*.part"),
        cached,
    )
    remove_leftovers(filter(is_left, parts))  # a window on the project may be writing down an edit


def _is_at_work_elsewhere(project: Project, path: Path) -> bool:
    """Whether it lies where others than a render write at any time, and clear up themselves."""
    first = path.relative_to(project.cache).parts[0]
    return first in ("film", "thumbs", "proxies") or first.startswith(ASIDE)


def _file(project: Project) -> Path:
    return project.folder / "project.json"


def _content(project: Project) -> dict[str, Any]:
    path = _file(project)
    content = read_json(path) if path.exists() else {}
    return content if isinstance(content, dict) else {}
