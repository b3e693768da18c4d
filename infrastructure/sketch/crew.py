"""Animals and vehicles: where they stand, drive, float and fly, and who rides them."""

from infrastructure.sketch.ink import mix
from infrastructure.sketch.outline import oval
from infrastructure.sketch.shapes import Spot, stamp
from infrastructure.sketch.stage import WET, Stage
from infrastructure.sketch.tables import named

WATER = {"sea/open", "sea/lake"}


def _metres(kind: str) -> float:
    return float(named("things", "metres").get(kind, ["1"])[0])


def on_water(s: Stage) -> bool:
    return s.b.set in WATER or (s.b.place == "harbour" and bool({"boat", "sail"} & set(s.b.vehicles)))


def afloat(s: Stage, sheet: str, kind: str, spot: Spot) -> None:
    """A vessel and its dark twin in the water."""
    coloured = s.b.colour and kind in ("boat", "sail") and spot.z < 30
    body = mix(s.pal["accent"], s.pal["ink"], 0.3) if coloured else s.t(0.1, spot.z)
    x, y, size = spot.x, spot.y, spot.size
    stamp(s, sheet, kind, Spot(x, y, size, spot.face, spot.z, body))
    w = size * 0.44
    twin = [(x - w, y), (x + w, y), (x + w * 0.8, y + size * 0.16), (x - w * 0.8, y + size * 0.16)]
    s["ground"].glaze(twin, s.pal["ink"], 0.62, max(1.5, size * 0.025))


# --- animals -------------------------------------------------------------------------------------


def animals(s: Stage, z0: float) -> None:
    b = s.b
    for k, kind in enumerate(b.animals):
        if kind == "horse" and b.people and b.pose in ("ride", "", "stand", "look", "walk", "run"):
            continue  # drawn with its rider
        if kind == "bird":
            _flock(s)
        elif kind in ("fish", "dragon"):
            y = s.h * (0.5 if kind == "fish" else 0.56)
            size = s.h * (0.8 if kind == "fish" else 0.2)
            stamp(s, "mid", kind, Spot(s.w * (0.5 - s.side * 0.12), y, size, s.side, 25))
        else:
            _beast(s, kind, k, z0)


def _flock(s: Stage) -> None:
    d = s.dice("flock")
    for _ in range(9):
        x, y = s.fx + d.n(s.w * 0.14), s.hz * 0.55 + d.n(s.h * 0.13)
        stamp(s, "mid", "gull", Spot(x, y, s.h * d.u(0.015, 0.045), d.sign(), 10))


def _beast(s: Stage, kind: str, k: int, z0: float) -> None:
    b = s.b
    shy = kind in ("deer", "wolf", "bear")
    z = z0 * (1.9 if shy and b.people else 1.0)
    alone = not b.people and k == 0
    size = min(_metres(kind) * s.f / z * (1.5 if b.shot == "ews" else 1), s.h * 0.5)
    if alone and b.shot in ("wide", "full"):
        size = max(size, s.h * 0.24)
    x = s.fx if alone else s.fx - s.side * max(size * 0.95, s.w * 0.11) * (k + 1)
    y = min(s.foot or s.hz + s.f * s.eye / z, s.h * 0.93)
    coat = {"horse": "5a3d28", "dog": "7a5a3a", "cat": "3a3430", "deer": "7a5438", "bear": "3f2f26"}
    coat |= {"cow": "5f4a3c", "wolf": "56565a"}
    stamp(s, "cast", "dog" if kind == "wolf" else kind, Spot(x, y, size, -s.side, z, s.cloth(coat[kind], z)))
    s["ground"].glaze(oval(x, y, size * 0.55, size * 0.09), s.pal["ink"], 0.55, max(1.5, size * 0.06))


