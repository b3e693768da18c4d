"""Places that an artist chose by hand, each as "node.input". They replace what the rules found."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath

from domain.errors import StudioError
from domain.graph_reader import GraphReader, Place
from domain.slots import CORRECTABLE, NUMBERS, Slot

Corrections = Mapping[str, Sequence[str]]  # slot -> places; an empty list: no place


def corrected(
    reader: GraphReader, found: dict[str, list[Slot]], corrections: Corrections
) -> dict[str, list[Slot]]:
    """Raises StudioError for a slot, a node or an input that is not there."""
    chosen = {
        name: list(dict.fromkeys(slot for text in texts for slot in _slots(reader, found, name, text)))
        for name, texts in corrections.items()
    }
    slots = without(found, chosen)
    if "prompt" in chosen:
        slots["other_prompts"] = slots.get("other_prompts", []) + slots.get("prompt", [])
    return {name: places for name, places in (slots | chosen).items() if places}


def without(found: Mapping[str, list[Slot]], claimed: Mapping[str, list[Slot]]) -> dict[str, list[Slot]]:
    """What was found, less the places that are claimed for something else."""
    places = {Place(slot.node, slot.input) for slots in claimed.values() for slot in slots}
    return {name: [s for s in slots if Place(s.node, s.input) not in places] for name, slots in found.items()}


def is_fit(name: str, value: object) -> bool:
    """Whether an input that holds this value can take what goes into the slot."""
    if name in NUMBERS:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str | PurePath)


def _slots(reader: GraphReader, found: dict[str, list[Slot]], name: str, text: str) -> Iterator[Slot]:
    if name not in CORRECTABLE:
        near = difflib.get_close_matches(name, CORRECTABLE, 1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(CORRECTABLE)}."
        raise StudioError(f"{name!r} is no slot. {hint}")
    place = _place(reader, name, text)
    places = list(reader.places(*place))
    if not places:
        raise StudioError(f"slots.{name}: no value can be written to {text}, nor to what is plugged into it.")
    for written in places:
        if not is_fit(name, reader.value(written)):
            kind = "a number" if name in NUMBERS else "text or a file"
            raise StudioError(f"slots.{name} needs an input for {kind}; {text} holds something else.")
        ruled = next((s for s in found.get(name, ()) if (s.node, s.input) == tuple(written)), None)
        yield Slot(*written, "chosen by hand", ruled.scale if ruled else 1.0)


def _place(reader: GraphReader, name: str, text: str) -> Place:
    """Ids and inputs may both have dots in them: "12:3.format.codec"."""
    dots = [at for at, letter in enumerate(text) if letter == "."]
    known = [Place(text[:at], text[at + 1 :]) for at in dots if text[:at] in reader.graph]
    if fit := next((place for place in known if place.input in reader.inputs(place.node)), None):
        return fit
    if not dots:
        raise StudioError(f"slots.{name}: {text!r} should be a node and an input, such as 6.text.")
    if not known:
        raise StudioError(f"slots.{name} names {text}, but the workflow has no node {text[: dots[0]]}.")
    node, input = known[0]
    has = ", ".join(reader.inputs(node)) or "none"
    raise StudioError(
        f"slots.{name} names {text}, but “{reader.label(node)}” has no input {input}. It has: {has}."
    )
