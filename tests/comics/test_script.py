"""Scripts are read into plans, every line of them, and plans are written as scripts."""

from pathlib import Path

import pytest

from domain.comic import Actor
from domain.comic_rules import findings, settled
from infrastructure.comics.layout_file import layouts
from infrastructure.comics.plan_json import plan_json
from infrastructure.comics.script_reader import read_script
from infrastructure.comics.script_writer import written
from tests.comics.plans import any_plan

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "the-last-tram.txt"


def plan(text):
    comic, notes = read_script(text)
    return settled(comic, layouts())[0], notes


def only_panel(text):
    comic, notes = plan(text)
    ((_, panel),) = comic.panels
    return panel, notes


def test_the_example_is_read_without_a_remark():
    comic, notes = plan(EXAMPLE.read_text("utf-8"))
    assert notes == [] and findings(comic) == []
    assert [page.layout for page in comic.pages] == [
        "big-top",
        "grid-2x2",
        "three-rows",
        "big-left",
        "big-bottom",
    ]
    assert [character.name for character in comic.characters] == ["Марта", "Остап"]
    panel = comic.pages[0].panels[1]
    assert panel.actors == (Actor("char-1"),) and panel.lines[0].kind == "whisper"
    assert comic.pages[0].weather == "дощ" and comic.chapters[1].title == "Стара гавань"


LANGUAGES = {
    "en": ("TITLE", "CHARACTER", "PAGE", "PANEL", "CAPTION", "SFX", "thought", "camera"),
    "uk": ("НАЗВА", "ПЕРСОНАЖ", "СТОРІНКА", "ПАНЕЛЬ", "НАРАТОР", "ЗВУК", "думка", "камера"),
    "de": ("TITEL", "FIGUR", "SEITE", "BILD", "ERZÄHLER", "GERÄUSCH", "Gedanke", "Kamera"),
    "ru": ("НАЗВАНИЕ", "ПЕРСОНАЖ", "СТРАНИЦА", "КАДР", "РАССКАЗЧИК", "ЗВУК", "мысль", "камера"),
}


@pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)
def test_its_words_may_be_of_four_languages(words):
    title, character, page, panel, caption, sfx, thought, camera = words
    comic, notes = plan(
        f"{title}: Ost\n{character} Ida: tall\n{page} 1\n{panel} 1\nA door.\n@{camera}: wide\n"
        f"{caption}: Late.\nIDA ({thought}): Who?\n{sfx}: KNOCK\n"
    )
    ((_, only),) = comic.panels
    assert notes == [] and (comic.title, comic.characters[0].appearance) == ("Ost", "tall")
    assert (only.action, only.camera, only.narrative, only.sfx) == ("A door.", "wide", "Late.", "KNOCK")
    assert (only.lines[0].text, only.lines[0].kind) == ("Who?", "thought")


@pytest.mark.parametrize("seed", range(300))
def test_a_plan_written_as_a_script_reads_as_the_same_plan(seed):
    comic = any_plan(seed)
    again, notes = plan(written(comic))
    assert notes == []
    assert plan_json(again) == plan_json(comic)


def test_an_indented_line_goes_on_with_the_one_before():
    panel, notes = only_panel("PAGE 1\nPANEL 1\nRain\n  on the roof.\nIDA: Who\n\tgoes there?\n")
    assert (panel.action, panel.lines[0].text, notes) == ("Rain on the roof.", "Who goes there?", [])


def test_without_panels_each_paragraph_is_one_and_pages_are_filled():
    story = "\n\n".join(f"Paragraph {n} tells something.\nIDA: And {n}." for n in range(1, 10))
    comic, notes = plan(story)
    assert notes == [] and [len(page.panels) for page in comic.pages] == [3, 3, 3]
    said = [line.text for _, panel in comic.panels for line in panel.lines]
    assert said == [f"And {n}." for n in range(1, 10)]


def test_who_is_named_or_speaks_is_shown_also_where_the_name_is_bent():
    people = "CHARACTER Марта: висока\nCHARACTER Остап: сивий\n"
    panel, _ = only_panel(f"{people}PAGE 1\nPANEL 1\nХтось кличе Марту.\nОСТАП (off): Агов!\n")
    assert [actor.character for actor in panel.actors] == ["char-1"] and panel.lines[0].is_off


def test_a_voice_that_nobody_introduced_is_a_character_under_its_name():
    comic, _ = plan("PAGE 1\nPANEL 1\nMARY-ANN O'NEIL: Hi.\nМАР'ЯНА: Привіт.\n")
    assert [character.name for character in comic.characters] == ["Mary-ann O'neil", "Мар'яна"]


