"""Seeded numbers, colours and grain. Nothing here knows what is drawn."""

import hashlib
import random
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Colour = tuple[float, float, float]
Array = NDArray[np.float32]
T = TypeVar("T")


class Dice:
    """Seeded numbers, the same in every process.

    Only `random.Random.random` and `RandomState` keep their streams from version to version.
    """

    def __init__(self, *key: object) -> None:
        digest = hashlib.blake2b(repr(key).encode("utf-8", "replace"), digest_size=4).digest()
        self.seed = int.from_bytes(digest, "big")
        self._next: Callable[[], float] = random.Random(self.seed).random

    def u(self, low: float = 0.0, high: float = 1.0) -> float:
        return low + (high - low) * self._next()

    def n(self, spread: float = 1.0) -> float:
        """Bell-shaped around 0."""
        return spread * (self._next() + self._next() + self._next() - 1.5) * 1.3

    def i(self, low: int, high: int) -> int:
        return low + int(self._next() * (high - low + 1))

    def pick(self, items: Sequence[T]) -> T:
        return items[int(self._next() * len(items))]

    def yes(self, chance: float = 0.5) -> bool:
        return self._next() < chance

    def sign(self) -> int:
        return 1 if self.yes() else -1

    def field(self, height: int, width: int) -> Array:
        """Uniform noise, -1..1."""
        state = np.random.RandomState(int(self._next() * 2**32))
        return (state.random_sample((max(2, height), max(2, width))) * 2 - 1).astype(np.float32)


def rgb(text: str) -> Colour:
    return (float(int(text[0:2], 16)), float(int(text[2:4], 16)), float(int(text[4:6], 16)))


def mix(a: Colour, b: Colour, t: float) -> Colour:
    t = min(1.0, max(0.0, t))
    return (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t)


def luma(c: Colour) -> float:
    return 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2]


def resize(a: Array, width: int, height: int, how: Image.Resampling = Image.Resampling.BICUBIC) -> Array:
    return np.asarray(Image.fromarray(a).resize((width, height), how), np.float32)


def noise(dice: Dice, size: tuple[int, int], cell: float, octaves: int = 3, stretch: float = 1.0) -> Array:
    """Soft value noise, about -1..1; stretch > 1 gives long horizontal streaks."""
    width, height = size
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        c = cell / 2**octave
        grid = dice.field(int(height / c) + 3, int(width / (c * stretch)) + 3)
        total += resize(grid, width, height) * np.float32(0.55**octave)
    return total


def tile(dice: Dice, cells: int, octaves: int = 3, size: int = 256, stretch: int = 1) -> Array:
    """Noise that repeats without a seam, about -1..1."""
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        ny, nx = cells << octave, max(1, (cells << octave) // stretch)
        grid = np.pad(dice.field(ny, nx)[:ny, :nx], 2, "wrap")
        big = resize(grid, size * (nx + 4) // nx, size * (ny + 4) // ny)
        oy, ox = 2 * size // ny, 2 * size // nx
        total += big[oy : oy + size, ox : ox + size] * np.float32(0.6**octave)
    return total


@lru_cache(maxsize=1)
def paper() -> Array:
    """The tooth of the paper: one tile for every picture, about -1..1."""
    g = Dice("paper").field(512, 512)
    g = g + np.roll(g, 1, 0) + np.roll(g, 1, 1) + 0.8 * np.roll(g, (1, 1), (0, 1))
    return np.asarray((g + 1.5 * resize(Dice("fibre").field(128, 128), 512, 512)) / 3.0, np.float32)


def smooth(low: float, high: float, a: Array) -> Array:
    t = np.clip((a - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
