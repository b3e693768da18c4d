"""Pictures as encoders want them: a full plane of light and two half planes of colour, BT.709, limited range.

Layers are turned into planes once; every frame then only moves and lays planes, which is far
cheaper than moving colours, and exact: no library guesses a matrix.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from infrastructure.sketch.ink import Array

RED, GREEN, BLUE = 0.2126, 0.7152, 0.0722


@dataclass(frozen=True)
class Planes:
    """Three gray images; `alpha` and `alpha_half` are None where nothing shines through."""

    y: Image.Image
    u: Image.Image
    v: Image.Image
    alpha: Image.Image | None = None
    alpha_half: Image.Image | None = None

    def bytes(self) -> bytes:
        return self.y.tobytes() + self.u.tobytes() + self.v.tobytes()

    def copy(self) -> "Planes":
        return Planes(self.y.copy(), self.u.copy(), self.v.copy())

    def twice(self) -> "Planes":
        """Everything two times across and two times down, to be cut out anywhere."""
        y, u, v = _twice(self.y), _twice(self.u), _twice(self.v)
        if self.alpha is None or self.alpha_half is None:
            return Planes(y, u, v)
        return Planes(y, u, v, _twice(self.alpha), _twice(self.alpha_half))


def _twice(plane: Image.Image) -> Image.Image:
    return Image.fromarray(np.tile(np.asarray(plane), (2, 2)))


def planes_of(image: Image.Image) -> Planes:
    """Sides must be even."""
    data = np.asarray(image, np.float32)
    r, g, b = data[..., 0], data[..., 1], data[..., 2]
    light = RED * r + GREEN * g + BLUE * b
    u, v = (b - light) / (2 * (1 - BLUE)), (r - light) / (2 * (1 - RED))
    alpha = data[..., 3] if data.shape[2] == 4 else None
    weight = alpha if alpha is not None and alpha.min() < 255 else None
    gray = _image(16 + light * (219 / 255))
    blue, red = (_image(128 + _halved(c, weight) * (224 / 255)) for c in (u, v))
    if weight is None:
        return Planes(gray, blue, red)
    return Planes(gray, blue, red, _image(weight), _image(_sited(weight)))


def _halved(plane: Array, weight: Array | None) -> Array:
    if weight is None:
        return _sited(plane)
    w = weight / 255 + np.float32(1e-3)
    return np.asarray(_sited(plane * w) / _sited(w), np.float32)


def _sited(plane: Array) -> Array:
    """Half size, each sample over the left pixel of its pair and between its two rows."""
    left = np.concatenate([plane[:, :1], plane[:, 1:-1:2]], 1)
    across = plane[:, 0::2] * 0.5 + (left + plane[:, 1::2]) * 0.25
    return np.asarray((across[0::2] + across[1::2]) * 0.5, np.float32)


def _image(plane: Array) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(plane), 0, 255).astype(np.uint8))
