"""Finds where the artist's words go in: back from the samplers, along the conditioning, to the texts.

The prompt never ends up in the negative: the two are told apart where they enter the
sampler, and a conditioning that is zeroed on its way takes no text at all.
"""

from collections.abc import Iterator

from domain.graph_reader import GraphReader, Link, Place
from domain.slot_rules.samplers import Side, samplers, words
from domain.slots import NEGATIVE_TEXTS, TEXTS, Slot

_STRINGS = (
    *("value", "text", "string", "string_a", "string_b", "prompt"),
    *("positive_prompt", "positive", "negative", "json_string"),
)
_SYSTEM = ("you are", "{", "<|im_start|>system", "<system", "[system")


def find(reader: GraphReader) -> dict[str, list[Slot]]:
    prompts, negatives = texts(reader, "prompt"), texts(reader, "negative")
    written = {place for place, _ in prompts}
    negatives = [(place, why) for place, why in negatives if place not in written]
    main = [found for found in prompts if _said(reader, found) == _said(reader, prompts[0])]
    main += [found for found in prompts if found not in main and _same_encoder(found, main)]
    others = [found for found in prompts if found not in main]
    found = {"prompt": main, "other_prompts": others, "negative": negatives}
    return {name: [Slot(*place, why) for place, why in slots] for name, slots in found.items() if slots}


def texts(reader: GraphReader, side: Side) -> list[tuple[Place, str]]:
    """Every text that reaches a sampler from this side, each once."""
    found: dict[Place, str] = {}
    for sampler in samplers(reader):
        for its_side, link in words(reader, sampler):
            if its_side == side:
                for encoder, ends_on in _encoders(reader, link, side, set()):
                    for place in encoder_texts(reader, encoder, ends_on):
                        label = reader.label(sampler)
                        found.setdefault(place, f"the {side} of {label}")
    return list(found.items())


def encoder_texts(reader: GraphReader, encoder: str, side: Side) -> Iterator[Place]:
    inputs = reader.inputs(encoder)
    known = NEGATIVE_TEXTS if side == "negative" and {*NEGATIVE_TEXTS} & {*inputs} else TEXTS
    like = [name for name in inputs if "text" in name or "prompt" in name]  # of nodes nobody knows
    for input in [name for name in known if name in inputs] or like:
        if place := _written(reader, encoder, input):
            yield place


def _encoders(reader: GraphReader, link: Link, side: Side, seen: set[Link]) -> Iterator[tuple[str, Side]]:
    """The text encoders behind a conditioning link."""
    node = link.node
    if link in seen or reader.name(node) == "ConditioningZeroOut":
        return
    seen.add(link)
    if (chosen := reader.chosen(node)) is not None:
        if behind := reader.link(node, chosen):
            yield from _encoders(reader, behind, side, seen)
        return
    has_sides = _has_sides(reader, node)
    side = _side(reader, link) or side
    into = reader.flowing(node, "CONDITIONING")
    for _, behind in _of_side(into, side) if has_sides else into:
        yield from _encoders(reader, behind, side, seen)
    if not into:
        yield node, side


def _has_sides(reader: GraphReader, node: str) -> bool:
    """Whether prompt and negative go through a node side by side."""
    outputs = reader.types.outputs.get(reader.name(node), ())
    return outputs.count("CONDITIONING") > 1 or {"positive", "negative"} <= {*reader.inputs(node)}


def _side(reader: GraphReader, link: Link) -> Side | None:
    """What an output carries, of a node that is known to have several conditionings."""
    outputs = reader.types.outputs.get(reader.name(link.node), ())
    if outputs.count("CONDITIONING") < 2:
        return None
    return "prompt" if outputs[: link.output + 1].count("CONDITIONING") <= 1 else "negative"


def _of_side(into: list[tuple[str, Link]], side: Side) -> list[tuple[str, Link]]:
    """Of a node's conditioning inputs those of one side: by their names, else the first is the prompt."""
    positive = [pair for pair in into if "positive" in pair[0]]
    negative = [pair for pair in into if "negative" in pair[0]]
    if not positive and not negative and len(into) > 1:
        positive, negative = into[:1], into[1:]
    if not positive and not negative:
        return into
    return positive if side == "prompt" else negative


def _written(reader: GraphReader, node: str, input: str) -> Place | None:
    """Where the text of an input is written; the artist's words when several texts meet there."""
    found = list(_strings(reader, node, input, set()))
    spoken = [place for place in found if not _is_system(reader, place)] or found
    values = [place for place in spoken if "Primitive" in reader.name(place.node)] or spoken
    return max(values, key=lambda place: len(str(reader.value(place))), default=None)


def _strings(reader: GraphReader, node: str, input: str, seen: set[str]) -> Iterator[Place]:
    link = reader.link(node, input)
    if link is None:
        if isinstance(reader.inputs(node).get(input), str):
            yield Place(node, input)
        return
    if link.node in seen:
        return
    seen.add(link.node)
    if {"find", "replace"} <= {*reader.inputs(link.node)}:  # words put into a frame, or one word for another
        replaced = list(_strings(reader, link.node, "replace", seen))
        has_words = any(reader.value(place) for place in replaced)
        yield from replaced if has_words else _strings(reader, link.node, "string", seen)
        return
    for name in _string_inputs(reader, link.node):
        yield from _strings(reader, link.node, name, seen)


def _string_inputs(reader: GraphReader, node: str) -> list[str]:
    """The inputs of a text node that its text is made of."""
    if (chosen := reader.chosen(node)) is not None:
        return [chosen]
    inputs = reader.inputs(node)
    if own := [name for name in _STRINGS if name in inputs]:
        return own
    return [name for name, link in reader.links(node) if reader.kind(link, name) in ("", "STRING")]


def _is_system(reader: GraphReader, place: Place) -> bool:
    text = str(reader.value(place)).strip().lower()
    return text.startswith(_SYSTEM) or "system" in reader.title(place.node).lower()


def _said(reader: GraphReader, found: tuple[Place, str]) -> str:
    return str(reader.value(found[0])).strip()


def _same_encoder(found: tuple[Place, str], main: list[tuple[Place, str]]) -> bool:
    """An encoder with two texts (clip_l and t5xxl) takes the same words in both."""
    return found[0].node in {place.node for place, _ in main}
