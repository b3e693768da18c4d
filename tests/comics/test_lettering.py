"""Words in panels: inside their outlines and their panel, apart, in order, and none of them lost."""

import re
from dataclasses import replace
from itertools import combinations
from random import Random

import pytest
from PIL import Image, ImageChops

from domain.comic import KINDS, SPEECH, Actor, Line, Panel
from domain.comic_layouts import Rect
from domain.comic_looks import Colours, Sound
from infrastructure.comics.layout_file import layouts
from infrastructure.fonts import Fonts, Style
from services.lettering.fitting import balloon, box, broken
from services.lettering.painting import SWELL, Pen, Placed, outline, paint_balloons, sound
from services.lettering.panel import FULL, LEAST, Ground, lettered
from services.lettering.placing import Piece, Room, is_before, overlap, placed

SAID = {
    "uk": "Хто тут? Їжак стоїть під ґанком, а дощ не вщухає; «Чому?» — питає він і мовчки йде геть знову",
    "en": "Who is there? The tram stands at the pier — and nobody, truly nobody, wants to know why it came",
    "de": "Wer da? Der Straßenbahnfahrer grüßt übermütig; „Warum?“ fragt die Überraschte, und niemand weiß",
    "ru": "Кто тут? Ёжик стоит под дождём, а объяснить это — съешь ещё булок — никто никогда не сможет вовсе",
}
FONTS = Fonts(others=[])
PAGE, DPI = (1240.0, 1754.0), 150


def words(random, most=24):
    said = SAID[random.choice(list(SAID))].split()
    start = random.randrange(len(said))
    return " ".join((said * 3)[start : start + random.randint(1, most)])


def any_panel(random):
    people = [f"char-{n}" for n in range(random.randint(0, 3))]
    lines = tuple(
        Line(
            who := random.choice([*people, "anon-voice"]),
            words(random),
            random.choice(KINDS),
            who not in people,
        )
        for _ in range(random.randint(1, 3))
    )
    narrative = words(random) if random.random() < 0.4 else ""
    sfx = random.choice(("", "", "ДЗЗЗИНЬ!", "KLONK", "Ґуп"))
    return Panel("p", tuple(map(Actor, people)), "", lines=lines, narrative=narrative, sfx=sfx)


def plain(text):
    return re.sub(r"\s+", " ", text.replace("\u00a0", " ")).strip().casefold()


def rects_of(found):
    """Each balloon's outer rectangle, in the order it is read."""
    for group in found.balloons:
        for one in group:
            a, b = one.balloon.a * SWELL[one.kind], one.balloon.b * SWELL[one.kind]
            yield Rect(one.at[0] - a, one.at[1] - b, 2 * a, 2 * b)


@pytest.mark.parametrize("is_rtl", [False, True], ids=["ltr", "rtl"])
@pytest.mark.parametrize("name", layouts())
def test_whatever_is_said_stands_inside_apart_in_order_and_whole(name, is_rtl):
    random = Random(f"{name}{is_rtl}")
    rects = layouts()[name].rects(PAGE, 53, 24, is_rtl)
    for _ in range(13):
        panel, rect = any_panel(random), random.choice(rects)
        found = lettered(panel, Ground(rect, DPI, is_rtl), FONTS)
        check_lines_inside(found)
        standing = list(rects_of(found))
        every = [*standing, *(one for one, _ in (*found.boxes, *found.sounds))]
        for one in every:
            assert rect.x <= one.x and one.x + one.width <= rect.x + rect.width + 0.01
            assert rect.y <= one.y and one.y + one.height <= rect.y + rect.height + 0.01
        for at, one in enumerate(every):
            assert all(overlap(one, other) == 0 for other in every[at + 1 :])
        read = [*(one for one, _ in found.boxes), *standing]
        for at, one in enumerate(read):
            assert all(is_before(one, later, is_rtl) for later in read[at + 1 :])
        said = [
            " ".join(line for one in group for line in one.balloon.text.lines) for group in found.balloons
        ]
        assert list(map(plain, said)) == [plain(line.text) for line in map(shown, panel.lines)]
        assert [plain(" ".join(text.lines)) for _, text in found.boxes] == [plain(panel.narrative)] * bool(
            panel.narrative
        )
        assert found.is_small or found.size >= LEAST
    assert not FONTS.missing


