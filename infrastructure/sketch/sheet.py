"""One depth of the picture: hard shapes, a wash under them, the pen's line, a lit edge, soft glazes."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from infrastructure.sketch.ink import Array, Colour, Dice
from infrastructure.sketch.outline import Point, Points, ribbon

SUPERSAMPLING = 2  # of every hard shape


@dataclass(frozen=True)
class Canvas:
    """The frame and what lies around it, so that a camera can move."""

    w: int
    h: int
    px: int
    py: int
    wash: Array  # watercolour unevenness over frame and margin
    sun: Point
    glow: Colour
    ink: Colour


@dataclass(frozen=True)
class Glaze:
    points: list[Point]
    colour: Colour
    strength: float
    blur: float
    spill: bool  # may leave the shapes: light in the air


@dataclass
class Sheet:
    depth: float  # parallax: 0 stays with the sky, 1 is the actors' plane, more is nearer
    line: float = 0.0  # strength of the pen
    rim: float = 0.0  # width of the lit edge, pixels
    fade: tuple[float, float, float, Colour] | None = None  # from y, to y, amount, colour
    opacity: float = 1.0
    blur: float = 0
    shapes: list[tuple[list[float], Colour, float]] = field(default_factory=list)
    glazes: list[Glaze] = field(default_factory=list)
    pixels: Array | None = None  # RGBA planes of the whole canvas, under the shapes (sky, ground)
    box: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def is_empty(self) -> bool:
        return not (self.shapes or self.glazes or self.pixels is not None)

    def fill(self, points: Iterable[Point], colour: Colour) -> None:
        self.shapes.append(([v for p in points for v in p], colour, 0.0))

    def wire(self, points: Iterable[Point], width: float, colour: Colour) -> None:
        self.shapes.append(([v for p in points for v in p], colour, max(0.5, width)))

    def brush(
        self, points: Points, width: float, colour: Colour, head: float = 0.2, tail: float = 0.1
    ) -> None:
        self.fill(ribbon(points, width, head, tail), colour)

    def pen(self, points: Points, width: float, colour: Colour, dice: Dice, over: float = 3) -> None:
        """Every edge of a closed outline its own stroke, a little past the corner."""
        for a, b in zip(points, [*points[1:], points[0]], strict=True):
            self.stroke(a, b, width, colour, dice, over)

    def stroke(self, a: Point, b: Point, width: float, colour: Colour, dice: Dice, over: float = 3) -> None:
        d = math.hypot(b[0] - a[0], b[1] - a[1]) or 1.0
        ux, uy, bow = (b[0] - a[0]) / d * over, (b[1] - a[1]) / d * over, dice.n(0.006) * d
        middle = ((a[0] + b[0]) / 2 + bow, (a[1] + b[1]) / 2 + bow)
        path = [(a[0] - ux, a[1] - uy), middle, (b[0] + ux, b[1] + uy)]
        self.brush(path, width * dice.u(0.8, 1.3), colour, 0.4, 0.4)

    def glaze(
        self, points: Points, colour: Colour, strength: float, blur: float, spill: bool = False
    ) -> None:
        self.glazes.append(Glaze(list(points), colour, strength, blur, spill))

    def paint(self, on: Canvas) -> Array:
        """Straight RGBA planes, 0..255, covering self.box (frame pixels)."""
        x0, y0, x1, y1 = self.box = self._bounds(on)
        out = np.zeros((4, y1 - y0, x1 - x0), np.float32)
        colours, alpha = out[:3], out[3]
        if self.shapes:
            self._raster(out, on.ink)
        if self.pixels is not None:
            colours *= alpha / 255
            colours += self.pixels[:3] * (1 - alpha / 255)
            np.maximum(alpha, self.pixels[3], out=alpha)
        turn = int(self.depth * 10)  # the same wash never lies twice the same way
        wash = on.wash[:: -1 if turn & 1 else 1, :: -1 if turn & 2 else 1]
        wash = wash[y0 + on.py : y1 + on.py, x0 + on.px : x1 + on.px]
        if self.line and self.shapes:
            self._draw_line(out, wash, on.ink)
        if self.fade:
            self._fade(colours, self.fade)
        colours *= 1 + wash
        if self.rim:
            self._light_edge(out, on)
        for glaze in self.glazes:
            _lay(out, x0, y0, glaze)
        np.clip(out, 0, 255, out=out)
        if self.blur:
            for k in range(4):
                out[k] = _box(out[k], self.blur)
        alpha *= self.opacity
        return out

    def _bounds(self, on: Canvas) -> tuple[int, int, int, int]:
        spots = [(v[0::2], v[1::2], wide + 2) for v, _, wide in self.shapes]
        spots += [
            ([p[0] for p in g.points], [p[1] for p in g.points], 2.5 * g.blur) for g in self.glazes if g.spill
        ]
        if self.pixels is not None or not spots:
            return -on.px, -on.py, on.w + on.px, on.h + on.py
        more = 3 + 2 * self.blur
        x0 = min(max(-on.px, int(min(min(xs) - m for xs, _, m in spots) - more)), on.w + on.px - 8)
        y0 = min(max(-on.py, int(min(min(ys) - m for _, ys, m in spots) - more)), on.h + on.py - 8)
        x1 = int(max(max(xs) + m for xs, _, m in spots) + more)
        y1 = int(max(max(ys) + m for _, ys, m in spots) + more)
        return x0, y0, max(x0 + 8, min(on.w + on.px, x1)), max(y0 + 8, min(on.h + on.py, y1))

    def _raster(self, out: Array, ink: Colour) -> None:
        # CMYK is only a plain four-channel canvas here: PIL would premultiply RGBA on the way down
        s = SUPERSAMPLING
        size = (out.shape[2] * s, out.shape[1] * s)
        im = Image.new("CMYK", size, (int(ink[0]), int(ink[1]), int(ink[2]), 0))
        draw = ImageDraw.Draw(im)
        ox, oy = self.box[0] * s, self.box[1] * s
        for flat, c, width in self.shapes:
            points = [v * s - (oy if k & 1 else ox) for k, v in enumerate(flat)]
            r, g, b = (min(255, max(0, int(v))) for v in c)
            colour = (r, g, b, 255)
            if width:
                draw.line(points, colour, max(1, round(width * s)), "curve" if width > 2 else None)
            elif len(points) >= 6:
                draw.polygon(points, colour)
        for k, plane in enumerate(im.reduce(s).split()):
            out[k] = np.asarray(plane)

    def _draw_line(self, out: Array, wash: Array, ink: Colour) -> None:
        """Ink where tones meet: the edge of everything, as strong as the paper takes it."""
        colours, alpha = out[:3], out[3]
        tone = 0.35 * colours[0] + 0.5 * colours[1] + 0.15 * colours[2]
        edge = np.clip((_box(tone, 2) - tone - 3) / 10, 0, 1)
        if self.pixels is None:
            np.maximum(edge, np.clip((alpha - _box(alpha, 2)) / 90, 0, 1), out=edge)
        edge *= np.clip(0.75 + 7 * wash, 0.15, 1) * self.line
        for k in range(3):
            colours[k] += (ink[k] - colours[k]) * edge

    def _fade(self, colours: Array, fade: tuple[float, float, float, Colour]) -> None:
        top, bottom, amount, colour = fade
        rows = np.arange(self.box[1], self.box[3], dtype=np.float32)
        t = np.clip((rows - top) / (bottom - top), 0, 1)[:, None] * amount
        for k in range(3):
            colours[k] += (colour[k] - colours[k]) * t

    def _light_edge(self, out: Array, on: Canvas) -> None:
        x0, y0, x1, y1 = self.box
        dx, dy = on.sun[0] - (x0 + x1) / 2, on.sun[1] - (y0 + y1) / 2
        d = math.hypot(dx, dy) or 1.0
        mask = Image.fromarray(out[3].astype(np.uint8))
        for reach, power in ((self.rim, 0.8), (self.rim * 5, 0.2)):
            moved = ImageChops.offset(mask, -round(dx / d * reach), -round(dy / d * reach))
            moved = moved.filter(ImageFilter.BoxBlur(reach * 0.3))
            lit = np.clip(out[3] - np.asarray(moved, np.float32), 0, 255) * np.float32(power / 255)
            for k in range(3):
                out[k] += (on.glow[k] - out[k]) * lit


def _box(a: Array, radius: float) -> Array:
    return np.asarray(Image.fromarray(a.astype(np.uint8)).filter(ImageFilter.BoxBlur(radius)), np.float32)


def _lay(out: Array, x0: int, y0: int, g: Glaze) -> None:
    xs, ys, reach = [p[0] - x0 for p in g.points], [p[1] - y0 for p in g.points], 2.5 * g.blur
    ax, ay = max(0, int(min(xs) - reach)), max(0, int(min(ys) - reach))
    bx, by = min(out.shape[2], int(max(xs) + reach)), min(out.shape[1], int(max(ys) + reach))
    if bx - ax < 4 or by - ay < 4:
        return
    k = 4 if g.blur > 8 else 2 if g.blur > 2 else 1  # soft things are drawn small and enlarged
    im = Image.new("L", ((bx - ax) // k + 1, (by - ay) // k + 1))
    ImageDraw.Draw(im).polygon([((x - ax) / k, (y - ay) / k) for x, y in zip(xs, ys, strict=True)], 255)
    im = im.filter(ImageFilter.GaussianBlur(g.blur / k))
    m = np.asarray(im.resize((bx - ax, by - ay), Image.Resampling.BILINEAR), np.float32)
    m = m * np.float32(g.strength / 255)
    part = out[:, ay:by, ax:bx]
    if g.spill:
        part[3] += (255 - part[3]) * m
        m = np.clip(255 * m / np.maximum(part[3], 1), 0, 1)
    for c in range(3):
        part[c] += (g.colour[c] - part[c]) * m
