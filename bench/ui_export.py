"""Turns a workflow as ComfyUI's window saves it into the form its server runs.

Only for measuring: it knows what the official templates need (subgraphs, switched-off
nodes, reroutes, positional widget values), not what custom nodes may do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_WIDGETS = {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", "COLOR", "COLORS", "CURVE", "BOUNDING_BOXES"}
_WIDGETS |= {"LOAD_3D", "WEBCAM", "AUDIO_RECORD", "IMAGECOMPARE", "HISTOGRAM"}
_DYNAMIC = "COMFY_DYNAMICCOMBO_V3"
_AFTER = ("fixed", "randomize", "increment", "decrement")
_BYPASSED, _MUTED = 4, 2
_INSIDE, _OUTSIDE = -10, -20  # the nodes that stand for a subgraph's inputs and outputs
_NOTES = ("Note", "MarkdownNote")


class Unconvertible(Exception):
    """The workflow has a node that the server does not know."""


@dataclass(frozen=True)
class Literal:
    value: Any


Source = tuple[str, int] | Literal | None


class Scope:
    """The nodes of one level: the workflow itself, or a subgraph in the place of one node of it."""

    def __init__(self, content: Any, subgraphs: Any, prefix: str = "", host: Any = None, outer: Any = None):
        self.nodes = {node["id"]: node for node in content["nodes"]}
        self.links = {link[0]: link for link in map(_link, content.get("links") or ())}
        self.inputs = content.get("inputs") or []
        self.outputs = content.get("outputs") or []
        self.prefix, self.host, self.outer = prefix, host, outer
        self._subgraphs = subgraphs
        self._inner: dict[Any, Scope] = {}

    def inner(self, node: Any) -> "Scope | None":
        """The subgraph that a node stands for."""
        if (content := self._subgraphs.get(node["type"])) is None:
            return None
        if node["id"] not in self._inner:
            prefix = f"{self.prefix}{node['id']}:"
            self._inner[node["id"]] = Scope(content, self._subgraphs, prefix, node, self)
        return self._inner[node["id"]]

    def all(self) -> Iterator[tuple["Scope", Any]]:
        """Every node that runs, on every level."""
        for node in self.nodes.values():
            if node.get("mode", 0) in (_BYPASSED, _MUTED) or node["type"] in _NOTES:
                continue
            if inner := self.inner(node):
                yield from inner.all()
            elif node["type"] not in ("Reroute", "PrimitiveNode"):
                yield self, node

    def source(self, link_id: Any) -> Source:
        """Where a link comes from in the end."""
        if link_id is None or link_id not in self.links:
            return None
        _, origin, slot, *_ = self.links[link_id]
        if origin == _INSIDE:
            return self._from_outside(slot)
        if (node := self.nodes.get(origin)) is None or node.get("mode", 0) == _MUTED:
            return None
        if node.get("mode", 0) == _BYPASSED:
            return self._around(node, slot)
        if node["type"] == "Reroute":
            return self.source(node["inputs"][0].get("link"))
        if node["type"] == "PrimitiveNode":
            return Literal(node["widgets_values"][0])
        if inner := self.inner(node):
            return inner.result(slot)
        return f"{self.prefix}{origin}", slot

    def result(self, slot: int) -> Source:
        """What a subgraph hands out."""
        ends = [id for id, link in self.links.items() if link[3] == _OUTSIDE and link[4] == slot]
        return self.source(ends[0]) if ends else None

    def _around(self, node: Any, slot: int) -> Source:
        """A bypassed node hands on its input of the same type."""
        kind = node["outputs"][slot]["type"]
        inputs = node.get("inputs") or []
        same = [inputs[slot]] if slot < len(inputs) else []
        for input in [*same, *inputs]:
            if input["type"] == kind or "*" in (kind, input["type"]):
                return self.source(input.get("link"))
        return None

    def _from_outside(self, slot: int) -> Source:
        name = self.inputs[slot]["name"]
        input = next((i for i in self.host.get("inputs") or () if i["name"] == name), None)
        if input and input.get("link") is not None:
            return self.outer.source(input["link"])
        value = self._promoted().get(name)
        if value is not None:
            return Literal(value)
        return self._inner_value(slot)

    def _promoted(self) -> dict[str, Any]:
        """Values that the host node holds for its subgraph's inputs."""
        held = self.host.get("widgets_values")
        if not isinstance(held, list) or not held:
            return {}
        if proxies := self.host.get("properties", {}).get("proxyWidgets"):
            return {n: v for (id, n), v in zip(proxies, held, strict=False) if str(id) == "-1"}
        names = [input["name"] for slot, input in enumerate(self.inputs) if self._feeds_widget(slot)]
        return dict(zip(names, held, strict=False))

    def _feeds_widget(self, slot: int) -> bool:
        for link in self.links.values():
            if link[1] == _INSIDE and link[2] == slot and (node := self.nodes.get(link[3])):
                input = node["inputs"][link[4]]
                if input.get("widget"):
                    return True
                names = [i["name"] for i in inner.inputs] if (inner := self.inner(node)) else []
                if inner and input["name"] in names:
                    return inner._feeds_widget(names.index(input["name"]))
        return False

    def _inner_value(self, slot: int) -> Source:
        """An input nobody set: the first inner node that it leads to knows its value."""
        for link in self.links.values():
            if link[1] == _INSIDE and link[2] == slot and (node := self.nodes.get(link[3])):
                input = node["inputs"][link[4]]
                if input.get("widget"):
                    return Literal(_Own(node, input["widget"]["name"]))
                if (inner := self.inner(node)) and input["name"] in (
                    names := [i["name"] for i in inner.inputs]
                ):
                    return inner._from_outside(names.index(input["name"]))
        return None


