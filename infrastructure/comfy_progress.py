"""How far a prompt is, told from a server's messages: samplers count, the rest is a word."""

from domain.events import Progress
from domain.job import Graph
from infrastructure.comfy_answers import title
from infrastructure.comfy_socket import Message

_LOADING, _SAMPLED = 0.05, 0.92  # shares of a job before the first step and after the last


class Reporter:
    def __init__(self, graph: Graph):
        self._graph = graph
        self._stages = max(1, sum(1 for node in graph.values() if samples(node)))
        self._done: list[str] = []  # samplers that have begun, in order
        self.last = Progress(0, "waiting for the GPU")

    def heard(self, message: Message) -> Progress | None:
        """What a message means for the artist; None when it means nothing new."""
        match message.kind, message.data:
            case "preview", _:
                return Progress(self.last.fraction, self.last.note, message.picture)
            case "execution_start", _:
                return self._now(0.0, "started")
            case "executing", {"node": str(node)}:
                return self._now(self.last.fraction, title(node, self._graph))
            case "progress", {
                "node": str(node),
                "value": int() | float() as value,
                "max": int() | float() as top,
            }:
                if top > 0:
                    share = min(max(value / top, 0.0), 1.0)
                    note = f"{title(node, self._graph)}: {value:g} of {top:g}"
                    return self._now(self._fraction(node, share), note)
        return None

    def _fraction(self, node: str, share: float) -> float:
        if not samples(self._graph.get(node, {})):
            return self.last.fraction
        if node not in self._done:
            self._done.append(node)
        stage = min(self._done.index(node), self._stages - 1)
        return _LOADING + (_SAMPLED - _LOADING) * (stage + share) / self._stages

    def _now(self, fraction: float, note: str) -> Progress:
        self.last = Progress(max(fraction, self.last.fraction), note)
        return self.last


def samples(node: dict[str, object]) -> bool:
    """Whether a node draws step by step: it can tell how far it is, and show a preview."""
    name = str(node.get("class_type", ""))
    return "Sampler" in name and name != "KSamplerSelect"
