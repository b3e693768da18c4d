"""Who is in the picture and where: marks, postures, what each holds, and the shadows they throw."""

from dataclasses import dataclass, replace

from infrastructure.sketch import figure
from infrastructure.sketch.costume import dress
from infrastructure.sketch.crew import animals, machines, mount
from infrastructure.sketch.hold import grip_of, hold, put_in_hand
from infrastructure.sketch.ink import Dice
from infrastructure.sketch.outline import oval
from infrastructure.sketch.person import Figure
from infrastructure.sketch.scenery import campfire, scenery, table_things
from infrastructure.sketch.shapes import Spot, stamp
from infrastructure.sketch.skeleton import build, joints, posture
from infrastructure.sketch.stage import Stage
from infrastructure.sketch.tables import named

FLOATING = {"under/reef", "sky/clouds", "space/orbit"}
SEATED = {"sit", "write", "eat"}


@dataclass(frozen=True)
class Mark:
    """A place on the stage: feet, a man's height there in pixels, the distance, where to face."""

    x: float
    y: float
    h: float
    z: float
    face: int


def perform(s: Stage) -> None:
    """Put the cast on its marks."""
    s["cast"].rim = 1.2 * s.unit + s.metre * 0.004
    z = s.f * 1.72 / (s.tall * s.h)
    near = s.b.shot in ("medium", "close")
    foot = s.hz + s.f * s.eye / z if s.foot <= 0 else s.foot
    if near:
        foot = s.h * 0.27 + 0.93 * s.tall * s.h
    machines(s, z)
    animals(s, z)
    if s.b.crowd:
        _crowd(s, z)
    if near and s.b.people:
        table_things(s)
    if s.b.people:
        _players(s, foot, z)
    if "fire" in s.b.props:
        campfire(s, foot)
    scenery(s, foot)


def _players(s: Stage, foot: float, z: float) -> None:
    d, n = s.dice("marks"), len(s.b.people)
    marks = _marks(s, d, foot, z)
    is_over_shoulder = s.b.angle == "ots" and s.b.shot in ("medium", "close")
    abed = s.b.pose == "lie" and s.b.variant == "bed"
    shown = [k for k in range(n) if not ((is_over_shoulder and k == 1) or (abed and k == 0))]
    for k in sorted(shown, key=lambda k: marks[k].y):
        mark = (
            replace(marks[k], x=s.w * (0.5 + s.side * 0.12), face=-s.side) if is_over_shoulder else marks[k]
        )
        _player(s, k, mark)
    if is_over_shoulder:
        _shoulder(s, s.b.people[1] if n > 1 else "man")


def _shoulder(s: Stage, role: str) -> None:
    """Whoever stands nearest the lens, from behind: dark, soft, cut by the frame."""
    d = s.dice("shoulder")
    wear, h = dress(s, role, d, 0.0, False), s.h * 3.4
    j = joints(posture("stand1"), wear.build, (0.0, 0.0), h, s.side)
    foot = (s.w * (0.5 - s.side * 0.34) - j.head[0], s.h * 0.42 - j.head[1])
    j = joints(posture("stand1"), wear.build, foot, h, s.side)
    f = Figure("front", j, wear, h * wear.build.stature, s.side, d, from_behind=True)
    s["front"].rim, s["front"].blur = 3 * s.unit, 1.6 * s.unit
    figure.draw(s, f)
    figure.draw_near_arm(s, f)
    x, y = j.neck
    s["front"].glaze(oval(x, y + s.h * 0.3, s.h * 0.7, s.h * 0.8), s.pal["ink"], 0.75, s.h * 0.1)


def _marks(s: Stage, d: Dice, foot: float, z: float) -> list[Mark]:
    b, n, h = s.b, len(s.b.people), s.tall * s.h
    close = b.shot in ("close", "medium")
    gap = max(s.metre * (0.27 if b.pose == "hug" else 0.82), s.w * (0.0 if b.pose == "hug" else 0.05))
    if close and n > 1:
        gap = min(gap, s.w * 0.62 / n)
    middle = s.fx if n < 3 else s.w * (0.5 + s.side * 0.04)
    if b.shot == "close":
        middle = s.w * (0.5 + s.side * (0.1 if n == 1 else 0.0))
    if close:
        h, foot = _framed(s, h)
    if s.b.set in FLOATING:
        foot = s.h * 0.5 + 0.45 * min(h, s.h * 0.9)
        h = min(h, s.h * 0.9)
    marks = []
    for k in range(n):
        off = (k - (n - 1) / 2) * gap * d.u(0.85, 1.15)
        depth = 1 + (0.13 * ((k * 7) % 3) if n > 2 else 0.0)
        y = foot if s.foot or close else s.hz + (foot - s.hz) / depth
        if s.foot < 0 and not close:
            y = min(s.h * 0.93, s.path_at(middle + off) + s.h * 0.012)
        face = -s.side
        if n > 1 and b.pose not in ("walk", "run", "ride", "climb", "look"):
            face = 1 if off < 0 else -1
        marks.append(Mark(middle + off, y, h / depth, z * depth, face))
    return marks


def _framed(s: Stage, h: float) -> tuple[float, float]:
    """Height and foot of the lead, so that the head is where a close or medium shot wants it."""
    b = build(named("figures", "role")[s.b.people[0]][0])
    share = (0.066 / (b.head * b.stature)) if s.b.shot == "close" else b.stature**-0.6
    high = 0.42 if s.b.shot == "close" else 0.3
    j = joints(posture("stand1"), b, (0.0, 0.0), h * share, 1)
    return h * share, s.h * high - j.head[1]


