"""Where the joints of a figure are: postures of config/sketch/figures.txt on a build, feet on the ground."""

import math
from dataclasses import dataclass

from infrastructure.sketch.outline import Point
from infrastructure.sketch.tables import named

TORSO, NECK, UPPER, FORE, THIGH, SHIN, SOLE = 0.30, 0.10, 0.168, 0.142, 0.25, 0.245, 0.02


@dataclass(frozen=True)
class Build:
    stature: float
    head: float
    shoulders: float
    waist: float
    hips: float
    bulk: float


@dataclass(frozen=True)
class Joints:
    """In pixels. "far" is the side away from us or, seen from the front, the one behind the facing."""

    hip: Point
    neck: Point
    head: Point
    shoulders: tuple[Point, Point]  # far, near
    elbows: tuple[Point, Point]
    hands: tuple[Point, Point]
    sockets: tuple[Point, Point]
    knees: tuple[Point, Point]
    feet: tuple[Point, Point]
    view: float


def build(name: str) -> Build:
    return Build(*(float(v) for v in named("figures", "build")[name]))


def posture(name: str, hold: str = "") -> list[float]:
    """view, lean, head, then two angles for each of far arm, near arm, far leg, near leg."""
    angles = [float(v) for v in named("figures", "pose")[name]]
    if hold:
        for k, value in enumerate(named("figures", "hold")[hold]):
            if value != "-":
                angles[3 + k] = float(value)
    return angles


def joints(angles: list[float], b: Build, foot: Point, h: float, face: int) -> Joints:
    """A figure whose lower foot stands at `foot`; h is a grown man's height in pixels."""
    view, lean, nod, *limbs = angles
    size = h * b.stature
    legs = 0.9 if b.head > 0.08 else 1.0  # children have short legs

    def step(start: Point, angle: float, length: float) -> Point:
        a = math.radians(angle)
        return start[0] + face * math.sin(a) * length * size, start[1] + math.cos(a) * length * size

    pairs = [(limbs[k], limbs[k + 1]) for k in range(0, 8, 2)]
    reach = [THIGH * math.cos(math.radians(t)) + SHIN * math.cos(math.radians(s)) for t, s in pairs[2:]]
    knee = [THIGH * math.cos(math.radians(t)) for t, _ in pairs[2:]]
    hip = (foot[0], foot[1] - (max(*reach, *knee) * legs + SOLE) * size)
    neck = step(hip, 180 - lean, TORSO)
    head = step(neck, 180 - lean - nod, NECK)
    wide, deep = b.shoulders * 0.92 * view * size, 0.012 * (1 - view) * size
    sockets_wide = b.hips * 0.5 * view * size
    shoulders = tuple((neck[0] + face * e * (wide + deep), neck[1] + 0.028 * size) for e in (-1, 1))
    sockets = tuple((hip[0] + face * e * sockets_wide, hip[1]) for e in (-1, 1))
    elbows = tuple(step(shoulders[k], pairs[k][0], UPPER) for k in (0, 1))
    hands = tuple(step(elbows[k], pairs[k][1], FORE) for k in (0, 1))
    knees = tuple(step(sockets[k], pairs[k + 2][0], THIGH * legs) for k in (0, 1))
    feet = tuple(step(knees[k], pairs[k + 2][1], SHIN * legs) for k in (0, 1))
    return Joints(
        hip, neck, head, _2(shoulders), _2(elbows), _2(hands), _2(sockets), _2(knees), _2(feet), view
    )


def _2(points: tuple[Point, ...]) -> tuple[Point, Point]:
    return points[0], points[1]
