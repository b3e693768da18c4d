"""Comics as files: CBZ, PDF, and pages one by one."""

import os
import re
import zipfile
from xml.etree import ElementTree

import pypdfium2
import pytest
from PIL import Image, ImageChops

from domain.comic import Chapter, Character, Comic, Line, Page, Panel
from domain.comic_rules import settled
from domain.errors import BadFile, StudioError
from infrastructure.comics.layout_file import layouts
from services.comic_export import FORMATS, by
from services.comic_pages import Paper

SMALL = Paper(dpi=60)
A4 = 210 / 25.4 * 72, 297 / 25.4 * 72  # points
COLOURS = {"ch1-p1-pan1": "#204060", "ch1-p1-pan2": "#a03020", "ch2-p2-pan1": "#306030"}
BOOKS = [name for name in ("cbz", "pdf", "epub") if name in FORMATS]


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