def _player(s: Stage, k: int, m: Mark) -> None:
    b, d = s.b, s.dice("player", k)
    wear = dress(s, b.people[k], d, m.z, k == 0)
    thing = b.held[k] if k < len(b.held) and (k == 0 or len(b.held) > 1) else ""
    pose, lift = _pose(s, k, d), 0.0
    mounted = mount(s, k, m.x, m.y, m.h, m.face)
    if mounted:
        pose, lift = mounted
    behind = b.angle == "back" or (b.angle == "ots" and k == 1) or _looks_away(s, k, d)
    how = hold(thing, pose, b.shot == "close") if thing else ""
    angles = posture(_variant(pose, d, bool(thing)), how)
    if b.shot in ("close", "medium"):
        angles[0], angles[1] = min(0.95, max(angles[0], 0.62)), angles[1] * 0.5
    j = joints(angles, wear.build, (m.x, m.y - lift), m.h, m.face)
    size = m.h * wear.build.stature
    windy = s.b.weather in ("wind", "storm")
    sway = {"walk": 0.04, "run": 0.12, "dance": 0.06}.get(pose, 0.0) + 0.06 * windy
    f = Figure("cast", j, wear, size, m.face, d, behind, grip_of(thing, pose), sway)
    if not mounted and s.b.set not in FLOATING:
        _ground_shadow(s, m, size)
        if pose in SEATED and b.shot != "close":
            _seat(s, j.hip[0], m, size)
    figure.draw(s, f)
    if thing:
        put_in_hand(s, f, thing)
    figure.draw_near_arm(s, f)


def _looks_away(s: Stage, k: int, d: Dice) -> bool:
    """Small figures before a wide view look into it, as we do."""
    wide = s.b.shot in ("ews", "wide", "full") and s.b.pose in ("", "stand", "look", "walk") and not s.b.held
    return wide and len(s.b.people) < 3 and k == 0 and not s.b.indoors and d.yes(0.4)


def _pose(s: Stage, k: int, d: Dice) -> str:
    b = s.b
    if b.set in FLOATING:
        return "swim" if b.place == "under" else "float"
    pose = b.pose or "stand"
    if k and pose in ("point", "sit", "lie", "kneel", "read", "play", "write") and d.yes(0.7):
        return "stand"
    if b.shot == "close" and pose in ("wave", "dance", "fight", "run", "climb", "point", "lie"):
        return "stand"
    if "worker" in b.people[k : k + 1] and not b.pose:
        return "work"
    if pose == "swim":
        return "stand"
    if pose == "ride" and not {"horse", "bike", "moto"} & {*b.animals, *b.vehicles}:
        return "stand"
    return pose


def _variant(pose: str, d: Dice, has_thing: bool) -> str:
    options = named("figures", "posture").get(pose, named("figures", "posture")["stand"])
    if has_thing and pose in ("stand", "look"):
        options = ["stand1", "stand2", "stand3"]
    return d.pick(options)


def _seat(s: Stage, x: float, m: Mark, size: float) -> None:
    kind = "chair" if s.b.indoors else "bench" if s.b.variant in ("park", "city", "station") else "stone"
    stamp(s, "cast", kind, Spot(x, m.y, size * 0.62, m.face, m.z))


def _ground_shadow(s: Stage, m: Mark, size: float) -> None:
    """Away from the light, along the ground; a soft patch under the feet indoors."""
    w, ink = size * 0.1, s.pal["ink"]
    if s.b.shot == "close":
        return
    if s.b.indoors or s.sun[1] > m.y:
        s["ground"].glaze(oval(m.x, m.y, w * 1.3, w * 0.3), ink, 0.6, max(1.5, w * 0.16))
        return
    dx, long = max(-1.2, min(1.2, (m.x - s.sun[0]) / (s.w * 0.45))), size * 0.55
    far = [(m.x + dx * long + w * 0.7, m.y + long * 0.5), (m.x + dx * long - w * 0.7, m.y + long * 0.5)]
    clear = s.b.weather in ("", "wind") and s.b.time != "night"
    s["ground"].glaze(
        [(m.x - w * 0.8, m.y), (m.x + w * 0.8, m.y), *far], ink, 0.5 if clear else 0.25, max(1.2, w * 0.1)
    )
    s["ground"].glaze(oval(m.x, m.y, w * 1.1, w * 0.24), ink, 0.5, max(1.2, w * 0.14))


def _crowd(s: Stage, z: float) -> None:
    d, kinds = s.dice("crowd"), ("man", "woman", "man", "woman", "child", "oldman")
    depths = sorted((z * (1.05 + 4.2 * (k + d.u()) / 40) for k in range(40)), reverse=True)
    for k, depth in enumerate(depths):
        p, h = s.dice("crowd", k), s.f * 1.72 / depth
        x, y = s.w * d.u(-0.08, 1.08), s.hz + s.f * s.eye / depth
        among_stalls = s.b.variant == "market" and depth > 6 and abs(x - s.vx) * depth / s.f > 2.7
        if among_stalls or (s.b.people and abs(x - s.fx) < s.w * 0.07 and depth < z * 1.6):
            continue
        role = d.pick(
            kinds if not s.b.people or s.b.people[0] not in ("soldier", "knight") else (s.b.people[0],)
        )
        wear = dress(s, role, p, depth * 1.5, False)
        pose = p.pick(("stand", "talk", "walk", "walk", "look"))
        face = d.sign()
        j = joints(posture(_variant(pose, p, False)), wear.build, (x, y), h, face)
        sheet = "mid" if depth > z * 2.2 else "near"
        f = Figure(sheet, j, wear, h * wear.build.stature, face, p, p.yes(0.35))
        s["ground"].glaze(oval(x, y, h * 0.1, h * 0.025), s.pal["ink"], 0.5, max(1.2, h * 0.015))
        figure.draw(s, f)
        figure.draw_near_arm(s, f)
