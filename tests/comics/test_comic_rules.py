"""What holds for every plan, whatever it was made of."""

import re
from dataclasses import replace
from random import Random

import pytest

from domain.comic import Actor, Chapter, Character, Comic, Line, Page, Panel
from domain.comic_rules import chapters_for, findings, likeness, settled
from infrastructure.comics.layout_file import layouts
from tests.comics.plans import any_plan


def words_of(comic):
    return [word for _, panel in comic.panels for word in (panel.action, *panel.words)]


def damaged(seed):
    """A plan as a model may hand it over: ids twice or missing, layouts that do not fit, nobody's lines."""
    random, comic = Random(seed), any_plan(seed)

    def panel(panel):
        match random.randrange(5):
            case 0:
                return replace(panel, id="")
            case 1:
                return replace(panel, id="ch1-p1-pan1")
            case 2:
                return replace(panel, actors=(*panel.actors, Actor("char-77")))
            case 3:
                return replace(
                    panel, lines=(*panel.lines, Line(random.choice(("", "char-88", "Оля!")), "Гей"))
                )
        return panel

    def page(page):
        panels = [panel(one) for one in page.panels for _ in range(random.choice((1, 1, 1, 2)))]
        layout = random.choice((page.layout, "", "nine", "single", "action"))
        return replace(page, number=random.randrange(9), layout=layout, panels=tuple(panels))

    chapters = tuple(
        replace(chapter, id=random.choice(("ch1", "", "x")), pages=tuple(map(page, chapter.pages)))
        for chapter in comic.chapters
    )
    return replace(comic, chapters=chapters)


@pytest.mark.parametrize("seed", range(200))
def test_every_rule_holds_afterwards_and_no_word_is_lost(seed):
    before = damaged(seed)
    comic, _ = settled(before, layouts())
    assert words_of(comic) == words_of(before)
    assert [page.number for page in comic.pages] == list(range(1, len(comic.pages) + 1))
    ids = [chapter.id for chapter in comic.chapters] + [page.id for page in comic.pages]
    ids += [panel.id for _, panel in comic.panels]
    assert all(ids) and len(ids) == len(set(ids))
    known = {character.id for character in comic.characters}
    for page in comic.pages:
        assert len(layouts()[page.layout].panels) == len(page.panels)
        for panel in page.panels:
            shown = {actor.character for actor in panel.actors}
            assert all(id in known or id.startswith("anon-") for id in shown)
            for line in panel.lines:
                assert line.character in known or line.character.startswith("anon-")
                assert line.is_off or line.character in shown
    assert settled(comic, layouts()) == (comic, []), "nothing is mended twice"