def shown(line):
    return replace(line, text=line.text.upper()) if line.kind in (SPEECH, "shout") else line


def check_lines_inside(found):
    for group in found.balloons:
        for one in group:
            text = one.balloon.text
            for number, width in enumerate(text.widths):
                top = text.top(number)
                corners = [(x * width / 2, y) for x in (-1, 1) for y in (top, top + text.leading)]
                assert all(one.balloon.holds(x, y) for x, y in corners)


def test_short_words_in_a_usual_panel_have_the_usual_size():
    panel = Panel("p", (Actor("char-1"),), lines=(Line("char-1", "Ще одне коло, і додому."),))
    found = lettered(panel, Ground(Rect(50, 50, 560, 400), DPI), FONTS)
    assert found.size == 9.5 and not found.is_small and not found.is_crowded


def test_what_has_no_room_in_one_balloon_is_parted_into_two_that_hang_together():
    text = " ".join(["Ніхто не знає, чому трамвай стоїть на молу."] * 4)
    panel = Panel("p", (Actor("char-1"),), lines=(Line("char-1", text),))
    found = lettered(panel, Ground(Rect(0, 0, 240, 400), DPI), FONTS)
    ((first, second),) = found.balloons
    assert found.size == LEAST and first.tip is None and second.link == first.at and second.tip
    assert first.balloon.text.lines[-1].endswith("."), "at the end of a sentence"


def test_what_has_no_room_at_all_is_set_smaller_and_known_to_be():
    panel = Panel("p", (), lines=tuple(Line("anon-a", words(Random(n), 24), is_off=True) for n in range(6)))
    found = lettered(panel, Ground(Rect(0, 0, 240, 200), DPI), FONTS)
    assert found.is_small and len(found.balloons) == 6


def test_a_crowded_panel_says_so_or_takes_smaller_type():
    random = Random(5)
    for _ in range(12):
        rect = Rect(0, 0, 420, 420)
        found = lettered(any_panel(random), Ground(rect, DPI), FONTS)
        share = sum(one.width * one.height for one in rects_of(found)) / (rect.width * rect.height)
        assert found.is_crowded == (share > FULL)


def test_a_word_of_one_letter_and_a_dash_stay_with_their_neighbours():
    style = Style(20, face="comic")
    for text in broken("Він і я в місті — а що далі з нами", FONTS, style):
        assert not [line for line in text.lines if re.search(r"(?:^| |\u00a0)[іяваз]$", line)], text.lines
        assert not [line for line in text.lines if line.startswith("—")], text.lines


def test_a_balloon_is_as_wide_and_high_as_it_may_be_at_most():
    style = Style(30, face="comic")
    assert balloon("Неймовірно", FONTS, style, (100, 500)) is None
    for most in ((420, 260), (300, 400)):
        made = balloon(SAID["uk"][:60], FONTS, style, most)
        assert made and 2 * made.a <= most[0] and 2 * made.b <= most[1]
    assert box("word " * 60, FONTS, style, (200, 100)) is None


def test_later_is_never_above_nor_on_the_wrong_side():
    first = Rect(100, 100, 50, 50)
    assert not is_before(first, Rect(100, 40, 50, 50)) and is_before(first, Rect(20, 160, 50, 50))
    assert not is_before(first, Rect(20, 120, 50, 50)) and is_before(first, Rect(200, 120, 50, 50))
    assert is_before(first, Rect(20, 120, 50, 50), True) and not is_before(
        first, Rect(200, 120, 50, 50), True
    )


def test_a_place_that_is_asked_for_is_taken_and_no_face_is_hidden():
    inside = Rect(0, 0, 600, 600)
    (corner,) = placed([Piece(100, 60, zone="bottom-right")], Room(inside, 5))
    assert corner.x > 400 and corner.y > 400
    face = Rect(200, 0, 200, 200)
    (beside,) = placed([Piece(150, 100, wishes=(0.5, 0.0))], Room(inside, 5, (face,)))
    assert overlap(beside, face) <= 0.02 * face.width * face.height
    assert placed([Piece(500, 400), Piece(500, 400)], Room(inside, 5)) is None


# --- what is painted


