"""Undo and redo: the steps taken, each of which knows how to be taken back."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from domain.errors import Gone

MOST = 500  # steps remembered
ONE_STROKE = 3.0  # seconds within which edits of one field are one step


@dataclass
class Step:
    """`label` names the deed for the catalogue of words, `about` what it was done to."""

    label: str
    undo: Callable[[], None]
    redo: Callable[[], None]
    about: str = ""
    stroke: str = ""  # edits of one stroke are taken back at once: typing in one field
    at: float = 0.0


class History:
    def __init__(self) -> None:
        self._done: list[Step] = []
        self._undone: list[Step] = []

    @property
    def undoable(self) -> Step | None:
        return self._done[-1] if self._done else None

    @property
    def redoable(self) -> Step | None:
        return self._undone[-1] if self._undone else None

    def took(self, step: Step) -> None:
        """Note a step that has just been taken."""
        step.at = time.monotonic()
        last = self.undoable
        if step.stroke and last and last.stroke == step.stroke and step.at - last.at < ONE_STROKE:
            last.redo, last.at = step.redo, step.at
        else:
            self._done.append(step)
            del self._done[:-MOST]
        self._undone.clear()

    def undo(self) -> Step | None:
        """Take the last step back; where that breaks, it stays the last step.

        Raises Gone for one that can never be taken back any more: those before it can.
        """
        if step := self.undoable:
            _carry_out(step.undo, self._done)
            step.stroke = ""
            self._undone.append(step)
        return step

    def redo(self) -> Step | None:
        if step := self.redoable:
            _carry_out(step.redo, self._undone)
            self._done.append(step)
        return step


def _carry_out(deed: Callable[[], None], steps: list[Step]) -> None:
    try:
        deed()
    except Gone:
        steps.pop()
        raise
    steps.pop()
