"""A ComfyUI workflow as exported with "Save (API)", and the places where values go in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from domain.errors import StudioError
from domain.filling import Filling
from domain.graph_reader import GraphReader
from domain.job import Graph
from domain.node_types import CORE, NodeTypes, Steps
from domain.slot_rules.corrections import Corrections, corrected
from domain.slot_rules.finder import find_slots
from domain.slots import NAMES, TITLES, Change, Slot

__all__ = ["About", "Change", "Slot", "Workflow"]

LONGEST = 81  # frames of a clip when neither the sidecar nor the graph says
FPS = 24.0

_PREFIXES = {  # longest first; those without a word of our own are the older app's
    "keyframe_": "keyframe",
    "video_": "video",
    "gcvfl_": "video",
    "gcpl_": "keyframe",
    "gcp_": "keyframe",
    "gcv_": "video",
    "gcl_": "video",
    "gca_": "analysis",
}
_VIDEO_SAVERS = ("SaveVideo", "SaveWEBM", "SaveAnimatedWEBP", "SaveAnimatedPNG", "VHS_VideoCombine")


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
    slots: Corrections = field(default_factory=dict)  # places chosen by hand
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Workflow:
    name: str
    graph: Graph
    about: About = About()
    types: NodeTypes = CORE

    def with_types(self, object_info: Mapping[str, Any]) -> "Workflow":
        """The same, read with what a server says of its nodes (/object_info): custom ones included."""
        return replace(self, types=self.types | NodeTypes.of(object_info))

    @cached_property
    def reader(self) -> GraphReader:
        return GraphReader(self.graph, self.types)

    @cached_property
    def slots(self) -> dict[str, list[Slot]]:
        """Which inputs each value goes to, such as {"seed": [Slot("3", "seed", "…")]}."""
        found = find_slots(self.reader)
        return corrected(self.reader, found, self.about.slots) if self.about.slots else found

    @property
    def kind(self) -> str:
        """ "keyframe", "video" or "analysis"."""
        named = next((kind for prefix, kind in _PREFIXES.items() if self.name.startswith(prefix)), "")
        return self.about.kind or named or ("video" if self._saves_video() else "keyframe")

    def filled(self, **values: Any) -> tuple[Graph, list[Change]]:
        """A graph of its own with the values in their slots, and what was put where.

        Values go by the names of the slots (prompt, seed, width, start_image, …) and
        `references` as a list of paths. None leaves the graph's own; a value that the
        graph has no place for is left out, so `require` first what must arrive. Places
        for references that are not given are unplugged, and with unplug=["end_image"]
        those of other files, where the graph can do without.
        """
        if unknown := {*values} - {*NAMES, "references", "unplug"}:
            raise TypeError(f"no slot is called {', '.join(sorted(unknown))}")
        filling = Filling(self.reader, self.slots)
        filling.put(values)
        return filling.graph, filling.changes

    def with_values(self, **values: Any) -> Graph:
        return self.filled(**values)[0]

    def require(self, *names: str) -> None:
        """Raise unless the graph has a place for each of these values."""
        if missing := [name for name in names if not self.takes(name)]:
            titles = [f"“{TITLES[name][0]}”" for name in missing if name in TITLES]
            whom = (
                "the node that takes it the title"
                if len(missing) == 1
                else "the nodes that take them the titles"
            )
            raise StudioError(
                f"The workflow {self.name} has no place for {' or '.join(map(_spoken, missing))}. "
                f"In ComfyUI, give {whom} {' and '.join(titles)}, and export the workflow again."
            )

    def takes(self, name: str) -> bool:
        return name in self.slots or (name == "frames" and "seconds" in self.slots)

    def size_for(self, width: int, height: int) -> tuple[int, int]:
        """The nearest size that the workflow's models can draw."""
        return _to_grid(width, self.grid), _to_grid(height, self.grid)

    @cached_property
    def grid(self) -> int:
        stages = [1 / slot.scale for slot in (*self.slots.get("width", ()), *self.slots.get("height", ()))]
        by_nodes = max((step.grid for step in self._steps()), default=8)
        return self.about.grid or round(by_nodes * max(stages, default=1))

    def frames_for(self, frames: int) -> int:
        """The shortest clip the workflow's models can make that has at least so many frames."""
        step, first = self.frame_step, self._first
        return first + max(0, -(-(frames - first) // step)) * step

    @cached_property
    def frame_step(self) -> int:
        return self.about.frame_step or self._rule.frames

    @property
    def _first(self) -> int:
        return 1 if self.about.frame_step else self._rule.first

    @property
    def _rule(self) -> Steps:
        """How the graph's own nodes count frames."""
        return max(self._steps(), key=lambda step: step.frames, default=Steps(8, 1, 1))

    @property
    def longest(self) -> int:
        """Frames of one clip."""
        return self.about.longest or int(self._value("frames") or LONGEST)

    @property
    def fps(self) -> float:
        return self.about.fps or float(self._value("fps") or FPS)

    def _value(self, name: str) -> Any:
        """What the graph itself holds in a slot."""
        slots = self.slots.get(name)
        value = self.graph[slots[0].node]["inputs"][slots[0].input] if slots else None
        return value if isinstance(value, (int, float)) else None

    def _steps(self) -> Iterable[Steps]:
        names = (self.reader.name(node) for node in self.reader.depth)
        return [self.types.steps[name] for name in names if name in self.types.steps]

    def _saves_video(self) -> bool:
        return any(self.reader.name(node) in _VIDEO_SAVERS for node in self.reader.depth)


def _to_grid(pixels: int, grid: int) -> int:
    return max(grid, (2 * pixels + grid - 1) // (2 * grid) * grid)  # of two as near, the smaller


def _spoken(name: str) -> str:
    article = {"fps": "", "cfg": "", "steps": "", "frames": "", "audio": "", "end_image": "an "}.get(
        name, "a "
    )
    return article + name.replace("_", " ")
