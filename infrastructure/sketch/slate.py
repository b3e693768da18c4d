"""The slate: what a panel says of itself, in the bar under the picture."""

import re
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from infrastructure.sketch.panel import Panel

PALE, DIM, MARK = (196, 190, 178), (122, 117, 108), (214, 134, 62)
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@lru_cache(maxsize=8)
def _font(size: int) -> Font:
    return ImageFont.load_default(size)


def shot_and_variant(name: str) -> tuple[str, str]:
    """ "003.02_v1" is shot 003.02, variant 1."""
    found = re.fullmatch(r"(.+?)_(v\d+)", name)
    return (found[1], found[2]) if found else (name, "")


def write(panel: Panel, picture: Image.Image, name: str, references: list[Path]) -> None:
    """Shot, variant, first words, "sketch"; references as thumbnails, so that one sees they arrived."""
    w, h = picture.size
    bar = h - panel.window[3]
    if bar < 14:
        return
    draw, font = ImageDraw.Draw(picture), _font(max(8, round(bar * 0.42)))
    middle, pad = h - bar / 2, round(bar * 0.5)
    shot, variant = shot_and_variant(name)
    draw.rectangle((pad, middle - bar * 0.2, pad + max(1, bar // 12), middle + bar * 0.2), fill=MARK)
    x = pad + bar * 0.3
    right = w - pad - _width(draw, "sketch", font)
    draw.text((right, middle), "sketch", fill=DIM, font=font, anchor="lm")
    right = _thumbnails(picture, references, (right - pad * 0.6, middle, bar * 0.78))
    for text, colour in ((shot, PALE), (variant, MARK), (_words(panel), DIM)):
        text = _shortened(draw, text, font, right - x - pad)
        if text:
            draw.text((x, middle), text, fill=colour, font=font, anchor="lm")
            x += _width(draw, text, font) + bar * 0.4


def _words(panel: Panel) -> str:
    text = panel.brief.text
    return text if all(ord(c) < 0x250 for c in text) else panel.brief.in_words()


def _width(draw: ImageDraw.ImageDraw, text: str, font: Font) -> float:
    return float(draw.textlength(text, font=font))


def _shortened(draw: ImageDraw.ImageDraw, text: str, font: Font, room: float) -> str:
    if _width(draw, text, font) <= room:
        return text
    words = text.split()
    while words and _width(draw, " ".join(words) + " …", font) > room:
        words.pop()
    return " ".join(words) + " …" if words else ""


def _thumbnails(picture: Image.Image, references: list[Path], room: tuple[float, float, float]) -> float:
    """From right to left; returns where they begin. One that cannot be read is a dark square."""
    right, middle, tall = room
    for path in reversed(references[:4]):
        small = _small(path, round(tall))
        at = (round(right - small.width), round(middle - small.height / 2))
        picture.paste(small, at)
        right = at[0] - tall * 0.15
    return right


def _small(path: Path, tall: int) -> Image.Image:
    try:
        with Image.open(path) as image:
            small = image.convert("RGB")
    except (OSError, ValueError):
        return Image.new("RGB", (tall, tall), (40, 38, 36))
    wide = min(tall * 2, max(tall // 2, round(small.width * tall / small.height)))
    return small.resize((wide, tall), Image.Resampling.LANCZOS)
