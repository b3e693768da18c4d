"""Deeds of the open country: ridges, slopes, trees, sand, sea and what lies strewn about."""

import itertools
import math

from infrastructure.sketch.ink import Colour, mix
from infrastructure.sketch.outline import Point, curve, oval
from infrastructure.sketch.script import Script, Verb
from infrastructure.sketch.shapes import Spot, stamp
from infrastructure.sketch.stage import Stage


def _snowy(s: Stage) -> bool:
    return s.b.weather == "snow" or s.b.variant == "snow"


def scatter(c: Script, *args: str) -> None:
    """sheet kind n y size tone z: things strewn over the width, farthest first, none before the actors."""
    sheet, kind, n, y, size, tone, z = args
    s, d, far = c.s, c.d, float(z)
    spots = sorted((c.y(y), d.u(s.x0, s.x1), s.h * c.num(size)) for _ in range(int(n)))
    for py, px, height in spots:
        colour = mix(s.tone(tone, far), s.pal[d.pick(("ink", "light"))], d.u(0, 0.14))
        if kind in ("blade", "head", "ear"):
            height *= 0.6 + 1.4 * min(1, abs(px - s.fx) / s.w * 1.6)
        elif abs(px - s.fx) < s.w * 0.07 and far < 60 and sheet != "ground":
            continue
        if kind == "fir":
            _fir(c, sheet, (px, py), height, colour)
        elif kind == "leaf":
            _leafy(c, sheet, (px, py), height, colour)
        else:
            stamp(s, sheet, kind, Spot(px, py, height, d.sign(), far, colour))


def _fir(c: Script, sheet: str, foot: Point, h: float, colour: Colour) -> None:
    (x, y), d, n = foot, c.d, max(4, min(9, int(h / 14)))
    left: list[Point] = []
    right: list[Point] = []
    for k in range(n):
        w, top = h * (0.03 + 0.17 * k / n), y - h * (1 - k / n) * 0.94
        for side, edge in ((-d.u(0.8, 1.2), left), (d.u(0.8, 1.2), right)):
            edge += [(x + side * w, top + h * 0.07), (x + side * w * 0.45, top + h * 0.045)]
    foot_line = [(x + h * 0.012, y), (x - h * 0.012, y)]
    c.s[sheet].fill([(x, y - h), *right, *foot_line, *left[::-1]], colour)
    if _snowy(c.s):
        for k in range(1, n, 2):
            (ax, ay), (bx, by) = left[2 * k], right[2 * k]
            tip = [(ax, ay), ((ax + bx) / 2, ay - h * 0.03), (bx, by)]
            c.s[sheet].brush(tip, h * 0.03, mix(c.s.pal["light"], colour, 0.25), 0.2, 0.2)


def _leafy(c: Script, sheet: str, foot: Point, h: float, colour: Colour) -> None:
    (x, y), s, d = foot, c.s, c.d
    trunk = [(x, y + 1), (x + d.n(h * 0.02), y - h * 0.3), (x, y - h * 0.62)]
    s[sheet].brush(trunk, h * 0.07, mix(colour, s.pal["ink"], 0.4), 1, 0.6)
    core = oval(x, y - h * 0.66, h * 0.2, h * 0.16, 14)
    s[sheet].fill(core, mix(colour, s.pal["ink"], 0.06))
    for k in range(9):
        a, r = k / 9 * 6.28 + d.u(0, 0.6), h * d.u(0.13, 0.22)
        blob = oval(x + math.cos(a) * h * 0.22, y - h * 0.66 + math.sin(a) * h * 0.17, r, r * 0.8, 11)
        tone = "light" if math.sin(a) < -0.2 else "ink"
        s[sheet].fill(s.rough(blob, r * 0.09, x, k, step=r * 0.35), mix(colour, s.pal[tone], 0.1))


