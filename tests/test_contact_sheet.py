"""The storyboard on paper: every shot is there, in any script, and a long film fits into memory."""

import gc
import struct
from dataclasses import replace

import pytest
from PIL import Image, ImageChops, PdfParser

from domain.errors import StudioError
from domain.storyboard import Motion, Shot, Storyboard
from infrastructure.font_files import characters, system_fonts
from infrastructure.fonts import BOLD, REGULAR, Fonts, Style
from infrastructure.presets_file import read_presets
from infrastructure.storyboard_files import open_storyboard
from services import contact_sheet
from services.contact_sheet import Layout, drawn, write
from services.sheet_layout import Sheet, clock, pages
from services.sheet_text import lines, plain
from tests.folders import done, filled, picture

DRAFT = Layout(dpi=60)
NONE = Fonts(others=[])


@pytest.fixture
def project(tmp_path):
    return filled(tmp_path / "film")


def board(*shots, **fields):
    return Storyboard("Low Tide", shots or (Shot("001", "The tide goes out."),), **fields)


def laid_out(film, layout=DRAFT):
    return pages(Sheet(layout, film, Fonts(others=[])), read_presets())


def shot_ids(page):
    return [cell.shot.id for row in page.rows for cell in row.cells]


def colours(image):
    return {colour for _, colour in image.getcolors(1 << 24)}


def holds_pixels(image):
    try:
        return bool(image.im)
    except ValueError:  # it was closed
        return False


def pages_of(pdf):
    with PdfParser.PdfParser(str(pdf)) as parser:
        return len(parser.pages)


# --- the file


def test_the_sheet_is_a_pdf_on_a4_with_all_pages(tmp_path, project):
    film = board(*(Shot(f"{n:03d}", "The tide goes out. " * 5) for n in range(30)))
    (path, told), said = done(write(project, film, tmp_path / "out" / "sheet.pdf", Layout(dpi=72)))

    assert path.read_bytes()[:5] == b"%PDF-"
    assert told == []
    assert pages_of(path) == len(said) == len(laid_out(film, Layout(dpi=72)))
    with PdfParser.PdfParser(str(path)) as parser:
        box = parser.read_indirect(parser.pages[-1])[b"MediaBox"]
        assert [round(float(side)) for side in box] == [0, 0, 595, 842]
    assert [path.name for path in path.parent.iterdir()] == ["sheet.pdf"]
    assert said[0].note == f"page 1 of {len(said)}"


def test_a_sheet_that_is_given_up_leaves_the_one_that_was_there(tmp_path, project):
    path = tmp_path / "sheet.pdf"
    path.write_bytes(b"before")
    work = write(project, board(*(Shot(f"{n}", "x") for n in range(99))), path, DRAFT)
    next(work), next(work)
    work.close()
    assert path.read_bytes() == b"before"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["film", "sheet.pdf"]


def test_five_hundred_shots_are_drawn_a_page_at_a_time(tmp_path, project):
    film = board(*(Shot(f"{n:03d}", f"Shot {n}: the tide goes out.") for n in range(500)))
    for number in range(0, 500, 7):
        picture(project.keyframe(f"{number:03d}"), (number % 256, 90, 90), (160, 90))
    size = next(drawn(project, film, DRAFT))[0].size
    most = 0
    for _ in write(project, film, tmp_path / "sheet.pdf", DRAFT):
        pages_now = [o for o in gc.get_objects() if isinstance(o, Image.Image) and o.size == size]
        most = max(most, sum(map(holds_pixels, pages_now)))
    assert pages_of(tmp_path / "sheet.pdf") > 25
    assert most == 1


def test_the_title_of_the_file_is_the_films_in_any_script(tmp_path, project):
    film = replace(board(), title="Відплив 退潮")
    done(write(project, film, tmp_path / "sheet.pdf", DRAFT))
    with PdfParser.PdfParser(str(tmp_path / "sheet.pdf")) as parser:
        assert parser.info.Title == "Відплив 退潮"


# --- what stands on it


