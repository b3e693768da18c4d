"""Paints balloons, boxes and sounds. Shapes are drawn larger and made small again; type never is.

A balloon and its tail are one shape: first all of it in its edge's colour, a line wider, then all in paper.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from PIL import Image, ImageDraw

from domain.comic import SHOUT, SPEECH, THOUGHT, WHISPER
from domain.comic_layouts import Rect
from domain.comic_looks import Colours, Sound
from infrastructure.fonts import Fonts, Style
from services.lettering.fitting import POWER, Balloon, Text
from services.lettering.placing import Point
from services.sheet_text import draw

FINER = 3  # times as large
SPIKES, DEPTH = 18, 0.22  # of a shout; how far they stand out
PUFFS, PUFF = 13, 0.2  # of a thought; their size
SWELL = {SPEECH: 1.0, WHISPER: 1.0, SHOUT: 1 + DEPTH, THOUGHT: 1 + PUFF / 2}  # outer size to the outline's
TAIL, SHORTEST, LONGEST = 1.1, 1.5, 4.5  # base, least and greatest length, of the size of the type
TURN = 8.0  # degrees that a sound is turned
Shape = list[Point]


class Pen(NamedTuple):
    colours: Colours
    line: float  # pixels


@dataclass(frozen=True)
class Placed:
    """A balloon on the page."""

    balloon: Balloon
    at: Point  # its middle
    kind: str
    tip: Point | None = None  # what the tail points at
    link: Point | None = None  # the middle of the balloon that it goes on from


def outline(balloon: Balloon, kind: str) -> Shape:
    """From its middle."""
    count = 4 * SPIKES if kind == SHOUT else 120
    points = []
    for step in range(count):
        angle = 2 * math.pi * step / count
        x, y = math.cos(angle), math.sin(angle)
        far = reach(balloon, x, y)
        if kind == SHOUT:
            far *= 1 + DEPTH * (step % 4 == 2) * (1.0 if step % 8 == 2 else 0.75)
        points.append((far * x, far * y))
    return points


def reach(balloon: Balloon, x: float, y: float) -> float:
    """How far the outline is in this direction, of length 1."""
    return float((abs(x) / balloon.a) ** POWER + (abs(y) / balloon.b) ** POWER) ** (-1 / POWER)


def tail_of(one: Placed) -> Shape:
    """Base and tip, on the page; nothing without somebody to point at."""
    if one.tip is None:
        return []
    x, y = one.tip[0] - one.at[0], one.tip[1] - one.at[1]
    far, size = math.hypot(x, y) or 1.0, one.balloon.text.style.size
    x, y = (x / far, y / far) if far > 1 else (0.0, 1.0)
    edge = reach(one.balloon, x, y)
    length = min(LONGEST * size, max(SHORTEST * size, far - edge))
    foot, half = 0.7 * edge, TAIL * size * 0.7
    tip = one.at[0] + (edge + length) * x, one.at[1] + (edge + length) * y
    base = one.at[0] + foot * x, one.at[1] + foot * y
    return [(base[0] - half * y, base[1] + half * x), tip, (base[0] + half * y, base[1] - half * x)]


def paint_balloons(page: Image.Image, group: Sequence[Placed], pen: Pen, fonts: Fonts) -> None:
    """Balloons that are linked, or one alone."""
    shapes = [[(x + one.at[0], y + one.at[1]) for x, y in outline(one.balloon, one.kind)] for one in group]
    tails = [tail for one in group if (tail := tail_of(one)) and one.kind != THOUGHT]
    necks = [_neck(one) for one in group if one.link]
    rounds = [circle for one in group if one.kind == THOUGHT for circle in _puffs(one)]
    every = [point for shape in (*shapes, *tails, *necks) for point in shape]
    every += [(x + dx * r, y + dx * r) for x, y, r in rounds for dx in (-1, 1)]
    pad = 2 * pen.line + 2
    left, top = min(x for x, _ in every) - pad, min(y for _, y in every) - pad
    width = math.ceil(max(x for x, _ in every) + pad - left)
    height = math.ceil(max(y for _, y in every) + pad - top)
    origin = math.floor(left), math.floor(top)
    size = (width + 2) * FINER, (height + 2) * FINER
    ink, paper = Image.new("L", size), Image.new("L", size)
    canvas = _Finer(ImageDraw.Draw(ink), ImageDraw.Draw(paper), origin, pen.line)
    for shape, one in zip(shapes, group, strict=True):
        canvas.shape(shape, is_dashed=one.kind == WHISPER)
    for shape in (*tails, *necks):
        canvas.shape(shape)
    for circle in rounds:
        canvas.circle(*circle)
    small = size[0] // FINER, size[1] // FINER
    page.paste(pen.colours.edge, origin, ink.resize(small, Image.Resampling.BOX))
    page.paste(pen.colours.paper, origin, paper.resize(small, Image.Resampling.BOX))
    for one in group:
        paint_text(page, one.balloon.text, one.at, pen.colours.words, fonts)


def paint_box(page: Image.Image, rect: Rect, text: Text, pen: Pen, fonts: Fonts) -> None:
    corners = rect.x, rect.y, rect.x + rect.width, rect.y + rect.height
    ImageDraw.Draw(page).rectangle(corners, pen.colours.paper, pen.colours.edge, max(1, round(pen.line)))
    paint_text(page, text, (rect.x + rect.width / 2, rect.y + rect.height / 2), pen.colours.words, fonts)


def paint_text(page: Image.Image, text: Text, at: Point, colour: str, fonts: Fonts) -> None:
    canvas = ImageDraw.Draw(page)
    for number, (line, width) in enumerate(zip(text.lines, text.widths, strict=True)):
        start = at[0] - width / 2, at[1] + text.top(number) + 0.83 * text.leading
        draw(canvas, start, line, fonts, (text.style, colour))


def sound(text: str, fonts: Fonts, style: Style, look: Sound) -> Image.Image:
    """A turned word with an edge that goes by the size of its type, on nothing."""
    edge = max(2, round(style.size * 0.08))
    width = math.ceil(fonts.width(text, style)) + 4 * edge
    layer = Image.new("RGBA", (width, round(style.size * 1.5)))
    canvas, x = ImageDraw.Draw(layer), 2.0 * edge
    for font, said in fonts.runs(text, style):
        at = x, 1.1 * style.size
        canvas.text(at, said, look.fill, font, "ls", stroke_width=edge, stroke_fill=look.edge)
        x += font.getlength(said)
    turned = layer.rotate(TURN, Image.Resampling.BICUBIC, expand=True)
    return turned.crop(turned.getbbox() or (0, 0, 1, 1))


@dataclass(frozen=True)
class _Finer:
    ink: ImageDraw.ImageDraw
    paper: ImageDraw.ImageDraw
    origin: tuple[int, int]
    line: float

    def shape(self, points: Shape, is_dashed: bool = False) -> None:
        fine = [self._fine(point) for point in points]
        self.paper.polygon(fine, fill=255)
        width = max(2, round(2 * self.line * FINER))
        if not is_dashed:
            self.ink.line([*fine, *fine[:2]], fill=255, width=width, joint="curve")
            return
        for start in range(0, len(fine), 6):
            self.ink.line([*fine, *fine][start : start + 4], fill=255, width=width, joint="curve")

    def circle(self, x: float, y: float, radius: float) -> None:
        for canvas, r in ((self.ink, radius + self.line), (self.paper, radius)):
            x0, y0 = self._fine((x - r, y - r))
            x1, y1 = self._fine((x + r, y + r))
            canvas.ellipse((x0, y0, x1, y1), fill=255)

    def _fine(self, point: Point) -> Point:
        return (point[0] - self.origin[0]) * FINER, (point[1] - self.origin[1]) * FINER


def _puffs(one: Placed) -> list[tuple[float, float, float]]:
    """Circles along the outline, and three smaller and smaller ones instead of a tail."""
    size = 1.25 * PUFF * min(one.balloon.a, one.balloon.b)
    found = []
    for step in range(PUFFS):
        angle = 2 * math.pi * step / PUFFS
        x, y = math.cos(angle), math.sin(angle)
        far = reach(one.balloon, x, y) - 0.6 * size
        found.append((one.at[0] + far * x, one.at[1] + far * y, size))
    if tail := tail_of(one):
        tip, base = tail[1], ((tail[0][0] + tail[2][0]) / 2, (tail[0][1] + tail[2][1]) / 2)
        for share, part in ((0.55, 0.42), (0.78, 0.28), (0.97, 0.18)):
            x, y = base[0] + share * (tip[0] - base[0]), base[1] + share * (tip[1] - base[1])
            found.append((x, y, part * one.balloon.text.style.size))
    return found


def _neck(one: Placed) -> Shape:
    assert one.link is not None
    x, y = one.link[0] - one.at[0], one.link[1] - one.at[1]
    far, half = math.hypot(x, y) or 1.0, 0.45 * one.balloon.text.style.size
    dx, dy = half * y / far, half * x / far
    return [
        (one.at[0] - dx, one.at[1] + dy),
        (one.link[0] - dx, one.link[1] + dy),
        (one.link[0] + dx, one.link[1] - dy),
        (one.at[0] + dx, one.at[1] - dy),
    ]
