"""Finds what draws in a graph: the samplers, and by which inputs words and noise reach them."""

from collections.abc import Iterator
from typing import Literal

from domain.graph_reader import GraphReader, Link

Side = Literal["prompt", "negative"]

_SIDES: dict[str, Side] = {
    "positive": "prompt",
    "conditioning": "prompt",
    "cond": "prompt",
    "cond1": "prompt",
    "negative": "negative",
    "cond2": "negative",
}


def samplers(reader: GraphReader) -> list[str]:
    """The samplers that have a part in what is saved, the last one first."""
    found = [node for node in reader.graph if node in reader.depth and is_sampler(reader, node)]
    return sorted(found, key=lambda node: reader.depth[node])


def is_sampler(reader: GraphReader, node: str) -> bool:
    inputs = {*reader.inputs(node)}
    if {"guider", "noise"} <= inputs:
        return True
    return bool(inputs & {"positive", "text_embeds"}) and bool(inputs & {"seed", "noise_seed"})


def guider(reader: GraphReader, sampler: str) -> str:
    """The node that holds the sampler's words and its cfg: itself, or the guider plugged into it."""
    seen = {sampler}
    while (link := reader.link(sampler, "guider")) and link.node not in seen:
        seen.add(sampler := link.node)
    return sampler


def words(reader: GraphReader, sampler: str) -> Iterator[tuple[Side, Link]]:
    """Where the prompt and the negative come in."""
    node = guider(reader, sampler)
    for input, link in reader.links(node):
        if input in _SIDES:
            yield _SIDES[input], link
        elif input == "text_embeds":  # both in one
            yield "prompt", link
            yield "negative", link
