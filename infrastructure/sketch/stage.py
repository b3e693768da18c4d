"""The stage of one panel: palette, lens, light, and the sheets every place paints on.

The world is in metres from the lens: x to the right, y up, z into the picture. Pixels come out.
"""

import itertools
import math
from collections.abc import Callable

import numpy as np

from infrastructure.sketch.brief import Brief
from infrastructure.sketch.ink import Array, Colour, Dice, luma, mix, resize, rgb, tile
from infrastructure.sketch.outline import Point, Points, oval, rough
from infrastructure.sketch.sheet import Sheet
from infrastructure.sketch.tables import named

LENS = {"ews": 1.0, "wide": 1.0, "full": 1.25, "medium": 1.7, "close": 2.6, "insert": 1.6}
SEEN = {"fog": 45.0, "rain": 170.0, "storm": 220.0, "snow": 130.0}  # metres until haze wins
WET = ("rain", "storm")
COLD = ("ward", "cell", "lab", "doors", "ship", "cockpit", "works", "carriage")
LATE = ("bar", "stage", "ship", "cockpit", "cell")


def palette_name(b: Brief) -> str:
    late = b.time in ("night", "dusk") or b.place == "cave" or b.variant in LATE
    if b.mood in ("noir", "horror", "memory", "neon") or (
        b.mood in ("fairy", "pastel") and b.time != "night"
    ):
        return b.mood
    if b.place in ("space", "under"):
        return b.place
    if b.indoors:
        return f"{'hall' if b.variant in COLD else 'room'}-{'night' if late else 'day'}"
    if b.time == "night" or (b.time == "dusk" and b.weather != "storm"):
        return b.time
    if b.weather in ("storm", "snow") or (b.variant == "snow" and b.time == "day"):
        return b.weather or "snow"
    if b.time == "day":
        plain = "desert" if b.place == "desert" else "day"
        return {"rain": "storm", "fog": "snow"}.get(b.weather, plain)
    return b.time


def palette(b: Brief, d: Dice) -> dict[str, Colour]:
    """The named colours of a panel, each time a little different."""
    tint = [d.n(7) for _ in range(3)]
    pal: dict[str, Colour] = {}
    names = ["top", "mid", "low", "haze", "light", "shade", "ink", "accent", "glow"]
    soft = b.mood in ("pastel", "fairy") and not b.indoors and b.time != "day"
    for name, text in zip(names, named("palettes", "palette")[palette_name(b)], strict=True):
        own = rgb(text)
        if soft and b.place not in ("space", "under"):
            own = mix(own, rgb(named("palettes", "palette")[b.time][len(pal)]), 0.6)
        r, g, bl = (min(255.0, max(0.0, v + t)) for v, t in zip(own, tint, strict=True))
        pal[name] = (r, g, bl)
    if b.weather in ("fog", "overcast", *WET) and not b.indoors:
        for name in ("top", "mid", "low"):
            grey = sum(pal[name]) / 3
            pal[name] = mix(mix(pal[name], (grey, grey, grey), 0.3), pal["haze"], 0.35)
    walls = ("a9b096", "94a9a6", "c9a684", "aaa0b4", "c7b489", "8aa0b4", "b98f80", "b4b4a6")
    pal["paint"] = mix(rgb(d.pick(walls)), pal["haze"], 0.25)
    if sum(pal["haze"]) < 330:
        pal["paint"] = mix(mix(pal["paint"], pal["shade"], 0.6), pal["glow"], 0.12)
    if b.mood in ("noir", "memory"):
        pal["paint"] = pal["haze"]
    if b.colour:
        pal["accent"] = mix(rgb(b.colour), pal["shade"], 0.1)
    return pal


