"""A ComfyUI workflow as exported with "Save (API)", and the places where values go in."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from domain.job import Graph


@dataclass(frozen=True)
class Slot:
    """One input of one node that takes a value, and why it was taken for that."""

    node: str
    input: str
    why: str


@dataclass(frozen=True)
class Change:
    """One value put into a graph, for the artist to read."""

    node: str
    title: str
    input: str
    old: Any
    new: Any
    why: str


@dataclass(frozen=True)
class About:
    """What the file beside a template says in the artist's words; the defaults fit a graph without one."""

    title: str = ""
    purpose: str = ""
    kind: str = ""  # "keyframe" or "video"; "": read from the graph
    fps: float | None = None
    frame_step: int | None = None  # lengths are step·k + 1
    longest: int | None = None  # frames of one clip
    grid: int | None = None
    sizes: tuple[tuple[int, int], ...] = ()
    models: tuple[dict[str, Any], ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Workflow:
    name: str
    graph: Graph
    about: About = About()

    @cached_property
    def slots(self) -> dict[str, list[Slot]]:
        """Which inputs each value goes to, such as {"seed": [Slot("3", "seed", "…")]}."""
        raise NotImplementedError

    def with_values(self, **values: Any) -> Graph:
        raise NotImplementedError
