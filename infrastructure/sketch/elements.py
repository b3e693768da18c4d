"""Deeds of water, air, space and rock: waves, shores, cloud banks, planets, caves."""

import math

import numpy as np

from infrastructure.sketch.ink import mix, tile
from infrastructure.sketch.outline import curve, oval
from infrastructure.sketch.script import Script, Verb


def waves(c: Script) -> None:
    """Rollers, larger towards us, foam on their crests."""
    s, d = c.s, c.d
    for k in range(6):
        y = s.hz + (s.h - s.hz) * (0.05 + 0.035 * k * (k + 1))
        amp, span, ph = s.h * (0.012 + 0.016 * k), s.w * (0.12 + 0.06 * k), d.u(0, 9)
        crest = []
        for q in range(131):
            x = s.x0 + (s.x1 - s.x0) * q / 130
            peak = (1 - abs(math.sin(x / span * 1.7 + ph)) ** 0.6) * 2.2
            crest.append((x, y - amp * peak + amp * 0.5 * math.sin(x / span * 0.6 + ph * 2)))
        sheet = "ground" if k < 3 else "mid" if k < 5 else "near"
        body = [*crest, (s.x1, y + amp * 5), (s.x0, y + amp * 5)]
        s[sheet].fill(body, s.t(0.42 - 0.055 * k, 60 - 9 * k))
        for a in range(2, 128, 3):
            (x, top), u = crest[a], s.unit
            if top >= y - amp * 0.5:
                continue
            foam = [crest[a - 2], (x, top + d.n(1.5 * u)), crest[a + 2]]
            s[sheet].brush(foam, (1 + k * 0.9 * d.u(0.4, 1.2)) * u, s.t(0.93, 20), 0.3, 0.2)
            if d.yes(0.35):
                fall = [
                    (x, top),
                    (x - s.side * amp * 0.5, top + amp * 0.6),
                    (x - s.side * amp * 0.7, top + amp * 1.4),
                ]
                s[sheet].brush(fall, (1 + 0.5 * k) * u, s.t(0.6, 30), 0.3, 0.05)


def shore(c: Script, where: str) -> None:
    """Wet and dry sand in front of the water, a line of foam between."""
    s, d = c.s, c.d
    y, lean = s.hz + (s.h - s.hz) * c.num(where), s.h * s.side
    ends = [
        (s.x0, y + 0.1 * lean),
        (s.w * 0.3, y + 0.04 * lean),
        (s.w * 0.6, y - 0.02 * lean),
        (s.x1, y - 0.06 * lean),
    ]
    line, sand = curve(ends, 12), s.t(0.42 if s.dark else 0.64)
    foam = [(x, v - (5 + 4 * math.sin(x / (31 * s.unit))) * s.unit) for x, v in line[::-1]]
    s["near"].fill([*line, (s.x1, s.y1), (s.x0, s.y1)], sand)
    s["near"].fill([*line, *foam], mix(s.pal["light"], sand, 0.2))
    s["near"].glaze([*line, *((x, v + s.h * 0.06) for x, v in line[::-1])], s.t(0.3), 0.5, 6 * s.unit)
    corner = [(s.x0, s.h * 0.92), (s.x1, s.h * 0.92), (s.x1, s.y1), (s.x0, s.y1)]
    s["near"].glaze(corner, s.t(0.2), 0.6, s.h * 0.06)
    for _ in range(30):
        x, v, u = d.u(s.x0, s.x1), d.u(y + s.h * 0.12, s.h * 1.04), s.unit
        streak = [(x, v), (x + 14 * u, v - 1.5 * u), (x + d.u(20, 46) * u, v + u)]
        s["near"].brush(streak, d.u(1, 2.2) * u, s.t(0.42), 0.1, 0.1)


