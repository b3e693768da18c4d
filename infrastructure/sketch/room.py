"""Deeds of interiors: the shell of a room, its window, shelves and lamps."""

from infrastructure.sketch.built import box, slab
from infrastructure.sketch.ink import mix
from infrastructure.sketch.outline import curve, oval
from infrastructure.sketch.script import Script, Verb
from infrastructure.sketch.stage import Stage


def shell(c: Script, half: str, top: str, deep: str, tone: str) -> None:
    """Back wall, side walls, floor boards and ceiling, the light falling off into the corners."""
    s, a, t, v = c.s, float(half), float(top), float(tone) - (0.1 if c.s.dark else 0)
    c.deep = z = c.num(deep) * (1.15 if s.b.shot in ("medium", "close") else 1.0)
    long = a > 4 or z > 10
    s.sun = (s.vx, s.p(0, t * 0.6, z)[1]) if long else (s.w * (0.5 - s.side * 0.2), s.h * 0.3)
    lit = s.lit(s.vx)
    s["far"].fill([(s.x0, s.y0), (s.x1, s.y0), (s.x1, s.y1), (s.x0, s.y1)], s.t(v - 0.2))
    slab(s, "far", f"{v - 0.26:.2f}", ((-a, a), (t, t), (0.4, z)), 1.5)
    for e in (-1, 1):
        slab(s, "far", f"P/{v - (0.2 if e == lit else 0.02):.2f}/6", ((e * a, e * a), (0, t), (0.4, z)), 1.6)
    slab(s, "far", f"P/{v + 0.06:.2f}/4", ((-a, a), (0, t), (z, z)), 1.6)
    slab(s, "far", f"{v - 0.2:.2f}", ((-a, a), (0, 0.14), (z - 0.02, z - 0.02)))
    slab(s, "ground", f"{v - 0.12:.2f}", ((-a, a), (0, 0), (0.4, z)))
    for k in range(-9, 10):
        board = s.p(a * k / 9, 0, z), s.p(a * k / 9, 0, 0.9)
        s["ground"].stroke(*board, 1.1 * s.unit, s.t(v - 0.3), c.d)
    s["ground"].depth = s["far"].depth = 0.25
    _corners(s)


def _corners(s: Stage) -> None:
    for x in (s.x0, s.x1):
        s["far"].glaze(oval(x, s.h * 0.4, s.w * 0.2, s.h * 0.9), s.pal["ink"], 0.55, s.w * 0.11)
        s["ground"].glaze(oval(x, s.h, s.w * 0.24, s.h * 0.4), s.pal["ink"], 0.6, s.w * 0.1)
    ceiling = [(s.x0, s.y0), (s.x1, s.y0), (s.x1, s.h * 0.1), (s.x0, s.h * 0.1)]
    s["far"].glaze(ceiling, s.pal["ink"], 0.5, s.h * 0.09)


def window(c: Script, x: str, y: str, wide: str, high: str) -> None:
    """What is outside, glazing bars, curtains, the beam and its patch on the floor."""
    s, cx, y0, w, h, z = c.s, c.num(x), c.num(y), float(wide), float(high), c.deep - 0.02
    (ax, ay), (bx, top) = s.p(cx - w / 2, y0, z), s.p(cx + w / 2, y0 + h, z)
    pane = (ax, top, bx, ay)
    _view(c, pane)
    _frame(c, pane)
    _light_through(s, pane, z)
    if not s.dark:
        s.sun = ((ax + bx) / 2, (ay + top) / 2)


def _view(c: Script, pane: tuple[float, float, float, float]) -> None:
    (ax, top, bx, ay), s, d, p, sh = pane, c.s, c.d, c.s.pal, c.s["far"]
    w, h = bx - ax, ay - top
    for k in range(8):
        v0, v1 = top + h * k / 8, top + h * (k + 1) / 8 + 1
        colour = mix(p["top"], p["mid"], k / 4) if k < 4 else mix(p["mid"], p["low"], k / 4 - 1)
        sh.fill([(ax, v0), (bx, v0), (bx, v1), (ax, v1)], colour)
    city, x = s.dark and s.b.outside.split("/")[0] in ("street", "skyline", "harbour", ""), ax
    while x < bx:
        bh, end = h * (d.u(0.12, 0.5) if city else d.u(0.05, 0.16)), min(bx, x + w * d.u(0.08, 0.2))
        sh.fill([(x, ay), (x, ay - bh), (end, ay - bh), (end, ay)], mix(p["mid"], p["ink"], 0.55))
        for _ in range(5 if city else 0):
            lx, ly, q = d.u(x, end - 2), ay - bh * d.u(0.1, 0.9), 2 * s.unit
            sh.fill([(lx, ly), (lx + q, ly), (lx + q, ly + 1.5 * q), (lx, ly + 1.5 * q)], p["glow"])
        x = end + 0.5
    if s.dark and not city:
        moon = oval(ax + w * 0.7, top + h * 0.25, w * 0.08, w * 0.08, 18)
        sh.fill(moon, mix(p["low"], (255.0, 255.0, 255.0), 0.6))


