"""What is known of node classes: what they give, on which grid they draw, which of them end a graph.

Known without a server for ComfyUI's own nodes (node_table.py); a server's /object_info
adds everyone else's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from domain import node_table
from domain.slots import LENGTHS

# Kinds of link along which a picture, its words or its sound travel.
FLOWS = {"CONDITIONING", "LATENT", "IMAGE", "MASK", "AUDIO", "VIDEO", "CLIP_VISION_OUTPUT"}

_ANYTHING = {"*", "COMFY_MATCHTYPE_V3"}
# Nodes nobody knows: what their output is, judged by the words in the input it is plugged into.
_BY_WORD = {
    "CONDITIONING": {"positive", "negative", "conditioning", "cond", "cond1", "cond2", "embeds"},
    "LATENT": {"latent", "latents", "samples", "samples1", "samples2"},
    "MASK": {"mask", "masks"},
    "IMAGE": {"image", "images", "image1", "image2", "image3", "pixels"},
    "AUDIO": {"audio"},
    "VIDEO": {"video"},
}
_NOT_A_FLOW = {"model", "vae", "rate", "strength", "width", "height", "size", "index", "count", "number"}


class Steps(NamedTuple):
    """Sizes are multiples of `grid`, lengths are `first` plus multiples of `frames`."""

    grid: int
    frames: int
    first: int


@dataclass(frozen=True)
class NodeTypes:
    outputs: Mapping[str, tuple[str, ...]]  # class -> types of its outputs, in order
    steps: Mapping[str, Steps]
    savers: frozenset[str]
    optional: frozenset[tuple[str, str]]  # (class, input) that may be left open

    @classmethod
    def of(cls, object_info: Mapping[str, Any]) -> "NodeTypes":
        """From a server's answer to /object_info."""
        return cls(
            {name: _outputs(node) for name, node in object_info.items() if "output" in node},
            {name: steps for name, node in object_info.items() if (steps := _steps(node))},
            frozenset(name for name, node in object_info.items() if node.get("output_node")),
            frozenset(
                (name, input)
                for name, node in object_info.items()
                for input, spec in _inputs(node, "optional")
                if spec and str(spec[0]) in FLOWS
            ),
        )

    def __or__(self, other: "NodeTypes") -> "NodeTypes":
        return NodeTypes(
            {**self.outputs, **other.outputs},
            {**self.steps, **other.steps},
            self.savers | other.savers,
            self.optional | other.optional,
        )

    def output(self, name: str, index: int, input: str) -> str:
        """What output `index` of a class is; "*" for whatever was put in; by `input` for classes unknown."""
        outputs = self.outputs.get(name)
        if outputs is None:
            return by_input(input) or ("*" if name == "Reroute" else "")
        kind = outputs[index] if index < len(outputs) else ""
        return by_input(input) or "*" if kind in _ANYTHING else kind


def by_input(input: str) -> str:
    """The type an input's name speaks of, "" when it speaks of none that matters."""
    if input == "clip_vision_output":
        return "CLIP_VISION_OUTPUT"
    if (words := set(input.lower().replace(".", "_").split("_"))) & _NOT_A_FLOW:
        return ""
    return next((kind for kind, known in _BY_WORD.items() if words & known), "")


def _outputs(node: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(map(str, node.get("output") or ()))


def _steps(node: Mapping[str, Any]) -> Steps | None:
    inputs = {name: spec[1] for name, spec in _inputs(node) if len(spec) > 1 and spec[0] == "INT"}
    if "LATENT" not in _outputs(node) or "width" not in inputs:
        return None
    length: dict[str, Any] = next((inputs[name] for name in LENGTHS if name in inputs), {})
    frames = length.get("step") or 1
    return Steps(inputs["width"].get("step") or 1, frames, length.get("default", 1) % frames or frames)


def _inputs(node: Mapping[str, Any], *sections: str) -> Iterator[tuple[str, Any]]:
    for section in sections or ("required", "optional"):
        yield from (node.get("input") or {}).get(section, {}).items()


def _table() -> NodeTypes:
    return NodeTypes(
        {n: tuple(kinds.split()) for kinds, names in node_table.OUTPUTS.items() for n in names.split()},
        {n: Steps(*map(int, s.split())) for s, names in node_table.STEPS.items() for n in names.split()},
        frozenset(node_table.SAVERS.split()),
        frozenset((name, input) for name, input in (w.split(".") for w in node_table.OPTIONAL.split())),
    )


CORE = _table()
