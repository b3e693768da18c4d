"""Pictures from anywhere, as takes: copied as they are where every page shows them, else made upright PNG."""

import re
import shutil
import warnings
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from domain.errors import BadFile
from infrastructure.part_files import writing

SHOWN = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp"}  # what a take may be, by its content
SUFFIXES = {
    ".png",
    ".jpg",
    ".jpeg",
    ".jfif",
    ".webp",
    ".bmp",
    ".gif",
    ".tif",
    ".tiff",
    ".ppm",
    ".tga",
    ".avif",
}
_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
_ORIENTATION = 0x0112  # in EXIF; 1 is upright


def suffix_of(path: Path) -> str:
    """What a copy of this picture ends in. Raises BadFile when it is none."""
    with _opened(path) as picture:
        return SHOWN[picture.format or ""] if _is_fine(picture) else ".png"


def size_of(path: Path) -> tuple[int, int]:
    """Width and height as it is seen."""
    with _opened(path) as picture:
        width, height = picture.size
        return (height, width) if picture.getexif().get(_ORIENTATION, 1) >= 5 else (width, height)


def copy_upright(path: Path, to: Path) -> None:
    """Copy a picture to a name that ends in `suffix_of` it."""
    with _opened(path) as picture:
        try:
            picture.load()
            with writing(to) as part:
                if _is_fine(picture):
                    shutil.copyfile(path, part)
                else:
                    upright = ImageOps.exif_transpose(picture)
                    fit = upright if upright.mode in _MODES else upright.convert("RGB")
                    fit.save(part, "PNG", compress_level=1)
        except (SyntaxError, ValueError, OSError, Image.DecompressionBombError) as error:
            raise _unreadable(path) from error


def natural(name: str) -> list[tuple[int, int, str]]:
    """Sorts names as people do: shot2 before shot10, whatever their case."""
    parts = re.findall(r"\d+|\D+", name.casefold())
    return [(0, int(p[:400]), p) if p.isdecimal() else (1, 0, p) for p in parts]


def _is_fine(picture: Image.Image) -> bool:
    return picture.format in SHOWN and picture.getexif().get(_ORIENTATION, 1) in (0, 1)


def _opened(path: Path) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # large, but it can be shown
            return Image.open(path)
    except FileNotFoundError as error:
        raise BadFile(f"There is no picture {path}.") from error
    except (UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError, OSError) as error:
        raise _unreadable(path) from error


def _unreadable(path: Path) -> BadFile:
    return BadFile(f"{path.name} is not a picture that can be read.")
