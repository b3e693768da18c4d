"""Finds all slots of a graph: what the artist titled, else what the rules say, else what the names say."""

from domain.graph_reader import GraphReader, Place
from domain.slot_rules import media, numbers, sizes, texts, titles
from domain.slot_rules.corrections import without
from domain.slot_rules.samplers import samplers
from domain.slots import Slot

_SIZES = ("width", "height", "frames")
_SIZED = {"width", "aspect_ratio", "megapixels", "size_follows"}
# A graph without a sampler that anyone knows is read by the names of its inputs.
_PLAIN = {
    "prompt": ("positive_prompt", "prompt"),
    "negative": ("negative_prompt",),
    "seed": ("seed", "noise_seed"),
    "steps": ("steps",),
    "cfg": ("cfg",),
    "width": ("width",),
    "height": ("height",),
    "frames": ("num_frames", "video_frames", "frame_count"),
}


def find_slots(reader: GraphReader) -> dict[str, list[Slot]]:
    """Which inputs each value goes to."""
    found: dict[str, list[Slot]] = {}
    for rules in (texts, numbers, sizes, media):
        found |= rules.find(reader)
    missing = _missing(reader, found)
    found |= {name: slots for name, slots in _plain(reader).items() if name in missing}
    titled = _without_crossings(titles.find(reader), found)
    found = without(found, titled)
    if "prompt" in titled:
        found["other_prompts"] = found.get("other_prompts", []) + found.get("prompt", [])
    found |= titled
    return {name: slots for name, slots in found.items() if slots}


def _missing(reader: GraphReader, found: dict[str, list[Slot]]) -> set[str]:
    """What the names of inputs are asked for: everything where no sampler is known, else sizes."""
    if not samplers(reader):
        return {*_PLAIN} - {*found}
    return set() if _SIZED & {*found} else {*_SIZES} - {*found}


def _plain(reader: GraphReader) -> dict[str, list[Slot]]:
    found: dict[str, dict[Slot, None]] = {}
    for node in reader.depth:
        for name, inputs in _PLAIN.items():
            for place in (place for input in inputs for place in reader.places(node, input)):
                found.setdefault(name, {})[Slot(*place, f"the name of the input {place.input}")] = None
    return {name: list(slots) for name, slots in found.items()}


def _without_crossings(titled: dict[str, list[Slot]], ruled: dict[str, list[Slot]]) -> dict[str, list[Slot]]:
    """A title may not carry the prompt into the negative, nor the other way round."""
    for name, other in (("prompt", "negative"), ("negative", "prompt")):
        wrong = _places(ruled.get(other, [])) - _places(ruled.get(name, []))
        kept = [slot for slot in titled.get(name, []) if Place(slot.node, slot.input) not in wrong]
        titled = {**titled, name: kept} if kept else {n: s for n, s in titled.items() if n != name}
    return titled


def _places(slots: list[Slot]) -> set[Place]:
    return {Place(slot.node, slot.input) for slot in slots}