def test_what_is_not_taken_as_it_stands_is_told_with_its_line():
    _, notes = plan("PAGE 1\nPANEL 1\nNote: rain.\n@lens: 35 mm\nIDA (singing): La.\n")
    assert [note.line for note in notes] == [3, 4, 5]
    panel, _ = only_panel("PAGE 1\nPANEL 1\nNote: rain.\n@lens: 35 mm\nIDA (singing): La.\n")
    assert panel.action == "Note: rain. @lens: 35 mm" and panel.lines[0].text == "La."


def test_a_script_that_is_indented_throughout_is_read_like_others():
    text = "PAGE 1\n  PANEL 1\n    Ida walks.\n    IDA: Hi,\n      you.\n    CAPTION: Noon.\n"
    comic, notes = plan(f"{text}  PANEL 2\n    Rain.\n")
    (_, first), (_, second) = comic.panels
    assert (first.action, first.lines[0].text, first.narrative) == ("Ida walks.", "Hi, you.", "Noon.")
    assert (second.action, notes) == ("Rain.", [])


def test_what_is_said_may_stand_below_who_says_it_and_nothing_said_is_told():
    panel, notes = only_panel("PAGE 1\nPANEL 1\nIDA:\nWhere is he?\nBO (off):\n")
    assert [line.text for line in panel.lines] == ["Where is he?"] and panel.action == ""
    assert [note.line for note in notes] == [5]


def test_header_words_count_until_the_first_page_whatever_else_stands_among_them():
    comic, _ = plan("TITLE: T\nAUTHOR: Me\nSTYLE: noir\nPAGE 1\nPANEL 1\nRain.\n")
    assert (comic.title, comic.style) == ("T", "noir")


@pytest.mark.parametrize(
    ("action", "ids"),
    [
        ("The boat near the market.", []),
        ("Bo's boat, and the guard.", ["char-1", "char-3"]),
        ("Marks lie there.", ["char-2"]),
    ],
)
def test_names_are_found_as_words_and_only_cyrillic_ones_bend(action, ids):
    people = "CHARACTER Bo: small\nCHARACTER Mark: tall\nCHARACTER The Guard: old\n"
    panel, _ = only_panel(f"{people}PAGE 1\nPANEL 1\n{action}\n")
    assert [actor.character for actor in panel.actors] == ids


@pytest.mark.parametrize(
    ("line", "action"),
    [("PANEL: 3 men walk.", "3 men walk."), ("PANEL 2: 3 men.", "3 men."), ("PANEL ONE: Rain.", "Rain.")],
)
def test_a_number_that_is_no_panels_stays(line, action):
    assert only_panel(f"PAGE 1\n{line}\n")[0].action == action


def test_words_between_remarks_and_in_second_brackets_stay():
    panel, _ = only_panel("PAGE 1\nPANEL 1\n[[a]] IDA: hi [[b]]\n")
    assert panel.action == "[[a]] IDA: hi [[b]]"
    assert plan("PAGE 2 [single] [night]\nPANEL 1\nRain.\n")[0].pages[0].summary == "[night]"
    panel, _ = only_panel("PAGE 1\nPANEL 1\nPage one of the diary burns.\n")
    assert panel.action == "Page one of the diary burns."


@pytest.mark.parametrize("seed", ["9" * 5000, str(2**64), "²"])
def test_a_seed_that_is_none_is_told(seed):
    comic, notes = plan(f"CHARACTER Ida: tall\n@seed: {seed}\nPAGE 1\nPANEL 1\nRain.\n")
    assert comic.characters[0].seed is None and [note.line for note in notes] == [2]


def test_a_character_without_a_name_is_told():
    assert [note.line for note in plan("CHARACTER : : tall\nPAGE 1\nPANEL 1\nRain.\n")[1]] == [1]


@pytest.mark.parametrize(
    "line", ["Panel vans stand in the street.", "Page after page turns.", "Bild um Bild."]
)
def test_a_word_of_prose_begins_nothing(line):
    panel, _ = only_panel(f"PAGE 1\nPANEL 1\n{line}\n")
    assert panel.action == line


def test_a_page_as_american_scripts_write_it():
    comic, notes = plan("PAGE ONE (TWO PANELS)\n\nPanel 1. Rain.\n\nPanel 2. Sun.\n\nIDA (OFF): Hello?\n")
    assert [panel.action for _, panel in comic.panels] == ["Rain.", "Sun."] and notes == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "\ufeff",
        "@",
        "@:",
        ":",
        "[[",
        "PAGE",
        "PANEL",
        "()",
        "x" * 5000,
        "a" + " " * 20_000 + "x",
        "@" + " " * 20_000 + "x",
    ],
)
def test_odd_texts_break_nothing(text):
    comic, _ = plan(text)
    assert plan(written(comic))[0] == comic
