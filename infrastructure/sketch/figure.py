"""One figure from boots to hat: limbs first, then cloth, then head and hands."""

import math

from infrastructure.sketch.gear import behind_body, over_body
from infrastructure.sketch.hands import hand
from infrastructure.sketch.head import Head, draw_head
from infrastructure.sketch.ink import Colour, mix
from infrastructure.sketch.outline import between, curve, tube
from infrastructure.sketch.person import Figure
from infrastructure.sketch.stage import Stage


def draw(s: Stage, f: Figure) -> None:
    head = _head(f)
    near = 1 if not f.from_behind else 0
    behind_body(s, f)
    draw_head(s, f.sheet, head, f.dress, behind=True)
    _arm(s, f, 1 - near, mix(f.dress.top, s.pal["ink"], 0.4))
    _leg(s, f, 0, mix(f.dress.legs, s.pal["ink"], 0.35))
    _leg(s, f, 1, f.dress.legs)
    _torso(s, f)
    over_body(s, f)
    draw_head(s, f.sheet, head, f.dress)


def draw_near_arm(s: Stage, f: Figure) -> None:
    """Last of all, so that what the hand holds can be put between."""
    near = 1 if not f.from_behind else 0
    _arm(s, f, near, mix(f.dress.top, s.t(0.5), 0.06))


def _head(f: Figure) -> Head:
    yaw = f.face * (0.95 - 0.5 * f.j.view) * (1 if not f.from_behind else -1)
    x, y = f.j.head
    return Head(x, y, f.size * f.dress.build.head, yaw, f.d.seed, f.from_behind)


def _leg(s: Stage, f: Figure, k: int, colour: Colour) -> None:
    sh, b, wear = s[f.sheet], f.size * f.dress.bulk, f.dress
    hip, knee, foot = f.j.sockets[k], f.j.knees[k], f.j.feet[k]
    bare = wear.is_skirt and wear.bare_arms
    w = (0.046, 0.036, 0.022) if bare else (0.047, 0.042, 0.032)
    outline = tube([hip, between(hip, knee, 0.5), knee, between(knee, foot, 0.4), foot], [
        w[0] * b, w[0] * 0.95 * b, w[1] * b, w[1] * 0.98 * b, w[2] * b,
    ])  # fmt: skip
    sh.fill(outline, colour)
    if f.size > 60 * s.unit:
        dark = mix(colour, s.pal["ink"], 0.4)
        off = -s.lit(hip[0]) * w[1] * 0.6 * b
        sh.brush(
            [(hip[0] + off, hip[1]), (knee[0] + off, knee[1]), (foot[0] + off * 0.5, foot[1])],
            w[1] * b,
            dark,
            0.8,
            0.3,
        )
    shoe = mix(s.pal["ink"], colour, 0.25 if "boots" in wear.gear else 0.12)
    if "fins" in wear.gear:
        toe = (foot[0] + (foot[0] - knee[0]) * 0.6 + f.face * 0.03 * b, foot[1] + (foot[1] - knee[1]) * 0.6)
        sh.fill(tube([foot, between(foot, toe, 0.5), toe], [0.02 * b, 0.03 * b, 0.05 * b]), shoe)
        return
    if "boots" in wear.gear:
        sh.fill(
            tube(
                [between(knee, foot, 0.45), between(knee, foot, 0.8), foot], [0.042 * b, 0.04 * b, 0.036 * b]
            ),
            shoe,
        )
    _shoe(s, f, k, shoe)


def _shoe(s: Stage, f: Figure, k: int, colour: Colour) -> None:
    (kx, _ky), (x, y), u = f.j.knees[k], f.j.feet[k], f.size * f.dress.bulk
    lifted = max(0.0, min(1.0, abs(x - kx) / (0.25 * f.size)))
    ahead = f.face * (1 - 0.55 * f.j.view) * (1 if not f.from_behind else 0.4)
    spread = (k - 0.5) * 0.02 * f.face * f.j.view * u
    if (x - kx) * f.face < -0.1 * f.size:  # the heel is up
        toe = (x + ahead * 0.035 * u, y + 0.035 * u * lifted)
    else:
        toe = (x + ahead * 0.07 * u + spread, y - 0.012 * u * lifted + 0.004 * u)
    heel = (x - f.face * 0.012 * u, y)
    s[f.sheet].fill(tube([heel, between(heel, toe, 0.5), toe], [0.024 * u, 0.026 * u, 0.017 * u]), colour)


