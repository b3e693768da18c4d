"""Stamps: the outlines of config/sketch/shapes*.txt, put anywhere in any size."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from infrastructure.sketch.ink import Colour
from infrastructure.sketch.outline import Point, curve, limb, oval, tube
from infrastructure.sketch.stage import Stage
from infrastructure.sketch.tables import cells

FILES = ("shapes", "creatures", "machines", "props", "heads")
LEADING = {"s": 3, "l": 1, "g": 1, "t": 2}  # numbers before the points, by kind


@lru_cache(maxsize=1)
def shapes() -> dict[str, list[list[str]]]:
    return {name: rows for file in FILES for name, rows in cells(file).items()}


@dataclass(frozen=True)
class Spot:
    """Where and how a shape stands: its foot, its unit in pixels, where it faces, how far off it is."""

    x: float
    y: float
    size: float
    face: int = 1
    z: float = 0.0
    body: Colour | None = None
    turn: Callable[..., Point] | None = None  # another way to place a point
    dims: int = 2  # numbers of a point: 3 for turned heads

    def place(self, *v: float) -> Point:
        if self.turn:
            return self.turn(*v)
        return self.x + self.face * v[0] * self.size, self.y - v[1] * self.size


def stamp(s: Stage, sheet: str, name: str, spot: Spot) -> None:
    """A shape's units are its size, x the way it faces, y up."""
    lit = s.lit(spot.x)
    for spec, kind, *numbers in shapes()[name]:
        values = [float(n) for n in numbers]
        mirrors = (1, -1) if "2" in kind else (lit * (-1 if "-" in kind else 1),) if "^" in kind else (1,)
        for mirror in mirrors:
            _part(s, sheet, spot, (spec, kind[0], values), mirror)


def _part(s: Stage, sheet: str, spot: Spot, part: tuple[str, str, list[float]], mirror: int) -> None:
    spec, kind, v = part
    sh, dims, lead = s[sheet], spot.dims, LEADING.get(kind, 0)
    colour = s.c(spec, spot.z, spot.body)
    starts = range(lead, len(v) - dims + 1, dims)
    q = [spot.place(mirror * v[k], *v[k + 1 : k + dims]) for k in starts]
    if kind == "o":
        sh.fill(oval(*q[0], v[dims] * spot.size, v[dims + 1] * spot.size, 20), colour)
    elif kind == "s":
        sh.brush(curve(q), v[0] * spot.size, colour, v[1], v[2])
    elif kind == "l":
        sh.wire(q, v[0] * spot.size, colour)
    elif kind == "g":
        s.halo(q[0], v[0] * spot.size, 1.0, spec)
    elif kind == "t":
        a, b = v[0] * spot.size, v[1] * spot.size
        sh.fill(
            limb(q[0], q[1], a, b) if len(q) == 2 else tube(q, [a, *[(a + b) / 2] * (len(q) - 2), b]), colour
        )
    else:
        sh.fill(curve(q, 5, True) if kind == "c" else q, colour)
