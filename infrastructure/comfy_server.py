"""What a ComfyUI server says of itself and of a graph, without running anything on it."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from domain.graph_reader import GraphReader, Place
from domain.job import Graph
from infrastructure.comfy_answers import Fault
from infrastructure.comfy_api import ComfyAPI

_PLAIN = ("STRING", "INT", "FLOAT", "BOOLEAN")


class ComfyServer:
    def __init__(self, url: str):
        self._api = ComfyAPI(url)
        self.url = self._api.url

    def version(self) -> str:
        return str(self._api.system_stats()["system"].get("comfyui_version") or "")

    def object_info(self) -> dict[str, Any]:
        """Its nodes: the inputs and outputs of each, and which models there are to choose from."""
        nodes = self._api.object_info()
        return {name: node for name, node in nodes.items() if isinstance(node, dict)}

    def faults(self, graph: Graph, object_info: Mapping[str, Any]) -> list[Fault] | None:
        """All that the server would refuse; None when it cannot be asked without running the graph.

        A server checks a prompt only when it is about to queue it. So it is handed one in which each
        output needs a value that is not there: everything is checked, and nothing can be run.
        """
        taken_out = _stoppers(graph, object_info)
        if not taken_out:
            return None
        trial = {
            id: {**node, "inputs": {k: v for k, v in node["inputs"].items() if Place(id, k) not in taken_out}}
            for id, node in graph.items()
        }
        found = self._api.objections(trial, str(uuid.uuid4()))
        return [fault for fault in found if Place(fault.node, fault.input) not in taken_out]


def _stoppers(graph: Graph, object_info: Mapping[str, Any]) -> set[Place]:
    """Values without which no output of a graph can run; none when one could all the same."""
    reader, found = GraphReader(graph), set[Place]()
    for output in graph:
        if not object_info.get(reader.name(output), {}).get("output_node"):
            continue
        behind = reader.upstream([output])
        if any(place.node in behind for place in found):
            continue
        places = [place for node in behind for place in _plain(reader, node, object_info)]
        if not places:  # such as a preview of a picture that is only loaded
            places = [Place(output, input) for input, _ in _required(reader, output, object_info)]
        if not places:
            return set()
        found.add(places[0])
    return found


def _plain(reader: GraphReader, node: str, object_info: Mapping[str, Any]) -> Iterator[Place]:
    """The values a node cannot be without that stand in it, of kinds that are wrong only in their kind."""
    for input, spec in _required(reader, node, object_info):
        if not reader.link(node, input) and spec and spec[0] in _PLAIN:
            yield Place(node, input)


def _required(
    reader: GraphReader, node: str, object_info: Mapping[str, Any]
) -> Iterator[tuple[str, Sequence[Any]]]:
    kinds = (object_info.get(reader.name(node), {}).get("input") or {}).get("required") or {}
    yield from ((input, spec) for input, spec in kinds.items() if input in reader.inputs(node))
