"""Things a prompt names that nobody holds: a piano, a potted tree, a fire, what stands before the lens."""

from infrastructure.sketch.outline import oval
from infrastructure.sketch.shapes import Spot, shapes, stamp
from infrastructure.sketch.stage import Stage


def scenery(s: Stage, foot: float) -> None:
    """Large things beside the actors; a piano may hang in the air."""
    if s.b.shot == "close":
        return
    m, y = s.metre, min(foot, s.h * 0.94)
    x = s.fx - s.side * max(m * 1.3, s.w * 0.16)
    if "piano" in s.b.props and {"hangs", "hanging", "hoisted"} & s.b.facts:
        size, at = s.h * 0.24, (s.w * (0.5 + s.side * 0.04), s.h * 0.62)
        for e in (-0.5, 0.5):
            s["cast"].wire([(at[0] + e * size, at[1] - size * 1.25), (at[0], s.y0)], 1.6 * s.unit, s.t(0.05))
        stamp(s, "cast", "upright", Spot(*at, size, s.side))
    elif "piano" in s.b.props:
        s["ground"].glaze(oval(x, y, m * 0.8, m * 0.12), s.pal["ink"], 0.6, m * 0.06)
        stamp(s, "near", "upright", Spot(x, y, m * 1.0, s.side))
    if "plant" in s.b.props:
        x = s.fx - s.side * max(m * 0.55, s.w * 0.05)
        stamp(s, "cast", "pottree", Spot(x, y, m * 0.95, s.side))


def table_things(s: Stage) -> None:
    """Things a close or medium shot names and nobody holds stand before the lens."""
    spare = [t for t in s.b.held[len(s.b.people) :] if f"still {t}" in shapes()]
    for k, thing in enumerate(spare[:2]):
        x, size = s.w * (0.5 - s.side * (0.36 - 0.12 * k)), s.h * 0.36
        y = s.h * 0.82
        s["front"].fill([(s.x0, s.h * 0.94), (s.x1, s.h * 0.97), (s.x1, s.y1), (s.x0, s.y1)], s.t(0.1))
        stamp(s, "front", f"still {thing}", Spot(x, y, size, s.side))
        if thing in ("candle", "lantern"):
            s.halo((x, y - size * 0.5), size * 1.1, 0.9, sheet="front")
            s.sun = (x, y - size * 0.5)


def campfire(s: Stage, foot: float) -> None:
    x = s.fx - s.side * max(s.metre * 0.9, s.w * 0.09) * bool(s.b.people)
    y, size = min(foot + s.metre * 0.1, s.h * 0.93), min(s.metre * 0.7, s.h * 0.2)
    stamp(s, "cast", "fire", Spot(x, y, size))
    s.pool("ground", (x, y), (size * 3, size * 0.7), "G", 0.5)
    s.sun = (x, y - size * 0.5)
