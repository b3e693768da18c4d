"""Finds the numbers of the samplers: seeds, steps, cfg."""

from collections.abc import Iterator

from domain.graph_reader import GraphReader, Place
from domain.slot_rules.samplers import guider, samplers
from domain.slots import Slot

SEEDS = ("seed", "noise_seed")


def find(reader: GraphReader) -> dict[str, list[Slot]]:
    drawing = samplers(reader)
    found = {
        "seed": list(_seeds(reader, drawing)),
        "steps": _alike(reader, _steps(reader, drawing)),
        "cfg": _alike(reader, _cfgs(reader, drawing)),
        "split": list(_splits(reader, drawing)),
    }
    return {name: _once(slots) for name, slots in found.items() if slots}


def _seeds(reader: GraphReader, drawing: list[str]) -> Iterator[Slot]:
    for sampler in drawing:
        if reader.inputs(sampler).get("add_noise") in ("disable", False):
            continue
        noise = reader.link(sampler, "noise")
        node = noise.node if noise else sampler
        for input in SEEDS:
            for place in reader.places(node, input):
                yield Slot(*place, f"the noise of {reader.label(sampler)}")


def _steps(reader: GraphReader, drawing: list[str]) -> Iterator[tuple[Place, str]]:
    for sampler in drawing:
        for node in (sampler, *_schedulers(reader, sampler)):
            for place in reader.places(node, "steps"):
                yield place, f"the steps of {reader.label(sampler)}"


def _cfgs(reader: GraphReader, drawing: list[str]) -> Iterator[tuple[Place, str]]:
    for sampler in drawing:
        for input in ("cfg", "cfg_conds"):
            for place in reader.places(guider(reader, sampler), input):
                yield place, f"the cfg of {reader.label(sampler)}"


def _splits(reader: GraphReader, drawing: list[str]) -> Iterator[Slot]:
    """The step at which one sampler hands over to the next; it moves when the steps change."""
    for sampler in drawing:
        steps = next((number for _, number in _whole(reader, sampler, "steps")), 0)
        for input in ("start_at_step", "end_at_step"):
            for place, at in _whole(reader, sampler, input):
                if 0 < at < steps:
                    yield Slot(*place, f"where {reader.label(sampler)} hands over")


def _whole(reader: GraphReader, node: str, input: str) -> Iterator[tuple[Place, int]]:
    for place in reader.places(node, input):
        if isinstance(value := reader.value(place), int):
            yield place, value


def _schedulers(reader: GraphReader, sampler: str) -> list[str]:
    """The nodes that make the sampler's sigmas."""
    waiting, seen = [sampler], {sampler}
    found: list[str] = []
    while waiting:
        for input, link in reader.links(waiting.pop()):
            if not input.startswith("sigmas") or link.node in seen:
                continue
            seen.add(link.node)
            (found if "steps" in reader.inputs(link.node) else waiting).append(link.node)
    return found


def _alike(reader: GraphReader, found: Iterator[tuple[Place, str]]) -> list[Slot]:
    """The places that hold what the first sampler's holds; a second stage with its own value keeps it."""
    pairs = list(found)
    main = reader.value(pairs[-1][0]) if pairs else None
    return [Slot(*place, why) for place, why in pairs if reader.value(place) == main]


def _once(slots: list[Slot]) -> list[Slot]:
    return list({(slot.node, slot.input): slot for slot in reversed(slots)}.values())[::-1]
