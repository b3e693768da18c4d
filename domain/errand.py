"""One thing the artist asked to be made: a take, a shot's video, the film. Plain values, so that a
queue of errands outlives the program."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

WAITING, RUNNING = "waiting", "running"
STOPPED = "stopped"  # the studio or the backend went away first
DONE, FAILED, CANCELLED = "done", "failed", "cancelled"
OVER = (DONE, FAILED, CANCELLED)
ASIDE = ("import", "archive", "duplicate", "sheet")  # nothing is drawn for them, so they wait for nobody


@dataclass(frozen=True)
class Errand:
    """`after` are errands that have to be over first; `run` is the click they all come from."""

    id: str
    deed: str  # "keyframe", "video", "film", …
    project: str  # its folder
    shot: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    run: str = ""
    state: str = WAITING
    error: str = ""
    files: tuple[str, ...] = ()  # names of what it made
    asked: float = 0.0  # seconds since 1970
    began: float = 0.0
    ended: float = 0.0

    @property
    def is_over(self) -> bool:
        return self.state in OVER

    @property
    def is_aside(self) -> bool:
        """Whether it is done beside the backend's lanes, also while those are paused."""
        return self.deed in ASIDE
