"""Reads a ComfyUI graph: what is plugged into what, what flows along a link, where a value is written."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import PurePath
from typing import Any, NamedTuple

from domain.job import Graph
from domain.node_types import CORE, NodeTypes

_VALUES = ("value", "int", "float", "number", "integer", "text", "string")  # where value nodes keep theirs


class Link(NamedTuple):
    node: str
    output: int


class Place(NamedTuple):
    """An input that holds a value of its own, not a link."""

    node: str
    input: str


class GraphReader:
    def __init__(self, graph: Graph, types: NodeTypes = CORE):
        self.graph = graph
        self.types = types
        self._chosen: dict[str, str | None] = {}

    def inputs(self, node: str) -> dict[str, Any]:
        return self.graph[node]["inputs"]

    def name(self, node: str) -> str:
        return str(self.graph[node]["class_type"])

    def title(self, node: str) -> str:
        return str(self.graph[node].get("_meta", {}).get("title") or "")

    def label(self, node: str) -> str:
        """What an artist knows a node by."""
        return self.title(node) or self.name(node)

    def value(self, place: Place) -> Any:
        return self.inputs(place.node)[place.input]

    def link(self, node: str, input: str) -> Link | None:
        value = self.inputs(node).get(input)
        if not isinstance(value, list) or len(value) != 2 or not isinstance(value[1], int):
            return None
        return Link(*value) if isinstance(value[0], str) and value[0] in self.graph else None

    def links(self, node: str) -> list[tuple[str, Link]]:
        return [(input, link) for input in self.inputs(node) if (link := self.link(node, input))]

    def kind(self, link: Link, input: str) -> str:
        """What flows along a link that is plugged into an input of that name; "" when unknown."""
        for _ in range(len(self.graph)):
            kind = self.types.output(self.name(link.node), link.output, input)
            if kind != "*":
                return kind
            if (behind := self.passed_on(link.node)) is None:
                return ""
            link = behind
        return ""

    def flowing(self, node: str, *kinds: str) -> list[tuple[str, Link]]:
        """The links into a node along which one of these kinds flows."""
        return [(input, link) for input, link in self.links(node) if self.kind(link, input) in kinds]

    def passed_on(self, node: str) -> Link | None:
        """What a switch or a reroute hands on."""
        if (chosen := self.chosen(node)) is not None:
            return self.link(node, chosen)
        return next((link for _, link in self.links(node)), None)

    def chosen(self, node: str) -> str | None:
        """Which input a switch lets through; None for a node that is no switch."""
        if node not in self._chosen:
            self._chosen[node] = None  # for a switch that is asked again while it is being read
            self._chosen[node] = self._choice(node)
        return self._chosen[node]

    def _choice(self, node: str) -> str | None:
        inputs = self.inputs(node)
        if not {"on_true", "on_false"} & {*inputs}:
            return None
        places = list(self.places(node, "switch"))
        on = self.value(places[0]) if places else True
        return "on_true" if on and "on_true" in inputs else "on_false"

    @cached_property
    def consumers(self) -> dict[str, list[tuple[str, str, int]]]:
        """Node -> who takes its outputs: (consumer, input, output)."""
        found: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
        for node in self.graph:
            for input, link in self.links(node):
                found[link.node].append((node, input, link.output))
        return found

    @cached_property
    def savers(self) -> list[str]:
        """The nodes that end the graph. A class nobody knows ends it when nothing follows it."""
        return [
            node
            for node in self.graph
            if self.name(node) in self.types.savers
            or (not self.consumers[node] and self.name(node) not in self.types.outputs and self.links(node))
        ]

    @cached_property
    def depth(self) -> dict[str, int]:
        """How far from a saver each node lies that has a part in what is saved."""
        return self.upstream(self.savers)

    def upstream(self, start: Iterable[str]) -> dict[str, int]:
        return _spread(start, lambda node: (link.node for _, link in self.links(node)))

    def downstream(self, start: str) -> dict[str, int]:
        return _spread([start], lambda node: (consumer for consumer, _, _ in self.consumers[node]))

    def places(self, node: str, input: str) -> Iterator[Place]:
        """Where the value of an input is written: there, or where its links come from."""
        yield from self._places(node, input, set())

    def _places(self, node: str, input: str, seen: set[Place]) -> Iterator[Place]:
        if (here := Place(node, input)) in seen or input not in self.inputs(node):
            return
        seen.add(here)
        if link := self.link(node, input):
            for name in self._deciding(link.node, input):
                yield from self._places(link.node, name, seen)
        elif isinstance(self.value(here), str | int | float | PurePath):
            yield here

    def _deciding(self, node: str, wanted: str) -> list[str]:
        """The inputs of a value node that make its output."""
        if (chosen := self.chosen(node)) is not None:
            return [chosen]
        inputs = self.inputs(node)
        if "expression" in inputs:
            return [name for name, _ in self.links(node)]
        if own := next((name for name in (wanted, *_VALUES) if name in inputs), None):
            return [own]
        links = self.links(node)
        return [links[0][0]] if len(links) == 1 and not self.kind(links[0][1], links[0][0]) else []


def _spread(start: Iterable[str], following: Callable[[str], Iterable[str]]) -> dict[str, int]:
    """How many steps away each node is, going as `following` says."""
    steps = dict.fromkeys(start, 0)
    waiting = deque(steps)
    while waiting:
        node = waiting.popleft()
        for after in following(node):
            if after not in steps:
                steps[after] = steps[node] + 1
                waiting.append(after)
    return steps