def hill(c: Script, sheet: str, y0: str, y1: str, tone: str, z: str) -> None:
    """A slope across the picture, from the far side to the actors' side."""
    s, far = c.s, float(z)
    ends = (c.y(y0), c.y(y1))
    left, right = ends if s.side > 0 else ends[::-1]
    edge = [(s.x0, left)]
    for t in (0.3, 0.7):
        edge.append((s.w * t, left + (right - left) * t + c.d.n(s.h * 0.02)))
    line = [*curve([*edge, (s.x1, right)], 6), (s.x1, s.y1), (s.x0, s.y1)]
    white = 0.5 + 0.2 * (far < 30)
    outline = s.rough(line, 2.5, y0, sheet)
    s[sheet].fill(outline, s.t(white, far) if _snowy(s) else s.tone(tone, far))
    s.path = outline


def ridge(c: Script, *args: str) -> None:
    """sheet y height tone z jag snow: a mountain line, its flanks lit and shaded, its foot lost in haze."""
    sheet, y, height, tone, z, jag, snow = args
    s, d, base, tall, air = c.s, c.d, c.y(y), c.s.h * c.num(height), float(z)
    line, amp = [d.u(0.2, 0.6), d.u(0.5, 1.0), d.u(0.2, 0.8)], 0.45
    while len(line) < 129:
        line = [v for a, b in itertools.pairwise(line) for v in (a, (a + b) / 2 + d.n(amp))] + line[-1:]
        amp *= float(jag)
    n = len(line) - 1
    points = [(s.x0 + (s.x1 - s.x0) * k / n, base - max(0.02, v) * tall) for k, v in enumerate(line)]
    colour = s.t(float(tone), air)
    s[sheet].fill([*points, (s.x1, s.y1), (s.x0, s.y1)], colour)
    if float(jag) > 0.5:
        white = float(snow) + 0.4 * _snowy(s)
        dark = mix(colour, s.t(float(tone) - 0.22, air), 0.75)
        bright = mix(colour, s.t(1.0, air * 0.6), 0.25 + 0.6 * white)
        _flanks(c, sheet, points, base, (dark, bright if white else colour))
    s[sheet].fade = (base - tall * 0.5, base + 4, 0.7, mix(s.pal["haze"], s.pal["low"], 0.5))


def _flanks(c: Script, sheet: str, points: list[Point], base: float, tones: tuple[Colour, Colour]) -> None:
    s, d = c.s, c.d
    toward, tall = (1 if s.sun[0] > s.w / 2 else -1), base - min(y for _, y in points)
    for k in range(3, len(points) - 4):
        x, top = points[k]
        if not (points[k - 2][1] > top < points[k + 2][1] and base - top > tall * 0.25):
            continue
        for side, colour in ((-toward, tones[0]), (toward, tones[1])):
            drop = (base - top) * d.u(0.35, 0.75)
            run = drop * d.u(0.35, 0.6) * side
            out = [(x + run * m / 5 + d.n(2.5 * s.unit), top + drop * m / 5) for m in range(6)]
            back = [
                (x + run * 0.15 * m / 4 + d.n(drop * 0.05), top + drop * 0.9 * m / 4) for m in range(4, 0, -1)
            ]
            s[sheet].fill(out + back, colour)


def furrows(c: Script) -> None:
    """Furrows or rows running to the vanishing point."""
    s, d = c.s, c.d
    for k in range(-16, 17):
        a, far = s.p(k * 1.6 + 0.4, 0, 2.2), s.p(k * 1.6 + 0.4, 0, 60)
        tone = 0.42 if _snowy(s) else d.pick((0.18, 0.36))
        path = [far, ((a[0] + far[0]) / 2 + d.n(4 * s.unit), (a[1] + far[1]) / 2), a]
        s["ground"].brush(path, (5 if k % 2 else 2.5) * s.unit, s.t(tone, 10), 0.02, 0.8)


