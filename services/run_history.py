"""Jobs of the open project from before, read from its recipes, which are the only book there is.

What the queue lists itself is left out, so that no job is shown twice. Nothing is read from disk: the
ledger knows what its recipes say in short.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from domain.errand import CANCELLED, DONE, FAILED, STOPPED, Errand
from domain.errors import StudioError
from domain.take_names import shot_of
from infrastructure import recipe_index
from infrastructure.own_takes import OWN
from infrastructure.recipe_index import Entry
from services.desk import Desk
from services.means import errand

PAGE = 200
_STATES = {
    recipe_index.STARTED: STOPPED,
    recipe_index.DONE: DONE,
    recipe_index.FAILED: FAILED,
    recipe_index.CANCELLED: CANCELLED,
}


@dataclass(frozen=True)
class Sought:
    """Which jobs; empty words mean all."""

    state: str = ""
    shot: str = ""
    deed: str = ""
    text: str = ""
    since: float = 0.0  # seconds since 1970: what ended earlier was cleared away


def sought(find: Mapping[str, Any]) -> Sought:
    """From what a page asks."""
    words = {key: find[key] for key in ("state", "shot", "deed", "text") if isinstance(find.get(key), str)}
    since = find.get("since")
    return Sought(**words, since=float(since) if isinstance(since, (int, float)) else 0.0)


def page(
    desk: Desk, listed: Sequence[Errand], sought: Sought, after: str = "", count: int = PAGE
) -> Mapping[str, Any]:
    """The newest jobs, or those that come after the one named; how many there are in each state, and
    how many were cleared away. `listed` are the errands that the queue lists."""
    errands = [errand for errand in listed if errand.project == str(desk.project.folder)]
    takes = {take for errand in errands for take in errand.takes}
    unmade = {(errand.deed, errand.shot) for errand in errands if not errand.is_over}
    entries = (e for e in desk.ledger.entries() if e.engine != OWN and e.name not in takes)
    matching = [entry for entry in entries if _is(entry, sought) and not _is_taken_up(entry, unmade)]
    kept = [entry for entry in matching if _seconds(entry.ended or entry.started) >= sought.since]
    counts = Counter(_state(entry) for entry in kept)
    wanted = [entry for entry in kept if sought.state in ("", _state(entry))]
    wanted.sort(key=_newest, reverse=True)
    if after:
        wanted = list(_behind(wanted, after))
    return {
        "jobs": [_fact(entry) for entry in wanted[:count]],
        "more": max(0, len(wanted) - count),
        "counts": counts,
        "cleared": len(matching) - len(kept),
    }


def repeat(desk: Desk, take: str) -> Errand:
    """The same again, with the words as they are now: a take with its seed, or the shot's video."""
    recipe = desk.ledger.recipe(Path(take).name)
    try:
        name, values = str(recipe["name"]), dict(recipe["values"])
    except (KeyError, TypeError, ValueError) as error:
        raise StudioError(f"The recipe of {take} does not say how it was made.") from error
    shot, run = desk.shot(shot_of(name)), uuid4().hex[:8]
    if _deed_of(name) == "video":
        return errand("video", desk.project.folder, shot.id, run)
    return errand("keyframe", desk.project.folder, shot.id, run, seed=values.get("seed"))


def _is_taken_up(entry: Entry, unmade: Collection[tuple[str, str]]) -> bool:
    """Whether an errand that runs or will go on works on it: its take is known only while it runs."""
    return entry.state == recipe_index.STARTED and (_deed_of(entry.name), shot_of(entry.name)) in unmade


def _is(entry: Entry, sought: Sought) -> bool:
    if sought.shot not in ("", shot_of(entry.name)) or sought.deed not in ("", _deed_of(entry.name)):
        return False
    said = " ".join(
        (entry.name, _deed_of(entry.name), entry.workflow, entry.server, entry.engine, entry.error)
    )
    return sought.text.lower() in said.lower()


def _newest(entry: Entry) -> tuple[str, str]:
    return entry.ended or entry.started, entry.name


def _behind(entries: list[Entry], name: str) -> Iterator[Entry]:
    """Also when the job named is in the queue again meanwhile: then from the start, which shows no gap."""
    at = next((n for n, entry in enumerate(entries) if entry.name == name), -1)
    return iter(entries[at + 1 :])


def _fact(entry: Entry) -> Mapping[str, Any]:
    """As the queue tells of an errand, so that a page draws both alike."""
    began, ended = _seconds(entry.started), _seconds(entry.ended)
    return {
        "id": f"take/{entry.name}",
        "take": entry.name,
        "takes": [entry.name],
        "deed": _deed_of(entry.name),
        "shot": shot_of(entry.name),
        "state": _state(entry),
        "error": entry.error,
        "files": [f"takes/{file}" for file in entry.files],
        "server": entry.server or entry.engine,
        "workflow": entry.workflow,
        "began": began,
        "ended": ended or began,
        "seconds": entry.seconds,
    }


def _state(entry: Entry) -> str:
    return _STATES.get(entry.state, STOPPED)


def _deed_of(name: str) -> str:
    """A segment of a video has its number behind a dot."""
    return "video" if "." in name else "keyframe"


def _seconds(when: str) -> float:
    try:
        return datetime.fromisoformat(when).timestamp()
    except ValueError:
        return 0.0
