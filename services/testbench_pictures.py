"""The test bench's own picture, and whether what came home is a picture of the right size."""

from collections.abc import Container, Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from domain.errors import BadFile, JobFailed
from infrastructure.clip_frames import CLIPS
from infrastructure.part_files import writing
from services.keyframes import IMAGES

SIZE = (640, 352)


def test_picture(to: Path, mark: str) -> Path:
    """A soft picture under grain that no other mark has: no server has it already."""
    x, y = np.meshgrid(np.linspace(0, 1, SIZE[0]), np.linspace(0, 1, SIZE[1]))
    soft = np.stack([60 + 120 * x, 90 + 90 * y, 180 - 100 * x * y], -1)
    grain = np.random.default_rng(int(mark, 16)).normal(0, 4, soft.shape)
    with writing(to) as part:
        Image.fromarray(np.clip(soft + grain, 0, 255).astype(np.uint8)).save(part, "PNG")
    return to


def picture_in(files: Iterable[Path]) -> Path:
    return _first(files, IMAGES, "picture")


def video_in(files: Iterable[Path]) -> Path:
    return _first(files, CLIPS, "video")


def size_of(picture: Path) -> tuple[int, int]:
    """Width and height. Raises BadFile unless the whole picture can be read."""
    try:
        with Image.open(picture) as image:
            image.load()
            return image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadFile(f"{picture.name} came home, but cannot be read as a picture.") from error


def _first(files: Iterable[Path], suffixes: Container[str], what: str) -> Path:
    for file in files:
        if file.suffix.lower() in suffixes:
            return file
    raise JobFailed(f"The workflow saved no {what}. Does it end in a node that saves one?")
