"""Reads a workflow as ComfyUI's window saves it: nodes, links and subgraphs, each checked once.

Knows nothing of what nodes do. What is missing gets the window's own default; what cannot be meant
is refused with its place in the file.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from domain.errors import BadFile

INSIDE, OUTSIDE = "-10", "-20"  # the nodes that stand for a subgraph's inputs and outputs
BYPASSED, MUTED = 4, 2


@dataclass(frozen=True)
class Input:
    name: str
    kind: str
    link: str  # "": nothing is plugged in
    widget: str  # whose value it takes; "": it is only a socket


@dataclass(frozen=True)
class Node:
    id: str
    type: str
    title: str  # as the artist gave it; "": none
    mode: int
    inputs: tuple[Input, ...]
    outputs: tuple[str, ...]  # types
    held: list[Any] | dict[str, Any]  # what its widgets hold
    properties: Mapping[str, Any]

    @property
    def label(self) -> str:
        return f"“{self.title or self.type}” ({self.id})"

    @property
    def is_off(self) -> bool:
        return self.mode in (BYPASSED, MUTED)


@dataclass(frozen=True)
class Wire:
    id: str
    origin: str
    output: int
    target: str
    input: int


@dataclass(frozen=True)
class Level:
    """The nodes that lie side by side: the workflow itself, or the inside of a subgraph."""

    name: str
    nodes: Mapping[str, Node]
    wires: Mapping[str, Wire]
    inputs: tuple[str, ...] = ()

    @cached_property
    def from_inputs(self) -> dict[int, list[Wire]]:
        """Where each of a subgraph's inputs leads to."""
        found: dict[int, list[Wire]] = {}
        for wire in self.wires.values():
            if wire.origin == INSIDE:
                found.setdefault(wire.output, []).append(wire)
        return found

    @cached_property
    def to_outputs(self) -> dict[int, Wire]:
        wires = (wire for wire in self.wires.values() if wire.target == OUTSIDE)
        return {wire.input: wire for wire in reversed(list(wires))}

    def plug(self, wire: Wire) -> tuple[Node, Input] | None:
        """The node and input that a wire ends in."""
        node = self.nodes.get(wire.target)
        return (node, node.inputs[wire.input]) if node and 0 <= wire.input < len(node.inputs) else None


@dataclass(frozen=True)
class Export:
    top: Level
    subgraphs: Mapping[str, Level]


def is_ui_export(content: Any) -> bool:
    return isinstance(content, dict) and isinstance(content.get("nodes"), list) and "links" in content


def read_export(content: Any, name: str) -> Export:
    """Raises BadFile with the place that does not read."""
    if not is_ui_export(content):
        raise BadFile(f"{name} is no workflow of ComfyUI's window: it has no list of nodes and links.")
    found: dict[str, Level] = {}
    for n, subgraph in enumerate(_list(_dict(content.get("definitions")).get("subgraphs"))):
        where = f"{name}, definitions.subgraphs[{n}]"
        if not isinstance(subgraph, dict):
            raise BadFile(f"{where} should be an object.")
        found[_id(subgraph.get("id"), where)] = _level(subgraph, where)
    return Export(_level(content, name), found)


def _level(content: Mapping[str, Any], where: str) -> Level:
    if not isinstance(content.get("nodes"), list):
        raise BadFile(f"{where}: nodes should be a list.")
    nodes = [_node(node, f"{where}, nodes[{n}]") for n, node in enumerate(content["nodes"])]
    wires = list(_wires(_list(content.get("links")), where))
    inputs = tuple(_text(_dict(input).get("name")) for input in _list(content.get("inputs")))
    named = _text(content.get("name")) or where
    return Level(named, {node.id: node for node in nodes}, {wire.id: wire for wire in wires}, inputs)


def _node(content: Any, where: str) -> Node:
    if not isinstance(content, dict) or not isinstance(content.get("type"), str):
        raise BadFile(f"{where} has no type.")
    held = content.get("widgets_values")
    mode = content.get("mode", 0)
    return Node(
        id=_id(content.get("id"), where),
        type=content["type"],
        title=_text(content.get("title")),
        mode=mode if isinstance(mode, int) else 0,
        inputs=tuple(_input(input, where) for input in _list(content.get("inputs"))),
        outputs=tuple(_text(_dict(output).get("type")) for output in _list(content.get("outputs"))),
        held=held if isinstance(held, list | dict) else [],
        properties=_dict(content.get("properties")),
    )


def _input(content: Any, where: str) -> Input:
    if not isinstance(content, dict) or not isinstance(content.get("name"), str):
        raise BadFile(f"{where} has an input without a name.")
    link = content.get("link")
    widget = _text(_dict(content.get("widget")).get("name"))
    return Input(
        content["name"], _text(content.get("type")), "" if link is None else _id(link, where), widget
    )


def _wires(links: list[Any], where: str) -> Iterator[Wire]:
    for n, link in enumerate(links):
        if link is None:  # a link that was pulled out
            continue
        if isinstance(link, dict):
            keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot")
            link = [link.get(key) for key in keys]
        if not isinstance(link, list) or len(link) < 5:
            raise BadFile(f"{where}, links[{n}] should have an id and two ends.")
        id, origin, output, target, input, *_ = link
        if not _is_whole(output) or not _is_whole(input):
            raise BadFile(f"{where}, links[{n}] should have whole numbers for its output and input.")
        place = f"{where}, links[{n}]"
        yield Wire(_id(id, place), _id(origin, place), output, _id(target, place), input)


def _id(value: Any, where: str) -> str:
    if not (_is_whole(value) or (isinstance(value, str) and value)):
        raise BadFile(f"{where} should have an id of text or a whole number.")
    return str(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
