"""A comic as an EPUB 3 book in fixed layout: each page is a picture, with its words for who cannot see it.

The book is called by what is in it, and nothing tells when it was made: equal pages give equal bytes.
"""

import hashlib
import re
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from domain.comic import Comic
from infrastructure.comics.leaf import THEN, Leaf, author_of, seen
from infrastructure.comics.style_file import look_of
from infrastructure.part_files import writing

_CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
  <rootfiles>
    <rootfile full-path="book/package.opf" media-type="application/oebps-package+xml"/>
  </rootfiles>
</container>
"""
_XHTML = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" {language}>
<head>
  <meta charset="utf-8"/>
  <title>{title}</title>
{head}</head>
<body>
{body}</body>
</html>
"""
_PACKAGE = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" {language}>
  <metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
{about}  </metadata>
  <manifest>
{manifest}  </manifest>
  <spine page-progression-direction="{direction}">
{spine}  </spine>
</package>
"""
_METAS = (
    ("dcterms:modified", f"{THEN[0]}-01-01T00:00:00Z"),
    ("rendition:layout", "pre-paginated"),
    ("rendition:orientation", "auto"),
    ("rendition:spread", "auto"),
    ("schema:accessMode", "visual"),
    ("schema:accessMode", "textual"),
    ("schema:accessibilityFeature", "alternativeText"),
    ("schema:accessibilityHazard", "none"),
)
_LANGUAGE = re.compile("[a-z]{2,3}(-[a-z0-9]{2,8})*", re.IGNORECASE)


class _Page(NamedTuple):
    name: str  # "0001"
    chapter: str


class Epub:
    def __init__(self, archive: zipfile.ZipFile, comic: Comic):
        self._archive, self._comic, self._pages = archive, comic, list[_Page]()
        self._title = seen(comic.title).strip() or "Comic"
        self._code = comic.language if _LANGUAGE.fullmatch(comic.language) else "und"
        self._hash = hashlib.sha256()
        self._put("mimetype", b"application/epub+zip")  # readers look for it at the very beginning
        self._put("META-INF/container.xml", _CONTAINER.encode())

    def add(self, leaf: Leaf) -> None:
        name = f"{len(self._pages) + 1:04}"
        width, height = leaf.image.size
        head = f'  <meta name="viewport" content="width={width}, height={height}"/>\n'
        paper = look_of(self._comic.style).page  # also beside a page that is narrower than the screen
        head += f"  <style>html, body {{ margin: 0; padding: 0; background: {paper}; }} "
        head += "img { display: block; }</style>\n"
        words = quoteattr(" ".join(seen(leaf.words).split()))
        body = f'<img src="{name}.jpg" width="{width}" height="{height}" alt={words}/>\n'
        self._put(f"book/{name}.jpg", leaf.jpeg)
        self._put(f"book/{name}.xhtml", self._xhtml(f"{self._title}, {len(self._pages) + 1}", head, body))
        self._pages.append(_Page(name, seen(leaf.chapter).strip()))

    def finish(self) -> None:
        self._put("book/nav.xhtml", self._xhtml(self._title, "", self._contents()))
        self._put("book/package.opf", self._package().encode())

    def _contents(self) -> str:
        """Chapters; the whole book where none begins with its first page. Then all pages by their numbers."""
        begun = [(page.name, page.chapter) for page in self._pages if page.chapter]
        if self._pages and not self._pages[0].chapter:
            begun.insert(0, (self._pages[0].name, self._title))
        numbers = [(page.name, str(number)) for number, page in enumerate(self._pages, 1)]
        chapters = f'<nav epub:type="toc" id="toc">\n{_links(begun)}</nav>\n'
        return f'{chapters}<nav epub:type="page-list" hidden="">\n{_links(numbers)}</nav>\n'

    def _package(self) -> str:
        own = uuid.uuid5(uuid.NAMESPACE_URL, self._hash.hexdigest())
        about = f'    <dc:identifier id="id">urn:uuid:{own}</dc:identifier>\n'
        about += f"    <dc:title>{escape(self._title)}</dc:title>\n"
        about += f"    <dc:language>{self._code}</dc:language>\n"
        if author := author_of(self._comic).strip():
            about += f"    <dc:creator>{escape(author)}</dc:creator>\n"
        about += "".join(f'    <meta property="{name}">{value}</meta>\n' for name, value in _METAS)
        items = '    <item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>\n'
        for number, (name, _) in enumerate(self._pages):
            cover = "" if number else ' properties="cover-image"'
            items += f'    <item id="i{name}" href="{name}.jpg" media-type="image/jpeg"{cover}/>\n'
            items += f'    <item id="p{name}" href="{name}.xhtml" media-type="application/xhtml+xml"/>\n'
        return _PACKAGE.format(
            language=f'xml:lang="{self._code}"',
            about=about,
            manifest=items,
            direction="rtl" if self._comic.is_rtl else "ltr",
            spine="".join(f'    <itemref idref="p{page.name}"/>\n' for page in self._pages),
        )

    def _xhtml(self, title: str, head: str, body: str) -> bytes:
        language = f'lang="{self._code}" xml:lang="{self._code}"'
        return _XHTML.format(title=escape(title), head=head, body=body, language=language).encode()

    def _put(self, name: str, content: bytes) -> None:
        self._hash.update(content)
        self._archive.writestr(zipfile.ZipInfo(name, THEN), content)


@contextmanager
def epub(comic: Comic, to: Path) -> Iterator[Epub]:
    with writing(to) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
        made = Epub(archive, comic)
        yield made
        made.finish()


def _links(places: list[tuple[str, str]]) -> str:
    rows = "".join(f'<li><a href="{name}.xhtml">{escape(said)}</a></li>\n' for name, said in places)
    return f"<ol>\n{rows}</ol>\n"
