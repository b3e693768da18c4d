"""Text on a page: broken into lines that fit, in any script, and drawn on one baseline."""

import re
import unicodedata
from collections.abc import Iterator

from PIL import ImageDraw

from infrastructure.fonts import Fonts, Style

_MORE = "…"
_LONGEST = 5000  # characters that are looked at; no cell shows more
_TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # would turn the page's own words around
_WIDE = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")
_CLINGS = set("，。、；：？！）」』】》〉…,.;:?!)]}")  # never first in a line


def plain(text: str) -> str:
    """One line without anything that is not to be seen."""
    shown = (
        " " if unicodedata.category(letter) == "Cc" else letter
        for letter in unicodedata.normalize("NFC", text)
        if unicodedata.category(letter) not in ("Cs", "Co") and letter not in _TURNS
    )
    return " ".join("".join(shown).split())


def lines(text: str, fonts: Fonts, style: Style, width: float, most: int) -> list[str]:
    """The text in at most so many lines; … stands where it goes on."""
    found: list[str] = []
    line = ""
    for piece in _pieces(plain(text[:_LONGEST]), fonts, style, width):
        if fonts.width((line + piece).rstrip(), style) <= width or not line:
            line += piece if line else piece.lstrip()
            continue
        found.append(line.rstrip())
        if len(found) == most:
            return [*found[:-1], cut(found[-1] + _MORE, fonts, style, width)]
        line = piece.lstrip()
    return [*found, line.rstrip()] if line.strip() else found


def cut(text: str, fonts: Fonts, style: Style, width: float) -> str:
    """One line that fits, with … where it was cut."""
    text = text[:400]
    if fonts.width(text, style) <= width:
        return text
    text = text.rstrip(_MORE)
    while text and fonts.width(f"{text.rstrip()}{_MORE}", style) > width:
        text = text[:-1]
    return f"{text.rstrip()}{_MORE}"


def draw(
    canvas: ImageDraw.ImageDraw, at: tuple[float, float], text: str, fonts: Fonts, look: "Look"
) -> float:
    """Draw a line whose baseline is at `at`; returns where it ends."""
    x, y = at
    for font, said in fonts.runs(text, look[0]):
        canvas.text((x, y), said, fill=look[1], font=font, anchor="ls")
        x += font.getlength(said)
    return x


Look = tuple[Style, str]  # and colour


def _pieces(text: str, fonts: Fonts, style: Style, width: float) -> Iterator[str]:
    """What must not be broken: words, and single characters of scripts without spaces."""
    for word in re.findall(r"\s*\S+", text):
        piece = ""
        for letter in word:
            is_end = piece.strip() and letter not in _CLINGS
            is_wide = _WIDE.match(letter) or (piece and _WIDE.match(piece[-1]))
            if is_end and (is_wide or fonts.width(piece + letter, style) > width):
                yield piece
                piece = ""
            piece += letter
        yield piece
