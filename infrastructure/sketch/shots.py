"""Frames of a clip: layers moved by a camera over a window of the start image."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image

from infrastructure.sketch.camera import Move, View
from infrastructure.sketch.panel import Layer, Panel
from infrastructure.sketch.planes import Planes, planes_of

GROUPS = (
    (0.2, 0.08),
    (0.55, 0.4),
    (1.05, 0.95),
    (9.0, 1.45),
)  # sheets up to a depth move together at another
HELPERS, AHEAD = 2, 4  # frames are made by threads, so many ahead of the encoder
FALLS = {
    "rain": (0.012, 0.094),
    "storm": (0.03, 0.1),
    "snow": (0.0015, 0.0045),
}  # shares of the height a frame
EDGE = 0.11  # of a flat picture, mirrored outside its frame; of a panel, painted there
BLACK = 24  # what counts as a bar
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Plate:
    """Planes lying in the window: x, y is their corner there."""

    planes: Planes
    x: int
    y: int
    depth: float
    fall: tuple[int, int] = (0, 0)  # even pixels a frame: rain and snow come down whatever the camera does

    @property
    def size(self) -> tuple[int, int]:
        return self.planes.y.size


@dataclass(frozen=True)
class Scene:
    """What a camera can move over: plates back to front, in the window of a still."""

    still: Planes
    window: Box  # even
    plates: tuple[Plate, ...]
    is_flat: bool

    @property
    def size(self) -> tuple[int, int]:
        return self.still.y.size

    @property
    def is_alive(self) -> bool:
        return any(plate.fall != (0, 0) for plate in self.plates)

    def frame(self, view: View, n: int) -> Planes:
        """The n-th frame; the first, from where the start image was taken, is the start image itself."""
        if view == View() and (n == 0 or not self.is_alive):
            return self.still
        out = self.still.copy()
        x0, y0, x1, y1 = self.window
        for plate in self.plates:
            if plate.fall != (0, 0):
                _let_fall(out, (x0, y0, x1 - x0, y1 - y0), plate, n)
            else:
                _lay(out, (x0, y0, x1 - x0, y1 - y0), plate, self._kept_inside(view, plate))
        return out

    def _kept_inside(self, view: View, plate: Plate) -> tuple[float, float, float]:
        """Nothing is seen beyond what is painted; over a flat picture, moving aside means coming nearer."""
        scale, dx, dy = view.at(plate.depth)
        if self.is_flat:
            scale *= 1 + 1.4 * max(abs(dx), abs(dy))
        scale = max(scale, 1 / (1 + 1.96 * EDGE))
        room = (scale * (1 + 1.96 * EDGE) - 1) / 2
        return scale, max(-room, min(room, dx)), max(-room, min(room, dy))


def flat_scene(image: Image.Image) -> Scene:
    """Any picture; black bars above and below stay where they are."""
    x0, y0, x1, y1 = window = _between_bars(image)
    data = np.asarray(image.convert("RGB").crop(window))
    px, py = (round(EDGE * n / 2) * 2 for n in (x1 - x0, y1 - y0))
    wide = Image.fromarray(np.pad(data, ((py, py), (px, px), (0, 0)), "symmetric"))
    return Scene(planes_of(image.convert("RGB")), window, (Plate(planes_of(wide), -px, -py, 0.95),), True)


def layered_scene(image: Image.Image, panel: Panel) -> Scene:
    """A panel this engine drew: its layers, in the same size as the picture."""
    falling = [layer for layer in panel.layers if layer.name == "fall"]
    others = [layer for layer in panel.layers if layer.name != "fall"]
    groups = [([o for o in others if low < o.depth <= high], depth, (0, 0)) for low, high, depth in _spans()]
    side, down = FALLS.get(panel.brief.weather, (0.0, 0.0))
    slant = round(-panel.side * side * panel.size[1] / 2) * 2, round(down * panel.size[1] / 2) * 2
    groups.insert(-1, (falling, 1.2, slant))
    plates = [_merged(layers, depth, fall) for layers, depth, fall in groups]
    x0, y0, x1, y1 = panel.window
    window = (x0, y0, x1 - x1 % 2, y1)
    return Scene(planes_of(image.convert("RGB")), window, tuple(p for p in plates if p), False)


def frames(start: Scene, end: Scene | None, move: Move, count: int) -> Iterator[Planes]:
    """Exactly `count`: the first is the start image itself; the last, where there is one, the end image."""

    def made(n: int) -> Planes:
        share = n / max(1, count - 1)
        seen = start.frame(move.view(share), n)
        if end is None:
            return seen
        return _dissolved(seen, end.frame(move.reversed().view(1 - share), count - 1 - n), share)

    with ThreadPoolExecutor(HELPERS) as helpers:
        waiting: deque[Future[Planes]] = deque()
        for n in range(count):
            waiting.append(helpers.submit(made, n))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def arriving(end: Scene, move: Move, count: int) -> Iterator[Planes]:
    """Frames that end on the end image itself."""
    back = move.reversed()
    return (end.frame(back.view(1 - n / max(1, count - 1)), count - 1 - n) for n in range(count))


def _dissolved(a: Planes, b: Planes, share: float) -> Planes:
    t = min(1.0, max(0.0, (share - 0.15) / 0.7))
    t = 1.0 if share >= 1 else t * t * (3 - 2 * t)
    return Planes(Image.blend(a.y, b.y, t), Image.blend(a.u, b.u, t), Image.blend(a.v, b.v, t))


def _spans() -> list[tuple[float, float, float]]:
    lows = (-1.0, *(high for high, _ in GROUPS))
    return [(low, high, depth) for low, (high, depth) in zip(lows, GROUPS, strict=False)]


def _merged(chosen: list[Layer], depth: float, fall: tuple[int, int]) -> Plate | None:
    """Layers as one plate, cut to what is painted on them."""
    if not chosen:
        return None
    x0 = min(layer.x for layer in chosen) // 2 * 2
    y0 = min(layer.y for layer in chosen) // 2 * 2
    x1 = max(layer.x + layer.image.width for layer in chosen)
    y1 = max(layer.y + layer.image.height for layer in chosen)
    whole = Image.new("RGBA", ((x1 - x0 + 1) // 2 * 2, (y1 - y0 + 1) // 2 * 2))
    for layer in chosen:
        whole.alpha_composite(layer.image, (layer.x - x0, layer.y - y0))
    if depth < 0.1:
        whole.putalpha(255)
    planes = planes_of(whole)
    return Plate(planes.twice() if fall != (0, 0) else planes, x0, y0, depth, fall)


def _let_fall(out: Planes, window: Box, plate: Plate, n: int) -> None:
    """Rain and snow need no lens: whole pixels, coming in above as they go out below."""
    wx, wy, w, h = window
    (dx, dy), p = plate.fall, plate.planes
    crop = (-plate.x, -plate.y, w - plate.x, h - plate.y)
    small = (crop[0] // 2, crop[1] // 2, crop[2] // 2, crop[3] // 2)

    def moved(plane: Image.Image, box: Box, part: int) -> Image.Image:
        pw, ph = plane.width // 2, plane.height // 2  # the plane lies there twice, across and down
        x, y = (box[0] - dx * n // part) % pw, (box[1] - dy * n // part) % ph
        return plane.crop((x, y, x + box[2] - box[0], y + box[3] - box[1]))

    if p.alpha is None or p.alpha_half is None:
        return
    out.y.paste(moved(p.y, crop, 1), (wx, wy), moved(p.alpha, crop, 1))
    mask = moved(p.alpha_half, small, 2)
    out.u.paste(moved(p.u, small, 2), (wx // 2, wy // 2), mask)
    out.v.paste(moved(p.v, small, 2), (wx // 2, wy // 2), mask)


def _lay(out: Planes, window: Box, plate: Plate, moved: tuple[float, float, float]) -> None:
    """Put a plate into the frame where the camera sees it."""
    wx, wy, w, h = window
    (scale, dx, dy), (pw, ph) = moved, plate.size
    # window pixel X shows plate pixel (X - shift) / scale, scale about the middle of the window
    left = (w / 2 + dx * w) + (plate.x - w / 2) * scale
    top = (h / 2 + dy * h) + (plate.y - h / 2) * scale
    a, b = _span(left, scale, pw, w), _span(top, scale, ph, h)
    if a is None or b is None:
        return
    (ax, bx), (ay, by) = a, b
    box = ((ax - left) / scale, (ay - top) / scale, (bx - left) / scale, (by - top) / scale)
    half = (box[0] / 2, box[1] / 2, box[2] / 2, box[3] / 2)
    size, small = (bx - ax, by - ay), ((bx - ax) // 2, (by - ay) // 2)
    at, at_half = (wx + ax, wy + ay), ((wx + ax) // 2, (wy + ay) // 2)
    p = plate.planes
    out.y.paste(_sampled(p.y, size, box), at, _sampled(p.alpha, size, box) if p.alpha else None)
    mask = _sampled(p.alpha_half, small, half) if p.alpha_half else None
    out.u.paste(_sampled(p.u, small, half), at_half, mask)
    out.v.paste(_sampled(p.v, small, half), at_half, mask)


def _span(start: float, scale: float, length: int, frame: int) -> tuple[int, int] | None:
    """The even pixels of the frame that lie fully on the plate."""
    first = max(0, -int(-start // 2) * 2 if start > 0 else 0)
    end = min(frame, int((start + length * scale) // 2) * 2)
    return (first, end) if end - first >= 2 else None


def _sampled(plane: Image.Image, size: tuple[int, int], box: Sequence[float]) -> Image.Image:
    x0, y0, x1, y1 = box
    inside = (max(0.0, x0), max(0.0, y0), min(float(plane.width), x1), min(float(plane.height), y1))
    return plane.resize(size, Image.Resampling.BILINEAR, inside)


def _between_bars(image: Image.Image) -> Box:
    """The picture without bars: a black one above, and one as high below that may carry a slate."""
    gray = np.asarray(image.convert("L"))
    w, h = image.size
    black_rows = (gray < BLACK).mean(1) > 0.995
    top = next((k for k in range(h // 5) if not black_rows[k]), 0)
    if top and (gray[h - top + 1 :] < BLACK).mean() < 0.7:
        top = 0  # a night sky, not a bar
    even = (top + 1) // 2 * 2
    return 0, even, w // 2 * 2, h - even
