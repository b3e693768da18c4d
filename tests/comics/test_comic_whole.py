"""A comic as a whole: where pages stand, what chapters are called, on which paper it is handed out."""

import json
import zipfile
from io import BytesIO

import pytest
from PIL import Image

from addons import comics
from domain.comic import Chapter, Comic, Page, Panel
from domain.comic_order import chapter_of, with_chapter_title, with_page_moved
from domain.comic_rules import settled
from domain.errors import StudioError
from infrastructure.comics.layout_file import layouts
from infrastructure.comics.script_reader import read_script
from services import comic_plan, takes
from services.comic_paper import names, paper, paper_of, printed
from services.desk import Conflict
from services.studio import Studio
from tests.comics.desks import facts, made
from tests.studios import places

SCRIPT = """TITLE: The tram
CHAPTER 1: The depot
PAGE 1
PANEL 1
Rain.
PAGE 2
PANEL 1
More rain.
CHAPTER 2: The bridge
PAGE 3
PANEL 1
Sun.
"""
A, B, C = "ch1-p1", "ch1-p2", "ch2-p3"


def page(what):
    return Page("", 0, "", (Panel("", action=what),))


COMIC = settled(
    Comic(
        "Rain",
        "noir",
        "en",
        (),
        (Chapter("", "One", (page("a"), page("b"))), Chapter("", "Two", (page("c"),))),
    ),
    layouts(),
)[0]
FIRST, SECOND, THIRD = (page.id for page in COMIC.pages)


def told(comic):
    after, findings = settled(comic, layouts())
    assert findings == []
    said = [(chapter.title, [page.panels[0].action for page in chapter.pages]) for chapter in after.chapters]
    assert [page.number for page in after.pages] == [*range(1, len(after.pages) + 1)]
    return said


@pytest.mark.parametrize(
    ("id", "to", "is_behind", "after"),
    [
        (SECOND, FIRST, False, [("One", ["b", "a"]), ("Two", ["c"])]),
        (FIRST, SECOND, True, [("One", ["b", "a"]), ("Two", ["c"])]),
        (SECOND, THIRD, True, [("One", ["a"]), ("Two", ["c", "b"])]),
        (THIRD, SECOND, False, [("One", ["a", "c", "b"])]),
        (SECOND, SECOND, True, [("One", ["a", "b"]), ("Two", ["c"])]),
    ],
)
def test_a_page_is_moved_into_the_chapter_where_it_stands_then(id, to, is_behind, after):
    moved = with_page_moved(COMIC, id, to, is_behind)
    assert told(moved) == after
    assert {panel.id for _, panel in moved.panels} == {panel.id for _, panel in COMIC.panels}


def test_a_page_or_a_chapter_that_is_gone_is_told():
    with pytest.raises(StudioError, match="no page gone"):
        with_page_moved(COMIC, FIRST, "gone")
    with pytest.raises(StudioError, match="no page gone"):
        with_page_moved(COMIC, "gone", FIRST)
    with pytest.raises(StudioError, match="no chapter gone"):
        with_chapter_title(COMIC, "gone", "Three")


def test_a_chapter_is_called_otherwise_and_nothing_else_changes():
    one, two = COMIC.chapters
    after = with_chapter_title(COMIC, two.id, "  The   end ")
    assert chapter_of(after, two.id).title == "The end" and chapter_of(after, two.id).pages == two.pages
    assert chapter_of(after, one.id) == one
    for title in (3, None, "so " * 2000):
        with pytest.raises(StudioError, match="title"):
            with_chapter_title(COMIC, two.id, title)


# --- in the window


@pytest.fixture
def begun(tmp_path):
    folder = tmp_path / "data" / "projects" / "tram"
    folder.mkdir(parents=True)
    (folder / "storyboard.json").write_text('{"shots": [], "width": 320, "height": 192}', "utf-8")
    studio = Studio(places(tmp_path / "data"))
    studio.open(folder)
    assert comics.begin(studio, text=SCRIPT) == []
    yield studio
    studio.close()


def order(studio):
    return [page["id"] for page in facts(studio)["comic"]["pages"]]


def test_a_moved_page_is_undone(begun):
    assert order(begun) == [A, B, C]
    step = comics.move_page(begun, C, A)
    assert order(begun) == [C, A, B] and step
    begun.desk.undo()
    assert order(begun) == [A, B, C]
    assert [one["pages"] for one in facts(begun)["comic"]["chapters"]] == [[1, 2], [3]]


def test_a_chapters_title_is_stored_told_and_undone_unless_somebody_else_wrote_it(begun):
    def titles():
        return [one["title"] for one in facts(begun)["comic"]["chapters"]]

    first = facts(begun)["comic"]["chapters"][0]["id"]
    assert comics.set_chapter(begun, first, "The yard", "The depot") == "The yard"
    assert titles() == ["The yard", "The bridge"]
    with pytest.raises(Conflict):
        comics.set_chapter(begun, first, "The shed", "The depot")
    begun.desk.undo()
    assert titles() == ["The depot", "The bridge"]


