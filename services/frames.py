"""One frame of a video as a picture, as a deed of its own."""

import re
from pathlib import Path

from domain.errors import StudioError
from infrastructure import clip_frames


def extract(video: Path, which: str, to: Path) -> Path:
    """`which` is "first", "last" or a number from 0; a negative one counts from the end."""
    match which:
        case "first":
            return clip_frames.first_frame(video, to)
        case "last" | "-1":
            return clip_frames.last_frame(video, to)
        case number if re.fullmatch(r"-?\d+", number):
            return clip_frames.frame(video, int(number), to)
    raise StudioError(f"There is no frame {which!r}. Ask for first, last or a number from 0.")