@pytest.mark.parametrize("columns", [2, 3, 4])
@pytest.mark.parametrize("is_landscape", [False, True])
@pytest.mark.parametrize(
    "size", [(1024, 576), (720, 1280), (1376, 576), (1024, 1024), (256, 2048), (2048, 256)]
)
def test_every_shot_stands_on_one_page_and_within_it(columns, is_landscape, size):
    layout = Layout(columns, is_landscape, 60)
    shots = [
        Shot(f"{n:03d}", "word " * (n * 7 % 200), notes="note " * (n % 60), scene=f"Scene {n // 5}")
        for n in range(40)
    ]
    film = board(*shots, width=size[0], height=size[1])
    every = laid_out(film, layout)
    sheet = Sheet(layout, film, NONE)

    assert [id for page in every for id in shot_ids(page)] == [shot.id for shot in shots]
    for page in every:
        head = sheet.first_head if page.number == 1 else sheet.head
        used = sum(row.height for row in page.rows) - sheet.row_gap
        assert used <= sheet.height - sheet.top - sheet.bottom - head
        assert all(len(row.cells) <= columns for row in page.rows)
        assert not page.rows[-1].heading, "a heading alone at the foot of a page"
    assert sheet.side * 2 + sheet.cell * columns + sheet.gap * (columns - 1) <= sheet.width
    assert sheet.frame[0] <= sheet.cell


def test_a_shots_picture_is_there_and_one_without_has_an_empty_frame(project):
    picture(project.keyframe("001"), (250, 10, 200), (1024, 576))
    ((with_one, _),) = drawn(project, board(), DRAFT)
    ((without, _),) = drawn(project, board(Shot("x", "The tide goes out.")), DRAFT)
    assert (250, 10, 200) in colours(with_one)
    assert (250, 10, 200) not in colours(without)
    assert (250, 249, 247) in colours(without)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_pictures_of_every_kind_are_shown(project, mode):
    picture(project.keyframe("001"), 0, (64, 36), mode=mode)
    told = []
    assert list(drawn(project, board(), DRAFT, told))
    assert told == []


def test_a_picture_that_cannot_be_read_leaves_its_frame_empty_and_is_told(project):
    project.keyframe("001").write_bytes(b"\x89PNG no picture")
    told = []
    ((image, _),) = drawn(project, board(), DRAFT, told)
    assert told == ["001.png cannot be read; its frame is empty."]
    assert (250, 249, 247) in colours(image)


def test_a_picture_of_another_shape_is_shown_whole(project):
    image = Image.new("RGB", (100, 400), (0, 200, 0))
    image.paste((200, 0, 0), (0, 0, 100, 20))
    image.save(project.keyframe("001"))
    ((page, _),) = drawn(project, board(), DRAFT)
    assert {(200, 0, 0), (0, 200, 0)} <= colours(page)


def test_scenes_have_headings_unless_nearly_every_shot_is_its_own(project):
    shots = [Shot(f"{n}", "x", scene="Harbour" if n < 4 else "Pier") for n in range(6)]
    (page,) = laid_out(board(*shots))
    assert [row.heading or len(row.cells) for row in page.rows] == ["Harbour", 3, 1, "Pier", 2]
    assert page.rows[0].numbers == "4 shots · 12 s"

    alone = [replace(shot, scene=f"Scene {shot.id}") for shot in shots]
    (page,) = laid_out(board(*alone))
    assert [len(row.cells) for row in page.rows] == [3, 3]
    assert page.rows[0].cells[1].scene == "Scene 1"


def test_a_cell_says_when_the_shot_starts_and_what_the_camera_does():
    shots = [
        Shot("001", "x", seconds=2.5, tags={"camera": "dolly_in"}),
        Shot("002", "x", motion=Motion("orbit", notes="slowly")),
        Shot("003", "", description="Home.", tags={"camera": "my own move"}),
    ]
    cells = laid_out(board(*shots))[0].rows[0].cells
    assert [cell.start for cell in cells] == [0.0, 2.5, 5.5]
    assert [cell.camera for cell in cells] == [
        read_presets()["camera"]["dolly_in"].label,
        "Orbit · slowly",
        "my own move",
    ]
    assert cells[2].prompt == ("Home.",)


