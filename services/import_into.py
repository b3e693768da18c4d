"""Where an import goes: a project nobody works on, or one whose desk holds it together meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager as Context
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from domain.project import Project
from domain.storyboard import Storyboard
from infrastructure.project_lock import locked
from infrastructure.recipes import Ledger
from infrastructure.storyboard_files import open_storyboard, write_storyboard
from services import picks
from services.desk import Desk


@dataclass(frozen=True)
class Into:
    """An import may go on for minutes, and whoever works at the desk goes on, too. So the board that
    is there in the end is the one that is changed."""

    project: Project
    desk: Desk | None = None

    @cached_property
    def ledger(self) -> Ledger:
        return self.desk.ledger if self.desk else Ledger(self.project)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Hold the project, so that no other program makes something in it."""
        with self.desk.at_work() if self.desk else locked(self.project.folder):
            if self.desk:
                self.desk.look()
            yield

    def board(self) -> Storyboard | None:
        """The board as it is now, if there is one."""
        if self.desk:
            return self.desk.board
        return open_storyboard(self.project.storyboard)[0] if self.project.storyboard.exists() else None

    def change(self, name: str, edit: Callable[[Storyboard | None], Storyboard]) -> None:
        """Change the board as it is now; at a desk as one step that can be undone."""
        if self.desk:
            self.desk.edit("add", edit, name)
        else:
            write_storyboard(self.project.storyboard, edit(self.board()))

    def choose(self, shot_id: str, picture: Path) -> None:
        """Make a picture the keyframe of a shot."""
        with self._in_turn():
            picks.choose(self.project, shot_id, picture)

    def choose_first(self, shot_id: str, picture: Path) -> None:
        """… of a shot that has none."""
        with self._in_turn():
            if picks.chosen(self.project, shot_id) is None:
                picks.choose(self.project, shot_id, picture)

    def _in_turn(self) -> Context[None]:
        return self.desk.in_turn() if self.desk else nullcontext()
