"""Where one segment of a shot goes over into the next: how far the colours drifted, and what mends it.

A model that is given its own last frame builds up a drift from segment to segment. Each seam is
measured on the one picture both sides share, the last frame of one and the first of the next,
and the corrections are chained. Different pictures are never compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from pathlib import Path

from infrastructure import colour
from infrastructure.clip_frames import picture
from infrastructure.clip_probe import Clip

_LEAST = 0.25  # ΔE nobody sees, and no reason to encode anything
_SHRINK = 8


@dataclass(frozen=True)
class Segment:
    """A clip of a shot: `frames` of its frames count, from `first`; 1 drops the frame it began from."""

    path: Path
    frames: int
    first: int = 0


@dataclass(frozen=True)
class Seam:
    drift: float  # ΔE between both sides
    left: float  # what remains of it after the correction
    correction: colour.Correction | None  # for the second side; None leaves it untouched


def measure(segments: Sequence[Segment], clips: Sequence[Clip]) -> list[Seam]:
    """One seam for each segment but the first."""
    seams: list[Seam] = []
    correction = None
    size = (max(1, clips[0].width // _SHRINK), max(1, clips[0].height // _SHRINK))
    for before, after in pairwise(segments):
        ends = colour.read(picture(before.path, before.first + before.frames - 1), size)
        begins = colour.read(picture(after.path, 0), size)
        seams.append(_seam(colour.corrected(ends, correction) if correction is not None else ends, begins))
        correction = seams[-1].correction
    return seams


def _seam(ends: colour.Picture, begins: colour.Picture) -> Seam:
    drift = colour.difference(begins, ends)
    correction = colour.match(begins, ends)
    mended = colour.corrected(begins, correction)
    left = colour.difference(mended, ends)
    moves = colour.difference(mended, begins)
    if moves > max(_LEAST, _noise(left, begins)) and left < drift and colour.are_alike(begins, ends):
        return Seam(drift, left, correction)
    return Seam(drift, drift, None)


def _noise(left: float, picture: colour.Picture) -> float:
    """How far a fit of twelve numbers moves a picture when only coding and grain part it from the other."""
    return 2 * left * sqrt(12 / (picture.shape[0] * picture.shape[1]))
