"""Pictures in their places, lettered, as pages to read."""

import pytest
from PIL import Image, PngImagePlugin

from domain.comic import Actor, Chapter, Character, Comic, Line, Page, Panel
from domain.comic_rules import settled
from domain.errors import StudioError
from domain.project import Project
from infrastructure.comics.layout_file import layouts
from infrastructure.fonts import Fonts
from infrastructure.recipes import Ledger, Wanted
from infrastructure.sketch.panel import window
from services import picks
from services.comic_pages import drawn, pictures_of
from services.comic_paper import Paper, paper
from tests.fakes import FakeBackend
from tests.graphs import node

SMALL = Paper(dpi=60)
IDA = Character("char-1", "Ida")
COLOURS = {"ch1-p1-pan1": "#204060", "ch1-p1-pan2": "#a03020"}


def comic(*panels, is_rtl=False, title="Rain", layout=""):
    page = Page("", 0, layout, panels or (Panel("", action="one"), Panel("", action="two")))
    return settled(
        Comic(title, "american-classic", "en", (IDA,), (Chapter("", "", (page,)),), is_rtl), layouts()
    )[0]


@pytest.fixture
def pictures(tmp_path):
    for id, colour in COLOURS.items():
        Image.new("RGB", (300, 200), colour).save(tmp_path / f"{id}.png")
    return {id: tmp_path / f"{id}.png" for id in COLOURS}


def only(comic, pictures, paper=SMALL):
    (page,) = drawn(comic, pictures, paper, Fonts(others=[]))
    return page


def at(image, x, y):
    return "#{:02x}{:02x}{:02x}".format(*image.getpixel((round(image.width * x), round(image.height * y))))


def test_each_picture_fills_its_place_on_paper_of_the_right_size(pictures):
    page = only(comic(layout="two-vertical"), pictures, Paper(dpi=100))
    assert page.image.size == (827, 1169) and page.findings == []
    assert [at(page.image, x, 0.5) for x in (0.25, 0.75)] == list(COLOURS.values())
    assert at(page.image, 0.01, 0.5) == at(page.image, 0.5, 0.5) == "#ffffff", "margin and gutter"


def test_read_from_right_to_left_the_first_panel_is_at_the_right(pictures):
    page = only(comic(layout="two-vertical", is_rtl=True), pictures)
    assert [at(page.image, x, 0.5) for x in (0.75, 0.25)] == list(COLOURS.values())


def test_a_panel_without_a_picture_keeps_its_place_and_is_told(pictures):
    del pictures["ch1-p1-pan2"]
    page = only(comic(), pictures)
    assert [(found.where, "no picture" in found.said) for found in page.findings] == [("ch1-p1-pan2", True)]


def test_words_that_have_no_room_and_letters_that_no_font_has_are_told_by_panel(pictures):
    much = tuple(Line("anon-a", "so " * 25, is_off=True) for _ in range(36))
    page = only(comic(Panel("", lines=much), Panel("", narrative="\U0001f98a")), pictures, SMALL)
    told = {found.where: found.said for found in page.findings}
    assert "no room in 7 points" in told["ch1-p1-pan1"] and "No font has" in told["page 1"]


def test_letters_stand_on_the_picture(pictures):
    said = Panel(
        "", (Actor("char-1"),), lines=(Line("char-1", "Hello there!"),), narrative="Late.", sfx="BOOM"
    )
    plain = only(comic(Panel("", action="one")), pictures).image
    words = only(comic(said), pictures).image
    assert plain.tobytes() != words.tobytes()
    assert {"#ffffff", "#fff4cf", "#ffd23f"} <= {
        "#{:02x}{:02x}{:02x}".format(*c) for _, c in words.getcolors(99999)
    }


def test_a_sketch_is_shown_without_its_slate(pictures, tmp_path):
    about = PngImagePlugin.PngInfo()
    about.add_itxt("sketch", '{"engine": 1, "prompt": "", "seed": 1, "size": [300, 200]}')
    barred = Image.new("RGB", (300, 200), "#000000")
    barred.paste("#204060", window((300, 200)))
    barred.save(pictures["ch1-p1-pan1"], pnginfo=about)
    page = only(comic(Panel("", action="one")), pictures)
    column = [page.image.getpixel((page.image.width // 2, y)) for y in range(30, page.image.height - 30)]
    assert all(pixel[2] > 80 for pixel in column)


# --- which picture


def made(project, panel, number):
    graph = {"1": node("SaveImage", images=["2", 0]), "2": node("EmptyImage", seed=number)}
    for _ in (work := Ledger(project).carry_out(FakeBackend(), Wanted(panel, graph, "w", {"seed": number}))):
        pass
    return work


def test_the_newest_take_is_shown_until_another_is_chosen(tmp_path):
    project = Project(tmp_path / "rain")
    whole = comic()
    assert pictures_of(whole, project) == {}
    for number in (1, 2):
        made(project, "ch1-p1-pan1", number)
    assert pictures_of(whole, project) == {"ch1-p1-pan1": project.takes / "ch1-p1-pan1_v2.png"}
    picks.choose(project, "ch1-p1-pan1", project.takes / "ch1-p1-pan1_v1.png")
    assert pictures_of(whole, project) == {"ch1-p1-pan1": project.keyframe("ch1-p1-pan1")}


# --- paper


@pytest.mark.parametrize(
    ("name", "size"),
    [
        *(
            ("A4", (1240, 1754)),
            ("a4-landscape", (1754, 1240)),
            ("A3", (1754, 2480)),
            ("LETTER", (1275, 1650)),
        ),
        *(("Square", (1000, 1000)), ("instagram", (1080, 1080))),
    ],
)
def test_pages_are_made_on_the_paper_that_is_named(pictures, name, size):
    page = only(comic(layout="two-vertical"), pictures, paper(name))
    assert page.image.size == size
    assert [at(page.image, x, 0.5) for x in (0.25, 0.75)] == list(COLOURS.values())
    assert at(page.image, 0.01, 0.5) == at(page.image, 0.5, 0.5) == "#ffffff", "margin and gutter"
    assert at(page.image, 0.06, 0.5) in COLOURS.values(), "no wider than on A4"


def test_a_paper_that_is_not_there_is_refused_with_what_was_meant():
    with pytest.raises(StudioError, match=r"no paper called instgram\. Did you mean Instagram\?"):
        paper("instgram")
    with pytest.raises(
        StudioError, match=r"There are: A4, A4-landscape, A3, .*, Letter-landscape, Square, Instagram"
    ):
        paper("vellum")