@dataclass(frozen=True)
class _Own:
    """The value that a node's own widget holds."""

    node: Any
    widget: str


def api_graph(workflow: Any, object_info: Any) -> dict[str, dict[str, Any]]:
    """What the window would send to run this workflow."""
    subgraphs = {s["id"]: s for s in (workflow.get("definitions") or {}).get("subgraphs") or ()}
    graph: dict[str, dict[str, Any]] = {}
    for scope, node in Scope(workflow, subgraphs).all():
        if node["type"] not in object_info:
            raise Unconvertible(node["type"])
        inputs = dict(_widgets(node, object_info[node["type"]]))
        for input in node.get("inputs") or ():
            source = scope.source(input.get("link"))
            if isinstance(source, Literal):
                own = source.value
                value = _own_value(own, object_info) if isinstance(own, _Own) else own
                if value is not None:
                    inputs[input["name"]] = value
            elif source is not None:
                inputs[input["name"]] = list(source)
        meta = {"title": node.get("title") or object_info[node["type"]].get("display_name") or node["type"]}
        graph[f"{scope.prefix}{node['id']}"] = {"class_type": node["type"], "inputs": inputs, "_meta": meta}
    return _without_loose_links(graph)


def _own_value(own: _Own, object_info: Any) -> Any:
    info = object_info.get(own.node["type"])
    return dict(_widgets(own.node, info)).get(own.widget) if info else None


def _without_loose_links(graph: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    for node in graph.values():
        inputs = node["inputs"].items()
        node["inputs"] = {k: v for k, v in inputs if not _is_link(v) or v[0] in graph}
        for name, value in node["inputs"].items():
            if isinstance(value, list) and not _is_link(value):
                node["inputs"][name] = {"__value__": value}
    return graph


def _is_link(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and type(value[1]) is int


def _widgets(node: Any, info: Any) -> Iterator[tuple[str, Any]]:
    """The values of a node's widgets by name, read in the order in which the window shows them."""
    held = node.get("widgets_values") or []
    if isinstance(held, dict):
        yield from held.items()
        return
    values = list(held)
    for section in ("required", "optional"):
        for name, spec in info["input"].get(section, {}).items():
            yield from _taken(name, spec, values)


def _taken(name: str, spec: Any, values: list[Any]) -> Iterator[tuple[str, Any]]:
    kind, options = spec[0], spec[1] if len(spec) > 1 else {}
    is_widget = isinstance(kind, list) or {*str(kind).split(",")} & {*_WIDGETS, _DYNAMIC}
    if not is_widget or options.get("forceInput"):
        return
    if kind == "IMAGECOMPARE":
        yield name, ""
        return
    if not values:
        if "default" in options:
            yield name, options["default"]
        return
    value = values.pop(0)
    if value is not None:
        yield name, value
    if kind == _DYNAMIC:
        chosen = next((o for o in options["options"] if o["key"] == value), {"inputs": {}})
        for section in ("required", "optional"):
            for inner, inner_spec in chosen["inputs"].get(section, {}).items():
                yield from _taken(f"{name}.{inner}", inner_spec, values)
    seeded = options.get("control_after_generate") or name in ("seed", "noise_seed")
    if seeded and values and values[0] in _AFTER:
        values.pop(0)


def _link(link: Any) -> tuple[Any, ...]:
    if isinstance(link, list):
        return tuple(link)
    return tuple(link[k] for k in ("id", "origin_id", "origin_slot", "target_id", "target_slot"))