def _arm(s: Stage, f: Figure, k: int, colour: Colour) -> None:
    sh, b, wear = s[f.sheet], f.size * f.dress.bulk, f.dress
    a, e, w = f.j.shoulders[k], f.j.elbows[k], f.j.hands[k]
    wide = (0.034, 0.034, 0.028, 0.026, 0.021)
    sleeve = colour
    if wear.bare_arms:
        colour, wide = mix(wear.skin, s.pal["ink"], 0.15 * (k == 0)), (0.026, 0.024, 0.021, 0.02, 0.014)
    path = [a, between(a, e, 0.5), e, between(e, w, 0.45), w]
    sh.fill(tube(path, [v * b for v in wide]), colour)
    if f.size > 60 * s.unit:
        dark, off = mix(colour, s.pal["ink"], 0.35), -s.lit(a[0]) * 0.012 * b
        shade = [(p[0] + off, p[1] + 0.008 * b) for p in path]
        sh.brush(curve(shade, 3), 0.026 * b, dark, 0.5, 0.3)
        if f.size > 200 * s.unit and not wear.bare_arms:
            for t in (0.75, 0.92):
                x, y = between(a, e, t)
                sh.brush(
                    [(x - 0.02 * b, y), (x, y + 0.012 * b), (x + 0.022 * b, y - 0.002 * b)],
                    0.007 * b,
                    dark,
                    0.2,
                    0.2,
                )
    if wear.bare_arms:
        sh.fill(tube([a, between(a, e, 0.2), between(a, e, 0.36)], [0.038 * b, 0.039 * b, 0.034 * b]), sleeve)
    glove = wear.is_machine or "lifepack" in wear.gear or "pack" in wear.gear or "plates" in wear.gear
    skin = mix(wear.top, s.pal["ink"], 0.5) if glove else wear.skin if k else mix(wear.skin, wear.dim, 0.35)
    grip = f.grip if k == (0 if f.from_behind else 1) else "open"
    hand(s, f, k, grip, skin)


def _torso(s: Stage, f: Figure) -> None:
    """Chest, waist and hips around the spine, then a coat or skirt below, then the shadow side."""
    sh, u, j, wear = s[f.sheet], f.size, f.j, f.dress
    view, ink = 0.42 + 0.58 * j.view, s.pal["ink"]
    b, bulk = wear.build, wear.bulk
    (hx, hy), (nx, ny) = j.hip, j.neck
    neck_colour = wear.dim if not wear.is_machine else mix(wear.top, ink, 0.5)
    throat = between(j.neck, j.head, 0.75)
    if f.dress.gear & {"lifepack"} == set():
        sh.fill(
            tube(
                [(nx, ny + 0.01 * u), between(j.neck, throat, 0.5), throat],
                [0.036 * u * b.waist / 0.074] + [0.03 * u] * 2,
            ),
            neck_colour,
        )
    _below(s, f)
    wide = [
        (0.0, b.hips),
        (0.3, b.waist * 1.04),
        (0.5, b.waist * 1.1),
        (0.74, b.shoulders * 0.95),
        (0.93, b.shoulders * 1.02),
    ]
    left, right = [], []
    for t, w in wide:
        x, y = between(j.hip, j.neck, t)
        half = w * u * view * (bulk if t < 0.8 else (1 + bulk) / 2)
        left.append((x - half, y))
        right.append((x + half, y))
    top = [(nx + 0.055 * u * view, ny - 0.012 * u), (nx - 0.055 * u * view, ny - 0.012 * u)]
    low = [(hx + b.hips * 0.9 * u * view, hy + 0.03 * u), (hx - b.hips * 0.9 * u * view, hy + 0.03 * u)]
    outline = curve([*left, top[1], top[0], *right[::-1], *low], 4, True)
    sh.fill(outline, wear.top)
    if u > 45 * s.unit:  # the same outline, kept to the side away from the light
        e, off = -s.lit(hx), b.waist * u * view * 0.3
        slope = (nx - hx) / ((ny - hy) or 1.0)
        shade = []
        for x, y in outline:
            bulge = math.sin((hy - y) / u * 9.0) * 0.022 * u * view
            edge = hx + (y - hy) * slope + e * (off + bulge)
            shade.append((max(x, edge) if e > 0 else min(x, edge), y))
        sh.fill(shade, mix(wear.top, ink, 0.34))
    if u > 110 * s.unit and not wear.is_machine and "plates" not in wear.gear:
        _creases(s, f, view)


