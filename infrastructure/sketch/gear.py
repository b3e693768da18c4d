"""What is worn over and under the clothes: collars, belts, packs, plates, a robot's joints."""

from infrastructure.sketch.ink import Colour, mix
from infrastructure.sketch.outline import Point, between, curve, oval, tube
from infrastructure.sketch.person import Figure
from infrastructure.sketch.stage import Stage

PACKS = {
    "pack": (0.085, "4a4f3c"),
    "lifepack": (0.11, "c8c8c2"),
    "tank": (0.045, "c9a23a"),
}  # half-width, cloth


def behind_body(s: Stage, f: Figure) -> None:
    """Packs and tanks, seen beside the back; over the back when we look at it."""
    if not f.from_behind:
        _on_back(s, f)


def over_body(s: Stage, f: Figure) -> None:
    gear, u = f.dress.gear, f.size
    if f.from_behind:
        _on_back(s, f)
    elif u > 70 * s.unit:
        _collar(s, f)
    if "machine" in gear:
        _machine(s, f)
    if "plates" in gear:
        _plates(s, f)
    if "straps" in gear or ("pack" in gear and not f.from_behind):
        _straps(s, f)
    if "belt" in gear:
        (x, y), w = (
            between(f.j.hip, f.j.neck, 0.26),
            f.dress.build.waist * u * 1.12 * (0.42 + 0.58 * f.j.view),
        )
        s[f.sheet].brush(
            [(x - w, y), (x, y + 0.008 * u), (x + w, y)], 0.022 * u, mix(s.pal["ink"], f.dress.top, 0.3), 1, 1
        )


def _on_back(s: Stage, f: Figure) -> None:
    sh, u, gear = s[f.sheet], f.size, f.dress.gear
    back = 0.0 if f.from_behind else -f.face * (0.05 + 0.07 * (1 - f.j.view)) * u * f.dress.bulk
    if "cape" in gear:
        (nx, ny), (hx, _) = f.j.neck, f.j.hip
        foot = max(p[1] for p in f.j.feet) - 0.03 * u
        cape = [
            (nx - 0.1 * u, ny),
            (nx + 0.1 * u, ny),
            (hx + 0.17 * u + back, foot),
            (hx - 0.2 * u + back, foot),
        ]
        sh.fill(cape, mix(f.dress.top, s.pal["ink"], 0.45))
    if not gear & PACKS.keys():
        return
    top, low = between(f.j.neck, f.j.hip, -0.02), between(f.j.neck, f.j.hip, 0.86)
    kind = next(g for g in PACKS if g in gear)
    wide, cloth = PACKS[kind]
    colour = mix(s.cloth(cloth), s.pal["ink"], 0.15)
    path = [(x + back, y) for x, y in (top, between(top, low, 0.5), low)]
    sh.fill(tube(path, [wide * 0.85 * u, wide * 1.05 * u, wide * u]), colour)
    if "pack" in gear:
        roll = (path[0][0], path[0][1] - 0.012 * u)
        sh.fill(oval(*roll, wide * 1.2 * u, 0.03 * u, 14), mix(s.cloth("8a6a42"), s.pal["ink"], 0.2))
        sh.brush([path[1], path[2]], 0.012 * u, mix(colour, s.pal["ink"], 0.5), 1, 1)


def _straps(s: Stage, f: Figure) -> None:
    dark = mix(s.pal["ink"], f.dress.top, 0.35)
    for e in (0.5, -0.5):
        (nx, ny), (hx, hy), u = f.j.neck, f.j.hip, f.size
        x = e * f.dress.build.shoulders * u * (0.4 + 0.6 * f.j.view)
        path = [(nx + x, ny + 0.01 * u), (nx + x * 1.2, ny + 0.1 * u), (hx + x * 1.3, hy - 0.12 * u)]
        s[f.sheet].brush(curve(path, 3), 0.018 * u, dark, 1, 0.8)


def _machine(s: Stage, f: Figure) -> None:
    sh, u, ink, j = s[f.sheet], f.size, s.pal["ink"], f.j
    steel, dark = mix(f.dress.top, s.pal["light"], 0.2), mix(f.dress.top, ink, 0.6)
    for joint, r in (
        (j.shoulders[1], 0.042),
        (j.elbows[1], 0.03),
        (j.knees[0], 0.034),
        (j.knees[1], 0.036),
        (j.shoulders[0], 0.036),
    ):
        sh.fill(oval(*joint, r * u, r * u, 14), dark)
        sh.fill(oval(*joint, r * 0.6 * u, r * 0.6 * u, 12), steel)
    (x, y), w = between(j.hip, j.neck, 0.66), 0.062 * u * (0.4 + 0.6 * j.view)
    if not f.from_behind:
        sh.fill(
            [(x - w, y - 0.05 * u), (x + w, y - 0.05 * u), (x + w, y + 0.045 * u), (x - w, y + 0.045 * u)],
            dark,
        )
        sh.fill(oval(x, y, 0.02 * u, 0.02 * u, 12), s.c("G"))
        s.halo((x, y), 0.05 * u, 0.7)
    for t in (0.12, 0.22, 0.32):
        cx, cy = between(j.hip, j.neck, t)
        sh.brush([(cx - w, cy), (cx + w, cy)], 0.012 * u, dark, 1, 1)