def banks(c: Script) -> None:
    """A floor of clouds."""
    s, d = c.s, c.d
    for k in range(7):
        y, x = s.h * (0.70 + 0.055 * k), s.x0
        points = [(s.x0, s.y1), (s.x0, y)]
        while x < s.x1:
            r = s.h * d.u(0.05, 0.11) * (0.6 + 0.25 * k)
            puff = [
                (x + r * (1 - math.cos(a)), y - r * 0.7 * math.sin(a)) for a in (0.3, 0.9, 1.57, 2.2, 2.8)
            ]
            points += puff
            x += r * 1.7
        sheet = "far" if k < 3 else "mid" if k < 5 else "near"
        s[sheet].fill([*points, (s.x1, s.y1)], s.t(0.64 + 0.05 * (k % 2) - 0.03 * k, 120 - 15 * k))
    for name in ("far", "mid", "near"):
        s[name].rim, s[name].line = 3 * s.unit, 0.3
        s[name].fade = (s.h * 0.7, s.h, 0.5, s.pal["haze"])


def nebula(c: Script) -> None:
    s, (x, y) = c.s, c.s.grid()
    u = (x * 0.25 / s.unit + y * 0.2 / s.unit).astype(int) & 255
    v = np.broadcast_to((y * 0.4 / s.unit).astype(int) & 255, (y.shape[0], x.shape[1]))
    cloud = s.full(np.clip(tile(s.dice("nebula"), 3, 4)[v, u], 0, 1.5)) * 0.3
    tint, sky = mix(s.pal["mid"], s.pal["accent"], 0.35), s["sky"].pixels
    if sky is not None:
        for k in range(3):
            sky[k] += (tint[k] - sky[k]) * cloud


def planet(c: Script, px: str, py: str, size: str) -> None:
    s, d, x, y, r = c.s, c.d, c.x(px), c.y(py), c.s.h * c.num(size)
    sh, base = s["far"], mix(s.pal["accent"], s.pal["shade"], c.d.u(0.2, 0.7))
    sh.fill(oval(x, y, r, r, 120), mix(base, s.pal["light"], 0.25))
    for k in range(1, 17):
        row = y + r * (-1 + 0.118 * k)
        half = math.sqrt(max(0.0, r * r - (row - y) ** 2)) * 0.995
        band = [(x - half + 2 * half * q / 12, row + d.n(r * 0.02)) for q in range(13)]
        sh.brush(
            band, r * d.u(0.02, 0.1), mix(base, s.pal["light" if k % 2 else "ink"], d.u(0.1, 0.3)), 0.1, 0.1
        )
    lx, ly = s.sun[0] - x, s.sun[1] - y
    q = math.hypot(lx, ly) or 1.0
    night = oval(x - lx / q * r * 0.5, y - ly / q * r * 0.5, r * 1.04, r * 1.04, 60)
    sh.glaze(night, s.pal["ink"], 0.96, r * 0.16)
    air = oval(x + lx / q * r * 0.04, y + ly / q * r * 0.04, r * 1.02, r * 1.02, 60)
    s["sky"].glaze(air, mix(s.pal["accent"], s.pal["light"], 0.5), 0.5, r * 0.05)
    sh.line = 0.2


def holes(c: Script) -> None:
    """Rims of a cave, one inside the other, the light at the end."""
    s, d = c.s, c.d
    for n, (sheet, k, tone) in enumerate((("mid", 0.30, 0.3), ("near", 0.42, 0.16), ("fore", 0.58, 0.03))):
        hole = []
        for a in range(26):
            rx, ry, turn = k * d.u(0.8, 1.0), k * d.u(0.95, 1.3), a / 26 * 6.283
            y = s.h * 0.48 - math.sin(turn) * s.h * ry * 1.1
            hole.append(
                (s.sun[0] + math.cos(turn) * s.w * rx, min(y, s.h * (0.72 + 0.12 * n) + d.n(6 * s.unit)))
            )
        far = s.x1 + 9
        outer = [(far, hole[0][1]), (far, s.y0), (s.x0, s.y0), (s.x0, s.y1), (far, s.y1), (far, hole[0][1])]
        s[sheet].fill([*outer, hole[0], *hole[::-1]], s.t(tone, 14 - 5 * n))
        for x, y in hole:
            if y < s.h * 0.4 and d.yes(0.5):
                w = 14 * s.unit
                tip = (x + d.n(4), y + s.h * d.u(0.05, 0.14))
                s[sheet].fill([(x - w, y - w / 2), tip, (x + w, y - w / 2)], s.t(tone, 14 - 5 * n))


ELEMENTS: dict[str, Verb] = {
    "waves": waves,
    "shore": shore,
    "banks": banks,
    "nebula": nebula,
    "planet": planet,
    "holes": holes,
}
