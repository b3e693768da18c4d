"""Turns a workflow as ComfyUI's window saves it into the form that its server runs.

Done with the server's own word of its nodes (/object_info), and told: what was left out, and what
may not be as the artist sees it. Whether the server takes the result is another matter: comfy_server.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.errors import BadFile
from domain.job import Graph
from infrastructure.ui_reading import BYPASSED, INSIDE, Input, Node, read_export
from infrastructure.ui_scopes import NOTES, Literal, Output, Own, Scope
from infrastructure.ui_widgets import read_widgets

MOST = 20_000  # nodes

_CORE = "comfy-core"
_WEB = re.compile(r"https?://[^\s\"'<>]{1,500}$")
_IS_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


@dataclass(frozen=True)
class Converted:
    graph: Graph
    dropped: tuple[str, ...]  # sentences about what was left out
    unsure: tuple[str, ...]  # sentences about what should be looked at
    models: tuple[dict[str, str], ...]  # that the nodes name: folder, file, source


def convert(content: Any, object_info: Mapping[str, Any], name: str, version: str = "") -> Converted:
    """What the window would send to run this workflow. `version` is the server's.

    Raises BadFile when it does not read, and when the server lacks some of its nodes.
    """
    export = read_export(content, name)
    return _Conversion(name, Scope(export, export.top), object_info, version).carried_out()


@dataclass
class _Conversion:
    name: str
    top: Scope
    types: Mapping[str, Any]
    version: str
    graph: Graph = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)

    def carried_out(self) -> Converted:
        nodes = self._running()
        for scope, node in nodes:
            self.graph[scope.name(node.id)] = self._node(scope, node)
        if not self.graph:
            raise BadFile(f"{self.name} has no node in it that does anything.")
        self._drop_loose_links()
        if newer := _newer(nodes, self.version):
            self.unsure.append(
                f"It was saved with ComfyUI {newer}, and the server is {self.version}: values may stand in "
                "the wrong place. Look at them, or use Workflow → Export (API) in that ComfyUI."
            )
        models = {tuple(model.items()): model for _, node in nodes for model in _models(node)}
        return Converted(self.graph, tuple(self.dropped), tuple(self.unsure), tuple(models.values()))

    def _running(self) -> list[tuple[Scope, Node]]:
        """The nodes that go into the graph. Raises BadFile when the server lacks any."""
        running, notes, lacking = [], 0, []
        for count, (scope, node) in enumerate(self.top.all()):
            if count > MOST:
                raise BadFile(f"{self.name} has more than {MOST} nodes.")
            if node.type in NOTES:
                notes += 1
            elif node.is_off:
                how = "bypassed" if node.mode == BYPASSED else "muted"
                self.dropped.append(f"{node.label} is {how} and was left out.")
            elif node.type in self.types:
                running.append((scope, node))
            elif _is_for_the_window(scope, node):
                self.dropped.append(f"{node.label} does something in ComfyUI's window only and was left out.")
            else:
                lacking.append(node)
        if lacking:
            raise BadFile(_lacking(self.name, lacking))
        if notes:
            self.dropped.append("A note was left out." if notes == 1 else f"{notes} notes were left out.")
        return running

    def _node(self, scope: Scope, node: Node) -> dict[str, Any]:
        info = self.types[node.type]
        widgets = read_widgets(node, info)
        inputs = dict(widgets.values)
        plugged = {input.name: value for input in node.inputs for value in self._plugged(scope, input)}
        inputs |= plugged
        usual = [name for name in widgets.missing if name in widgets.values]
        self.dropped += _told(node, "takes the server's own {}: the file holds none", usual, plugged)
        bare = [name for name in widgets.missing if name not in widgets.values]
        self.unsure += _told(node, "has no value for {}", bare, plugged)
        self.unsure += _told(node, "has a value of another kind in {}", widgets.odd, plugged)
        for name in _loose(scope, node):
            if name not in inputs:
                self.unsure.append(f"{node.label} has nothing plugged into {name} any more.")
        if widgets.left:
            left = ", ".join(" ".join(str(value).split())[:40] for value in widgets.left[:4])
            self.unsure.append(f"{node.label} holds more values than the server's node has inputs: {left}.")
        for key, value in inputs.items():
            if isinstance(value, list) and key not in plugged:
                inputs[key] = {"__value__": value}  # or the server takes it for a link
        title = node.title or _text(info, "display_name") or node.type
        return {"class_type": node.type, "inputs": inputs, "_meta": {"title": title}}

    def _plugged(self, scope: Scope, input: Input) -> Iterator[Any]:
        """What a link brings to an input, if it brings anything."""
        match scope.source(input.link):
            case Output(node, index):
                yield [node, index]
            case Literal(value):
                yield {"__value__": value} if isinstance(value, list) else value
            case Own(node, widget):
                info = self.types.get(node.type)
                values = read_widgets(node, info).values if info else {}
                if widget in values:
                    yield values[widget]

    def _drop_loose_links(self) -> None:
        """Links from what only the window knows."""
        for node in self.graph.values():
            inputs = node["inputs"].items()
            node["inputs"] = {k: v for k, v in inputs if not isinstance(v, list) or v[0] in self.graph}


def _loose(scope: Scope, node: Node) -> Iterator[str]:
    """The inputs whose links come from nodes that were left out."""
    for input in node.inputs:
        wire = scope.level.wires.get(input.link)
        if wire and wire.origin != INSIDE and scope.source(input.link) is None:
            yield input.name


def _told(node: Node, what: str, inputs: list[str], plugged: Mapping[str, Any]) -> Iterator[str]:
    if names := [name for name in inputs if name not in plugged]:
        yield f"{node.label} {what.format(', '.join(names))}."


def _is_for_the_window(scope: Scope, node: Node) -> bool:
    """A node that no server knows and to which nothing is plugged: a label, a switchboard."""
    is_fed = any(input.link in scope.level.wires for input in node.inputs)
    feeds = any(wire.origin == node.id for wire in scope.level.wires.values())
    return not is_fed and not feeds


def _lacking(name: str, nodes: list[Node]) -> str:
    kinds = {node.type: node for node in nodes}
    named = ", ".join(_named(node) for node in list(kinds.values())[:12])
    more = f" and {len(kinds) - 12} more" if len(kinds) > 12 else ""
    return (
        f"{name} cannot be read with this server, which lacks {named}{more}. Install what they come from "
        "in ComfyUI, or open the workflow where it runs and choose Workflow → Export (API)."
    )


def _named(node: Node) -> str:
    if _IS_ID.match(node.type):
        return f"the subgraph “{node.title or 'without a name'}”, which the file does not hold"
    if node.type.startswith(("workflow/", "workflow>")):
        return f"the group node {node.type[9:]!r} (make it a subgraph in ComfyUI first)"
    pack = _text(node.properties, "cnr_id") or _text(node.properties, "aux_id")
    return f"{node.type!r}" + (f" (from {pack[:80]})" if pack not in ("", _CORE) else "")


def _newer(nodes: list[tuple[Scope, Node]], version: str) -> str:
    """The newest ComfyUI that saved a node of its own, if that is newer than the server."""
    saved = [node.properties.get("ver") for _, node in nodes if node.properties.get("cnr_id") == _CORE]
    numbers = [(_number(ver), ver) for ver in saved if isinstance(ver, str) and _number(ver)]
    newest, ver = max(numbers, default=((), ""))
    return ver if _number(version) and newest > _number(version) else ""


def _number(version: str) -> tuple[int, ...]:
    match = re.match(r"v?(\d{1,6})\.(\d{1,6})\.(\d{1,6})", version)
    return tuple(map(int, match.groups())) if match else ()


def _models(node: Node) -> Iterator[dict[str, str]]:
    """The model files that a node says it needs, with where they are to be had."""
    listed = node.properties.get("models")
    for model in listed if isinstance(listed, list) else ():
        file, folder = _text(model, "name"), _text(model, "directory")
        if file and folder:
            url = _text(model, "url")
            yield {"folder": folder, "file": file, **({"source": url} if _WEB.match(url) else {})}


def _text(content: Any, key: str) -> str:
    value = content.get(key) if isinstance(content, dict) else None
    return value if isinstance(value, str) else ""
