"""From prompt and seed to painted layers, and from layers to one storyboard panel."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from infrastructure.sketch import insert, wash
from infrastructure.sketch.bridge import BRIDGE
from infrastructure.sketch.brief import Brief, read
from infrastructure.sketch.built import BUILT
from infrastructure.sketch.cast import perform
from infrastructure.sketch.crew import afloat
from infrastructure.sketch.elements import ELEMENTS
from infrastructure.sketch.ink import Array, noise, paper
from infrastructure.sketch.land import LAND
from infrastructure.sketch.room import ROOM
from infrastructure.sketch.script import VERBS, Script, Verb, places
from infrastructure.sketch.shapes import Spot
from infrastructure.sketch.sheet import Canvas
from infrastructure.sketch.stage import Stage
from infrastructure.sketch.street import STREET
from infrastructure.sketch.weather import fall

MARGIN = 0.11  # of the frame, painted around it for the camera
BAR = 0.06  # of the height, black above and below
BLACK = (10, 10, 11)
SMALLEST, LARGEST = 150, 1200  # short side that is drawn natively; others are drawn so and resampled


@dataclass(frozen=True)
class Layer:
    """A painted sheet; x, y is its corner in the window between the bars."""

    name: str
    image: Image.Image
    x: int
    y: int
    depth: float


@dataclass(frozen=True)
class Panel:
    brief: Brief
    size: tuple[int, int]
    window: tuple[int, int, int, int]  # the picture between the bars
    side: int  # of the actors: 1 is right
    layers: tuple[Layer, ...]

    def picture(self) -> Image.Image:
        x0, y0, x1, y1 = self.window
        page = Image.new("RGB", (x1 - x0, y1 - y0))
        for layer in self.layers:
            page.paste(layer.image, (layer.x, layer.y), layer.image)
        whole = Image.new("RGB", self.size, BLACK)
        whole.paste(page, (x0, y0))
        return whole


def window(size: tuple[int, int]) -> tuple[int, int, int, int]:
    bar = round(min(size[1], size[0] * 0.8) * BAR / 2) * 2
    return 0, bar, size[0], size[1] - bar


def _afloat(c: Script, kind: str, x: str, z: str, size: str) -> None:
    depth, s = c.num(z), c.s
    at = s.p(c.num(x), 0, depth)
    afloat(s, "mid", kind, Spot(*at, s.f * c.num(size) / depth, c.d.sign(), depth * 1.5))


def verbs() -> dict[str, Verb]:
    washes: dict[str, Verb] = {
        "sky": lambda c, *a: wash.sky(c.s, *a),
        "ground": lambda c, *a: wash.ground(c.s, *a),
        "water": lambda c, *a: wash.water(c.s, *a),
        "wet": lambda c: wash.wet(c.s),
    }
    return {
        **VERBS,
        **LAND,
        **ELEMENTS,
        **BUILT,
        **BRIDGE,
        **ROOM,
        **washes,
        **STREET,
        "afloat": _afloat,
    }


def stage(prompt: str, seed: int, size: tuple[int, int]) -> Stage:
    """Everything placed, nothing painted."""
    margin = (int(size[0] * MARGIN), int(size[1] * MARGIN))
    s = Stage(read(prompt), size, margin, (prompt, seed))
    if s.b.shot == "insert":
        insert.lay_out(s)
    else:
        known = places()
        name = (
            s.b.set
            if s.b.set in known
            else next((k for k in known if k.startswith(s.b.place)), "field/grass")
        )
        Script(s, verbs()).run(name)
        perform(s)
    if s.b.shot == "close":
        for sheet in ("far", "ground", "mid", "near"):
            s[sheet].blur = 3 * s.unit
    fall(s)
    return s


def _wash(s: Stage) -> Array:
    w, h = s.w + 2 * s.margin[0], s.h + 2 * s.margin[1]
    low = np.float32(0.055) * noise(s.dice("wash"), (w // 2 + 1, h // 2 + 1), 45, 3)
    big = np.asarray(Image.fromarray(low).resize((w, h), Image.Resampling.BILINEAR), np.float32)
    grain = np.tile(paper(), (h // 512 + 1, w // 512 + 1))[:h, :w]
    return np.asarray(big + np.float32(0.038) * grain, np.float32)


def painted(s: Stage) -> Iterator[tuple[str, Array]]:
    """Sheet after sheet, back to front."""
    glow = s.pal["glow" if s.dark else "light"]
    canvas = Canvas(s.w, s.h, *s.margin, _wash(s), s.sun, glow, s.pal["ink"])
    for name, sheet in s.sheets.items():
        if not sheet.is_empty:
            yield name, sheet.paint(canvas)


def _mirrored(s: Stage, planes: dict[str, Array]) -> None:
    if not s.reflect or "ground" not in planes:
        return
    behind, (px, py) = planes["sky"][:3].copy(), s.margin
    for name in ("far", "mid", "near") if s.b.place != "sea" else ("far", "mid"):
        if name in planes:
            x0, y0, x1, y1 = s[name].box
            view, alpha = behind[:, y0 + py : y1 + py, x0 + px : x1 + px], planes[name][3] / 255
            view += (planes[name][:3] - view) * alpha
    planes["ground"] = s.reflect(planes["ground"], behind)


def draw(prompt: str, seed: int = 0, size: tuple[int, int] = (1024, 576)) -> Iterator[float | Panel]:
    """Shares of the work done, and at last the Panel."""
    short = min(size)
    scale = max(1.0, SMALLEST / short) if short < SMALLEST else min(1.0, LARGEST / short)
    drawn = (max(2, round(size[0] * scale)), max(2, round(size[1] * scale)))
    x0, y0, x1, y1 = window(drawn)
    s = stage(prompt, seed, (x1 - x0, y1 - y0))
    yield 0.3
    planes: dict[str, Array] = {}
    for name, plane in painted(s):
        planes[name] = plane
        yield 0.3 + 0.6 * len(planes) / len(s.sheets)
    _mirrored(s, planes)
    layers = []
    for name, plane in planes.items():
        image = Image.merge("RGBA", [Image.fromarray(plane[k].astype(np.uint8)) for k in range(4)])
        layers.append(Layer(name, image, *s[name].box[:2], s[name].depth))
    yield Panel(s.b, drawn, (x0, y0, x1, y1), s.side, tuple(layers))


def panel(prompt: str, seed: int = 0, size: tuple[int, int] = (1024, 576)) -> Panel:
    found = [step for step in draw(prompt, seed, size) if isinstance(step, Panel)]
    return found[0]