def _creases(s: Stage, f: Figure, view: float) -> None:
    """Where cloth pulls: from the armpits, and around the waist."""
    sh, u, b, line = s[f.sheet], f.size, f.dress.build, mix(f.dress.top, s.pal["ink"], 0.5)
    lit = mix(f.dress.top, s.pal["light"], 0.16)
    for e in (-1, 1):
        x, y = between(f.j.hip, f.j.neck, 0.8)
        x += e * b.shoulders * u * view * 0.8
        for k in range(3):
            end = (x - e * (0.035 - 0.008 * k) * u, y + (0.035 + 0.03 * k) * u)
            sh.brush([(x, y + 0.012 * k * u), end], 0.006 * u, line, 0.8, 0.1)
        wx, wy = between(f.j.hip, f.j.neck, 0.3 + 0.05 * (e > 0))
        wx += e * b.waist * u * view * 0.98
        for k in range(2):
            fold = [(wx, wy + k * 0.035 * u), (wx - e * 0.05 * u, wy + (0.012 + k * 0.03) * u)]
            sh.brush(fold, 0.007 * u, line, 0.9, 0.1)
    x, y = between(f.j.hip, f.j.neck, 0.62)
    e = s.lit(x)
    gleam = [
        (x + e * b.shoulders * u * view * 0.62, y - 0.06 * u),
        (x + e * b.waist * u * view * 0.8, y + 0.07 * u),
    ]
    sh.brush(gleam, 0.02 * u, lit, 0.1, 0.1)


def _below(s: Stage, f: Figure) -> None:
    (hx, hy), u, wear = f.j.hip, f.size, f.dress
    length, flare = wear.long
    if not length:
        return
    sh, b, view = s[f.sheet], wear.build, 0.5 + 0.5 * f.j.view
    thigh = max(k[1] for k in f.j.knees) - hy
    if thigh < 0.12 * u:  # seated or kneeling: the cloth lies over the thighs
        knees = f.j.knees
        far = max(knees, key=lambda p: (p[0] - hx) * f.face)
        drop = min(length, 0.30) * u * (0.8 if wear.is_skirt else 0.35)
        lap = [
            (hx - f.face * b.hips * u, hy - 0.03 * u),
            (far[0], far[1] - 0.05 * u),
            (far[0] + f.face * 0.03 * u, far[1]),
        ]
        hem = [(far[0] + f.face * 0.01 * u, far[1] + drop), (hx - f.face * b.hips * 0.6 * u, hy + 0.1 * u)]
        sh.fill(curve([*lap, *hem], 4, True), wear.top)
        return
    back = -f.face * f.sway * u
    stride = abs(f.j.feet[0][0] - f.j.feet[1][0]) * 0.32
    w, y = max(flare * u * view * wear.bulk, stride * min(1.0, length * 2.6)), hy + length * u
    left = [
        (hx - b.waist * u * view, hy - 0.08 * u),
        (hx - b.hips * u * view * wear.bulk * 1.05, hy + 0.03 * u),
    ]
    right = [(2 * hx - x, v) for x, v in left]
    hem = [
        (hx + w + back, y),
        (hx + w * 0.4 + back, y + 0.012 * u),
        (hx - w * 0.4 + back, y + 0.004 * u),
        (hx - w + back, y),
    ]
    sh.fill(
        [*left[::-1], *right, *hem] if not wear.is_skirt else [*curve([*left[::-1]], 2), *right, *hem],
        wear.top,
    )
    ink, e = s.pal["ink"], -s.lit(hx)
    dark = mix(wear.top, ink, 0.4)
    sh.fill(
        [
            (hx + e * b.hips * u * view * 0.45, hy),
            (hx + e * b.hips * u * view * wear.bulk, hy),
            (hx + e * w + back, y),
            (hx + e * w * 0.4 + back, y + 0.01 * u),
        ],
        dark,
    )
    if u > 90 * s.unit:
        for t in (-0.6, -0.2, 0.25, 0.65) if wear.is_skirt else (0.05,):
            fold = [(hx + t * b.hips * u * view * 0.8, hy + 0.02 * u), (hx + t * w * 0.9 + back, y)]
            sh.brush(fold, 0.008 * u, dark, 0.3, 0.8)