# --- paper


def test_papers_are_told_with_those_on_their_sides_that_differ(begun):
    every = ["A4", "A4-landscape", "A3", "A3-landscape", "Letter", "Letter-landscape", "Square", "Instagram"]
    assert names() == facts(begun)["comic_papers"] == every
    assert all(paper(name).name == name for name in names())


def test_paper_is_as_fine_as_print_asks_for_and_a_telephones_as_it_shows_it():
    assert printed(paper("A4")) == paper("A4", 300)
    assert printed(paper("Letter-landscape")) == paper("Letter-landscape", 300)
    assert printed(paper("Instagram")) == paper("Instagram") and paper("Instagram").dpi == 250


def test_a_comic_has_a_paper_which_it_is_shown_and_handed_out_on(begun):
    def seen():
        comic = facts(begun)["comic"]
        first = comic["pages"][0]
        file, look = begun.comic.page(begun.desk.project, first["id"], "page")
        assert look == first["stamp"]
        with Image.open(file) as image:
            return comic["paper"], image.width / image.height

    assert seen() == ("A4", pytest.approx(210 / 297, abs=0.01))
    assert comics.set_field(begun, "paper", "square", was="A4") == "Square"
    assert seen() == ("Square", 1.0) and facts(begun)["comic_layouts"]["single"] == [
        [4.29, 4.29, 91.43, 91.43]
    ]
    comics.export(begun, "editor")
    made(begun)
    (file,) = begun.desk.project.folder.glob("*.editor.json")
    assert json.loads(file.read_text("utf-8"))["paperSize"] == "Square"
    begun.desk.undo()
    assert seen()[0] == "A4"
    with pytest.raises(StudioError, match="no paper called A9"):
        comics.set_field(begun, "paper", "A9")


@pytest.mark.parametrize("named", ["B5", {"size": "B5"}, ["A4"], True])
def test_a_paper_of_another_program_is_told_and_kept(begun, named):
    file = begun.desk.project.comic
    file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), "paper": named}), "utf-8")
    assert comic_plan.read(file).comic.title == "The tram"
    told = [found.said for found in comic_plan.read(file).changed]
    assert any("no paper called B5" in said for said in told) is (named == "B5")
    begun.comic.tell()
    assert facts(begun)["comic"]["paper"] == "A4" and not facts(begun)["comic"]["trouble"]
    comics.set_field(begun, "title", "Rain")
    assert json.loads(file.read_text("utf-8"))["paper"] == named
    assert comics.set_field(begun, "paper", "Square", was="A4") == "Square"
    assert json.loads(file.read_text("utf-8"))["paper"] == "Square"


def test_somebody_may_be_called_paper():
    comic = read_script("ROCK: I win.\nPAPER: No, I do.\n\nPAPER: So")[0]
    assert comic.paper == "" and [line.text for _, panel in comic.panels for line in panel.lines] == [
        "I win.",
        "No, I do.",
        "So",
    ]
    assert paper_of(read_script("PAPER: A4 landscape\nRain.")[0]).name == "A4-landscape"


def test_a_script_that_says_no_paper_leaves_the_comics(begun):
    comics.set_field(begun, "paper", "Square")
    comics.begin(begun, SCRIPT)
    assert facts(begun)["comic"]["paper"] == "Square"
    comics.begin(begun, f"PAPER: a4\n{SCRIPT}")
    assert facts(begun)["comic"]["paper"] == "A4"


@pytest.mark.parametrize(("name", "size"), [("A4-landscape", (3508, 2480)), ("instagram", (1080, 1080))])
def test_pages_are_handed_out_on_the_paper_that_was_chosen(begun, name, size):
    comics.export(begun, "cbz", name)
    made(begun)
    with zipfile.ZipFile(begun.desk.project.folder / "tram.cbz") as book:
        first = next(name for name in sorted(book.namelist()) if name.endswith(".jpg"))
        assert Image.open(BytesIO(book.read(first))).size == size


def test_a_paper_that_is_not_there_is_refused_before_anything_is_made(begun):
    with pytest.raises(StudioError, match="no paper called A9"):
        comics.export(begun, "cbz", "A9")
    assert begun.runs.errands() == []


def test_a_panels_picture_gets_stars(begun):
    (one, *_) = [panel.id for _, panel in begun.comic.comic(begun.desk.project).panels]
    comics.draw(begun, [one])
    made(begun)
    takes.star(begun.desk, f"{one}_v1")
    assert facts(begun)[f"panel/{one}"]["takes"][0]["stars"] == 1
