"""A page as every kind of book takes it, and what a book is."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from PIL import Image

from domain.comic import Comic
from infrastructure.comics.page_files import jpeg

THEN = 1980, 1, 1, 0, 0, 0  # no file in a ZIP is older; all are as old, so that equal pages give equal bytes
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # XML takes none of them


@dataclass(frozen=True)
class Leaf:
    """A lettered page. Its picture goes as far as the bleed: what is printed beyond the cut at each side."""

    image: Image.Image
    width: float  # millimetres, once it is cut
    height: float
    bleed: float = 0.0  # millimetres
    words: str = ""  # what is read in it
    chapter: str = ""  # the title of the one that begins here

    @cached_property
    def jpeg(self) -> bytes:
        return jpeg(self.image, round(self.image.width / (self.width + 2 * self.bleed) * 25.4))


class Book(Protocol):
    def add(self, leaf: Leaf) -> None:
        """The next page. It is written at once; none is kept."""


Bind = Callable[[Comic, Path], AbstractContextManager[Book]]  # the file stands when all pages are in it


def author_of(comic: Comic) -> str:
    """ "" when nobody said."""
    author = comic.more.get("author")
    return seen(author) if isinstance(author, str) else ""


def seen(text: str) -> str:
    """Without what no document can hold."""
    return _UNSEEN.sub("", text)
