"""Hands: a mitten far off, palm, fingers and thumb near by."""

import math

from infrastructure.sketch.ink import Colour, mix
from infrastructure.sketch.outline import Point, limb, oval
from infrastructure.sketch.person import Figure
from infrastructure.sketch.stage import Stage

# fingers of a hand along x, palm up to 0.5: start x y, end x y, half-width; the thumb last
OPEN = ((0.45, 0.2, 0.95, 0.26, 0.09), (0.5, 0.06, 1.08, 0.08, 0.09), (0.5, -0.08, 1.02, -0.1, 0.09),
        (0.44, -0.2, 0.88, -0.26, 0.08), (0.12, 0.22, 0.42, 0.5, 0.1))  # fmt: skip
POINT = ((0.45, 0.16, 1.1, 0.18, 0.09), (0.42, 0.02, 0.6, -0.02, 0.12), (0.4, -0.1, 0.56, -0.14, 0.12),
         (0.36, -0.2, 0.5, -0.24, 0.1), (0.15, 0.2, 0.5, 0.32, 0.1))  # fmt: skip
GRIP = ((0.4, 0.18, 0.5, 0.16, 0.13), (0.42, 0.04, 0.53, 0.02, 0.13), (0.4, -0.1, 0.5, -0.12, 0.13),
        (0.36, -0.22, 0.44, -0.24, 0.11), (0.1, 0.2, 0.45, 0.28, 0.11))  # fmt: skip
SHAPES = {"open": OPEN, "point": POINT, "grip": GRIP}


def hand(s: Stage, f: Figure, k: int, shape: str, skin: Colour) -> None:
    """At the end of forearm k; the thumb is on the side the figure faces."""
    (ex, ey), (x, y), up = f.j.elbows[k], f.j.hands[k], f.face
    d = math.hypot(x - ex, y - ey) or 1.0
    ux, uy, size = (x - ex) / d, (y - ey) / d, f.size * (0.9 + 0.1 * f.dress.bulk) * 0.068
    sh, line, turn = s[f.sheet], mix(skin, s.pal["ink"], 0.45), math.atan2(uy, ux)
    if size < 7 * s.unit:
        sh.fill(oval(x + ux * size * 0.4, y + uy * size * 0.4, size * 0.5, size * 0.36, 10, turn), skin)
        return

    def at(px: float, py: float) -> Point:
        py = -py * up
        return x + (ux * px - uy * py) * size, y + (uy * px + ux * py) * size

    sh.fill(oval(*at(0.28, 0), size * 0.34, size * 0.27, 14, turn), skin)
    for ax, ay, bx, by, w in SHAPES[shape]:
        sh.fill(limb(at(ax, ay), at(bx, by), w * size * 1.12, w * size * 0.85), skin)
    for (ax, ay, bx, by, _), (cx, cy, dx, dy, _) in zip(SHAPES[shape][:3], SHAPES[shape][1:4], strict=True):
        gap = [at((ax + cx) / 2, (ay + cy) / 2), at((bx + dx) / 2 * 0.94, (by + dy) / 2)]
        sh.wire(gap, max(0.6, size * 0.035), line)