def _plates(s: Stage, f: Figure) -> None:
    """Plate armour: pauldrons, breastplate ridge, greaves."""
    sh, u, j = s[f.sheet], f.size, f.j
    bright, dark = mix(f.dress.top, s.pal["light"], 0.35), mix(f.dress.top, s.pal["ink"], 0.5)
    for k in (0, 1):
        x, y = j.shoulders[k]
        sh.fill(oval(x, y - 0.005 * u, 0.056 * u, 0.045 * u, 16), dark)
        sh.fill(oval(x, y - 0.013 * u, 0.05 * u, 0.034 * u, 16), bright if k else f.dress.top)
        sh.fill(oval(*j.knees[k], 0.038 * u, 0.042 * u, 12), bright)
        sh.fill(oval(*j.elbows[k], 0.03 * u, 0.03 * u, 12), bright)
    top, low = between(j.neck, j.hip, 0.15), between(j.neck, j.hip, 0.72)
    sh.brush([top, low], 0.012 * u, bright, 1, 0.3)
    w = 0.09 * u * (0.4 + 0.6 * j.view)
    for t in (0.72, 0.84, 0.96):
        x, y = between(j.neck, j.hip, t)
        sh.brush([(x - w, y), (x, y + 0.02 * u), (x + w, y)], 0.008 * u, dark, 0.8, 0.8)


def _collar(s: Stage, f: Figure) -> None:
    kind, sh, u, wear = f.dress.collar, s[f.sheet], f.size, f.dress
    (nx, ny), ink = f.j.neck, s.pal["ink"]
    line, e = mix(wear.top, ink, 0.6), f.face * 0.014 * u
    low = between(f.j.neck, f.j.hip, 0.42)
    low = (low[0] + e, low[1])
    wide = 0.036 * u
    if kind in ("lapel", "tie", "open", "roll", "neck", "wrap"):
        inner = (
            wear.skin
            if kind in ("neck", "open", "wrap")
            else s.cloth("ddd6c6")
            if kind != "roll"
            else s.cloth("b9b2a0")
        )
        deep = low if kind in ("lapel", "tie", "wrap") else between((nx + e, ny), low, 0.6)
        sh.fill([(nx - wide + e, ny - 0.012 * u), (nx + wide + e, ny - 0.012 * u), deep], inner)
        if kind == "tie":
            knot = (nx + e, ny + 0.018 * u)
            sh.fill(
                curve(
                    [
                        (knot[0] - 0.01 * u, knot[1]),
                        (knot[0] + 0.01 * u, knot[1]),
                        (low[0] + 0.008 * u, low[1] - 0.02 * u),
                        (low[0], low[1]),
                        (low[0] - 0.008 * u, low[1] - 0.02 * u),
                    ],
                    2,
                    True,
                ),
                mix(s.pal["accent"], ink, 0.35),
            )
        if kind in ("lapel", "tie", "wrap"):
            for m in (-1, 1):
                flap: list[Point] = [
                    (nx + m * wide + e, ny - 0.016 * u),
                    low,
                    (nx + m * 0.07 * u + e, ny + 0.062 * u),
                ]
                sh.fill(flap, mix(wear.top, ink, 0.3))
    if kind in ("lapel", "tie", "open", "zip", "wrap"):
        hem = (f.j.hip[0] + e, f.j.hip[1] + wear.long[0] * u * 0.95)
        sh.brush([between((nx + e, ny), low, 0.6), low, hem], 0.007 * u, line, 1, 0.5)
    if kind in ("scarf", "shawl", "fur", "ring", "roll"):
        colour: dict[str, Colour] = {
            "scarf": s.pal["accent"],
            "fur": s.cloth("d8d0c0"),
            "ring": s.cloth("a8a8a4"),
        }
        r = (0.1 if kind == "shawl" else 0.058) * u
        sh.fill(oval(nx, ny + 0.012 * u, r, r * 0.52, 18), mix(colour.get(kind, line), ink, 0.15))