def test_an_empty_board_is_a_page_that_says_so(tmp_path, project):
    film = Storyboard("Nothing yet")
    (path, _), _ = done(write(project, film, tmp_path / "sheet.pdf", DRAFT))
    assert pages_of(path) == 1


def test_a_whole_project_can_be_printed(tmp_path, project):
    film, _ = open_storyboard(project.storyboard)
    (path, told), _ = done(write(project, film, tmp_path / "sheet.pdf"))
    assert (pages_of(path), told) == (1, [])


@pytest.mark.parametrize("layout", [Layout(columns=1), Layout(columns=5), Layout(dpi=9), Layout(dpi=9999)])
def test_a_layout_that_cannot_be_is_refused_and_writes_nothing(tmp_path, project, layout):
    with pytest.raises(StudioError, match="2, 3 or 4 columns"):
        done(write(project, board(), tmp_path / "sheet.pdf", layout))
    assert not (tmp_path / "sheet.pdf").exists()


# --- text in every script


def looks(text, fonts):
    image = Image.new("L", (900, 60), 255)
    canvas = contact_sheet.ImageDraw.Draw(image)
    contact_sheet.draw(canvas, (5, 40), text, fonts, (Style(30), 0))
    return image


def test_latin_cyrillic_and_greek_need_no_other_font():
    fonts = Fonts(others=[])
    fonts.runs("Straße žluťoučký Їжак ґедзь Ёлка Ωμέγα – “x” … № ×", Style(20))
    fonts.runs("Їжак", Style(20, is_bold=True))
    assert fonts.missing == {}


def test_what_no_font_has_is_marked_and_told(tmp_path, project):
    told = []
    film = board(Shot("001", "日出 the tide 🎬 goes out."))
    list(drawn(project, film, DRAFT, told, Fonts(others=[])))
    assert len(told) == 1
    assert "No font on this machine has 日 出 🎬; a ? stands in their place." in told[0]
    fonts = Fonts(others=[])
    assert ImageChops.difference(looks("日出 the", fonts), looks("? the", fonts)).getbbox() is None


def test_another_font_of_the_machine_helps_out(tmp_path, project):
    (tmp_path / "broken.ttf").write_bytes(b"\0\1\0\0" + bytes(300))
    other = font_with(tmp_path / "cjk.ttf", {"日": "H", "出": "O"})
    fonts = Fonts(others=[tmp_path / "broken.ttf", tmp_path / "gone.ttf", other])
    assert ImageChops.invert(looks("日出", fonts)).getbbox()[2] > 40
    assert abs(fonts.width("日出", Style(30)) - fonts.width("HO", Style(30))) < 3
    assert fonts.missing == {}
    told = []
    list(drawn(project, board(Shot("001", "日出")), DRAFT, told, Fonts(others=[other])))
    assert told == []


def font_with(path, drawings):
    """Inter with a table of characters of our own: each is drawn as a letter Inter has."""
    data = bytearray(REGULAR.read_bytes())
    (count,) = struct.unpack_from(">H", data, 4)
    glyphs = glyphs_of_inter(data, count)
    groups = sorted((ord(c), ord(c), glyphs[ord(letter)]) for c, letter in drawings.items())
    body = struct.pack(">HHLLL", 12, 0, 16 + 12 * len(groups), 0, len(groups))
    body += b"".join(struct.pack(">LLL", *group) for group in groups)
    table = struct.pack(">HHHHL", 0, 1, 3, 10, 12) + body
    at = entry_of(data, count, b"cmap")
    struct.pack_into(">LL", data, at + 8, len(data), len(table))
    path.write_bytes(bytes(data) + table)
    return path


def entry_of(data, count, tag):
    return next(12 + 16 * n for n in range(count) if data[12 + 16 * n : 16 + 16 * n] == tag)


