"""A clip's frames on the film's clock: one for one where the rates agree, else at the clip's real speed."""

from fractions import Fraction
from math import floor

from infrastructure.clip_probe import Clip


def is_frame_by_frame(clip: Clip, fps: Fraction) -> bool:
    """Whether rates agree: over the whole clip they part by less than half a frame of the film."""
    return clip.is_even and clip.frames * abs(fps / clip.fps - 1) < Fraction(1, 2)


def speed(clip: Clip, fps: Fraction) -> Fraction:
    """Frames of the film for each frame of the clip."""
    return Fraction(1) if is_frame_by_frame(clip, fps) else fps / clip.fps


def film_frames(clip: Clip, fps: Fraction) -> int:
    """Frames of the film that the whole clip fills."""
    return max(1, nearest(clip.frames * speed(clip, fps)))


def nearest(number: Fraction) -> int:
    return floor(number + Fraction(1, 2))
