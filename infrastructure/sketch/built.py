"""Deeds of what people build outdoors: boxes, house fronts, streets, wires, and light that falls."""

from infrastructure.sketch.ink import mix
from infrastructure.sketch.outline import Point, curve, oval
from infrastructure.sketch.script import Script, Verb
from infrastructure.sketch.stage import Stage

Span = tuple[float, float]


def slab(s: Stage, sheet: str, spec: str, box: tuple[Span, Span, Span], pen: float = 0.0) -> list[Point]:
    """A rectangle in the world; one of x, y, z is flat."""
    (x0, x1), (y0, y1), (z0, z1) = box
    z0, z1 = max(0.4, z0), max(0.4, z1)
    if y0 == y1:
        corners = [(x0, y0, z0), (x1, y0, z0), (x1, y0, z1), (x0, y0, z1)]
    elif x0 == x1:
        corners = [(x0, y0, z0), (x0, y1, z0), (x0, y1, z1), (x0, y0, z1)]
    else:
        corners = [(x0, y0, z0), (x0, y1, z0), (x1, y1, z0), (x1, y0, z0)]
    points = [s.p(*q) for q in corners]
    s[sheet].fill(points, s.c(spec, 1.5 * min(z0, z1)))
    if pen:
        s[sheet].pen(points, pen * s.unit, s.t(0.03, z0), s.dice("pen", *box), over=2 * s.unit)
    return points


def box(s: Stage, sheet: str, spans: tuple[Span, Span, Span], tone: float) -> None:
    """A block: top, flank and front, each its own tone, inked."""
    (x0, x1), (y0, y1), (z0, z1) = sorted(spans[0]), spans[1], spans[2]
    if y1 < s.eye:
        slab(s, sheet, f"{tone + 0.14:.2f}", ((x0, x1), (y1, y1), (z0, z1)), 1.2)
    if x0 > 0 or x1 < 0:
        x = x0 if x0 > 0 else x1
        is_lit = (s.sun[0] - s.p(x, 0, z0)[0]) * x < 0
        flank = max(0.03, tone + (0.05 if is_lit else -0.1))
        slab(s, sheet, f"{flank:.2f}", ((x, x), (y0, y1), (z0, z1)), 1.2)
    slab(s, sheet, f"{tone:.2f}", ((x0, x1), (y0, y1), (z0, z0)), 1.2)


def pane(c: Script, *args: str) -> None:
    """sheet colour x y z [pen]"""
    sheet, spec, x, y, z, *pen = args
    slab(c.s, sheet, spec, (c.pair(x), c.pair(y), c.pair(z)), float(pen[0]) if pen else 0.0)


def block(c: Script, sheet: str, x: str, y: str, z: str, tone: str) -> None:
    box(c.s, sheet, (c.pair(x), c.pair(y), c.pair(z)), float(tone))


def glow(c: Script, x: str, y: str, z: str, r: str) -> None:
    """A burning lamp."""
    s, depth = c.s, c.num(z)
    at, size = s.p(c.num(x), c.num(y), depth), s.f * c.num(r) / depth
    s["near" if depth < 20 else "mid"].fill(oval(*at, size, size, 14), s.c("W"))
    s.halo(at, size * 6, min(1.1, 8 / depth + 0.4))


def pool(c: Script, *args: str) -> None:
    """sheet x y rx ry colour strength: a soft patch of light or dark on the screen."""
    sheet, x, y, rx, ry, spec, strength = args
    radii = (c.s.w * c.num(rx), c.s.h * c.num(ry))
    c.s.pool(sheet, (c.x(x), c.y(y)), radii, spec, float(strength), sheet in ("air", "far"))


def pool3(c: Script, *args: str) -> None:
    """sheet x z r colour strength [y]: the same in the world."""
    sheet, x, z, r, spec, strength, *up = args
    depth = c.num(z)
    size = c.s.f * c.num(r) / depth
    at = c.s.p(c.num(x), c.num(up[0]) if up else 0.0, depth)
    c.s.pool(
        sheet, at, (size, size * (0.25 if sheet == "ground" else 0.6)), spec, float(strength), sheet == "air"
    )


def beam(c: Script, *args: str) -> None:
    """x0 y0 x1 y1 w0 w1 strength: a shaft of light in the air."""
    s, (x0, y0, x1, y1, w0, w1, strength) = c.s, args
    (ax, ay), (bx, by), a, b = (c.x(x0), c.y(y0)), (c.x(x1), c.y(y1)), s.w * float(w0), s.w * float(w1)
    quad = [(ax - a, ay), (ax + a, ay), (bx + b, by), (bx - b, by)]
    power = float(strength) * (1.3 if s.dark else 1)
    s["air"].glaze(quad, s.pal["glow" if s.dark else "light"], power, max(5.0 * s.unit, a * 0.4), True)