def mount(s: Stage, k: int, x: float, y: float, h: float, face: int) -> tuple[str, float] | None:
    """What a figure rides or rows: drawn, and the posture and lift it gives."""
    b = s.b
    if (
        "horse" in b.animals
        and k == 0
        and b.shot not in ("medium", "close")
        and b.pose in ("ride", "", "stand", "look", "walk", "run")
    ):
        stamp(s, "cast", "horse", Spot(x, y, h * 0.92, face, 0, s.cloth("4d3423")))
        s["ground"].glaze(oval(x, y, h * 0.6, h * 0.07), s.pal["ink"], 0.6, h * 0.05)
        return "ride", h * 0.50
    if b.vehicles and b.vehicles[0] in ("bike", "moto") and k == 0 and b.shot not in ("medium", "close"):
        stamp(
            s,
            "cast",
            b.vehicles[0],
            Spot(x + face * h * 0.12, y, h * 1.0, face, 0, mix(s.pal["accent"], s.pal["ink"], 0.2)),
        )
        s["ground"].glaze(oval(x, y, h * 0.5, h * 0.05), s.pal["ink"], 0.6, h * 0.04)
        return "cycle", h * 0.07
    if on_water(s) and "boat" in b.vehicles and b.shot not in ("close", "medium"):
        if k == 0:
            n = len(b.people)
            low = min(y, s.h * 0.84)
            afloat(s, "cast", "boat", Spot(x, low + h * 0.06, h * (1.9 + 0.45 * n), face, 0))
            s["cast"].brush(
                [
                    (x, low - h * 0.4),
                    (x - face * h * 0.35, low - h * 0.14),
                    (x - face * h * 0.7, low + h * 0.1),
                ],
                h * 0.03,
                s.t(0.1),
                0.5,
                1,
            )
        return "sit", h * 0.10 + max(0.0, y - s.h * 0.84)
    return None


# --- vehicles ------------------------------------------------------------------------------------


def machines(s: Stage, z0: float) -> None:
    for k, kind in enumerate(s.b.vehicles):
        if kind in ("bike", "moto") and s.b.people and s.b.shot not in ("medium", "close"):
            continue  # drawn with its rider
        if kind in ("boat", "sail", "ship"):
            _vessel(s, kind)
        elif kind in ("plane", "heli", "rocket", "balloonair"):
            _flyer(s, kind)
        elif kind != "train":
            _wheeled(s, kind, k, z0)


def _vessel(s: Stage, kind: str) -> None:
    crew = bool(s.b.people)
    if kind == "boat" and crew and on_water(s) and s.b.shot not in ("close", "medium"):
        return  # drawn with its crew
    if kind == "boat" and not crew and s.dice("rig").yes(0.3):
        kind = "sail"
    size = s.w * {"ship": 0.34, "boat": 0.2, "sail": 0.24}[kind] * (0.7 if crew else 1)
    y = s.hz + s.h * {"ship": 0.04, "boat": 0.16, "sail": 0.09}[kind]
    x = s.w * (0.5 - s.side * (0.14 if crew else -0.1))
    if s.b.place in ("sea", "harbour", "bridge", "under"):
        afloat(s, "mid", kind, Spot(x, y, size, s.side, 25))


def _flyer(s: Stage, kind: str) -> None:
    y = s.hz * 0.5 if s.b.place != "space" else s.h * 0.42
    size = s.w * (0.22 if s.b.people else 0.3)
    stamp(s, "mid", kind, Spot(s.w * (0.5 - s.side * 0.14), y, size, s.side, 30, s.t(0.2, 30)))


def _wheeled(s: Stage, kind: str, k: int, z0: float) -> None:
    b, long = s.b, _metres(kind)
    share = 0.5 if b.shot in ("wide", "full", "medium") else 0.16
    z = max(z0 * 1.15, long * s.f / (s.w * share))
    size, x = s.f * long / z, s.w * (0.5 - s.side * (0.2 if b.people else -0.05))
    x, y = x + k * size * 0.4, min(s.hz + s.f * s.eye / z, s.h * 0.9)
    paint = (
        mix(s.pal["accent"], s.t(0.1, z), 0.2)
        if b.colour
        else s.cloth(s.dice("paint", k).pick(("7a3a30", "3f5a6a", "8a7a50", "3a3d42")), z)
    )
    s["ground"].glaze(oval(x, y, size * 0.52, size * 0.06), s.pal["ink"], 0.75, size * 0.05)
    stamp(s, "near", kind, Spot(x, y, size, s.side, z, paint))
    if kind not in ("bike", "moto") and (s.dark or b.weather in ("fog", *WET)):
        lx, ly, w = x + s.side * size * 0.49, y - size * 0.14, s.side * size * 1.3
        s["air"].glaze(
            [(lx, ly), (lx + w, ly - size * 0.12), (lx + w, ly + size * 0.2)],
            s.pal["glow"],
            0.4,
            size * 0.03,
            True,
        )
        s.halo((lx, ly), size * 0.06)
