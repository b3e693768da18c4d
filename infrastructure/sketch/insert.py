"""An insert: one thing on a table, close. Boards, a pool of light, the room a blur behind."""

from infrastructure.sketch.costume import dress
from infrastructure.sketch.hands import hand
from infrastructure.sketch.ink import mix
from infrastructure.sketch.outline import Point, between, oval, tube
from infrastructure.sketch.person import Figure
from infrastructure.sketch.shapes import Spot, shapes, stamp
from infrastructure.sketch.skeleton import Joints
from infrastructure.sketch.stage import Stage


def lay_out(s: Stage) -> None:
    d = s.dice("insert")
    s.hz, s.sun = s.h * 0.12, (s.w * (0.5 - s.side * 0.3), s.h * 0.1)
    s["far"].fill([(s.x0, s.y0), (s.x1, s.y0), (s.x1, s.y1), (s.x0, s.y1)], s.t(0.2))
    for _ in range(9):
        r = s.h * d.u(0.03, 0.09)
        spot = oval(d.u(0, s.w), d.u(0, s.h * 0.2), r, r)
        s["far"].glaze(spot, mix(s.pal["glow"], s.pal["mid"], d.u()), 0.35, 5 * s.unit)
    _table(s)
    cx, cy = s.w * (0.5 + s.side * 0.05), s.h * 0.58
    s.pool("ground", (cx - s.side * s.w * 0.05, cy), (s.w * 0.36, s.h * 0.32), "G" if s.dark else "L", 0.6)
    s.pool("ground", (cx + s.side * s.w * 0.03, cy + s.h * 0.06), (s.w * 0.2, s.h * 0.13), "K", 0.5)
    for x in (s.x0, s.x1):
        s["ground"].glaze(oval(x, s.h * 0.8, s.w * 0.2, s.h * 0.5), s.pal["ink"], 0.6, s.w * 0.09)
    things = [t for t in dict.fromkeys((*s.b.held, *s.b.props)) if f"still {t}" in shapes()] or ["letter"]
    other = things[1] if len(things) > 1 else d.pick(("cup", "candle" if s.dark else "book"))
    if len(things) > 1 or d.yes(0.7):
        stamp(s, "near", f"still {other}", Spot(cx - s.side * s.w * 0.3, s.h * 0.36, s.h * 0.26))
    s["cast"].rim = 1.5 * s.unit
    if s.b.hands:
        _hands(s, (cx, cy))
    stamp(s, "cast", f"still {things[0]}", Spot(cx, cy, min(s.h, s.w) * 0.5, s.side))


def _hands(s: Stage, at: Point) -> None:
    """Two forearms from below, reaching for the thing; the near hand lies over it."""
    d, h = s.dice("hands"), min(s.h, s.w)
    wear = dress(s, (s.b.people or ["man"])[0], d, 0.0, True)
    for k, (side, reach) in enumerate(((-1, 0.42), (1, 0.36))):
        elbow = (at[0] + side * h * 0.8, s.h * 1.12)
        wrist = (at[0] + side * h * reach, at[1] + h * 0.16)
        j = Joints(at, at, at, (at, at), (elbow, elbow), (wrist, wrist), (at, at), (at, at), (at, at), 1.0)
        f = Figure("front", j, wear, h * 2.6, -side, d)
        sleeve = [elbow, between(elbow, wrist, 0.5), between(elbow, wrist, 0.9)]
        s["front"].fill(tube(sleeve, [h * 0.15, h * 0.12, h * 0.09]), wear.top)
        s["front"].brush(sleeve, h * 0.12, mix(wear.top, s.pal["ink"], 0.35), 0.9, 0.7)
        s["front"].fill(tube([between(elbow, wrist, 0.82), wrist], [h * 0.07, h * 0.06]), wear.skin)
        hand(s, f, k, "open" if k else "grip", wear.skin)
    s["front"].rim, s["front"].line = 1.5 * s.unit, 0.85


def _table(s: Stage) -> None:
    d, top = s.dice("boards"), s.h * 0.22
    s["ground"].fill([(s.x0, top), (s.x1, top), (s.x1, s.y1), (s.x0, s.y1)], s.t(0.42))
    for k in range(-9, 10):
        a, b = (s.vx + k * s.w * 0.085, top), (s.vx + k * s.w * 0.2, s.y1)
        s["ground"].stroke(a, b, 1.6 * s.unit, s.t(0.16), d)
        for t in (d.u(), d.u(), d.u(), d.u()):
            x, y = a[0] + (b[0] - a[0]) * t + d.u(0, s.w * 0.07), top + (s.y1 - top) * t
            u = s.unit
            grain = [(x, y), (x + k * 3 * u, y + 22 * u), (x + k * 7 * u, y + 46 * u)]
            s["ground"].brush(grain, 2 * u, s.t(0.3), 0.1, 0.1)
