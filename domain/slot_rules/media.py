"""Finds what pictures, videos and sounds a graph takes, and what each is for: down from the loaders.

A loader's role is the first input on its way that says one; of several, the one that
matters most to the artist.
"""

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import NamedTuple

from domain.graph_reader import GraphReader
from domain.node_types import FLOWS
from domain.slot_rules.samplers import is_sampler
from domain.slots import FILES, Slot

# What matters most to the artist comes first.
_ROLES = ("start_image", "end_image", "control", "reference", "source", "mask")
_STARTS = {"start_image", "first_frame", "clip_vision_start_image", "init_image"}
_ENDS = {"end_image", "last_frame", "clip_vision_end_image"}
_CONTROLS = {"control_video", "pose_video", "control_image", "face_video"}
_LIKENESS = ("IPAdapter", "InstantID", "PuLID", "PhotoMaker")  # custom nodes that keep a face or a style
_NUMBERED = re.compile(r"image_?(\d+)$")


class _Use(NamedTuple):
    """Where a loader's file is used, and the number it has among its like."""

    role: str
    number: int
    why: str


def find(reader: GraphReader) -> dict[str, list[Slot]]:
    found: dict[str, list[tuple[tuple[int, ...], Slot]]] = {}
    for node, input in loaders(reader):
        use = _use(reader, node)
        slot = Slot(node, input, use.why)
        place = (use.number, -reader.depth[node], *_digits(node))
        found.setdefault(use.role, []).append((place, slot))
    slots = {role: [slot for _, slot in sorted(uses, key=lambda use: use[0])] for role, uses in found.items()}
    if prefixes := _prefixes(reader):
        slots["prefix"] = prefixes
    return slots


def loaders(reader: GraphReader) -> Iterator[tuple[str, str]]:
    """The nodes that read a file of the artist's, with the input that names it."""
    for node in reader.depth:
        inputs = reader.inputs(node)
        if "load" not in reader.name(node).lower():
            continue
        if input := next((name for name in FILES if isinstance(inputs.get(name), str | PurePath)), None):
            yield node, input


def _use(reader: GraphReader, loader: str) -> _Use:
    name = reader.name(loader).lower()
    for kind in ("video", "audio"):
        if kind in name:
            return _Use(kind, 0, f"the {kind} file of {reader.label(loader)}")
    uses = list(_uses(reader, loader, 0, set()))
    if "mask" in name:
        uses = [use._replace(role="mask") for use in uses if use.role == "mask"] or [
            _Use("mask", 0, "a mask")
        ]
    best = min(uses, key=lambda use: _ROLES.index(use.role), default=None)
    return best or _Use("source", 0, "a picture whose use is not known")


def _uses(reader: GraphReader, node: str, number: int, seen: set[str]) -> Iterator[_Use]:
    """What becomes of a picture further down."""
    for consumer, input, output in reader.consumers[node]:
        kind = reader.types.output(reader.name(node), output, input)
        if kind not in (*FLOWS, "*", "") or consumer not in reader.depth:
            continue
        if match := _NUMBERED.search(input):
            number = int(match[1])
        if role := role_of(reader, consumer, input, kind):
            label = reader.label(consumer)
            yield _Use(role, number, f"goes into {label} as {input}")
        elif consumer not in seen and kind != "CONDITIONING":
            seen.add(consumer)
            yield from _uses(reader, consumer, number, seen)


def role_of(reader: GraphReader, node: str, input: str, kind: str) -> str:
    """What a picture is for by the input it goes into; "" when the input does not say."""
    name = reader.name(node)
    short = input.rsplit(".", 1)[-1]
    if short in _STARTS or (name.startswith("LTXVImgToVideo") and short == "image"):
        return "start_image"
    if short in _ENDS:
        return "end_image"
    if name.startswith("LTXVAddGuide"):
        return _guide(reader, node)
    if short in _CONTROLS or "ControlNet" in name or "Controlnet" in name:
        return "control"
    if "mask" in short or kind == "MASK":
        return "mask"
    if _is_reference(reader, node, short):
        return "reference"
    if kind == "IMAGE" and any(into == "model" for _, into, _ in reader.consumers[node]):
        return "control"  # it steers the model itself
    if is_sampler(reader, node) and (short.startswith("latent") or short == "pixels"):
        return "source"
    return ""


def _is_reference(reader: GraphReader, node: str, input: str) -> bool:
    name = reader.name(node)
    if (
        input.startswith("ref")
        or any(word in name for word in _LIKENESS)
        or name in ("ReferenceLatent", "StyleModelApply", "unCLIPConditioning")
    ):
        return True
    gives = {reader.types.output(name, output, into) for _, into, output in reader.consumers[node]}
    return "CONDITIONING" in gives and (_NUMBERED.search(input) is not None or input in ("image", "images"))


def _guide(reader: GraphReader, node: str) -> str:
    frame = reader.inputs(node).get("frame_idx", 0)
    if not isinstance(frame, int):
        return "control"
    return "start_image" if frame == 0 else "end_image" if frame < 0 else "reference"


def _prefixes(reader: GraphReader) -> list[Slot]:
    """Where file names are set; the saver of the last sampler's picture first."""
    named = [node for node in reader.depth if "filename_prefix" in reader.inputs(node)]
    weight = {node: sum(is_sampler(reader, n) for n in reader.upstream([node])) for node in named}
    found = [
        Slot(*place, f"the file name of {reader.label(node)}")
        for node in sorted(named, key=lambda node: -weight[node])
        for place in reader.places(node, "filename_prefix")
    ]
    return list(dict.fromkeys(found))


def _digits(node: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", node))
