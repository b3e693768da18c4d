"""Streets: one side in perspective, from the distance to our shoulder, and a house front square on."""

import itertools

from infrastructure.sketch.built import slab
from infrastructure.sketch.ink import mix
from infrastructure.sketch.script import Script, Verb
from infrastructure.sketch.shapes import Spot, stamp


def walls(c: Script, *args: str) -> None:
    """x z0:z1 high tone [ruin]"""
    where, depth, high, tone, *ruin = args
    s, d, x, (near, far) = c.s, c.d, c.num(where), c.pair(depth)
    while far > near * 1.1:
        z0, h, v = max(near, far / d.u(1.3, 1.55)), c.num(high), float(tone) + d.n(0.04)
        middle, sheet = far / 1.2, "mid" if z0 > 6 else "near"
        steps = [k / 8 for k in range(9)]
        roof = [s.p(x, h * (d.u(0.45, 1.0) if ruin else 1), z0 * (far / z0) ** t) for t in steps]
        wall = [s.p(x, 0, z0), *roof, s.p(x, 0, far)]
        s[sheet].fill(wall, s.t(v, middle * 1.6))
        if not ruin:
            slab(s, sheet, f"{v - 0.09:.2f}", ((x, x), (h - 0.5, h), (z0, far)))
        _bays(c, sheet, (x, h, v), (z0, far), bool(ruin))
        if s.b.mood == "neon" and middle < 40:
            _sign(c, sheet, x, middle)
        pen = max(0.8, 2.6 - middle * 0.05) * s.unit
        for a, b in itertools.pairwise(wall):
            s[sheet].stroke(a, b, pen, s.t(0.04, far * 1.2), d, 4 * s.unit)
        far = z0


def _bays(
    c: Script, sheet: str, wall: tuple[float, float, float], span: tuple[float, float], ruin: bool
) -> None:
    """Windows above, shops below; some are lit, and shops throw light on the pavement."""
    s, d, (x, h, v), (z0, z1) = c.s, c.d, wall, span
    lamps, dark = (0.42 if s.dark else 0.05), f"{max(0.02, v - 0.15):.2f}"
    bays, e = min(10, max(1, int((z1 - z0) / 2.1))), 1 if x > 0 else -1
    for r in range(int(h / 3.1)):
        for k in range(bays):
            q, shop = d.u(), r == 0
            if q > 0.88:
                continue
            za, zb = (z0 + (z1 - z0) * (k + t) / bays for t in ((0.12, 0.86) if shop else (0.25, 0.7)))
            on = q < lamps * (1.6 if shop else 0.8) and not ruin
            colour = "A" if s.b.mood == "neon" and q < lamps * 0.3 else "G"
            spec = f"{colour}/{dark}/{d.u(0, 3.5):.1f}" if on else dark
            ys = (0.5 * (k % 3 > 0), 2.5) if shop else (r * 3.1 + 1, r * 3.1 + 2.5)
            slab(s, sheet, spec, ((x, x), ys, (za, zb)))
            if za < 24:
                _bars(c, sheet, (x, *ys), (za, zb), dark if on else f"{max(0.02, v - 0.22):.2f}")
            if on and shop and za < 22:
                at = s.p(x - e * 1.4, 0, (za + zb) / 2)
                s.pool("ground", at, (s.f * 1.4 / za, s.f * 0.3 / za), spec, 0.35)


def _bars(
    c: Script, sheet: str, pane: tuple[float, float, float], span: tuple[float, float], tone: str
) -> None:
    """Glazing bars, and a sill."""
    s, (x, y0, y1), (za, zb) = c.s, pane, span
    colour, zm = s.c(tone, za * 1.5), (za * zb) ** 0.5
    width = min(4.0, 0.07 * s.f / zm)
    s[sheet].wire([s.p(x, y0, zm), s.p(x, y1, zm)], width, colour)
    ym = y0 + (y1 - y0) * 0.64
    s[sheet].wire([s.p(x, ym, za), s.p(x, ym, zb)], width, colour)
    s[sheet].wire([s.p(x, y0, za), s.p(x, y0, zb)], width * 1.6, s.t(0.5, zm))


def _sign(c: Script, sheet: str, x: float, z: float) -> None:
    s, d, e = c.s, c.d, 1 if x > 0 else -1
    spec, y = d.pick(("A", "G", "L")), d.u(3.2, 6)
    board = slab(s, sheet, f"{spec}/K/1", ((x - e * 0.9, x - e * 0.1), (y, y + d.u(1.2, 3)), (z, z)))
    s.halo((board[0][0], (board[0][1] + board[1][1]) / 2), s.f * 0.8 / z, 0.9, spec)


