"""Follows the links of a window's workflow through everything that only the window knows.

Subgraphs, reroutes, primitives, get and set nodes, bypassed and muted nodes: behind each of them
stands a node that runs, a value, or nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Union

from domain.errors import BadFile
from infrastructure.ui_reading import BYPASSED, INSIDE, MUTED, Export, Level, Node

DEEPEST, FARTHEST, MOST = 20, 200, 1000  # subgraphs in each other; hops of one link; subgraphs in all
NOTES = ("Note", "MarkdownNote")
_REROUTES = ("Reroute", "Reroute (rgthree)")
_PRIMITIVE, _SET, _GET = "PrimitiveNode", "SetNode", "GetNode"
_WINDOW_ONLY = {*_REROUTES, _PRIMITIVE, _SET, _GET}


@dataclass(frozen=True)
class Output:
    node: str  # as the graph will call it: "12:3" for node 3 in the subgraph of node 12
    index: int


@dataclass(frozen=True)
class Literal:
    value: Any


@dataclass(frozen=True)
class Own:
    """The value that a node's own widget holds."""

    node: Node
    widget: str


Source = Union[Output, Literal, Own, None]


class Scope:
    """One level of nodes in its place: the workflow itself, or a subgraph in the place of one node of it."""

    def __init__(
        self,
        export: Export,
        level: Level,
        path: tuple[str, ...] = (),
        host: "tuple[Scope, Node] | None" = None,
    ):
        if len(path) > DEEPEST:
            raise BadFile(f"The subgraph “{level.name}” lies more than {DEEPEST} deep, or in itself.")
        self.level = level
        self._export, self._path, self._host = export, path, host
        self._inner: dict[str, Scope] = {}
        self._made: list[Scope] = host[0]._made if host else []  # all there are, by whomever made
        self._made.append(self)
        if len(self._made) > MOST:
            raise BadFile(f"The workflow has more than {MOST} subgraphs in it.")

    def name(self, node: str) -> str:
        return ":".join((*self._path, node))

    def inner(self, node: Node) -> "Scope | None":
        """The subgraph that a node stands for."""
        level = self._export.subgraphs.get(node.type)
        if level is None:
            return None
        if node.id not in self._inner:
            self._inner[node.id] = Scope(self._export, level, (*self._path, node.id), (self, node))
        return self._inner[node.id]

    def all(self) -> Iterator[tuple["Scope", Node]]:
        """Every node on every level, but for what only the window knows. Inside of one that is off: none."""
        for node in self.level.nodes.values():
            inner = None if node.is_off else self.inner(node)
            if inner:
                yield from inner.all()
            elif node.is_off or node.type not in _WINDOW_ONLY:
                yield self, node

    def source(self, link: str, hops: int = 0) -> Source:
        """What a link brings in the end."""
        wire = self.level.wires.get(link)
        if wire is None:
            return None
        if hops > FARTHEST:
            raise BadFile(
                f"A link to node {wire.target} goes through more than {FARTHEST} nodes, or in a circle."
            )
        if wire.origin == INSIDE:
            return self._from_outside(wire.output, hops + 1)
        node = self.level.nodes.get(wire.origin)
        if node is None or node.mode == MUTED:
            return None
        if node.mode == BYPASSED:
            return self._around(node, wire.output, hops + 1)
        if node.type in _REROUTES:
            return self.source(node.inputs[0].link, hops + 1) if node.inputs else None
        if node.type == _PRIMITIVE:
            return Literal(node.held[0]) if isinstance(node.held, list) and node.held else None
        if node.type in (_GET, _SET):
            return self._named(_first(node), hops + 1)
        if inner := self.inner(node):
            end = inner.level.to_outputs.get(wire.output)
            return inner.source(end.id, hops + 1) if end else None
        return Output(self.name(node.id), wire.output)

    def _around(self, node: Node, output: int, hops: int) -> Source:
        """A bypassed node hands on its input of the same type."""
        kind = node.outputs[output] if 0 <= output < len(node.outputs) else ""
        same = node.inputs[output : output + 1]
        for input in (*same, *node.inputs):
            if input.kind == kind or "*" in (kind, input.kind):
                return self.source(input.link, hops)
        return None

    @cached_property
    def _set(self) -> dict[str, Node]:
        return {_first(node): node for node in self.level.nodes.values() if node.type == _SET}

    def _named(self, name: str, hops: int) -> Source:
        """What was set under a name here, else further out."""
        if node := self._set.get(name):
            return self.source(node.inputs[0].link, hops) if node.inputs else None
        return self._host[0]._named(name, hops) if self._host else None

    def _from_outside(self, slot: int, hops: int) -> Source:
        if self._host is None or not 0 <= slot < len(self.level.inputs):
            return None
        outer, host = self._host
        name = self.level.inputs[slot]
        link = next((input.link for input in host.inputs if input.name == name), "")
        if link:
            return outer.source(link, hops)
        value = self._promoted.get(name)
        return Literal(value) if value is not None else self._inner_value(slot, hops)

    @cached_property
    def _promoted(self) -> dict[str, Any]:
        """Values that the host node holds for its subgraph's inputs."""
        host = self._host[1] if self._host else None
        if host is None or not isinstance(host.held, list) or not host.held:
            return {}
        proxies = host.properties.get("proxyWidgets")
        if isinstance(proxies, list) and proxies:
            pairs = zip(proxies, host.held, strict=False)
            whole = [(p, value) for p, value in pairs if isinstance(p, list) and len(p) >= 2]
            return {str(p[1]): value for p, value in whole if str(p[0]) == "-1"}
        names = [name for slot, name in enumerate(self.level.inputs) if self._widget(slot)]
        return dict(zip(names, host.held, strict=False))

    def _inner_value(self, slot: int, hops: int) -> Source:
        """An input nobody set: the first inner widget that it leads to knows its value."""
        if hops > FARTHEST:
            return None
        for wire in self.level.from_inputs.get(slot, ()):
            if (plug := self.level.plug(wire)) is None:
                continue
            node, input = plug
            if input.widget:
                return Own(node, input.widget)
            if (inner := self.inner(node)) and input.name in inner.level.inputs:
                return inner._from_outside(inner.level.inputs.index(input.name), hops + 1)
        return None

    def _widget(self, slot: int) -> bool:
        """Whether an input leads to a widget, on this level or further in."""
        for wire in self.level.from_inputs.get(slot, ()):
            if (plug := self.level.plug(wire)) is None:
                continue
            node, input = plug
            if input.widget:
                return True
            if (inner := self.inner(node)) and input.name in inner.level.inputs:
                return inner._widget(inner.level.inputs.index(input.name))
        return False


def _first(node: Node) -> str:
    return str(node.held[0]) if isinstance(node.held, list) and node.held else ""
