"""One thing the artist asked to be made: a take, a shot's video, the film. Plain values, so that a
queue of errands outlives the program."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

WAITING, RUNNING = "waiting", "running"
STOPPED = "stopped"  # the studio went away first
DONE, FAILED, CANCELLED = "done", "failed", "cancelled"
QUIET = ("proxies",)  # what nobody waits for: it begins when nothing else is ready
OVER = (DONE, FAILED, CANCELLED)
# by whoever draws; a film is put together on this machine
DRAWN = ("keyframe", "video", "try", "portrait", "panel", "picture")
SAMPLE = "sample-"  # how the ids of runs begin that are sketched, whoever draws otherwise
# nothing is drawn for them, so they wait for nobody
ASIDE = ("import", "archive", "duplicate", "sheet", "book", "plan")


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
    error: str = ""  # why it failed, was left out without having begun, or waits for its project
    files: tuple[str, ...] = ()  # what it made, by their paths in the project
    takes: tuple[str, ...] = ()  # the recipes it worked on
    server: str = ""  # who drew
    is_reused: bool = False  # all of it was there already
    asked: float = 0.0  # seconds since 1970
    began: float = 0.0
    ended: float = 0.0

    @property
    def is_over(self) -> bool:
        return self.state in OVER

    @property
    def is_left_out(self) -> bool:
        """Cancelled by nobody: what it needs was not made."""
        return self.state == CANCELLED and bool(self.error)

    @property
    def content(self) -> tuple[Any, ...]:
        """What is asked for: two errands with equal content make the same."""
        return self.deed, self.project, self.shot, tuple(sorted(map(repr, self.values.items())))

    @property
    def is_drawn(self) -> bool:
        """Whether it costs, where whoever draws is rented."""
        return self.deed in DRAWN and not self.is_of_sample

    @property
    def is_of_sample(self) -> bool:
        return self.run.startswith(SAMPLE)

    @property
    def is_aside(self) -> bool:
        """Whether it is done beside the backend's lanes, also while those are paused."""
        return self.deed in ASIDE

    @property
    def is_elsewhere(self) -> bool:
        """Whether another program does it, for minutes: nothing else that is done aside waits for it."""
        return self.deed == "plan"

    def anew(self, asked: float) -> "Errand":
        """The same, asked for once more: it waits, and nothing came of it yet. What was stopped may be under
        way over there still: when it began, and its takes, say so."""
        return replace(
            self,
            state=WAITING,
            error="",
            files=(),
            takes=() if self.is_over else self.takes,
            server="",
            is_reused=False,
            asked=asked,
            began=0.0 if self.is_over else self.began,
            ended=0.0,
        )