def glyphs_of_inter(data, count):
    """H and O by the order they have in Inter's own table."""
    (begin,) = struct.unpack_from(">L", data, entry_of(data, count, b"cmap") + 8)
    (tables,) = struct.unpack_from(">H", data, begin + 2)
    found = {}
    for n in range(tables):
        (offset,) = struct.unpack_from(">L", data, begin + 8 + 8 * n)
        (kind,) = struct.unpack_from(">H", data, begin + offset)
        if kind == 4:
            (double,) = struct.unpack_from(">H", data, begin + offset + 6)
            ends = struct.unpack_from(f">{double // 2}H", data, begin + offset + 14)
            starts = struct.unpack_from(f">{double // 2}H", data, begin + offset + 16 + double)
            deltas = struct.unpack_from(f">{double // 2}H", data, begin + offset + 16 + 2 * double)
            skips = struct.unpack_from(f">{double // 2}H", data, begin + offset + 16 + 3 * double)
            for letter in map(ord, "HO"):
                k = next(i for i, end in enumerate(ends) if end >= letter)
                if skips[k]:
                    place = begin + offset + 16 + 3 * double + 2 * k + skips[k] + 2 * (letter - starts[k])
                    found[letter] = struct.unpack_from(">H", data, place)[0]
                else:
                    found[letter] = (letter + deltas[k]) & 0xFFFF
    return found


@pytest.mark.parametrize("path", [REGULAR, BOLD])
def test_a_fonts_characters_are_those_it_draws(path):
    has = characters(path)
    assert {*map(ord, "AzЯїґΩ№€…")} <= has
    assert not {ord("日"), ord("🎬"), 0x10FFFF} & has


def test_a_damaged_font_has_no_characters(tmp_path):
    data = REGULAR.read_bytes()
    for number, content in enumerate((b"", data[:100], b"ttcf" + b"\xff" * 60, data[:4] + b"\xff" * 4000)):
        path = tmp_path / f"{number}.ttf"
        path.write_bytes(content)
        assert characters(path) == frozenset()


def test_this_machines_fonts_can_be_listed():
    assert all(path.suffix.lower() in (".ttf", ".otf", ".ttc", ".otc") for path in system_fonts())


@pytest.mark.parametrize(
    "text",
    [
        "the tide goes out " * 50,
        "日出前的小港口，船只倾斜在泥滩上。" * 20,
        "Невелике портове місто. " * 40,
        "x" * 5000,
        "ab🎬" * 500,
        "a\u0301" * 900,
        "the tide, שלום مرحبا " * 50,
    ],
)
def test_lines_fit_and_say_where_they_were_cut(tmp_path, text):
    style, fonts = Style(20), Fonts(others=[font_with(tmp_path / "cjk.ttf", dict.fromkeys(ZH, "H"))])
    found = lines(text, fonts, style, 300, 4)
    assert len(found) == 4
    assert all(fonts.width(line, style) <= 300 for line in found)
    assert found[-1].endswith("…")


ZH = "日出前的小港口，船只倾斜在泥滩上。"


def test_no_line_begins_with_what_clings_to_the_word_before(tmp_path):
    fonts = Fonts(others=[font_with(tmp_path / "cjk.ttf", dict.fromkeys(ZH, "H"))])
    for width in range(120, 400, 7):
        found = lines(ZH * 4, fonts, Style(20), width, 99)
        assert len(found) > 2
        assert not [line for line in found if line[0] in "，。"]
        assert "".join(found) == ZH * 4


def test_text_that_would_disturb_the_page_is_made_plain():
    assert plain("a\r\nb\0\tc \u202e d\ud800") == "a b c d"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (4.5, "4.5 s"), (59.96, "60 s"), (72, "1 min 12 s"), (3600, "60 min 00 s")],
)
def test_lengths_are_told_as_people_say_them(seconds, said):
    assert clock(seconds) == said


def test_a_title_of_any_kind_is_drawn(project):
    for title in ("", "x" * 300, "🎬" * 300, "\n\0", "Відплив"):
        assert list(drawn(project, replace(board(), title=title), DRAFT, [], Fonts(others=[])))
