"""What hands hold: how the arms go, and where the thing sits between the fingers."""

import math

from infrastructure.sketch.ink import mix
from infrastructure.sketch.outline import Point, between
from infrastructure.sketch.person import Figure
from infrastructure.sketch.shapes import Spot, shapes, stamp
from infrastructure.sketch.stage import Stage
from infrastructure.sketch.tables import named

BOTH = {"letter", "map", "newspaper", "book", "guitar"}  # between two hands
ALONG = {"sword", "knife", "gun", "rifle", "axe"}  # they go on where the forearm ends
OWN_COLOUR = {"umbrella", "balloon", "kite", "ball", "flower", "book", "bag", "case"}


def hold(thing: str, pose: str, is_close: bool) -> str:
    """The name of the arms' posture; close to the lens, things come up to the face."""
    if pose in ("run", "ride", "climb", "swim", "float", "dance", "fight", "hug"):
        return "raise" if thing in ("lantern", "sword", "umbrella") and pose != "fight" else ""
    how = named("things", "held")[thing][0]
    return f"{how}near" if is_close and f"{how}near" in named("figures", "hold") else how


def grip_of(thing: str, pose: str) -> str:
    if thing:
        return "grip"
    return {"point": "point", "run": "grip", "fight": "grip"}.get(pose, "open")


def put_in_hand(s: Stage, f: Figure, thing: str) -> None:
    name = f"hand {thing}"
    if name not in shapes():
        return
    at, unit = _place(f, thing), f.size * 0.1
    if thing in ALONG:
        (ex, ey), (x, y) = f.j.elbows[1], f.j.hands[1]
        turn = math.atan2(y - ey, x - ex)
        if thing in ("sword", "axe") and f.grip == "grip":
            turn -= f.face * 1.1 * (1 if abs(math.cos(turn)) < 0.8 else 0.6)

        def along(px: float, py: float) -> Point:
            c, sn = math.cos(turn), math.sin(turn)
            py = -py * f.face
            return at[0] + (px * c - py * sn) * unit, at[1] + (px * sn + py * c) * unit

        stamp(s, f.sheet, name, _turned(s, f, thing, along, unit))
        return
    spot = Spot(*at, unit, f.face, 0.0, _body(s, thing))
    stamp(s, f.sheet, name, spot)


def _turned(s: Stage, f: Figure, thing: str, along: object, unit: float) -> Spot:
    def turn(*v: float) -> Point:
        return along(v[0], v[1])  # type: ignore[operator]

    return Spot(*f.j.hands[1], unit, f.face, 0.0, _body(s, thing), turn)


def _place(f: Figure, thing: str) -> Point:
    far, near = f.j.hands
    if thing in BOTH:
        x, y = between(far, near, 0.6)
        return x, y - f.size * 0.01
    if thing == "camera":
        (x, y), r = f.j.head, f.size * f.dress.build.head
        return x + f.face * r * 1.05, y + r * 0.5
    if thing == "cigarette":
        (x, y), r = f.j.head, f.size * f.dress.build.head
        return x + f.face * r * 0.42, y + r * 0.62
    if thing == "violin":
        x, y = between(f.j.neck, near, 0.42)
        return x, y - f.size * 0.03
    (ex, ey), (x, y) = f.j.elbows[1], near
    d = math.hypot(x - ex, y - ey) or 1.0
    reach = f.size * 0.026
    return x + (x - ex) / d * reach, y + (y - ey) / d * reach


def _body(s: Stage, thing: str) -> tuple[float, float, float]:
    if thing in OWN_COLOUR:
        return s.pal["accent"] if s.b.colour else mix(s.pal["accent"], s.pal["shade"], 0.25)
    return s.t(0.08)
