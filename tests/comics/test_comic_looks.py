"""How each style letters its pages: readable, in colours of its own, and the same wherever pages go."""

import re
import zipfile

import pytest
from PIL import Image

from domain.comic import STYLES, Actor, Chapter, Character, Comic, Line, Page, Panel
from domain.comic_looks import USUAL, Look
from domain.comic_rules import settled
from domain.project import Project
from infrastructure.comics.layout_file import layouts
from infrastructure.comics.style_file import look_of, looks
from infrastructure.fonts import _FACES, Fonts
from services import comic_editor, comic_plan, comic_webtoon
from services.comic_books import Books
from services.comic_export import FORMATS
from services.comic_pages import drawn
from services.comic_paper import Paper
from services.comic_preview import ComicPreview

READ, SEEN = 4.5, 3.0  # WCAG 2: of words to what they stand on, of a shape's edge to the shape
GREY = ("noir", "manga", "sketch")
IDA = Character("char-1", "Ida")
SAID = Panel("", (Actor("char-1"),), lines=(Line("char-1", "Hello there!"),), narrative="Late.", sfx="BOOM")
SMALL = Paper(dpi=60)


def comic(style, *panels):
    page = Page("", 0, "", panels or (SAID,))
    return settled(Comic("Rain", style, "en", (IDA,), (Chapter("", "", (page,)),)), layouts())[0]


def light(colour):
    """Relative luminance, as WCAG 2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)


def colours_of(image):
    return {
        "#{:02x}{:02x}{:02x}".format(*colour) for _, colour in image.getcolors(image.width * image.height)
    }


def of_look(look):
    return [look.page, look.empty, look.border, *look.balloon, *look.box, *look.sound]


def test_contrast_is_measured_as_wcag_says():
    assert contrast("#000000", "#ffffff") == 21 and contrast("#777777", "#777777") == 1
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


def test_every_style_has_a_look_of_its_own():
    assert set(looks()) == set(STYLES)
    assert len(set(looks().values())) == len(STYLES), "two styles letter alike"
    for look in looks().values():
        assert set(re.findall("#[0-9a-f]{6}", " ".join(of_look(look)))) == set(of_look(look))
        assert {look.voice, look.narrator} <= set(_FACES) and 0.5 <= look.line <= 1.6


@pytest.mark.parametrize("style", [*STYLES, ""])
def test_words_are_read_on_what_they_stand_on(style):
    look = look_of(style)
    for colours in (look.balloon, look.box):
        assert contrast(colours.words, colours.paper) >= READ, colours
        assert colours.edge == colours.paper or contrast(colours.edge, colours.paper) >= SEEN, colours
    assert contrast(look.sound.fill, look.sound.edge) >= READ, look.sound


@pytest.mark.parametrize("style", GREY)
def test_a_style_without_colour_letters_without_colour(style):
    assert all(c[1:3] == c[3:5] == c[5:7] for c in of_look(look_of(style)))


@pytest.mark.parametrize("style", STYLES)
def test_a_page_is_lettered_in_the_colours_of_its_style(style):
    (page,) = drawn(comic(style), {}, Paper(dpi=100), Fonts(others=[]))
    assert set(of_look(look_of(style))) <= colours_of(page.image)
    if style in GREY:
        assert all(c[1:3] == c[3:5] == c[5:7] for c in colours_of(page.image))


def test_a_style_that_nobody_knows_is_lettered_as_usual():
    assert look_of("cubist") == look_of("") == USUAL == Look()
    (page,) = drawn(comic("cubist"), {}, SMALL, Fonts(others=[]))
    assert {"#ffffff", "#fff4cf", "#ffd23f", "#d8d6d0", "#141414"} <= colours_of(page.image)


def test_lines_are_as_heavy_as_the_style_says():
    def dark(style):
        (page,) = drawn(comic(style, Panel("", action="nothing is said")), {}, SMALL, Fonts(others=[]))
        down = (page.image.getpixel((page.image.width // 2, y)) for y in range(page.image.height // 2))
        return sum("#{:02x}{:02x}{:02x}".format(*pixel) == look_of(style).border for pixel in down)

    assert dark("minimalist") < dark("graffiti")


# --- wherever pages go


def test_the_bleed_is_of_the_paper_that_the_page_is_of(tmp_path):
    for _ in FORMATS["png"](comic("cyberpunk"), {}, Paper(dpi=60, bleed=3.0), tmp_path / "pages"):
        pass
    with Image.open(tmp_path / "pages" / "001.png") as page:
        assert "#{:02x}{:02x}{:02x}".format(*page.getpixel((1, 1))) == look_of("cyberpunk").page


def test_a_webtoon_has_the_paper_and_the_balloons_of_its_style():
    two = comic("cyberpunk", SAID, SAID)
    found = set()
    for part in comic_webtoon.slices(two, {}):
        found |= colours_of(part.image)
    assert set(of_look(look_of("cyberpunk"))) - {look_of("cyberpunk").border} <= found


def test_an_epub_has_that_paper_around_its_pages(tmp_path):
    for _ in FORMATS["epub"](comic("horror"), {}, SMALL, tmp_path / "rain.epub"):
        pass
    with zipfile.ZipFile(tmp_path / "rain.epub") as book:
        pages = [book.read(name).decode() for name in book.namelist() if name.endswith("0001.xhtml")]
    assert f"background: {look_of('horror').page}" in pages[0]


def test_a_comic_editor_is_told_the_colours_and_the_type():
    look, (canvas,) = look_of("soviet-poster"), comic_editor.canvases(comic("soviet-poster"), {}, SMALL)
    picture, box, loud, balloon = canvas.said["elements"]
    assert canvas.said["backgroundColor"] == look.page and picture["borderColor"] == look.border
    for element, colours in ((box, look.box), (balloon, look.balloon)):
        assert (element["bgColor"], element["textColor"], element["borderColor"]) == colours
    assert loud["textColor"] == look.sound.fill
    assert balloon["fontFamily"] == "sans" and box["fontFamily"] == "comic"


def test_pages_in_the_window_change_with_the_style(tmp_path):
    project = Project(tmp_path / "rain")
    files = {ComicPreview().page(project, comic(style), "ch1-p1", "card") for style in ("noir", "pulp")}
    assert len({stamp for _, stamp in files}) == len({file.read_bytes() for file, _ in files}) == 2


def test_a_book_of_which_the_style_has_changed_is_made_anew(tmp_path, monkeypatch):
    project, was = Project(tmp_path / "rain"), look_of("noir")
    comic_plan.write(comic("noir"), project.comic)
    first = Books().book(project, "cbz")
    monkeypatch.setitem(looks(), "noir", was._replace(page="#eeeeee"))
    assert Books().book(project, "cbz") != first
    monkeypatch.setitem(looks(), "noir", was)
    assert Books().book(project, "cbz") == first
