"""Where a strip that is read by scrolling is cut: between panels where it can be, never through words."""

from collections.abc import Sequence
from typing import NamedTuple

EARLY = 0.4  # of the greatest height: a gutter above that is passed over for one further down


class Span(NamedTuple):
    """Rows of pixels, from the strip's top; the last one is not in it."""

    top: float
    bottom: float


class Cut(NamedTuple):
    at: int
    is_clean: bool  # through no words


def cut(highest: int, gutters: Sequence[Span], words: Sequence[Span]) -> Cut:
    """The place in the first `highest` rows: the last gutter's middle, or the last row without words."""
    middles = [round((span.top + span.bottom) / 2) for span in gutters]
    if between := [at for at in middles if EARLY * highest <= at <= highest]:
        return Cut(max(between), True)
    at = highest
    while crossed := [span for span in words if span.top < at < span.bottom]:
        at = int(min(span.top for span in crossed))
        if at <= 0:
            return Cut(highest, False)
    return Cut(at, True)