def wire(c: Script, *args: str) -> None:
    """sheet x0 y0 z0 x1 y1 z1: a hanging cable."""
    sheet, *numbers = args
    x0, y0, z0, x1, y1, z1 = (c.num(v) for v in numbers)
    (ax, ay), (bx, by), sag = c.s.p(x0, y0, z0), c.s.p(x1, y1, z1), c.s.f * 0.8 / z0
    ts = [k / 10 for k in range(11)]
    points = [(ax + (bx - ax) * t, ay + (by - ay) * t + sag * 4 * t * (1 - t)) for t in ts]
    c.s[sheet].wire(points, c.s.unit, c.s.t(0.1, z0))


def row(c: Script, *args: str) -> None:
    """sheet y wide high tone z lit: house fronts square on, side by side."""
    sheet, y, wide, high, tone, z, lit = args
    s, d, x, base, air = c.s, c.d, c.s.x0, c.y(y), float(z)
    sh, front, flank = s[sheet], s.t(float(tone), air), s.t(float(tone) - 0.12, air)
    lamps = float(lit) if s.dark else float(lit) * 0.12
    while x < s.x1:
        w, h, roof = s.w * c.num(wide), s.h * c.num(high), d.i(0, 4)
        top, side = base - h, w * d.u(0.16, 0.3) * s.lit(s.w / 2)
        sh.fill([(x, base), (x, top), (x + w, top), (x + w, base)], front)
        edge = x if side > 0 else x + w
        sh.fill([(edge, base), (edge, top), (edge + side, top), (edge + side, base)], flank)
        if roof == 0:
            sh.wire([(x + w * 0.4, top), (x + w * 0.4, top - w * d.u(0.3, 0.9))], 1.2 * s.unit, front)
        elif roof == 1:
            hut = top - w * 0.2
            sh.fill([(x + w * 0.2, top), (x + w * 0.2, hut), (x + w * 0.7, hut), (x + w * 0.7, top)], front)
        elif roof == 2 and w < s.w * 0.06:
            sh.fill([(x, top), (x + w / 2, top - w * d.u(0.3, 0.7)), (x + w, top)], front)
        _front_windows(c, sheet, (x, top, w, h), (float(tone), air, lamps))
        x += w * d.u(0.8, 1.25)


def _front_windows(c: Script, sheet: str, front: tuple[float, ...], look: tuple[float, float, float]) -> None:
    (x, top, w, h), (tone, air, lamps), s = front, look, c.s
    dark, lit = s.t(max(0.0, tone - 0.16), air), mix(s.pal["glow"], s.t(tone, air), 0.15)
    step = max(6.0 * s.unit, min(14.0 * s.unit, w / 7))
    for r in range(int(h / step / 1.35 - 1)):
        for k in range(int(w / step - 1)):
            q = c.d.u()
            if q >= 0.75:
                continue
            ax, ay = x + step * (k + 0.7), top + step * 1.35 * (r + 0.7)
            bx, by = ax + step * 0.42, ay + step * 0.68
            s[sheet].fill([(ax, ay), (bx, ay), (bx, by), (ax, by)], lit if q < lamps * 0.75 else dark)


def post(c: Script, x: str, z: str, h: str, toward: str) -> None:
    """A street lamp, lit after dark, and its patch on the ground."""
    s, px, depth, e = c.s, c.num(x), c.num(z), c.num(toward)
    (ax, ay), (bx, by), m = s.p(px, 0, depth), s.p(px, c.num(h), depth), s.f / depth
    colour, w, reach = s.t(0.1, depth), max(0.7 * s.unit, 0.08 * m), 1.1 * m * e
    s["mid"].fill([(ax - w, ay), (bx - w * 0.7, by), (bx + w * 0.7, by), (ax + w, ay)], colour)
    arm = [(bx, by + 2), (bx + reach * 0.4, by - m * 0.24), (bx + reach, by)]
    s["mid"].brush(curve(arm), max(1.3 * s.unit, 0.12 * m), colour, 1, 0.8)
    r = max(2.0 * s.unit, 0.17 * m)
    head = oval(bx + reach, by + r * 0.5, r * 1.3, r * 0.7, 12)
    s["mid"].fill(head, s.c("W") if s.lamps else s.t(0.4, depth))
    if s.lamps:
        s.halo((bx + reach, by + r), r * 5.5, min(1.0, 9 / depth + 0.35))
        s.pool("ground", s.p(px + 1.1 * e, 0, depth), (2.2 * m, 0.5 * m), "G", 0.4)


BUILT: dict[str, Verb] = {
    "pane": pane,
    "block": block,
    "glow": glow,
    "pool": pool,
    "pool3": pool3,
    "beam": beam,
    "wire": wire,
    "row": row,
    "post": post,
}
