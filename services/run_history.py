"""Jobs of the open project from before, read from its recipes, which are the only book there is.

What the queue lists itself is left out, so that no job is shown twice. Nothing is read from disk: the
ledger knows what its recipes say in short.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from domain.comic import Comic
from domain.errand import CANCELLED, DONE, FAILED, STOPPED, Errand
from domain.errors import StudioError
from domain.take_names import shot_of
from infrastructure import recipe_index
from infrastructure.own_takes import OWN
from infrastructure.recipe_index import Entry
from infrastructure.there import is_file
from infrastructure.workflow_files import WorkflowFolder
from services.desk import Desk
from services.means import errand
from services.shot_errands import batch_file, number_of

PAGE = 200
DeedOf = Callable[[str], str]  # by a take's name
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


def deeds(desk: Desk, comic: Comic | None) -> DeedOf:
    """By its name, what a take was made as: of a shot, of a comic's character or panel, or of a batch."""
    shown = {shot.id for shot in desk.board.shots}
    people = {who.id for who in comic.characters} if comic else set[str]()
    panels = {panel.id for _, panel in comic.panels} if comic else set[str]()
    of_others = "picture" if is_file(batch_file(desk.project)) else "keyframe"

    def deed_of(name: str) -> str:
        if "." in name:  # a segment of a video has its number behind it
            return "video"
        id = shot_of(name)
        if id in shown:
            return "keyframe"
        return "portrait" if id in people else "panel" if id in panels else of_others

    return deed_of


@dataclass(frozen=True)
class History:
    """Of a project; `listed` are the errands that the queue lists."""

    desk: Desk
    listed: Sequence[Errand]
    deed_of: DeedOf

    def page(self, sought: Sought, after: str = "", count: int = PAGE) -> Mapping[str, Any]:
        """The newest jobs, or those that come after the one named; how many there are in each state, and
        how many were cleared away."""
        errands = [errand for errand in self.listed if errand.project == str(self.desk.project.folder)]
        takes = {take for errand in errands for take in errand.takes}
        unmade = {(errand.deed, errand.shot) for errand in errands if not errand.is_over}
        entries = (e for e in self.desk.ledger.entries() if e.engine != OWN and e.name not in takes)
        matching = [e for e in entries if self._is(e, sought) and not self._is_taken_up(e, unmade)]
        kept = [entry for entry in matching if _seconds(entry.ended or entry.started) >= sought.since]
        counts = Counter(_state(entry) for entry in kept)
        wanted = [entry for entry in kept if sought.state in ("", _state(entry))]
        wanted.sort(key=_newest, reverse=True)
        if after:
            wanted = list(_behind(wanted, after))
        return {
            "jobs": [_fact(entry, self.deed_of(entry.name)) for entry in wanted[:count]],
            "more": max(0, len(wanted) - count),
            "counts": counts,
            "cleared": len(matching) - len(kept),
        }

    def _is(self, entry: Entry, sought: Sought) -> bool:
        deed = self.deed_of(entry.name)
        if sought.shot not in ("", shot_of(entry.name)) or sought.deed not in ("", deed):
            return False
        said = " ".join((entry.name, deed, entry.workflow, entry.server, entry.engine, entry.error))
        return sought.text.lower() in said.lower()

    def _is_taken_up(self, entry: Entry, unmade: Collection[tuple[str, str]]) -> bool:
        """Whether an errand that runs or will go on works on it: its take is known only while it runs."""
        is_begun = entry.state == recipe_index.STARTED
        return is_begun and (self.deed_of(entry.name), shot_of(entry.name)) in unmade


def repeat(desk: Desk, workflows: WorkflowFolder, take: str) -> Errand:
    """The same again, with the words as they are now: a take with its seed, the shot's video, or a batch's
    picture."""
    recipe = desk.ledger.recipe(Path(take).name)
    try:
        name, values = str(recipe["name"]), dict(recipe["values"])
    except (KeyError, TypeError, ValueError) as error:
        raise StudioError(f"The recipe of {take} does not say how it was made.") from error
    folder, run, deed = desk.project.folder, uuid4().hex[:8], deeds(desk, None)(name)
    if deed == "picture":
        id = shot_of(name)
        number = number_of(desk.project, workflows, id, str(recipe.get("job", "")))
        return errand("picture", folder, id, run, number=number)
    shot = desk.shot(shot_of(name))
    if deed == "video":
        return errand("video", folder, shot.id, run)
    return errand("keyframe", folder, shot.id, run, seed=values.get("seed"))


def _newest(entry: Entry) -> tuple[str, str]:
    return entry.ended or entry.started, entry.name


def _behind(entries: list[Entry], name: str) -> Iterator[Entry]:
    """Also when the job named is in the queue again meanwhile: then from the start, which shows no gap."""
    at = next((n for n, entry in enumerate(entries) if entry.name == name), -1)
    return iter(entries[at + 1 :])


def _fact(entry: Entry, deed: str) -> Mapping[str, Any]:
    """As the queue tells of an errand, so that a page draws both alike."""
    began, ended = _seconds(entry.started), _seconds(entry.ended)
    return {
        "id": f"take/{entry.name}",
        "take": entry.name,
        "takes": [entry.name],
        "deed": deed,
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


def _seconds(when: str) -> float:
    try:
        return datetime.fromisoformat(when).timestamp()
    except ValueError:
        return 0.0