class Stage:
    def __init__(
        self, b: Brief, size: tuple[int, int], margin: tuple[int, int], key: tuple[object, ...]
    ) -> None:
        self.b, self.key = b, key
        self.w, self.h = size
        self.margin = margin
        self.x0, self.x1 = -1.8 * margin[0], self.w + 1.8 * margin[0]
        self.y0, self.y1 = -1.8 * margin[1], self.h + 1.8 * margin[1]
        d = self.dice("stage")
        self.pal = palette(b, d)
        self.dark = sum(self.pal["haze"]) < 330
        self.lamps = self.dark or b.time in ("dawn", "dusk") or b.weather in ("fog", *WET)
        self.side = d.sign()  # the actors' side of the frame
        self.unit = min(self.h, self.w) / 500  # what a pixel is at storyboard size
        self._set_lens(d)
        self.vx = self.w * (0.5 + self.side * d.u(-0.06, 0.10))
        self.fx = self.w * (0.5 + self.side * d.u(0.10, 0.17))
        self.sun: Point = (self.w * (0.5 - self.side * d.u(0.10, 0.30)), self.hz * d.u(0.35, 0.75))
        self.foot = 0.0  # where the actors stand, when the place says so
        self.path: list[Point] = []  # a line to stand on, instead of the flat ground
        self.seen = SEEN.get(b.weather, 420.0)
        self.sheets = {n: Sheet(float(v[0]), float(v[1])) for n, v in named("palettes", "sheet").items()}
        self.reflect: Callable[[Array, Array], Array] | None = None  # (ground, what stands behind) -> ground

    def _set_lens(self, d: Dice) -> None:
        b = self.b
        self.f = LENS[b.shot] * min(self.h, self.w * 0.75)
        self.eye, horizon = d.pick((1.0, 1.15, 1.35)), d.pick((0.5, 0.55, 0.6))
        heights = {
            "ews": 0.13,
            "wide": d.u(0.42, 0.56),
            "full": 0.78,
            "medium": 1.45,
            "close": 2.75 if b.held else 3.1,
            "insert": 1.4,
        }
        self.tall = heights[b.shot]  # of a standing man, in frame heights
        if b.shot == "full":
            self.eye, horizon = 0.9, 0.5
        elif b.shot == "ews":
            self.eye, horizon = 3.0, d.pick((0.52, 0.6, 0.68))
        elif b.shot in ("medium", "close", "insert"):
            horizon = 0.42
        elif b.crowd:
            self.eye, horizon = 2.3, d.pick((0.36, 0.42))
        elif b.angle == "low":
            self.eye, horizon, self.tall = 0.35, 0.82, min(0.75, self.tall * 1.6)
        elif b.angle == "high":
            self.eye, horizon, self.tall = 5.0, 0.2, 0.26
        if b.place == "room" and b.shot == "wide":
            self.f, self.eye, horizon, self.tall = self.f * 1.2, 1.45, 0.5, d.u(0.52, 0.58)
        self.hz = self.h * horizon
        self.keep_feet_in()

    def keep_feet_in(self) -> None:
        """Feet stay in the picture, wherever the horizon has gone."""
        if self.hz > self.h * 0.84 and self.b.angle != "low":
            self.tall = max(self.tall, 0.42)  # no ground to stand on
        elif self.b.shot in ("ews", "wide", "full"):
            self.tall = min(self.tall, max(0.08, (0.93 - self.hz / self.h) * 1.72 / self.eye))

    @property
    def metre(self) -> float:
        """Pixels of a metre where the actors are."""
        return self.tall * self.h / 1.72

    def dice(self, *what: object) -> Dice:
        """A stream for each part of the picture: adding a boat never moves a cloud."""
        return Dice(*self.key, *what)

    def __getitem__(self, name: str) -> Sheet:
        return self.sheets[name]

    def path_at(self, x: float) -> float:
        """The height of the path under x."""
        line = sorted(p for p in self.path if p[1] < self.h * 1.2)
        return float(np.interp(x, [p[0] for p in line], [p[1] for p in line]))

    def p(self, x: float, y: float, z: float) -> Point:
        return (self.vx + self.f * x / z, self.hz + self.f * (self.eye - y) / z)

    def t(self, value: float, z: float = 0.0) -> Colour:
        """The one tone scale: 0 ink, .35 shade, .72 haze, 1 light; z metres of air lift it to the haze."""
        p = self.pal
        stops = ((0.0, p["ink"]), (0.35, p["shade"]), (0.72, p["haze"]), (1.0, p["light"]))
        pairs = list(itertools.pairwise(stops))
        a, b = next(((a, b) for a, b in pairs if value <= b[0]), pairs[-1])
        colour = mix(a[1], b[1], (value - a[0]) / (b[0] - a[0]))
        return mix(colour, mix(p["haze"], p["low"], 0.5), 1 - math.exp(-z / self.seen)) if z else colour

    def c(self, spec: str, z: float = 0.0, body: Colour | None = None) -> Colour:
        """'.3' a tone; one letter a named colour; B the body's own; 'B/K/4' is B, 4/10 of the way to K."""
        if "/" in spec:
            first, second, tenths = spec.split("/")
            return mix(self.c(first, z, body), self.c(second, z, body), float(tenths) / 10)
        if spec == "B":
            return body or self.t(0.12, z)
        if spec == "W":
            return mix(self.pal["glow"], (255.0, 255.0, 255.0), 0.45)
        if spec[0] == "#":
            return mix(rgb(spec[1:]), self.t(0.3), 0.35 if self.dark else 0.1)
        names = named("palettes", "letters")
        return self.pal[names[spec][0]] if spec in names else self.t(float(spec), z)

    def cloth(self, name: str, z: float = 0.0) -> Colour:
        """A colour a thing has by itself, in the light of this panel."""
        own = rgb(name)
        if self.b.mood in ("noir", "memory"):
            grey = luma(own)
            own = mix((grey, grey, grey), own, 0.12 if self.b.mood == "noir" else 0.3)
        lit = mix(own, self.t(0.2 + luma(own) / 420), 0.62 if self.dark else 0.3)
        return (
            mix(lit, mix(self.pal["haze"], self.pal["low"], 0.5), 1 - math.exp(-z / self.seen)) if z else lit
        )

    def tone(self, spec: str, z: float = 0.0) -> Colour:
        """A place on the tone scale, or, with a #, a colour of its own."""
        return self.cloth(spec[1:], z) if spec[0] == "#" else self.t(float(spec), z)

    def lit(self, x: float) -> int:
        """On which side the light is, seen from x."""
        return 1 if self.sun[0] > x else -1

    def pool(
        self, sheet: str, at: Point, radii: Point, spec: str, strength: float, spill: bool = False
    ) -> None:
        soft = max(1.5, min(radii) * 0.5)
        self[sheet].glaze(oval(*at, *radii), self.c(spec), strength, soft, spill)

    def halo(self, at: Point, r: float, power: float = 1.0, spec: str = "G", sheet: str = "air") -> None:
        """A lamp's light in the air."""
        for size, strength, soft in ((2.2, 0.22, 1.6), (0.8, 0.5, 0.5)):
            ring = oval(*at, r * size, r * size)
            self[sheet].glaze(ring, self.c(spec), strength * power, r * soft, True)

    def rough(self, points: Points, amount: float, *seed: object, step: float = 16) -> list[Point]:
        return rough(points, self.dice("rough", *seed), amount * self.unit, step * self.unit)

    # --- washes, in half size --------------------------------------------------------------------

    def grid(self) -> tuple[Array, Array]:
        """Half-size coordinates of the whole canvas, in frame pixels."""
        xs = np.arange(-self.margin[0], self.w + self.margin[0], 2, dtype=np.float32)
        ys = np.arange(-self.margin[1], self.h + self.margin[1], 2, dtype=np.float32)
        return xs[None, :], ys[:, None]

    def plane(self, name: str, across: float, along: float) -> Array:
        """Noise lying on the ground: it stretches towards the viewer as ground does."""
        x, y = self.grid()
        z = self.f * self.eye / np.maximum(y - self.hz, 1.0)
        u = ((x - self.vx) * (z / self.f) * across).astype(np.int32) & 255
        v = np.broadcast_to((z * along).astype(np.int32) & 255, u.shape)
        near = np.clip((y - self.hz) / (30 * self.unit), 0, 1)
        return np.asarray(tile(self.dice(name), 8, 3)[v, u] * near, np.float32)

    def full(self, a: Array) -> Array:
        w, h = self.w + 2 * self.margin[0], self.h + 2 * self.margin[1]
        from_half = np.ascontiguousarray(a, np.float32)
        return resize(from_half, w, h)

    def lay(self, sheet: str, planes: list[Array], below: float | None = None) -> None:
        """Put a half-size wash on a sheet: everywhere, or under the row `below`."""
        high, wide = self.h + 2 * self.margin[1], self.w + 2 * self.margin[0]
        pixels = np.full((4, high, wide), 255, np.float32)
        for k, plane in enumerate(planes):
            pixels[k] = self.full(plane)
        if below is not None:
            rows = np.arange(high, dtype=np.float32)[:, None] - self.margin[1]
            pixels[3] *= np.clip(rows - below + 0.5, 0, 1)
        self[sheet].pixels = pixels
