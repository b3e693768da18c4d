"""Colour of pictures: how far two are apart, and what makes the one look like the other."""

from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from infrastructure.part_files import writing

Picture = NDArray[np.float64]  # height × width × 3, RGB from 0 to 1
Correction = NDArray[np.float64]  # 4 × 3: what is added of red, green, blue and 1

UNTOUCHED: Correction = np.vstack([np.eye(3), np.zeros(3)])
_FLAT = 0.01  # spread of grey under which a picture is one plain surface
_ALIKE = 0.8  # correlation of greys
_STEPS = 33  # of a .cube along each axis
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])


def read(png: bytes, size: tuple[int, int]) -> Picture:
    """A picture averaged down to `size`: grain and codec noise go, colour stays."""
    small = Image.open(BytesIO(png)).convert("RGB").resize(size, Image.Resampling.BOX)
    return np.asarray(small, float) / 255


def match(picture: Picture, wanted: Picture, ridge: float = 2e-4, rounds: int = 4) -> Correction:
    """The correction that brings a picture nearest to another of the same content.

    Places that do not fit, because something moved there, lose their say from round to round.
    """
    source = np.c_[picture.reshape(-1, 3), np.ones(picture.size // 3)]
    target = wanted.reshape(-1, 3)
    weights = np.ones(len(source))
    for _ in range(rounds):
        weighted = (source * weights[:, None]).T
        pull = ridge * len(source)
        found = np.linalg.solve(weighted @ source + pull * np.eye(4), weighted @ target + pull * UNTOUCHED)
        misfit = np.abs(source @ found - target).max(1)
        weights = 1 / (1 + (misfit / (3 * np.median(misfit) + 3e-4)) ** 2)
    return np.asarray(found)


def corrected(picture: Picture, correction: Correction) -> Picture:
    return np.clip(picture @ correction[:3] + correction[3], 0, 1)


def difference(one: Picture, other: Picture) -> float:
    """Mean distance in Lab (CIE 1976): 1 is hardly seen, 2.3 just noticed, 10 plain."""
    return float(np.linalg.norm(_lab(one) - _lab(other), axis=-1).mean())


def are_alike(one: Picture, other: Picture) -> bool:
    """Whether both show the same things, whatever their colours: light and dark lie in the same places."""
    greys = [picture.mean(-1).ravel() for picture in (one, other)]
    if min(grey.std() for grey in greys) < _FLAT:
        return max(grey.std() for grey in greys) < 2 * _FLAT
    return float(np.corrcoef(greys)[0, 1]) > _ALIKE


def write_cube(correction: Correction, to: Path) -> Path:
    """The correction as a .cube file, as editing programs read it too."""
    axis = np.linspace(0, 1, _STEPS)
    blue, green, red = np.meshgrid(axis, axis, axis, indexing="ij")  # red runs fastest
    colours = corrected(np.stack([red, green, blue], -1), correction).reshape(-1, 3)
    lines = [f"LUT_3D_SIZE {_STEPS}", *(f"{r:.6f} {g:.6f} {b:.6f}" for r, g, b in colours)]
    with writing(to) as part:
        part.write_text("\n".join(lines) + "\n", "ascii")
    return to


def _lab(picture: Picture) -> Picture:
    linear = np.where(picture > 0.04045, ((picture + 0.055) / 1.055) ** 2.4, picture / 12.92)
    xyz = linear @ _TO_XYZ.T / _WHITE
    bent = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = bent[..., 0], bent[..., 1], bent[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)