def painted(kind, tip=(300.0, 380.0), link=None):
    made = balloon("Хто там?", FONTS, Style(28, face="comic"), (400, 300), SWELL[kind])
    page = Image.new("RGB", (600, 400), "#808080")
    group = [Placed(made, (300.0, 120.0), kind, tip)]
    if link:
        group.append(Placed(made, link, kind, None, group[0].at))
    paint_balloons(page, group, Pen(Colours("#ffffff", "#000000", "#000000"), 3.0), FONTS)
    return page, made


def changed(page):
    return ImageChops.difference(page, Image.new("RGB", page.size, "#808080")).getbbox()


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_painted_within_the_room_it_was_given(kind):
    page, made = painted(kind, None)
    left, top, right, bottom = changed(page)
    line = 3.0 + 2
    assert left >= 300 - made.a * SWELL[kind] - line and right <= 300 + made.a * SWELL[kind] + line
    assert top >= 120 - made.b * SWELL[kind] - line and bottom <= 120 + made.b * SWELL[kind] + line
    assert page.getpixel((300, round(120 - made.b * 0.8))) == (255, 255, 255)


@pytest.mark.parametrize("kind", KINDS)
def test_a_tail_points_at_whoever_speaks_and_has_no_seam(kind):
    page, made = painted(kind)
    assert changed(page)[3] > 120 + made.b * SWELL[kind] + 28, "it reaches out"
    if kind != "thought":
        column = [
            page.getpixel((300, y)) for y in range(round(120 + made.b * 0.75), round(120 + made.b + 20))
        ]
        assert set(column) == {(255, 255, 255)}, "one shape with its balloon"


def test_balloons_that_hang_together_are_one_shape():
    page, made = painted(SPEECH, None, link=(300.0, 300.0))
    between = [page.getpixel((300, y)) for y in range(round(120 + made.b * 0.9), round(300 - made.b * 0.9))]
    assert set(between) == {(255, 255, 255)}


def test_kinds_look_different():
    pages = [painted(kind)[0].tobytes() for kind in KINDS]
    assert len(set(pages)) == len(KINDS)
    made = painted("shout")[1]
    assert max(abs(x) for x, _ in outline(made, "shout")) > max(abs(x) for x, _ in outline(made, SPEECH))


def test_a_sound_is_large_turned_and_on_nothing():
    image = sound("ДЗЗЗИНЬ!", FONTS, Style(80, face="loud"), Sound())
    assert image.mode == "RGBA" and image.getpixel((0, 0))[3] == 0 and image.width > 300
    level = sound("ДЗЗЗИНЬ!", FONTS, Style(80, face="loud"), Sound())
    assert image.tobytes() == level.tobytes() and image.height > 100


@pytest.mark.parametrize("face", ["comic", "loud"])
def test_the_fonts_that_come_along_have_the_letters_of_four_languages(face):
    fonts = Fonts(others=[])
    letters = "ґєіїҐЄІЇёъыэЁЪЫЭäöüßÄÖÜ«»„“”—…№’!?₴ʼ"
    fonts.runs(letters, Style(20, face=face))
    assert not fonts.missing


# --- put there by hand


def test_a_balloon_stands_where_it_was_put_and_others_make_room():
    lines = [Line("char-1", f"Number {n}, and some more words.") for n in range(3)]
    ground = Ground(Rect(50, 80, 700, 500), DPI)
    before = lettered(Panel("p", (Actor("char-1"),), lines=tuple(lines)), ground, FONTS)
    spot = 70.0, 80.0
    lines[1] = replace(lines[1], at=spot, tail=(10.0, 90.0))
    after = lettered(Panel("p", (Actor("char-1"),), lines=tuple(lines)), ground, FONTS)
    assert after.size == before.size
    middles = [group[0].at for group in after.balloons]
    assert middles[1] == pytest.approx((50 + 7.0 * 70, 80 + 5.0 * 80), abs=0.5)
    assert after.balloons[1][-1].tip == pytest.approx((50 + 70, 80 + 450))
    rects = list(rects_of(after))
    assert not any(overlap(one, other) for one, other in combinations(rects, 2))


def test_a_balloon_that_is_put_beyond_the_edge_stays_in_the_panel():
    line = Line("char-1", "Far out, and some more words.", at=(100.0, 0.0))
    ground = Ground(Rect(50, 80, 700, 500), DPI)
    (rect,) = rects_of(lettered(Panel("p", (Actor("char-1"),), lines=(line,)), ground, FONTS))
    assert rect.x + rect.width <= 750 and rect.y >= 80 and rect.x > 400
