"""A comic as a CBZ file: its pages in a ZIP, with ComicInfo.xml for reader programs.

Equal pages give equal bytes.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from PIL import Image

from domain.comic import Comic
from infrastructure.part_files import writing

QUALITY = 92
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # XML takes none of them
_THEN = 1980, 1, 1, 0, 0, 0  # no file of it is older


class _Page(NamedTuple):
    width: int
    height: int
    size: int  # bytes


class Book:
    def __init__(self, archive: zipfile.ZipFile):
        self._archive, self._pages = archive, list[_Page]()

    def add(self, page: Image.Image) -> None:
        content = io.BytesIO()
        page.save(content, "JPEG", quality=QUALITY, subsampling=0, optimize=True)
        self._pages.append(_Page(page.width, page.height, len(content.getvalue())))
        self._put(f"{len(self._pages):04}.jpg", content.getvalue())

    def finish(self, comic: Comic) -> None:
        self._put("ComicInfo.xml", _info(comic, self._pages))

    def _put(self, name: str, content: bytes) -> None:
        self._archive.writestr(zipfile.ZipInfo(name, _THEN), content)


@contextmanager
def book(comic: Comic, to: Path) -> Iterator[Book]:
    """Pages are added in their order; the file stands when all are there."""
    with writing(to) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
        made = Book(archive)
        yield made
        made.finish(comic)


def _info(comic: Comic, pages: list[_Page]) -> bytes:
    root = ElementTree.Element("ComicInfo")

    def add(name: str, text: str) -> None:
        ElementTree.SubElement(root, name).text = _UNSEEN.sub("", text)

    add("Title", comic.title)  # in the order of the format's schema
    add("PageCount", str(len(pages)))
    add("LanguageISO", comic.language)
    add("Manga", "YesAndRightToLeft" if comic.is_rtl else "No")
    if comic.characters:
        add("Characters", ", ".join(character.name for character in comic.characters))
    listed = ElementTree.SubElement(root, "Pages")
    for number, page in enumerate(pages):
        said = {"Image": str(number), "Type": "Story", "ImageSize": str(page.size)}
        size = {"ImageWidth": str(page.width), "ImageHeight": str(page.height)}
        ElementTree.SubElement(listed, "Page", {**said, **size})
    ElementTree.indent(root)
    return ElementTree.tostring(root, "utf-8", xml_declaration=True) + b"\n"