def pages(*layouts_of, chapters=1):
    made = [
        Page("", 0, name, tuple(Panel("", action=f"{name} {n}") for n in range(3))) for name in layouts_of
    ]
    size = -(-len(made) // chapters)
    parts = [made[at : at + size] for at in range(0, len(made), size)]
    return settled(
        Comic("t", "noir", "uk", (), tuple(Chapter("", "", tuple(part)) for part in parts)), layouts()
    )


@pytest.mark.parametrize("id", ["../../x", "a.b", "a/b", "CON:", "ґ", "x" * 99])
def test_an_id_that_is_no_name_for_a_file_is_given_anew(id):
    panels = Panel("ch1-p1-pan1"), Panel(id, (Actor(id),), lines=(Line(id, "Hi"),))
    people = (Character("char-1", "Ida"), Character(id, "Bo"))
    comic, _ = settled(
        Comic("t", "noir", "en", people, (Chapter("", "", (Page("", 0, "", panels),)),)), layouts()
    )
    first, second = comic.pages[0].panels
    assert (first.id, second.id, comic.characters[0].id) == ("ch1-p1-pan1", "ch1-p1-pan2", "char-1")
    own = comic.characters[1].id
    assert re.fullmatch(r"[\w-]{1,61}", own, re.ASCII) and second.actors[0].character == own
    assert (second.lines[0].character, second.lines[0].is_off) == (own, False)


def test_a_character_with_the_id_of_another_is_kept_under_a_new_one_and_told():
    people = Character("char-1", "Ida"), Character("char-1", "Bo", "tall")
    panel = Panel("p", (Actor("char-1"), Actor("anon-x")))
    chapters = (Chapter("", "", (Page("", 0, "", (panel,)),)),)
    comic, told = settled(Comic("t", "noir", "en", people, chapters), layouts())
    assert [(one.id, one.appearance) for one in comic.characters] == [("char-1", ""), ("char-2", "tall")]
    assert [found.where for found in told] == ["char-2"]
    assert [actor.character for actor in comic.pages[0].panels[0].actors] == ["char-1", "anon-x"]


@pytest.mark.parametrize("count", [2, 3])
def test_layouts_that_are_chosen_never_come_three_times_where_there_is_another(count):
    made = [Page("", 0, "", tuple(Panel("") for _ in range(count))) for _ in range(6)]
    comic, _ = settled(Comic("t", "noir", "en", (), (Chapter("", "", tuple(made)),)), layouts())
    names = [page.layout for page in comic.pages]
    assert not [n for n in range(2, 6) if len({*names[n - 2 : n + 1]}) == 1], names


def test_ids_that_are_one_file_name_on_some_computers_are_two():
    panels = Panel("rain"), Panel("RAIN")
    comic, _ = settled(
        Comic("t", "noir", "en", (), (Chapter("", "", (Page("", 0, "", panels),)),)), layouts()
    )
    assert [panel.id for panel in comic.pages[0].panels] == ["rain", "ch1-p1-pan2"]


def test_what_was_mended_is_told():
    panel = Panel("", (Actor("char-9"),), "Rain", lines=(Line("char-9", "Hi"),))
    comic, told = settled(
        Comic("t", "noir", "uk", (), (Chapter("", "", (Page("", 0, "action", (panel,)),)),)), layouts()
    )
    assert [where for where, _ in told] == ["page 1", "ch1-p1-pan1", "ch1-p1-pan1"]
    assert comic.pages[0].layout == "single" and comic.pages[0].panels[0].lines[0].character == "anon-char-9"


def test_a_page_with_more_panels_than_any_layout_becomes_two():
    many = Page("own", 0, "", tuple(Panel("", action=f"{n}") for n in range(7)), location="Hafen")
    comic, told = settled(Comic("t", "noir", "de", (), (Chapter("", "", (many,)),)), layouts())
    assert [(len(page.panels), page.location) for page in comic.pages] == [(3, "Hafen"), (4, "Hafen")]
    assert comic.pages[0].id == "own" and "7 panels" in told[0].said


def test_a_page_or_chapter_without_panels_is_left_out_with_its_words_told():
    empty = Page("", 0, "single", (), "a quay", summary="She waits.")
    comic, told = settled(Comic("t", "noir", "en", (), (Chapter("", "Lost", (empty,)),)), layouts())
    assert not comic.pages and "She waits.; a quay" in told[0].said and "Lost" in told[1].said


def test_what_only_taste_can_mend_is_advised():
    comic, _ = pages("big-top", "big-top", "big-top")
    assert [(found.where, "big-top" in found.said) for found in findings(comic)] == [("page 3", True)]
    assert findings(pages("big-top", "strip-3", "big-left")[0]) == []
    long = Panel("", lines=tuple(Line("anon-a", "so " * count, is_off=True) for count in (26, 25, 1, 1)))
    same = [
        Panel("", action="Ida runs down the wet stairs"),
        Panel("", action="Ida runs down the wet stairs."),
    ]
    comic, _ = settled(
        Comic("t", "noir", "en", (), (Chapter("", "", (Page("", 0, "", (long, *same)),)),)), layouts()
    )
    said = " ".join(found.said for found in findings(comic))
    assert (
        "4 balloons" in said and "26 words" in said and "25 words;" not in said and "The same happens" in said
    )


@pytest.mark.parametrize(
    ("pages", "chapters"), [(1, (1, 1)), (3, (1, 1)), (4, (1, 2)), (10, (1, 2)), (20, (2, 4))]
)
def test_so_many_chapters_go_with_so_many_pages(pages, chapters):
    assert chapters_for(pages) == chapters


def test_too_many_pages_or_chapters_are_told():
    comic, _ = pages(*["big-top", "big-left"] * 2, chapters=4)
    assert [found.where for found in findings(comic, 3)] == ["plan", "plan"]
    assert [found.where for found in findings(pages(*["big-top", "big-left"] * 2)[0], 4)] == []


def test_likeness_is_the_share_of_common_words():
    assert likeness("a b c d", "A, b; c e") == pytest.approx(3 / 5) and likeness("", "") == 0


def alone(*panels, language="en", people=()):
    chapters = (Chapter("", "", (Page("", 0, "", panels),)),)
    return settled(Comic("t", "noir", language, people, chapters), layouts())[0]


def test_words_in_another_script_than_the_languages_are_told_and_names_are_no_words():
    def told(text, language, *names):
        people = tuple(Character(f"char-{n}", name) for n, name in enumerate(names, 1))
        panel = Panel("", lines=(Line("anon-a", text, is_off=True),))
        return [found.where for found in findings(alone(panel, language=language, people=people))]

    assert told("Де Marlowe McAllister?", "uk") == ["plan"]
    assert told("Де Marlowe McAllister?", "uk", "Marlowe McAllister") == []
    assert told("Ґава їсть їжу, є ще й інше", "uk") == told("Где ёж?", "ru") == told("Größe", "de") == []
    assert told("Это был он, и ты это знаешь: мы ехали, объезжая рынки", "uk") == ["plan"]
    assert told("雨が降る", "ja") == told("anything", "tlh") == told("7!", "uk") == []


def test_image_prompts_that_models_do_not_read_or_that_ask_for_text_are_told():
    def told(prompt):
        return len(findings(alone(Panel("", action="Rain", image_prompt=prompt))))

    assert told("") == told("A café, no text") == told("Rain. No visible lettering.") == 0
    assert told("A quay at night") == told("Дощ, no text") == 1 and told("Дощ") == 2


def test_a_comic_of_one_page_with_five_panels_is_told():
    comic = alone(*(Panel("", action=action) for action in "abcde"))
    assert [found.where for found in findings(comic, 1)] == ["page 1"] and findings(comic, 2) == []
