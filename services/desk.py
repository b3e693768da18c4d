"""The desk: one project as it is being worked on. Its board with every edit undoable, its takes and picks.

Each edit is on disk before it is told. What somebody else wrote into the board's file is taken in
first, so that an edit of one field never undoes a change of another.
"""

import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from domain import board_edits
from domain.errors import BadFile, Gone, StudioError
from domain.project import Project
from domain.storyboard import Shot, Storyboard
from domain.take_names import shot_of
from infrastructure.project_files import base_seed, keep_base_seed
from infrastructure.project_lock import locked
from infrastructure.recipes import Ledger
from infrastructure.storyboard_files import open_storyboard, with_problems, write_storyboard
from infrastructure.there import is_file
from services import picks, proxies
from services.history import History, Step

UNDO = "undo"  # in the cache: pictures that undoing brings back

Edit = Callable[[Storyboard], Storyboard]
Stamp = tuple[int, int] | None


class Conflict(StudioError):
    """A field was changed elsewhere while it was being edited here; `theirs` is what stands there now."""

    def __init__(self, theirs: Any):
        super().__init__("This was changed elsewhere in the meantime.")
        self.theirs = theirs


class Desk:
    def __init__(self, project: Project, told: "Callable[[Desk, Sequence[str] | None], None]"):
        """Raises BadFile when the project's board does not read."""
        if not is_file(project.storyboard):
            raise BadFile(f"There is no storyboard in {project.folder}, so it is no project of the studio.")
        self.project = project
        self._history = History()
        self.ledger = Ledger(project)
        self.board, self.notes = open_storyboard(project.storyboard)
        self.revision = 0
        self._told = told
        self._stamp = _stamp(project.storyboard)
        self._lock = threading.RLock()
        self.asking = threading.Lock()  # held from finding out what is free until it is asked for
        self._holders = 0
        self._held: Any = None
        shutil.rmtree(project.cache / UNDO, ignore_errors=True)  # of a desk that was left
        proxies.clear_thumbnails(project)

    # --- editing ---------------------------------------------------------------------------------

    def edit(self, label: str, edit: Edit, about: str = "", stroke: str = "") -> None:
        """Change the board as one step that can be undone; what others wrote into its file comes first."""
        with self._lock:
            self.look()
            before, after = self.board, edit(self.board)
            if after == before:
                return
            if _pictures(after) != _pictures(before):
                after = with_problems(after, self.project.folder)
            self._set(after)
            self._history.took(
                Step(label, lambda: self._set(before), lambda: self._set(after), about, stroke)
            )
        self.tell(())

    def set_field(self, ids: Sequence[str], field: str, value: Any, *was: Any) -> None:
        """One field of one or more shots; with `was`, only if nobody changed it since it was seen so."""
        if not ids:
            raise StudioError("No shot is selected. Select one first.")

        def edit(board: Storyboard) -> Storyboard:
            edited = board_edits.with_shots_field(board, ids, field, value)
            there = field_of(board_edits.shot_of(board, ids[0]), field)
            if was and there != was[0] and there != field_of(board_edits.shot_of(edited, ids[0]), field):
                raise Conflict(there)
            return edited

        stroke = f"{','.join(ids)} {field}"
        self.edit("edit", edit, f"{', '.join(ids[:3])} · {field}", stroke)

    def undo(self) -> Step | None:
        try:
            with self._lock:
                self.look()
                return self._history.undo()
        finally:
            self.tell()

    def redo(self) -> Step | None:
        try:
            with self._lock:
                self.look()
                return self._history.redo()
        finally:
            self.tell()

    @property
    def undoable(self) -> Step | None:
        return self._history.undoable

    @property
    def redoable(self) -> Step | None:
        return self._history.redoable

    def took(self, step: Step) -> None:
        """Note a step that was just taken, `in_turn` with the deed itself."""
        with self._lock:
            self._history.took(step)

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        """Nobody else at this desk changes the project's files meanwhile. Only for moments."""
        with self._lock:
            yield

    def look(self) -> bool:
        """Take in what somebody else wrote into the board's file, as a step of its own.

        Raises BadFile for as long as that does not read, so that it is never written over.
        """
        with self._lock:
            stamp = _stamp(self.project.storyboard)
            if stamp == self._stamp or stamp is None:
                return False
            before = self.board
            after, self.notes = open_storyboard(self.project.storyboard)
            self._stamp = stamp
            if after == before:
                return False
            self.board = after
            self.revision += 1
            self._history.took(Step("outside", lambda: self._set(before), lambda: self._set(after)))
        self.tell(())
        return True

    def shot(self, id: str) -> Shot:
        return board_edits.shot_of(self.board, id)

    def used_ids(self) -> set[str]:
        """Ids of shots that are not on the board any more but have files, which an undo may bring back."""
        folders = (self.project.keyframes, self.project.videos)
        chosen = (path for folder in folders if folder.is_dir() for path in folder.iterdir())
        takes = self.project.takes.iterdir() if self.project.takes.is_dir() else ()
        return {path.name.partition(".")[0] for path in chosen} | {shot_of(path.stem) for path in takes}

    # --- choosing --------------------------------------------------------------------------------

    def choose(self, shot_id: str, picture: Path) -> None:
        """Make a picture the shot's keyframe; undoing brings back the one before."""
        self.shot(shot_id)
        self.pick(shot_id, picture)

    def pick(self, shot_id: str, picture: Path) -> None:
        """The same for whatever has takes, as panels of a comic do."""
        with self._lock:
            before, by = self._set_aside(shot_id), picks.note(self.project, shot_id).chosen_by

            def put(chosen: Path | None, by: str = picks.ARTIST) -> None:
                if chosen is None:
                    picks.unchoose(self.project, shot_id)
                elif chosen.is_file():
                    picks.choose(self.project, shot_id, chosen, by)
                else:
                    raise Gone(f"{chosen.name} is not there any more, so that it cannot be picked again.")

            picks.choose(self.project, shot_id, picture)
            self._history.took(
                Step("pick", lambda: put(before, by or picks.ARTIST), lambda: put(picture), shot_id)
            )
        self.tell([shot_id])

    def choose_first(self, shot_id: str, picture: Path) -> None:
        """The first picture a shot has is its keyframe, until the artist chooses another."""
        with self._lock:
            if picks.chosen(self.project, shot_id) is None:
                picks.choose(self.project, shot_id, picture, picks.STUDIO)

    def start_from(self, shot_id: str, picture: Path) -> Path:
        """The picture that the shot's video begins with: this one, unless the artist chose another."""
        with self._lock:
            return picks.choose_for_now(self.project, shot_id, picture)

    def tell(self, ids: Sequence[str] | None = None) -> None:
        """Say that the board changed, or files of the shots named; of all shots, if none are."""
        self._told(self, ids)

    def _set_aside(self, shot_id: str) -> Path | None:
        """The keyframe that stands there now: its take, or a copy for as long as the studio runs."""
        if (place := picks.chosen(self.project, shot_id)) is None:
            return None
        take = self.project.takes / picks.take_of(self.project, shot_id)
        if take.is_file() and not picks.is_artists_own(self.project, shot_id):
            return take
        return picks.kept_copy(place, self.project.cache / UNDO)

    # --- rendering -------------------------------------------------------------------------------

    def seed(self) -> int:
        """The seed all others of the project come from; drawn and written down the first time."""
        with self._lock:
            if self.board.base_seed is not None:
                return self.board.base_seed
            seed = base_seed(self.project)
            keep_base_seed(self.project, seed)
            return seed

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Hold the project while something is made in it, so that no other program renders there too."""
        with self._lock:
            if not self._holders:
                held = locked(self.project.folder)
                held.__enter__()
                self._held = held
            self._holders += 1
        try:
            yield
        finally:
            with self._lock:
                self._holders -= 1
                if not self._holders:
                    self._held.__exit__(None, None, None)
                    self.ledger.keep_index()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nothing is made in the project meanwhile; what would begin waits. Only for moments: so do edits."""
        with self._lock:
            if self._holders:
                raise StudioError("Something is being made in this project. Wait for it, or stop it first.")
            yield

    def _set(self, board: Storyboard) -> None:
        write_storyboard(self.project.storyboard, board)
        self._stamp = _stamp(self.project.storyboard)
        self.board = board
        self.revision += 1


def field_of(shot: Shot, field: str) -> Any:
    """A shot's field as the page names it, as JSON has it."""
    outer, _, inner = field.partition(".")
    value = getattr(shot, outer)
    if isinstance(value, Mapping):
        return value.get(inner, "")
    return as_json(getattr(value, inner) if inner else value)


def as_json(value: Any) -> Any:
    if isinstance(value, tuple):
        return [str(v) for v in value]
    return str(value) if isinstance(value, Path) else value


def _pictures(board: Storyboard) -> Any:
    """All that a shot may have a problem with."""
    shots = [(s.references, s.start_image, s.end_image, s.characters) for s in board.shots]
    return shots, [c.pictures for c in board.characters]


def _stamp(path: Path) -> Stamp:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns
