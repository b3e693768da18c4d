"""The film as it is being worked on: each edit of the cut is in film.json at once and undoable with
those of the board, and every page is told how the film stands.

A film.json that does not read is told and left as it is; until it is mended the film is shown as it
was cut last, and no edit is taken.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

from domain.cut import EDITS, Cut, Entry, Track, edited
from domain.errors import BadFile, StudioError
from domain.project import Project
from infrastructure.cut_file import cut_of
from services.cut import materials, open_cut, save_cut
from services.debounced import Debounced
from services.desk import Desk
from services.feed import Feed
from services.film_facts import film_fact, presets_fact, versions_fact
from services.history import Step
from services.kept_films import version_of
from services.project_facts import stamp_of
from services.stale import Today
from services.videos import film_format

QUIET = 0.05  # seconds to wait for more of the same before looking


class FilmDesk:
    def __init__(self, feed: Feed, today: Callable[[], Today | None]):
        self._feed, self._today = feed, today
        self._lock = threading.RLock()
        self._seen: tuple[Project, str | None] | None = None  # the file that was read last
        self._cut: tuple[Project, Cut] | None = None  # and what stood in it, the last time it could be read
        self._kept: tuple[Any, Sequence[Any]] = ((), ())  # the versions, and the files that say so
        feed.put("presets_of_film", presets_fact())
        self._soon = Debounced("the film", self.tell, QUIET)
        self._soon.start()

    def change(self, desk: Desk, shot: str, edits: Mapping[str, Any]) -> None:
        """Give a shot of the film these edits, in frames. Raises StudioError when one does not fit."""
        for name, count in edits.items():
            if name not in EDITS or isinstance(count, bool) or not isinstance(count, int):
                raise StudioError(f"A shot cannot have {name} of {count}: it takes a whole number of frames.")
        project, fps = desk.project, self._fps()
        materials(project, desk.board, fps)  # looks into videos that are new, which may take a while
        with desk.in_turn(), self._lock:
            cut = open_cut(project).at(fps)
            before = cut.entry(shot)
            after = replace(before, **edits)
            if after == before:
                return
            lengths = {m.shot.id: m.frames for m in materials(project, desk.board, fps)}
            save_cut(project, edited(cut, lengths, after))
            what = " ".join(sorted(edits))
            step = Step(
                "cut",
                lambda: self._put(project, fps, before),
                lambda: self._put(project, fps, after),
                shot,
                f"cut {shot} {what}",
            )
            desk.took(step)
            self.tell()
        desk.tell(())

    def take_again(self, desk: Desk, number: int) -> None:
        """Cut the film as a version of it was cut. Shots that came later stay as they are."""
        version, project, fps = version_of(desk.project, number), desk.project, self._fps()
        then = cut_of(version.cut, version.path.with_suffix(".json")).at(fps)
        with desk.in_turn(), self._lock:
            now = open_cut(project).at(fps)
            shots = [shown.span.shot for shown in version.shots]
            other = [shot for shot in shots if now.entry(shot).edits != then.entry(shot).edits]
            if not other:
                return
            before, after = [now.entry(shot) for shot in other], [then.entry(shot) for shot in other]
            self._put(project, fps, *after)
            undo, redo = partial(self._put, project, fps, *before), partial(self._put, project, fps, *after)
            desk.took(Step("cut", undo, redo, f"v{number}"))
            self.tell()
        desk.tell(())

    def again(self) -> None:
        """Something changed that the film may look otherwise by."""
        self._soon.again()

    def look(self) -> None:
        """Notice what somebody else wrote into film.json."""
        if (seen := self._seen) and stamp_of(seen[0].cut) != seen[1]:
            self.again()

    def tell(self) -> None:
        """Say how the film stands."""
        if today := self._today():
            materials(today.project, today.board, _fps_of(today))
        with self._lock:
            today = self._today()
            if today is None:
                self._feed.put("film", None)
                return
            project, trouble = today.project, ""
            self._seen = project, stamp_of(project.cut)
            try:
                self._cut = project, open_cut(project)
            except BadFile as error:
                trouble = str(error)
            cut = self._cut[1] if self._cut and self._cut[0] == project else Cut()
            fact = film_fact(project, today.board, _fps_of(today), cut)
            self._feed.put("film", {**fact, "trouble": trouble, "versions": self._versions(project)})

    def stop(self) -> None:
        self._soon.stop()

    def _fps(self) -> Fraction:
        today = self._today()
        if today is None:
            raise StudioError("No project is open. Open one, or create a new one.")
        return _fps_of(today)

    def _put(self, project: Project, fps: Fraction, *entries: Entry) -> None:
        """These entries in place of their shots' own, whatever the cut is counted in by now."""
        with self._lock:
            cut = open_cut(project)
            counted = Cut(fps, (Track(entries=entries),)).at(cut.fps or fps)
            cut = replace(cut, fps=counted.fps)
            for entry in entries:
                cut = cut.with_entry(counted.entry(entry.shot))
            save_cut(project, cut)

    def _versions(self, project: Project) -> Sequence[Any]:
        """Read anew only when a note of one changed."""
        notes = sorted(project.films.glob("*.json")) if project.films.is_dir() else []
        seen = project, [(note.name, stamp_of(note)) for note in notes]
        if self._kept[0] != seen:
            self._kept = seen, versions_fact(project)
        return self._kept[1]


def _fps_of(today: Today) -> Fraction:
    return film_format(today.video_workflow, today.board).fps