def facade(c: Script) -> None:
    """A house front that fills the picture: rows of tall windows, a few of them lit, people in some."""
    s, d = c.s, c.d
    stone, sh = s.t(0.5 if not s.dark else 0.22), s["far"]
    sh.fill([(s.x0, s.y0), (s.x1, s.y0), (s.x1, s.y1), (s.x0, s.y1)], mix(stone, s.pal["paint"], 0.4))
    tall, wide, x = s.h * 0.27, s.w * 0.125, s.x0 + d.u(0, s.w * 0.06)
    for floor in range(-1, 4):
        y = s.hz - tall * (floor + 0.1)
        ledge = [(s.x0, y), (s.x1, y), (s.x1, y + tall * 0.045), (s.x0, y + tall * 0.045)]
        sh.fill(ledge, mix(stone, s.pal["light"], 0.3))
        sh.glaze(
            [
                (s.x0, y + tall * 0.05),
                (s.x1, y + tall * 0.05),
                (s.x1, y + tall * 0.1),
                (s.x0, y + tall * 0.1),
            ],
            s.pal["ink"],
            0.4,
            3 * s.unit,
        )
        for k in range(int((s.x1 - x) / wide) + 1):
            _tall_window(c, (x + k * wide, y - tall * 0.12), (wide * 0.5, tall * 0.68))


def _tall_window(c: Script, foot: tuple[float, float], size: tuple[float, float]) -> None:
    (x, y), (w, h), s, d, sh = foot, size, c.s, c.d, c.s["far"]
    lit = d.yes(0.16 if s.dark else 0.03) or ("window" in s.b.props and s.dark and d.yes(0.08))
    glass = s.c("G/.3/2") if lit else mix(s.t(0.16), s.pal["mid"], 0.35)
    frame = mix(s.t(0.7), s.pal["light"], 0.2)
    for grow, colour in ((0.1, frame), (0.0, glass)):
        e = w * grow
        sh.fill(
            [(x - e, y + e * 0.4), (x - e, y - h - e), (x + w + e, y - h - e), (x + w + e, y + e * 0.4)],
            colour,
        )
    if lit:
        s.halo((x + w / 2, y - h / 2), w * 0.7, 0.5, sheet="far")
    for t in (0.0, 0.76):
        curtain = [
            (x + w * t, y),
            (x + w * t, y - h),
            (x + w * (t + 0.24), y - h),
            (x + w * (t + 0.16 * (t < 0.5)), y),
        ]
        sh.fill(curtain, mix(s.t(0.66), glass, 0.3))
    if d.yes(0.24 if len(s.b.people) else 0.06):
        stamp(s, "far", "head", Spot(x + w * d.u(0.4, 0.6), y - h * 0.16, w * 0.36, 1, 0, s.t(0.08)))
    sh.wire([(x + w / 2, y), (x + w / 2, y - h)], 2 * s.unit, frame)
    sh.wire([(x, y - h * 0.66), (x + w, y - h * 0.66)], 2 * s.unit, frame)


def flights(c: Script) -> None:
    """Stairs going up the back wall and out of the picture, with their railing."""
    s, n = c.s, 26
    for turn in range(3):
        way, y0 = (1 if turn % 2 else -1) * s.side, 3.1 * turn
        z, steps = c.deep - 1.2 + 0.5 * (turn % 2), []
        for k in range(n):
            a, b = -way * 2.4 + way * 4.8 * k / n, -way * 2.4 + way * 4.8 * (k + 1) / n
            y = y0 + 3.1 * (k + 1) / n
            steps += [s.p(a, y, z), s.p(b, y, z)]
        under = [s.p(way * 2.4, y0 + 3.1 - 0.35, z), s.p(-way * 2.4, y0 - 0.35, z)]
        s["mid"].fill([*steps, *under], s.t(0.2 + 0.06 * turn))
        rail = [(x, y - 0.95 * s.f / z) for x, y in steps[::2]]
        s["mid"].wire(rail, 2.6 * s.unit, s.t(0.06))
        for (x, y), (_, low) in zip(rail, steps[::2], strict=True):
            s["mid"].wire([(x, y), (x, low)], 1.0 * s.unit, s.t(0.08))


STREET: dict[str, Verb] = {"walls": walls, "facade": facade, "flights": flights}