def trunks(c: Script, sheet: str, n: str, z: str, tone: str) -> None:
    s, d, depth = c.s, c.d, float(z)
    for k in range(int(n)):
        x = s.x0 + (s.x1 - s.x0) * (k + d.u()) / int(n)
        if abs(x - s.fx * 0.6 - s.w * 0.2) < s.w * (0.12 if depth < 12 else 0.05):
            continue
        y, w = s.hz + s.f * s.eye / depth * d.u(0.85, 1.15), s.f * d.u(0.22, 0.5) / depth
        lean, colour = d.n(0.03) * s.h, s.t(float(tone) * d.u(0.85, 1.1), depth * 2.6)
        left = [(x - w * 1.6, y + w * 0.3), (x - w, y - w * 2), (x - w * 0.75 + lean, s.y0)]
        right = [(x + w * 0.75 + lean, s.y0), (x + w, y - w * 2), (x + w * 1.6, y + w * 0.3)]
        s[sheet].fill(s.rough([*left, *right], w * 0.06, z, k), colour)
        if depth < 30:
            dark = mix(colour, s.pal["ink"], 0.35)
            away = -s.lit(x)
            shade = [
                (x + away * w * 0.4, y),
                (x + away * w * 0.3 + lean / 2, y / 2),
                (x + away * w * 0.4 + lean, s.y0),
            ]
            s[sheet].brush(shade, w * 0.7, dark, 0.8, 0.8)
        for _ in range(4 if depth < 30 else 2):
            by, length = d.u(s.y0, s.hz - s.h * 0.12), w * d.u(3, 8) * d.sign()
            rise = abs(length) * d.u(0.3, 0.9)
            start = (x + lean * 0.5, by)
            branch = [start, (x + length * 0.5, by - abs(length) * 0.15), (x + length, by - rise)]
            s[sheet].brush(curve(branch, 3), w * 0.5, colour, 1, 0.05)


def dunes(c: Script) -> None:
    s, d = c.s, c.d
    toward = 1 if s.sun[0] > s.w / 2 else -1
    for k in range(5):
        y, amp = s.hz + s.h * (0.015 + 0.055 * k * (1 + 0.28 * k)), s.h * (0.03 + 0.028 * k)
        ph, width = d.u(0, 6), s.x1 - s.x0
        crest = []
        for m in range(71):
            wave = 0.6 * math.sin(ph + m / 70 * (7 - k)) + 0.4 * math.sin(ph * 2 + m / 70 * (15 - 2 * k))
            crest.append((s.x0 + width * m / 70, y - amp * wave))
        sheet = "mid" if k < 3 else "near"
        s[sheet].fill([*crest, (s.x1, s.y1), (s.x0, s.y1)], s.t(0.78 - 0.05 * k, 260 - 60 * k))
        for m in range(1, 70):
            if crest[m - 1][1] > crest[m][1] < crest[m + 1][1]:
                s[sheet].fill(_lee(crest, m, toward, amp), s.t(0.42 - 0.05 * k, 240 - 55 * k))


def _lee(crest: list[Point], m: int, toward: int, amp: float) -> list[Point]:
    """The side away from the sun, from a peak down to its trough."""
    end = m
    while 0 < end < len(crest) - 1 and crest[end - toward][1] >= crest[end][1]:
        end -= toward
    (px, py), (qx, qy) = crest[m], crest[end]
    foot = []
    for t in (0, 0.08, 0.2, 0.35, 0.5, 0.65, 0.8, 1):
        sag = amp * 1.5 * math.sin(math.pi * t) * (1 - 0.5 * t)
        foot.append((px + (qx - px) * t, py + (qy - py) * t + sag))
    body = crest[end : m + 1] if toward > 0 else crest[m : end + 1][::-1]
    return [*curve(foot, 3), *body]


LAND: dict[str, Verb] = {
    "scatter": scatter,
    "hill": hill,
    "ridge": ridge,
    "furrows": furrows,
    "trunks": trunks,
    "dunes": dunes,
}