def _frame(c: Script, pane: tuple[float, float, float, float]) -> None:
    (ax, top, bx, ay), s, sh = pane, c.s, c.s["far"]
    w, h = bx - ax, ay - top
    for t, bar in ((0.0, 3.5), (0.5, 2.0), (1.0, 3.5)):
        y = top + h * t * (0.8 if t < 1 else 1)
        sh.wire([(ax + w * t, ay), (ax + w * t, top)], bar * s.unit, s.t(0.08))
        sh.wire([(ax, y), (bx, y)], bar * s.unit, s.t(0.08))
    hem, rail, cw = ay + h * 0.25, top - h * 0.08, w * 0.22
    for e, q in ((-1, ax), (1, bx)):
        inner = [(q - e * cw * 0.4, rail), (q - e * cw * 0.05, (rail + hem) / 2), (q + e * cw * 0.25, hem)]
        cloth = [(q + e * cw * 0.7, rail), *inner, (q + e * cw * 0.9, hem)]
        sh.fill(curve(cloth, 4), s.t(0.22 if s.dark else 0.42))
        for k in range(4):
            fx = q + e * cw * (0.1 + 0.2 * k)
            fold = [(fx - e * cw * 0.2, rail), (fx, (rail + hem) / 2), (fx + e * cw * 0.08, hem)]
            sh.brush(fold, 2 * s.unit, s.t(0.12), 0.3, 0.3)


def _light_through(s: Stage, pane: tuple[float, float, float, float], z: float) -> None:
    (ax, top, bx, _), p = pane, s.pal
    glow, power = (mix(p["low"], p["light"], 0.3), 0.35) if s.dark else (p["light"], 1.0)
    floor = s.hz + s.f * s.eye / (z * 0.62)
    dx = ((s.vx - (ax + bx) / 2) / s.w * 1.2 + 0.25 * s.side) * s.w * 0.25
    for t in (0.02, 0.52):
        a, b = ax + (bx - ax) * t, ax + (bx - ax) * (t + 0.44)
        y0, y1 = floor - s.h * 0.03, floor + s.h * 0.16
        patch = [(a + dx, y0), (b + dx, y0), (b + dx * 1.5, y1), (a + dx * 1.5, y1)]
        s["ground"].glaze(patch, glow, 0.75 * power, 2.5 * s.unit)
        ray = [(a, top), (b, top), (b + dx * 1.5, y1), (a + dx * 1.35, floor + s.h * 0.1)]
        s["air"].glaze(ray, glow, 0.2 * power, 7 * s.unit, True)


def shelf(c: Script, x: str, z: str) -> None:
    s, d, (x0, x1), depth = c.s, c.d, sorted(c.pair(x)), c.num(z)
    box(s, "far", ((x0, x1), (0, 2.3), (depth, depth + 0.3)), 0.24)
    for r in range(5):
        y, k = 0.22 + r * 0.42, x0 + 0.06
        slab(s, "far", ".08", ((x0 + 0.04, x1 - 0.04), (y, y + 0.36), (depth, depth)))
        while k < x1 - 0.12:
            w, h = d.u(0.035, 0.09), d.u(0.2, 0.33)
            if d.yes(0.86):
                spec = f"A/.3/{d.i(3, 6)}" if d.yes(0.14) else f"{d.u(0.2, 0.66):.2f}"
                slab(s, "far", spec, ((k, k + w * 0.9), (y, y + h), (depth, depth)))
            k += w + 0.008


def lamp(c: Script, *args: str) -> None:
    """x y z r [hang|stem]: a shaded lamp; lit after dark or when the prompt has one, then the key light."""
    x, y, z, r, *kind = args
    s, depth = c.s, c.num(z)
    (px, py), u = s.p(c.num(x), float(y), depth), s.f * float(r) / depth
    on = s.dark or (s.lamps and not s.b.indoors) or "lamp" in c.facts
    floor = s.p(0, 0, depth)[1]
    end = {"hang": s.y0, "stem": floor}.get(kind[0] if kind else "", py + u * 1.7)
    s["mid"].wire([(px, py), (px, end)], max(1.4 * s.unit, u * 0.12), s.t(0.03))
    shade = [
        (px - u * 0.4, py - u * 0.6),
        (px + u * 0.4, py - u * 0.6),
        (px + u, py + u * 0.35),
        (px - u, py + u * 0.35),
    ]
    s["mid"].fill(shade, s.c("G/A/3" if on else ".5"))
    if on:
        s["mid"].fill(oval(px, py + u * 0.38, u * 0.85, u * 0.16, 16), s.c("W"))
        s.halo((px, py + u * 0.4), u * 4, 1.0)
        s.pool("far", (px, py), (u * 9, u * 7), "G", 0.36)
        s.pool("ground", (px, min(s.h * 0.9, floor + u)), (u * 9, u * 2.4), "G", 0.38)
        s.sun = (px, py)


def shaft(c: Script, x: str, y: str) -> None:
    """Daylight falling from a high window on the far side."""
    s, e, z = c.s, -c.s.side, c.z
    high = [s.p(e * float(x), float(y), z * k) for k in (1.1, 1.24)]
    low = [s.p(-e * float(x) * 0.2, 0, z * 0.95), s.p(e * float(x) * 0.35, 0, z * 0.8)]
    s["air"].glaze([*high, *low], s.pal["light"], 0.17, 8 * s.unit, True)


ROOM: dict[str, Verb] = {"shell": shell, "window": window, "shelf": shelf, "lamp": lamp, "shaft": shaft}
