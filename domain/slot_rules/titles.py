"""Finds the slots an artist marked by a node's title in ComfyUI. What is titled counts before any rule."""

import re
from collections.abc import Iterator

from domain.graph_reader import GraphReader, Place
from domain.slots import FILES, INPUTS, MODELS, TITLES, Slot

_NUMBERED = re.compile(r"(?:reference(?: image)?|ref) (\d+)$")
_LORA = re.compile(r"\[lora(:[^\]]*)?\]")
_MODEL = re.compile(r"\[model(?::([a-z_]+))?\]")


def find(reader: GraphReader) -> dict[str, list[Slot]]:
    found: dict[str, list[tuple[int, Slot]]] = {}
    for node in reader.graph:
        for name, number in _named(reader.title(node)):
            for place in _places(reader, node, name):
                slot = Slot(*place, f"the title “{reader.title(node)}”")
                found.setdefault(name, []).append((number, slot))
    ordered = {name: sorted(slots, key=lambda slot: slot[0]) for name, slots in found.items()}
    return {name: list(dict.fromkeys(slot for _, slot in slots)) for name, slots in ordered.items()}


def _named(title: str) -> Iterator[tuple[str, int]]:
    """The slots a title names, with the number of a reference."""
    title = " ".join(title.lower().replace("_", " ").split())
    if match := _NUMBERED.match(title):
        yield "reference", int(match[1])
    elif _LORA.match(title):
        yield "lora", 0
    elif match := _MODEL.match(title):
        yield (f"model_{match[1]}" if match[1] in ("high", "low") else "model"), 0
    else:
        yield from ((name, 0) for name, titles in TITLES.items() if title in titles)


def _places(reader: GraphReader, node: str, name: str) -> list[Place]:
    """The inputs of a titled node that take the value, followed along their links."""
    if name.startswith("model"):
        groups: tuple[tuple[str, ...], ...] = (MODELS,)
    else:
        groups = INPUTS.get(name, (FILES,))
    for group in groups:
        if places := [place for input in group for place in reader.places(node, input)]:
            return places
    return []
