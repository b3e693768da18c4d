"""The smallest balloon for a text: every corner of every line lies inside its outline.

The outline is a superellipse |x/a|ⁿ + |y/b|ⁿ = 1. For lines of given widths and a given a/b the smallest b is
known in closed form; so all ways to break the text are tried with a few shapes. Measures are pixels, from the
balloon's middle.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from infrastructure.fonts import Fonts, Style

POWER = 2.5
SHAPES = (1.15, 1.3, 1.5, 1.75, 2.0, 2.3)  # width to height
LEADING, PADDING = 1.14, 0.55  # of the size of the type
BEST = 1.6  # the shape that looks best
_TIED = re.compile(r"(?<!\S)(\w) (?=\S)")  # a word of one letter stays with the next one
_DASH = re.compile(r" ([–—-])(?= )")


@dataclass(frozen=True)
class Text:
    """Lines under each other, each in the middle."""

    lines: tuple[str, ...]
    widths: tuple[float, ...]
    style: Style

    @property
    def leading(self) -> float:
        return LEADING * self.style.size

    @property
    def height(self) -> float:
        return self.leading * len(self.lines)

    @property
    def width(self) -> float:
        return max(self.widths)

    def top(self, line: int) -> float:
        """Of the line, from the middle of them all."""
        return self.leading * (line - len(self.lines) / 2)


@dataclass(frozen=True)
class Balloon:
    text: Text
    a: float  # half the width of its outline
    b: float  # half the height

    def holds(self, x: float, y: float) -> bool:
        return bool(abs(x / self.a) ** POWER + abs(y / self.b) ** POWER <= 1 + 1e-9)


def broken(text: str, fonts: Fonts, style: Style) -> Iterator[Text]:
    """The ways to break it that differ, from one line on to a word a line."""
    words = _DASH.sub("\u00a0\\1", _TIED.sub("\\1\u00a0", " ".join(text.split()))).split(" ")
    widths = [fonts.width(word, style) for word in words]
    space = fonts.width("x x", style) - fonts.width("xx", style)
    whole, least, seen = sum(widths) + space * (len(words) - 1), max(widths), set[tuple[int, ...]]()
    steps = 24
    for step in range(steps + 1):
        room = whole + (least - whole) * step / steps
        ends, line = list[int](), 0.0
        for number, width in enumerate(widths):
            if line and line + space + width > room + 0.01:
                ends.append(number)
                line = width
            else:
                line += width + (space if line else 0.0)
        if (key := tuple(ends)) not in seen:
            seen.add(key)
            parts = [" ".join(words[i:j]) for i, j in zip([0, *ends], [*ends, len(words)], strict=True)]
            yield Text(tuple(parts), tuple(fonts.width(part, style) for part in parts), style)


def balloon(
    text: str, fonts: Fonts, style: Style, most: tuple[float, float], swell: float = 1.0
) -> Balloon | None:
    """The best one that is at most so wide and high; None when none is. `swell` leaves room around it, for
    spikes."""
    best, least = None, math.inf
    for lines in broken(text, fonts, style):
        for shape in SHAPES:
            b = _height(lines, shape)
            if 2 * b * shape * swell > most[0] or 2 * b * swell > most[1]:
                continue
            score = b * b * shape * (1 + 0.15 * abs(math.log(shape / BEST)) + _lonely(lines))
            if score < least:
                best, least = Balloon(lines, b * shape, b), score
    return best


def box(text: str, fonts: Fonts, style: Style, most: tuple[float, float]) -> Text | None:
    """Lines for a box that is at most so wide and high: rather broad than tall."""
    pad = 2 * PADDING * style.size
    found = [
        lines
        for lines in broken(text, fonts, style)
        if lines.width + pad <= most[0] and lines.height + pad <= most[1]
    ]
    return min(
        found,
        key=lambda lines: (
            (lines.width + pad)
            * (lines.height + pad)
            * (1 + 0.2 * abs(math.log(lines.width / lines.height / 3)) + _lonely(lines))
        ),
        default=None,
    )


def _height(lines: Text, shape: float) -> float:
    pad = PADDING * lines.style.size
    halves = []
    for number, width in enumerate(lines.widths):
        top = lines.top(number)
        edge = max(abs(top), abs(top + lines.leading))
        halves.append((((width / 2 + pad) / shape) ** POWER + (edge + pad / 2) ** POWER) ** (1 / POWER))
    return float(max(halves))


def _lonely(lines: Text) -> float:
    """A short last line looks forgotten."""
    return 0.12 if len(lines.lines) > 1 and lines.widths[-1] < 0.35 * lines.width else 0.0
