"""Deeds of rails and slopes: a viaduct, the train upon it, heaps, a ridge to walk on."""

import math

from infrastructure.sketch.ink import mix
from infrastructure.sketch.outline import between, oval
from infrastructure.sketch.script import Script, Verb
from infrastructure.sketch.shapes import Spot, stamp

LENGTH = 0.15  # of a carriage, in frame widths


def viaduct(c: Script, y: str, height: str) -> None:
    """Stone arches across the whole picture, standing in the valley."""
    s, top, tall = c.s, c.y(y), c.s.h * c.num(height)
    sh, stone, shade = s["mid"], s.t(0.3, 40), s.t(0.14, 30)
    deck, wide, pier = tall * 0.12, s.w * 0.14, s.w * 0.026
    x = s.x0 - c.d.u(0, wide)
    while x < s.x1:
        spring, inner = top + deck + (wide - pier) * 0.42, wide - pier
        ring = [
            (x + pier + inner * (0.5 - 0.5 * math.cos(a)), spring - inner * 0.42 * math.sin(a))
            for a in _half()
        ]
        foot = top + tall + s.h * 0.2
        arch = [
            (x, top),
            (x + wide + 1, top),
            (x + wide + 1, spring),
            *ring[::-1],
            (x + pier, foot),
            (x, foot),
        ]
        sh.fill(arch, stone)
        side = pier * 0.4 * s.lit(x)
        edge = x if side < 0 else x + pier
        sh.fill([(edge, spring), (edge - side, spring), (edge - side, foot), (edge, foot)], shade)
        sh.brush(ring, 3 * s.unit, shade, 0.6, 0.6)
        x += wide
    for k, tone in ((0.0, 0.42), (0.55, 0.2)):
        band = [
            (s.x0, top + deck * k),
            (s.x1, top + deck * k),
            (s.x1, top + deck * (k + 0.3)),
            (s.x0, top + deck * (k + 0.3)),
        ]
        sh.fill(band, s.t(tone, 40))


def _half() -> list[float]:
    return [math.pi * k / 10 for k in range(11)]


def train(c: Script, y: str) -> None:
    """In profile, its windows lit after dark, steam behind it."""
    s, top, unit = c.s, c.y(y), c.s.w * LENGTH
    front = s.w * (0.5 + s.side * c.d.u(0.16, 0.26))
    body = s.t(0.07, 10)
    for k in range(8):
        x = front - s.side * unit * 1.02 * (k + 1)
        stamp(s, "near", "coach", Spot(x, top, unit, s.side, 10, body))
        if s.dark:
            s.halo((x, top - unit * 0.2), unit * 0.22, 0.35)
            s["ground"].glaze(
                oval(x, top + s.h * 0.4, unit * 0.4, s.h * 0.012), s.pal["glow"], 0.35, s.h * 0.012
            )
    stamp(s, "near", "loco", Spot(front, top, unit * 1.05, s.side, 10, body))
    steam = mix(s.pal["haze"], s.pal["light"], 0.45)
    for k in range(9):
        t = k / 8
        x = front + s.side * unit * (0.24 - 3.2 * t)
        puff = oval(x, top - unit * (0.5 + 0.5 * t), unit * (0.07 + 0.3 * t), unit * (0.06 + 0.14 * t))
        s["air"].glaze(puff, steam, 0.6 * (1 - t), unit * (0.03 + 0.1 * t), True)
    if s.lamps:
        nose = (front + s.side * unit * 0.5, top - unit * 0.23)
        cone = [
            nose,
            (nose[0] + s.side * s.w * 0.4, nose[1] - s.h * 0.04),
            (nose[0] + s.side * s.w * 0.4, nose[1] + s.h * 0.08),
        ]
        s["air"].glaze(cone, s.pal["glow"], 0.4, 6 * s.unit, True)


def heap(c: Script, sheet: str, y: str, height: str, z: str) -> None:
    """A hill of scrap: jagged, with things sticking out."""
    s, d, base, tall, far = c.s, c.d, c.y(y), c.s.h * c.num(height), float(z)
    edge, x = [(s.x0, base)], s.x0
    while x < s.x1:
        hollow = abs(x - s.fx) / s.w
        edge.append((x, base - tall * (0.15 + min(1.0, hollow * 1.8)) * d.u(0.6, 1.0)))
        x += s.w * d.u(0.012, 0.035)
    s[sheet].fill(
        [*edge, (s.x1, base), (s.x1, base + s.h * 0.1), (s.x0, base + s.h * 0.1)], s.cloth("5a4a3e", far)
    )
    for a, b in zip(edge[1::2], edge[2::2], strict=False):
        colour = s.cloth(d.pick(("7d5640", "4c5658", "8a7a58", "63483c")), far)
        low = base + (a[1] - base) * d.u(0.2, 0.7)
        s[sheet].fill([a, b, (b[0] + d.n(9), low), (a[0], low + d.n(9))], colour)
        if d.yes(0.3):
            s[sheet].wire(
                [a, (a[0] + d.n(14) * s.unit, a[1] - d.u(8, 26) * s.unit)], 1.4 * s.unit, s.t(0.08, far)
            )


def walk(c: Script) -> None:
    """The actors stand on the last slope."""
    c.s.foot = -1.0


def cornice(c: Script) -> None:
    """The lit edge and the shaded flank of a snow ridge."""
    s = c.s
    line = [p for p in s.path if s.x0 <= p[0] <= s.x1 and p[1] < s.h * 1.05]
    line = sorted(line)
    low = [(x + s.side * s.w * 0.05, y + s.h * 0.12) for x, y in line[::-1]]
    s["near"].fill([*line, *low], mix(s.pal["light"], s.pal["haze"], 0.25))
    for k in range(5):
        a, b = line[len(line) * k // 6], line[len(line) * (k + 1) // 6]
        drift = [
            between(a, b, 0.2),
            (a[0] + s.side * s.w * 0.12, a[1] + s.h * 0.2),
            (a[0] + s.side * s.w * 0.3, a[1] + s.h * 0.46),
        ]
        s["near"].brush(drift, 26 * s.unit, s.t(0.52), 0.2, 0.1)


def spindrift(c: Script) -> None:
    s, d = c.s, c.d
    for x, y in sorted(s.path)[::6]:
        if s.x0 < x < s.x1:
            veil = oval(x - s.side * s.w * 0.04, y - s.h * 0.012, s.w * 0.07, s.h * d.u(0.01, 0.03))
            s["air"].glaze(veil, s.pal["light"], 0.35, s.h * 0.02, True)


BRIDGE: dict[str, Verb] = {
    "viaduct": viaduct,
    "train": train,
    "heap": heap,
    "walk": walk,
    "cornice": cornice,
    "spindrift": spindrift,
}
