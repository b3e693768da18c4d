"""Which take a segment of a shot is: what its job makes, unless the artist has another stand in for it.

A note beside the shot's video names jobs and the take that stands in for each: one chosen among the
takes, or one made anew with another seed. A job's id holds all it is made of, so a choice counts
exactly as long as nothing changes that it was made for: words, length, the picture it begins with.
When that is undone, the choice is back; a board that is copied elsewhere takes none of it along.
"""

from collections.abc import Generator, Iterator
from typing import Any

from domain.errors import BadFile
from domain.events import Fact, Progress
from domain.job import Backend
from domain.project import Project
from infrastructure.json_files import aside_if_broken, read_json, write_json
from infrastructure.recipe_index import DONE, Entry
from infrastructure.recipes import Ledger, Take, Wanted
from services import video_notes

_SAID = ("prompt", "negative", "width", "height", "steps", "cfg")  # in which a take may differ from its job


def stood_for(project: Project, shot_id: str, take: str) -> list[dict[str, Any]]:
    """What the jobs said that a take stands in for."""
    noted = _noted(project, shot_id).values()
    said = [choice["for"] for choice in noted if choice["take"] == take]
    return [{key: value for key, value in values.items() if key in _SAID} for values in said]


class StandIns:
    """Of one shot."""

    def __init__(self, backend: Backend, ledger: Ledger, shot_id: str):
        self._backend, self._ledger, self._shot = backend, ledger, shot_id

    @property
    def is_free(self) -> bool:
        """Nobody has chosen among the shot's takes."""
        return not _noted(self._ledger.project, self._shot)

    def carry_out(
        self, own: Wanted, anew: Wanted | None = None, keeps: bool = False
    ) -> Generator[Progress | Fact, None, Take]:
        """The take of a segment whose own job is `own`.

        `anew` is run in its place, and stands in from then on. `keeps` leaves a segment as it is:
        the take in the video that stands there, else the newest, whatever words it was made with.
        """
        if anew is not None:
            made = yield from self._ledger.carry_out(self._backend, anew)
            self.put(own, made.name)
            return made
        if there := self.take(own):
            return there
        if keeps and (kept := self._as_it_is(own)):
            self.put(own, kept.name)
            return self._take(kept)
        return (yield from self._ledger.carry_out(self._backend, own))

    def take(self, own: Wanted) -> Take | None:
        """The take there is: the one that stands in, else the job's own; nothing if it has to run."""
        name = self.name(own)
        chosen = next((entry for entry in self._entries(own) if entry.name == name), None)
        return self._take(chosen) if chosen else self._ledger.done(self._backend, own)

    def name(self, own: Wanted) -> str:
        """The take that is noted for a job, or nothing."""
        choice = _noted(self._ledger.project, self._shot).get(self._key(own))
        return str(choice["take"]) if choice else ""

    def put(self, own: Wanted, name: str) -> None:
        """Have a take stand in for a job from now on; without a name, its own is used again."""
        itself, note = self._ledger.done(self._backend, own), self._ledger.project.stand_ins(self._shot)
        with self._ledger.noting:
            noted = _noted(self._ledger.project, self._shot)
            noted.pop(self._key(own), None)
            if name and (itself is None or itself.name != name):
                noted[self._key(own)] = {"take": name, "for": {key: own.values.get(key) for key in _SAID}}
            aside_if_broken(note, dict)
            write_json(note, noted)

    def fitting(self, own: Wanted) -> list[Entry]:
        """Takes that could stand here: as long, from the same workflow, and of the same pictures."""
        return [entry for entry in self._entries(own) if self.fits(entry, own)]

    def fits(self, entry: Entry, own: Wanted) -> bool:
        recipe = self.recipe(entry.name)
        frames, inputs = recipe.get("values", {}).get("frames"), recipe.get("inputs", {}).values()
        is_alike = recipe.get("workflow") == own.workflow and frames == own.values["frames"]
        return is_alike and set(inputs) == set(own.job.hashes.values())

    def recipe(self, name: str) -> dict[str, Any]:
        """What is known of a take; nothing when its recipe does not read."""
        try:
            return self._ledger.recipe(name)
        except BadFile:
            return {}

    def _entries(self, own: Wanted) -> Iterator[Entry]:
        """The segment's takes that are there, of this engine."""
        for entry in self._ledger.takes_of(self._shot):
            if entry.name.startswith(f"{own.stem}_v") and self._is_there(entry):
                yield entry

    def _is_there(self, entry: Entry) -> bool:
        is_ours = entry.state == DONE and entry.engine == self._backend.engine and bool(entry.files)
        return is_ours and all((self._ledger.project.takes / name).exists() for name in entry.files)

    def _take(self, entry: Entry) -> Take:
        return Take(entry.name, tuple(self._ledger.project.takes / name for name in entry.files), True)

    def _as_it_is(self, own: Wanted) -> Entry | None:
        note = video_notes.note(self._ledger.project, self._shot)
        joined = note.takes if note else ()
        return max(self.fitting(own), key=lambda e: (e.name in joined, self._finished(e)), default=None)

    def _finished(self, entry: Entry) -> str:
        return str(self.recipe(entry.name).get("finished", ""))

    def _key(self, own: Wanted) -> str:
        return f"{self._backend.engine}/{own.job.id}"


def _noted(project: Project, shot_id: str) -> dict[str, Any]:
    try:
        noted = read_json(project.stand_ins(shot_id))
        return {key: choice for key, choice in noted.items() if choice["take"] and choice["for"].keys()}
    except (BadFile, AttributeError, KeyError, TypeError):
        return {}  # nothing was chosen yet, or somebody's own file
