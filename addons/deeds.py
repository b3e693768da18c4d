"""Deeds: what a page can ask for by name. `POST /studio/do/NAME` with the arguments as a JSON object.

A page says which project it means. What is meant for one is not done to another that was opened since, as
shots are called 001 in all of them.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from domain.errors import StudioError
from services.project_facts import key_of
from services.studio import Studio

Deed = Callable[..., Any]  # (studio, **arguments) -> what JSON can hold, or nothing

# what means the same whichever project is open
_OF_NONE = re.compile(
    r"(settings|workflow|intro|bench|outcome|import|pod|money|machine|version)\.(?!run$)"
    r"|run\.(?!history$|repeat$)|project\.(new|open|forget|measure)$|values\.read$"
)


class OtherProject(StudioError):
    """A deed on a project that is not the open one any more."""

    def __init__(self) -> None:
        super().__init__("Another project is open now, so this was not done. Open the one it was meant for.")


def carry_out(deeds: Mapping[str, Deed], name: str, studio: Studio, arguments: Any, project: str = "") -> Any:
    """Raises StudioError for what does not exist or is asked for wrongly, too, and OtherProject when
    `project`, where it is named, is not the open one."""
    deed = deeds.get(name)
    if deed is None:
        raise StudioError(f"The studio has no deed called {name}. Reload the page.")
    if not isinstance(arguments, dict):
        raise StudioError(f"{name} takes an object of arguments.")
    try:
        bound = inspect.signature(deed).bind(studio, **arguments)
    except TypeError as error:
        raise StudioError(f"{name} was asked for wrongly: {error}. Reload the page.") from error
    for word, kind in inspect.get_annotations(deed, eval_str=True).items():
        if word in arguments and not _fits(arguments[word], kind):
            raise StudioError(f"{name} was asked for wrongly: {word} is no {kind}. Reload the page.")
    if project and not _OF_NONE.match(name) and not _is_open(studio, project):
        raise OtherProject
    return deed(*bound.args, **bound.kwargs)


def step_of(studio: Studio, edit: Callable[[], None]) -> float:
    """Edit the board; returns what `undo` knows the step by, which is nothing when nothing changed."""
    before = studio.desk.undoable
    edit()
    after = studio.desk.undoable
    return after.at if after and after is not before else 0.0


def _is_open(studio: Studio, project: str) -> bool:
    return studio.is_open and key_of(studio.desk.project) == project


def _fits(value: Any, kind: Any) -> bool:
    """Whether a JSON value is what an annotation says: enough for str, int, bool, list[str], str | None."""
    match getattr(kind, "__origin__", None):
        case None if hasattr(kind, "__args__"):
            return any(_fits(value, one) for one in kind.__args__)
        case None:
            return kind is Any or (value is None if kind is type(None) else _is(value, kind))
        case origin if origin is list:
            return isinstance(value, list) and all(_fits(v, kind.__args__[0]) for v in value)
        case origin:
            return isinstance(value, origin)


def _is(value: Any, kind: Any) -> bool:
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, (int, float) if kind is float else kind)
