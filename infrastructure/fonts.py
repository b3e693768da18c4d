"""Text in the fonts that come along, and in this machine's where those lack a character.

What no font has is marked and remembered, never drawn as an empty box.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from PIL import ImageFont

from infrastructure.font_files import characters, system_fonts

FOLDER = Path(__file__).parent.parent / "config" / "fonts"
REGULAR, BOLD = FOLDER / "Inter-Regular.ttf", FOLDER / "Inter-SemiBold.ttf"
_COMIC = FOLDER / "ComicRelief-Regular.ttf", FOLDER / "ComicRelief-Bold.ttf"
_LOUD = FOLDER / "RussoOne-Regular.ttf"
_FACES = {"text": (REGULAR, BOLD), "comic": _COMIC, "loud": (_LOUD, _LOUD)}  # each as it is, and bold
MARK = "?"  # stands for characters that cannot be drawn
_MOST_FILES = 300  # fonts looked into for one sheet

Run = tuple[ImageFont.FreeTypeFont, str]


@dataclass(frozen=True)
class Style:
    size: int  # pixels
    is_bold: bool = False
    face: str = "text"  # or "comic", "loud"


class Fonts:
    """Loads what is needed for one document. `others` are fonts to look into for what ours lack."""

    def __init__(self, others: Sequence[Path] | None = None):
        self._others = others
        self._left: Iterator[Path] | None = None
        self._opened: list[tuple[Path, frozenset[int]]] = []  # those that have helped
        self._places: dict[str, Path | None] = {}
        self._loaded: dict[tuple[Path, int], ImageFont.FreeTypeFont] = {}
        self._widths: dict[tuple[str, Style], float] = {}
        self.missing: dict[str, None] = {}  # characters no font has, in the order they came

    def runs(self, text: str, style: Style) -> list[Run]:
        """The text in pieces of one font each."""
        placed: list[tuple[Path | None, str]] = []
        for letter in text:
            if placed and placed[-1][0] and unicodedata.combining(letter):
                placed.append((placed[-1][0], letter))
            elif (place := self._place(letter, style)) or not _is_silent(letter):
                placed.append((place, letter))
        pieces = []
        for path, group in groupby(placed, lambda pair: pair[0]):
            said = "".join(letter for _, letter in group) if path else MARK
            pieces.append((self._font(path or _own(style), style.size), said))
        return pieces

    def width(self, text: str, style: Style) -> float:
        key = text, style
        if key not in self._widths:
            self._widths[key] = sum(font.getlength(said) for font, said in self.runs(text, style))
        return self._widths[key]

    def _place(self, letter: str, style: Style) -> Path | None:
        if ord(letter) in _known(_own(style)):
            return _own(style)
        if style.face != "text" and ord(letter) in _known(_FACES["text"][style.is_bold]):
            return _FACES["text"][style.is_bold]
        if letter not in self._places:
            self._places[letter] = self._found(letter)
            if self._places[letter] is None and not _is_silent(letter):
                self.missing[letter] = None
        return self._places[letter]

    def _found(self, letter: str) -> Path | None:
        for path, has in self._opened:
            if ord(letter) in has:
                return path
        if self._left is None:
            self._left = iter((system_fonts() if self._others is None else list(self._others))[:_MOST_FILES])
        for path in self._left:
            has = characters(path)
            if has and self._loads(path):
                self._opened.append((path, has))
                if ord(letter) in has:
                    return path
        return None

    def _loads(self, path: Path) -> bool:
        try:
            self._font(path, 20)
        except (OSError, ValueError):
            return False
        return True

    def _font(self, path: Path, size: int) -> ImageFont.FreeTypeFont:
        if (path, size) not in self._loaded:
            self._loaded[path, size] = ImageFont.truetype(path, size)
        return self._loaded[path, size]


@lru_cache(maxsize=8)
def _known(path: Path) -> frozenset[int]:
    return characters(path)


def _own(style: Style) -> Path:
    return _FACES[style.face][style.is_bold]


def _is_silent(letter: str) -> bool:
    """Joiners and variation selectors: nothing is lost without them."""
    return unicodedata.category(letter) in ("Cf", "Mn", "Cc", "Cs")
