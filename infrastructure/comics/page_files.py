"""Pages as picture files. Each bears a mark, by which it is known as one of ours."""

import io
from pathlib import Path

from PIL import Image, PngImagePlugin

from infrastructure.part_files import kept_aside, writing

MARK = "Software", "Cindergrace Studio"
QUALITY, POOREST = 92, 32


def save(image: Image.Image, file: Path, dpi: int) -> None:
    """PNG or JPEG, as its name ends. What stood there and is no page of ours is kept aside."""
    if file.exists() and not is_ours(file):
        kept_aside(file, "before")
    with writing(file) as part:
        if file.suffix == ".png":
            about = PngImagePlugin.PngInfo()
            about.add_text(*MARK)
            image.save(part, "PNG", dpi=(dpi, dpi), pnginfo=about, compress_level=3)
        else:
            part.write_bytes(jpeg(image, dpi))


def jpeg(image: Image.Image, dpi: int, quality: int = QUALITY) -> bytes:
    """With our mark. Without subsampling: coloured letters keep their edges."""
    content = io.BytesIO()
    said = {"quality": quality, "subsampling": 0, "dpi": (dpi, dpi), "comment": MARK[1]}
    # not optimize=True: Pillow then has no room for a picture that is all grain, and breaks off
    image.save(content, "JPEG", **said)
    return content.getvalue()


def save_within(image: Image.Image, file: Path, dpi: int, most: int) -> int:
    """As JPEG of at most so many bytes, as good as that allows; returns how many it has."""
    content, quality = jpeg(image, dpi), QUALITY
    while len(content) > most and quality > POOREST:
        quality -= 6
        content = jpeg(image, dpi, quality)
    if file.exists() and not is_ours(file):
        kept_aside(file, "before")
    with writing(file) as part:
        part.write_bytes(content)
    return len(content)


def is_ours(file: Path) -> bool:
    try:
        with Image.open(file) as image:
            return MARK[1] in (image.info.get(MARK[0]), image.info.get("comment", b"").decode("latin-1"))
    except (OSError, ValueError):
        return False
