"""A comic as a CBZ file: its pages in a ZIP, with ComicInfo.xml for reader programs.

Equal pages give equal bytes.
"""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from domain.comic import Comic
from infrastructure.comics.leaf import THEN, Leaf, author_of, seen
from infrastructure.part_files import writing


class _Page(NamedTuple):
    width: int
    height: int
    size: int  # bytes


class Cbz:
    def __init__(self, archive: zipfile.ZipFile):
        self._archive, self._pages = archive, list[_Page]()

    def add(self, leaf: Leaf) -> None:
        self._pages.append(_Page(*leaf.image.size, len(leaf.jpeg)))
        self._put(f"{len(self._pages):04}.jpg", leaf.jpeg)

    def finish(self, comic: Comic) -> None:
        self._put("ComicInfo.xml", _info(comic, self._pages))

    def _put(self, name: str, content: bytes) -> None:
        self._archive.writestr(zipfile.ZipInfo(name, THEN), content)


@contextmanager
def cbz(comic: Comic, to: Path) -> Iterator[Cbz]:
    with writing(to) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
        made = Cbz(archive)
        yield made
        made.finish(comic)


def _info(comic: Comic, pages: list[_Page]) -> bytes:
    root = ElementTree.Element("ComicInfo")

    def add(name: str, text: str) -> None:
        if said := seen(text):
            ElementTree.SubElement(root, name).text = said

    add("Title", comic.title)  # in the order of the format's schema
    add("Writer", author_of(comic))
    add("PageCount", str(len(pages)))
    add("LanguageISO", comic.language)
    add("Manga", "YesAndRightToLeft" if comic.is_rtl else "No")
    add("Characters", ", ".join(character.name for character in comic.characters))
    listed = ElementTree.SubElement(root, "Pages")
    for number, page in enumerate(pages):
        kind = "Story" if number else "FrontCover"  # what a library shows of the book
        said = {"Image": str(number), "Type": kind, "ImageSize": str(page.size)}
        size = {"ImageWidth": str(page.width), "ImageHeight": str(page.height)}
        ElementTree.SubElement(listed, "Page", {**said, **size})
    ElementTree.indent(root)
    return ElementTree.tostring(root, "utf-8", xml_declaration=True) + b"\n"
