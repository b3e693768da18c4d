"""What all orders of other programs have in common: an id, what was asked for them, and how far that is.

An order's id is its project's folder name in the studio's projects folder, so that an order outlives the
program, and the window shows it as what it is.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from domain.errand import CANCELLED, DONE, FAILED, RUNNING, WAITING, Errand
from domain.errors import StudioError
from domain.project import Project
from infrastructure.there import is_folder

CANCELLED_THERE = "It was cancelled in the studio."


class Unknown(StudioError):
    """No order has that id."""


def project_of(root: Path, id: str) -> Project | None:
    """None when there is no such folder, also for all that is no folder's plain name."""
    root = root.resolve()
    is_plain = not id.startswith(".") and not {"/", "\\", ":", "\0"} & {*id} and bool(id.strip())
    if not is_plain or len(id) >= 200:
        return None
    project = Project(root / id)
    is_there = is_folder(project.folder) and project.folder.resolve().parent == root
    return project if is_there else None


def is_below(root: Path, errand: Errand) -> bool:
    """Whether its project is one of those that orders are made in."""
    return project_of(root, Path(errand.project).name) == Project(Path(errand.project))


def newest(errands: Iterable[Errand]) -> list[Errand]:
    """Of what was asked for more than once, the last time."""
    last: dict[tuple[Any, ...], Errand] = {}
    for errand in sorted(errands, key=lambda errand: errand.asked):
        last[errand.content] = errand
    return list(last.values())


def counted(errands: Iterable[Errand]) -> dict[str, int]:
    states = [errand.state for errand in errands]
    count = {"done": (DONE,), "failed": (FAILED, CANCELLED), "left": (WAITING, RUNNING)}
    return {name: sum(state in of for state in states) for name, of in count.items()}


def why(errands: Iterable[Errand]) -> str:
    """What is wrong with those that failed; each sentence once."""
    bad = [errand for errand in errands if errand.state in (FAILED, CANCELLED)]
    said = dict.fromkeys(errand.error or CANCELLED_THERE for errand in bad)
    return " ".join(list(said)[:5])
