"""Puts values into the slots of a graph, and lists each of them for the artist to read."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from domain.graph_reader import GraphReader
from domain.job import Graph
from domain.node_types import FLOWS
from domain.slots import Change, Slot

SHAPES = {  # what a ResolutionSelector offers
    "1:1 (Square)": 1,
    "2:3 (Portrait Photo)": 2 / 3,
    "3:2 (Photo)": 3 / 2,
    "3:4 (Portrait Standard)": 3 / 4,
    "4:3 (Standard)": 4 / 3,
    "9:16 (Portrait Widescreen)": 9 / 16,
    "16:9 (Widescreen)": 16 / 9,
    "21:9 (Ultrawide)": 21 / 9,
}
_MEGAPIXEL = 1024 * 1024  # as ComfyUI counts


class Filling:
    """A copy of a graph that values are being put into."""

    def __init__(self, reader: GraphReader, slots: Mapping[str, Sequence[Slot]]):
        self.graph: Graph = _copied(reader.graph)
        self.changes: list[Change] = []
        self._reader = GraphReader(self.graph, reader.types)
        self._slots = slots

    def put(self, values: Mapping[str, Any]) -> None:
        """None leaves a slot as it is; 0 is a value."""
        given = {name: value for name, value in values.items() if value is not None}
        references, unplug = given.pop("references", None), given.pop("unplug", ())
        for name, value in given.items():
            for slot in self._slots.get(name, ()):
                self._write(slot, value)
        if "frames" in given and "frames" not in self._slots:
            self._put_seconds(given["frames"], given.get("fps"))
        if "width" in given and "height" in given:
            self._put_shape(given["width"], given["height"])
        if references is not None:  # these last: nodes leave the graph with them
            self._put_references(list(references))
        self._unplug([slot for name in unplug for slot in self._slots.get(name, ())])

    def _write(self, slot: Slot, value: Any, why: str = "") -> None:
        node = self.graph[slot.node]
        old = node["inputs"].get(slot.input)
        if slot in self._slots.get("steps", ()):
            self._move_splits(old, value)
        new = _fitting(value, old, slot.scale)
        node["inputs"][slot.input] = new
        self._tell(slot.node, slot.input, old, new, why or slot.why)

    def _tell(self, node: str, input: str, old: Any, new: Any, why: str) -> None:
        title = self._reader.label(node) if node else ""
        self.changes.append(Change(node, title, input, old, new, why))

    def _move_splits(self, old: Any, steps: int) -> None:
        """Two samplers that share the steps go on sharing them at the same point."""
        for slot in self._slots.get("split", ()):
            at = self.graph[slot.node]["inputs"][slot.input]
            if isinstance(old, int) and 0 < at < old and not self._is_written(slot):
                self._write(slot, max(1, round(at * steps / old)))

    def _is_written(self, slot: Slot) -> bool:
        return any((change.node, change.input) == (slot.node, slot.input) for change in self.changes)

    def _put_seconds(self, frames: int, fps: float | None) -> None:
        """A graph that reckons its frames from seconds gets enough of them.

        Whole seconds are taken to be without the first frame, which such graphs add. With a point
        they hold it as well, and a thousandth more: a graph may cut its product off.
        """
        speeds = [self.graph[slot.node]["inputs"][slot.input] for slot in self._slots.get("fps", ())]
        speed = fps or next((value for value in speeds if isinstance(value, (int, float)) and value > 0), 24)
        for slot in self._slots.get("seconds", ()):
            whole = isinstance(self.graph[slot.node]["inputs"][slot.input], int)
            thousandths = math.floor(1000 * frames / speed) + 1
            self._write(slot, math.ceil((frames - 1) / speed) if whole else thousandths / 1000)

    def _put_shape(self, width: int, height: int) -> None:
        """A graph that asks for a shape and an area gets the nearest of each."""
        for slot in self._slots.get("aspect_ratio", ()):
            distance = {shape: abs(math.log(width / height / ratio)) for shape, ratio in SHAPES.items()}
            self._write(slot, min(distance, key=distance.__getitem__))
        if "aspect_ratio" in self._slots:
            for slot in self._slots.get("megapixels", ()):
                self._write(slot, max(0.1, round(width * height / _MEGAPIXEL, 2)))

    def _put_references(self, paths: list[Path]) -> None:
        """References in order; a place left over is unplugged, or shows the first one again."""
        slots = list(self._slots.get("reference", ()))
        for slot, path in zip(slots, paths, strict=False):
            self._write(slot, path)
        for path in paths[len(slots) :]:
            self._tell("", "reference", None, path, f"left out: the workflow takes only {len(slots)}")
        for slot in self._unplug(slots[len(paths) :]):
            if paths:
                self._write(slot, paths[0], "the first reference again: there is no other for this place")

    def _unplug(self, slots: list[Slot]) -> list[Slot]:
        """Take loaders out of the graph for which there is no file; returns those it cannot do without."""
        needed = []
        for slot in (slot for slot in slots if slot.node in self.graph):
            ends = list(self._ends(slot.node, set()))
            if not all(self._is_optional(node, input) for _, node, input in ends):
                needed.append(slot)
                continue
            old = self.graph[slot.node]["inputs"][slot.input]
            self._tell(slot.node, slot.input, old, None, "unplugged: there is no file for this place")
            for above, node, input in ends:
                self._tell(node, input, f"the picture of {above}", None, "unplugged with it")
                del self.graph[node]["inputs"][input]
            self._drop_loose(slot.node)
        return needed

    def _is_optional(self, node: str, input: str) -> bool:
        return (self._reader.name(node), input) in self._reader.types.optional

    def _ends(self, node: str, seen: set[str]) -> Iterator[tuple[str, str, str]]:
        """Where a picture leaves its own chain: (last node of it, consumer, input)."""
        for consumer, input, _ in self._reader.consumers[node]:
            others = [link for name, link in self._reader.flowing(consumer, *FLOWS) if name != input]
            if self._is_optional(consumer, input) or others or not self._reader.consumers[consumer]:
                yield self._reader.label(node), consumer, input
            elif consumer not in seen:
                seen.add(consumer)
                yield from self._ends(consumer, seen)

    def _drop_loose(self, loader: str) -> None:
        """Take the unplugged chain out of the graph, so that nobody looks for its file."""
        reader = GraphReader(self.graph, self._reader.types)
        for node in reader.downstream(loader):
            if node not in reader.depth:
                del self.graph[node]
        self._reader = GraphReader(self.graph, self._reader.types)


def _fitting(value: Any, old: Any, scale: float) -> Any:
    """The value as the input keeps it: scaled for its stage, with a point where there was one."""
    if scale != 1:
        value = round(value * scale)
    return float(value) if isinstance(old, float) and isinstance(value, int) else value


def _copied(graph: Graph) -> Graph:
    """A graph whose nodes and inputs may be changed; what stands in an input is only ever replaced."""
    return {id: {**node, "inputs": dict(node["inputs"])} for id, node in graph.items()}
