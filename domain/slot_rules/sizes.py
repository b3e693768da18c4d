"""Finds what sets the size, the length and the speed: from the samplers' latents up to who makes them.

Where the latent is made from a picture, the size follows that picture; then what decides
is where the picture is scaled, or the picture itself.
"""

from collections.abc import Iterator

from domain.graph_reader import GraphReader, Place
from domain.slot_rules.samplers import samplers
from domain.slots import FILES, LENGTHS, Slot

_SCALES = ("megapixels", "longer_edge", "largest_size", "resize_type.megapixels", "resize_type.longer_size")
_WIDTHS = (
    *(("width", "height"), ("target_width", "target_height")),
    ("resize_type.width", "resize_type.height"),
)
_SIZES = ("width", "height", "value")
# Nodes that enlarge a latent between two stages, and how many times when they do not say.
_ENLARGERS = {"LTXVLatentUpsampler": 2.0, "LatentUpscaleBy": 1.5, "LatentUpscale": 1.0}
_SPEEDS = ("fps", "frame_rate")


def find(reader: GraphReader) -> dict[str, list[Slot]]:
    found: dict[str, dict[Place, Slot]] = {}
    for sampler in samplers(reader):
        for maker in makers(reader, sampler):
            for name, slot in _sizes(reader, maker):
                found.setdefault(name, {}).setdefault(Place(slot.node, slot.input), slot)
    for node in reader.depth:
        for input in _SPEEDS:
            for place in reader.places(node, input):
                slot = Slot(*place, f"the speed of {reader.label(node)}")
                found.setdefault("fps", {}).setdefault(place, slot)
    return {name: list(slots.values()) for name, slots in found.items()}


def makers(reader: GraphReader, sampler: str) -> list[str]:
    """The nodes that make the sampler's empty latent, or that encode one from a picture."""
    waiting = [link.node for _, link in reader.flowing(sampler, "LATENT")]
    seen: set[str] = set()
    found = []
    while waiting:
        node = waiting.pop(0)
        if node in seen:
            continue
        seen.add(node)
        latents = [link.node for _, link in reader.flowing(node, "LATENT")]
        if not latents:
            found.append(node)
        waiting += latents
    return found


def _sizes(reader: GraphReader, maker: str) -> Iterator[tuple[str, Slot]]:
    for input in LENGTHS:
        yield from _lengths(reader, maker, input)
    sized = [*_measures(reader, maker, "width"), *_measures(reader, maker, "height")]
    if sized:
        yield from sized
    elif _has_size(reader, maker) or reader.flowing(maker, "IMAGE"):
        yield from _followed(reader, maker, set())


def _measures(reader: GraphReader, maker: str, input: str) -> Iterator[tuple[str, Slot]]:
    """Where a width or height is written: in the maker, and in later stages that enlarge to a set size."""
    link = reader.link(maker, input)
    reckoned = link is not None and "expression" in reader.inputs(link.node)
    places = list(reader.places(maker, input))
    scale = 1.0
    for node in _later_stages(reader, maker):
        by, own = _doubling(reader, node), list(reader.places(node, input))
        scale /= by
        if own and places and (first := reader.value(places[0])):
            scale = first / (reader.value(own[0]) or first)
            yield input, Slot(*own[0], f"the size of {reader.label(node)}")
    for place in places:
        yield input, Slot(*place, f"the size of {reader.label(maker)}", 1.0 if reckoned else scale)


def _later_stages(reader: GraphReader, maker: str) -> list[str]:
    """The nodes after a maker that enlarge its latent, in order."""
    waiting, seen = [maker], {maker}
    found = []
    while waiting:
        for consumer, input, _ in reader.consumers[waiting.pop(0)]:
            link = reader.link(consumer, input)
            if consumer in seen or consumer not in reader.depth or link is None:
                continue
            if reader.kind(link, input) == "LATENT":
                seen.add(consumer)
                waiting.append(consumer)
                if reader.name(consumer) in _ENLARGERS:
                    found.append(consumer)
    return found


def _doubling(reader: GraphReader, node: str) -> float:
    by = next((reader.value(place) for place in reader.places(node, "scale_by")), None)
    return float(by or _ENLARGERS[reader.name(node)])


def _lengths(reader: GraphReader, maker: str, input: str) -> Iterator[tuple[str, Slot]]:
    """The frames, or the seconds when the graph reckons the frames from them itself."""
    link = reader.link(maker, input)
    reckoned = link is not None and "expression" in reader.inputs(link.node)
    why = f"the length of {reader.label(maker)}"
    for place in reader.places(maker, input):
        speeds = {p for node in reader.depth for name in _SPEEDS for p in reader.places(node, name)}
        if not reckoned:
            yield "frames", Slot(*place, why)
        elif place not in speeds and not _speaks_of_speed(reader, place):
            yield "seconds", Slot(*place, why)


def _followed(reader: GraphReader, node: str, seen: set[str]) -> Iterator[tuple[str, Slot]]:
    """What decides the size of the picture that goes into a node."""
    if node in seen:
        return
    seen.add(node)
    sized = [link.node for name, link in reader.links(node) if name in _SIZES or name.startswith("values.")]
    pictures = [link.node for _, link in reader.flowing(node, "IMAGE", "MASK")]
    for above in dict.fromkeys([*sized, *pictures]):
        decided = list(_decides(reader, above))
        yield from decided or _followed(reader, above, seen)
        if decided:
            return


def _decides(reader: GraphReader, node: str) -> Iterator[tuple[str, Slot]]:
    inputs = reader.inputs(node)
    label = reader.label(node)
    for pair in _WIDTHS:
        for name, input in zip(("width", "height"), pair, strict=True):
            for place in reader.places(node, input):
                if "." not in place.input:
                    yield name, Slot(*place, f"the picture's size in {label}")
                else:
                    yield "size_follows", Slot(*place, f"the size set in {label}")
    for place in reader.places(node, "aspect_ratio"):
        yield "aspect_ratio", Slot(*place, f"the shape chosen in {label}")
    for input in _SCALES:
        for place in reader.places(node, input):
            name = "megapixels" if input == "megapixels" else "size_follows"
            yield name, Slot(*place, f"the picture's size in {label}")
    if reader.name(node) == "FluxKontextImageScale":
        yield "size_follows", Slot(node, "image", "one of Kontext's own sizes, nearest to the picture")
    if "load" in reader.name(node).lower() and (own := next((n for n in FILES if n in inputs), None)):
        yield "size_follows", Slot(node, own, "the size of the picture itself")


def _has_size(reader: GraphReader, node: str) -> bool:
    return {"width", "height"} <= {*reader.inputs(node)}


def _speaks_of_speed(reader: GraphReader, place: Place) -> bool:
    return any(word in reader.title(place.node).lower() for word in ("fps", "frame rate", "framerate"))
