"""Outlines: curves, strokes, ovals, limbs. Points in, points out; y grows downwards."""

import math
from collections.abc import Sequence
from functools import cache

from infrastructure.sketch.ink import Dice

Point = tuple[float, float]
Points = Sequence[Point]


def curve(points: Points, per: int = 5, closed: bool = False) -> list[Point]:
    """Catmull-Rom through the points."""
    p = list(points)
    q = [p[-1], *p, p[0], p[1]] if closed else [p[0], *p, p[-1]]
    weights = _splines(per)
    out: list[Point] = []
    for a, b, c, d in zip(q, q[1:], q[2:], q[3:], strict=False):
        for w0, w1, w2, w3 in weights:
            x = w0 * a[0] + w1 * b[0] + w2 * c[0] + w3 * d[0]
            y = w0 * a[1] + w1 * b[1] + w2 * c[1] + w3 * d[1]
            out.append((x, y))
    return out if closed else [*out, p[-1]]


@cache
def _splines(per: int) -> tuple[tuple[float, float, float, float], ...]:
    return tuple(_spline(k / per) for k in range(per))


def _spline(t: float) -> tuple[float, float, float, float]:
    return (
        -0.5 * t + t * t - 0.5 * t**3,
        1 - 2.5 * t * t + 1.5 * t**3,
        0.5 * t + 2 * t * t - 1.5 * t**3,
        -0.5 * t * t + 0.5 * t**3,
    )


def rough(points: Points, dice: Dice, amount: float, step: float = 16.0) -> list[Point]:
    """Cut a closed outline into steps and shake them: a hand, not a ruler."""
    out: list[Point] = []
    drift = 0.0
    for a, b in zip(points, [*points[1:], points[0]], strict=True):
        n = min(60, max(1, int(math.hypot(b[0] - a[0], b[1] - a[1]) / step)))
        for k in range(n):
            drift = 0.6 * drift + dice.n(amount)
            out.append((a[0] + (b[0] - a[0]) * k / n + drift * 0.7, a[1] + (b[1] - a[1]) * k / n + drift))
    return out


def ribbon(points: Points, width: float, head: float = 0.2, tail: float = 0.1) -> list[Point]:
    """A brush stroke: the outline of a path; head and tail are the shares of the width at its ends."""
    left: list[Point] = []
    right: list[Point] = []
    before, after = [points[0], *points[:-1]], [*points[1:], points[-1]]
    tapers = _tapers(len(points) - 1, head, tail)
    for (x, y), (ax, ay), (bx, by), (grow, fall) in zip(points, before, after, tapers, strict=True):
        d = math.hypot(bx - ax, by - ay) or 1.0
        w = width * 0.5 * grow * fall
        left.append((x - (by - ay) / d * w, y + (bx - ax) / d * w))
        right.append((x + (by - ay) / d * w, y - (bx - ax) / d * w))
    return left + right[::-1]


@cache
def _tapers(n: int, head: float, tail: float) -> tuple[tuple[float, float], ...]:
    """How far a stroke of n pieces has swollen, and not yet thinned, at each of its points."""
    return tuple(
        (head + (1 - head) * min(1.0, k / n * 3), tail + (1 - tail) * min(1.0, (1 - k / n) * 2.2))
        for k in range(n + 1)
    )


def oval(x: float, y: float, rx: float, ry: float, n: int = 24, turn: float = 0.0) -> list[Point]:
    c, s = math.cos(turn), math.sin(turn)
    ring = [(rx * math.cos(2 * math.pi * k / n), ry * math.sin(2 * math.pi * k / n)) for k in range(n)]
    return [(x + a * c - b * s, y + a * s + b * c) for a, b in ring]


def limb(a: Point, b: Point, ra: float, rb: float) -> list[Point]:
    """A tapered capsule from a to b."""
    d = math.atan2(b[1] - a[1], b[0] - a[0])
    turns = [d + math.pi / 2 + k * math.pi / 6 for k in range(7)]
    start = [(a[0] + ra * math.cos(t), a[1] + ra * math.sin(t)) for t in turns]
    return start + [(b[0] - rb * math.cos(t), b[1] - rb * math.sin(t)) for t in turns]


def tube(path: Points, widths: Sequence[float], per: int = 4) -> list[Point]:
    """A bent sleeve: a smooth path with a half-width at each of its points, round at the end."""
    spine, w = curve(path, per), curve([(v, 0.0) for v in widths], per)
    n = len(spine) - 1
    left: list[Point] = []
    right: list[Point] = []
    for k, ((x, y), (r, _)) in enumerate(zip(spine, w, strict=True)):
        (ax, ay), (bx, by) = spine[max(0, k - 1)], spine[min(n, k + 1)]
        d = math.hypot(bx - ax, by - ay) or 1.0
        left.append((x - (by - ay) / d * r, y + (bx - ax) / d * r))
        right.append((x + (by - ay) / d * r, y - (bx - ax) / d * r))
    return [*left, *_cap(spine[-2], spine[-1], w[-1][0]), *right[::-1], *_cap(spine[1], spine[0], w[0][0])]


def _cap(before: Point, end: Point, r: float) -> list[Point]:
    """The round end of a sleeve, from its left to its right."""
    d = math.atan2(end[1] - before[1], end[0] - before[0])
    return [
        (end[0] + r * math.cos(d + a), end[1] + r * math.sin(d + a)) for a in (1.05, 0.52, 0.0, -0.52, -1.05)
    ]


def between(a: Point, b: Point, t: float) -> Point:
    return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t
