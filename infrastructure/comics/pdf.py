"""A comic as a PDF file: each page as one JPEG, in the very size it has on paper.

Pages go into the file as they come, so that a book of any length takes the memory of one page. With a bleed
the sheet is that much larger, and TrimBox says where it is cut. Equal pages give equal bytes.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from domain.comic import Comic
from infrastructure.comics.leaf import Leaf, author_of, seen
from infrastructure.part_files import writing

CATALOG, PAGES, ABOUT = 1, 2, 3  # numbers of the objects that stand once
MAKER = "Cindergrace Studio"


class Pdf:
    def __init__(self, file: BinaryIO):
        self._file, self._pages = file, list[int]()
        self._starts = {CATALOG: 0, PAGES: 0, ABOUT: 0}  # where each object begins, by its number
        self._hash = hashlib.sha256()
        self._put(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")  # the second line: this is no text

    def add(self, leaf: Leaf) -> None:
        width, height = leaf.image.size
        said = f"/Type /XObject /Subtype /Image /Width {width} /Height {height} /BitsPerComponent 8"
        said += " /ColorSpace /DeviceRGB /Filter /DCTDecode"
        image = self._stream(self._number(), said, leaf.jpeg)
        wide, high = leaf.width + 2 * leaf.bleed, leaf.height + 2 * leaf.bleed
        draw = f"q {_points(wide)} 0 0 {_points(high)} 0 0 cm /Page Do Q"
        content = self._stream(self._number(), "", draw.encode())
        sheet = _box(0, 0, wide, high)
        trim = _box(leaf.bleed, leaf.bleed, wide - leaf.bleed, high - leaf.bleed)
        page = f"/Type /Page /Parent {PAGES} 0 R /MediaBox {sheet} /BleedBox {sheet} /TrimBox {trim}"
        page += f" /Resources << /XObject << /Page {image} 0 R >> >> /Contents {content} 0 R"
        self._pages.append(self._object(self._number(), page))

    def finish(self, comic: Comic) -> None:
        listed = " ".join(f"{number} 0 R" for number in self._pages)
        self._object(PAGES, f"/Type /Pages /Count {len(self._pages)} /Kids [{listed}]")
        direction = "/R2L" if comic.is_rtl else "/L2R"
        shown = f"/ViewerPreferences << /Direction {direction} /DisplayDocTitle true >>"
        language = f" /Lang {_text(comic.language)}" if comic.language else ""
        self._object(CATALOG, f"/Type /Catalog /Pages {PAGES} 0 R {shown}{language}")
        author = f" /Author {_text(author)}" if (author := author_of(comic)) else ""
        self._object(ABOUT, f"/Title {_text(comic.title)}{author} /Creator {_text(MAKER)}")
        self._end()

    def _end(self) -> None:
        """The table of where each object begins, by which a reader finds them."""
        start, id = self._file.tell(), self._hash.hexdigest()[:32]
        count = len(self._starts) + 1
        rows = [f"{self._starts[number]:010} 00000 n \n" for number in sorted(self._starts)]
        self._put(f"xref\n0 {count}\n0000000000 65535 f \n{''.join(rows)}".encode())
        said = f"/Size {count} /Root {CATALOG} 0 R /Info {ABOUT} 0 R /ID [<{id}> <{id}>]"
        self._put(f"trailer\n<< {said} >>\nstartxref\n{start}\n%%EOF\n".encode())

    def _number(self) -> int:
        self._starts[number := len(self._starts) + 1] = 0
        return number

    def _object(self, number: int, entries: str) -> int:
        self._starts[number] = self._file.tell()
        self._put(f"{number} 0 obj\n<< {entries} >>\nendobj\n".encode())
        return number

    def _stream(self, number: int, entries: str, content: bytes) -> int:
        self._starts[number] = self._file.tell()
        self._put(f"{number} 0 obj\n<< {entries} /Length {len(content)} >>\nstream\n".encode())
        self._put(content)
        self._put(b"\nendstream\nendobj\n")
        return number

    def _put(self, content: bytes) -> None:
        self._hash.update(content)
        self._file.write(content)


@contextmanager
def pdf(comic: Comic, to: Path) -> Iterator[Pdf]:
    with writing(to) as part, part.open("wb") as file:
        made = Pdf(file)
        yield made
        made.finish(comic)


def _points(millimetres: float) -> str:
    return f"{millimetres / 25.4 * 72:.4f}"


def _box(*corners: float) -> str:
    return f"[{' '.join(map(_points, corners))}]"


def _text(text: str) -> str:
    return f"<FEFF{seen(text).encode('utf-16-be').hex().upper()}>"
