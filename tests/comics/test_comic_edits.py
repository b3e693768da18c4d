"""Edits of a comic's plan: what each changes, what it leaves alone, and what is refused."""

from dataclasses import replace
from random import Random

import pytest

from domain import comic_edits
from domain.comic import Comic
from domain.comic_rules import settled
from domain.errors import StudioError
from infrastructure.comics.layout_file import layouts
from infrastructure.comics.script_reader import read_script
from infrastructure.comics.script_writer import written
from tests.comics.plans import any_plan

SCRIPT = """TITLE: The tram
CHARACTER Ida: thirty
CHARACTER Bo: old

PAGE 1
PANEL 1
Ida waits.
IDA: Late.
PANEL 2
Bo waves.
BO (shout): Here!
CAPTION: Midnight.

PAGE 2
PANEL 1
The tram comes.
"""


@pytest.fixture
def comic() -> Comic:
    return settled(read_script(SCRIPT)[0], layouts())[0]


def edited(comic: Comic, edit, *words) -> Comic:
    return settled(edit(comic, *words), layouts())[0]


def ids(comic: Comic) -> list[list[str]]:
    return [[panel.id for panel in page.panels] for page in comic.pages]


def test_a_field_of_one_panel_changes_nothing_else(comic):
    after = edited(comic, comic_edits.with_panel_field, "ch1-p1-pan2", "action", " Bo  waves twice. ")
    assert comic_edits.panel_of(after, "ch1-p1-pan2").action == "Bo waves twice."
    assert edited(after, comic_edits.with_panel_field, "ch1-p1-pan2", "action", "Bo waves.") == comic


def test_a_new_panel_stands_behind_the_other_and_the_layout_follows(comic):
    after = edited(comic, comic_edits.with_new_panel, "ch1-p1-pan1")
    first = after.pages[0]
    assert len(first.panels) == 3 and first.panels[0].id == "ch1-p1-pan1"
    assert first.panels[2].id == "ch1-p1-pan2", "others keep their ids, and so their pictures"
    assert len(layouts()[first.layout].panels) == 3
    assert after.pages[1] == comic.pages[1]


def test_a_duplicate_has_the_words_and_an_id_of_its_own(comic):
    after = edited(comic, comic_edits.with_duplicate, "ch1-p1-pan2")
    original, copy = after.pages[0].panels[1:]
    assert original.id != copy.id and original.lines == copy.lines and original.action == copy.action


def test_the_last_panel_of_a_page_takes_the_page_with_it(comic):
    after = edited(comic, comic_edits.without_panel, "ch1-p2-pan1")
    assert ids(after) == [["ch1-p1-pan1", "ch1-p1-pan2"]]
    after = edited(after, comic_edits.without_panel, "ch1-p1-pan1")
    with pytest.raises(StudioError, match="only panel"):
        comic_edits.without_panel(after, "ch1-p1-pan2")


@pytest.mark.parametrize(
    ("moved", "to", "is_behind", "order"),
    [
        ("ch1-p1-pan2", "ch1-p1-pan1", False, [["ch1-p1-pan2", "ch1-p1-pan1"], ["ch1-p2-pan1"]]),
        ("ch1-p1-pan1", "ch1-p1-pan2", True, [["ch1-p1-pan2", "ch1-p1-pan1"], ["ch1-p2-pan1"]]),
        ("ch1-p1-pan1", "ch1-p2-pan1", True, [["ch1-p1-pan2"], ["ch1-p2-pan1", "ch1-p1-pan1"]]),
        ("ch1-p1-pan1", "ch1-p2-pan1", False, [["ch1-p1-pan2"], ["ch1-p1-pan1", "ch1-p2-pan1"]]),
        ("ch1-p1-pan1", "ch1-p1-pan1", True, [["ch1-p1-pan1", "ch1-p1-pan2"], ["ch1-p2-pan1"]]),
    ],
)
def test_a_panel_moves_with_its_id(comic, moved, to, is_behind, order):
    assert ids(edited(comic, comic_edits.with_moved, moved, to, is_behind)) == order


def test_what_is_new_gets_no_id_that_was_used_before(comic):
    bare = edited(comic, comic_edits.without_panel, "ch1-p1-pan2")
    added, _ = settled(comic_edits.with_new_panel(bare, "ch1-p1-pan1"), layouts(), {"ch1-p1-pan2"})
    assert added.pages[0].panels[1].id not in ("", "ch1-p1-pan2")
    person = comic_edits.with_new_person(comic_edits.without_person(comic, "char-2"), "Una", {"char-2"})
    assert [one.id for one in person.characters] == ["char-1", "char-3"]


def through_a_script(before: Comic, change=lambda script: script) -> Comic:
    planned, _ = settled(read_script(change(written(before)))[0], layouts())
    return settled(comic_edits.rewritten(before, planned), layouts())[0]


def by_words(comic: Comic) -> dict[str, str]:
    return {panel.action: panel.id for _, panel in comic.panels}


def test_panels_and_people_keep_their_ids_through_a_script_wherever_they_stand(comic):
    before = edited(comic, comic_edits.with_new_panel, "ch1-p1-pan1")
    new = before.pages[0].panels[1].id
    before = edited(before, comic_edits.with_panel_field, new, "action", "A dog barks.")
    before = edited(before, comic_edits.without_person, "char-1")
    before = replace(before, more={"portraits": False})
    after = through_a_script(before)
    assert by_words(after) == by_words(before) and after.more == {"portraits": False}
    assert [(one.id, one.name) for one in after.characters] == [("char-2", "Bo")]

    def change(script: str) -> str:
        return script.replace("A dog barks.", "A cat waits.").replace(
            "Bo waves.", "PANEL\nRain.\nPANEL\nBo waves."
        )

    other = through_a_script(before, change)
    kept = {id for action, id in by_words(before).items() if action != "A dog barks."}
    assert by_words(other)["A cat waits."] == new, "between those that are the same"
    assert (
        kept < set(by_words(other).values()) and by_words(other)["Bo waves."] == by_words(before)["Bo waves."]
    )
    assert by_words(other)["Rain."] not in by_words(before).values()


@pytest.mark.parametrize("seed", range(40))
def test_any_plan_that_goes_through_a_script_unchanged_keeps_all_its_ids(seed):
    before = any_plan(seed)
    if len({one.name.casefold() for one in before.characters}) < len(before.characters):
        return
    after = through_a_script(before)
    assert [panel.id for _, panel in after.panels] == [panel.id for _, panel in before.panels]


def test_balloons_are_edited_one_by_one(comic):
    after = edited(comic, comic_edits.with_line_field, "ch1-p1-pan1", 0, "kind", "whisper")
    assert comic_edits.line_of(after, "ch1-p1-pan1", 0).kind == "whisper"
    after = edited(after, comic_edits.with_new_line, "ch1-p1-pan1")
    assert len(comic_edits.panel_of(after, "ch1-p1-pan1").lines) == 2
    after = edited(after, comic_edits.without_line, "ch1-p1-pan1", 0)
    (left,) = comic_edits.panel_of(after, "ch1-p1-pan1").lines
    assert left.text == "…"
    with pytest.raises(StudioError, match="no such balloon"):
        comic_edits.with_line_field(after, "ch1-p1-pan1", 1, "text", "x")


def test_whoever_speaks_without_being_seen_is_marked_as_off(comic):
    after = edited(comic, comic_edits.with_panel_field, "ch1-p1-pan1", "who", ["char-2", "char-2", "nobody"])
    panel = comic_edits.panel_of(after, "ch1-p1-pan1")
    assert [actor.character for actor in panel.actors] == ["char-2"] and panel.lines[0].is_off


def test_of_a_character_that_is_deleted_the_words_stay(comic):
    after = edited(comic, comic_edits.without_person, "char-1")
    assert [who.name for who in after.characters] == ["Bo"]
    line = comic_edits.line_of(after, "ch1-p1-pan1", 0)
    assert line.text == "Late." and line.character.startswith("anon-") and line.is_off


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (comic_edits.with_comic_field, ("style", "crayon")),
        (comic_edits.with_comic_field, ("is_rtl", "yes")),
        (comic_edits.with_comic_field, ("chapters", "")),
        (comic_edits.with_panel_field, ("ch1-p1-pan1", "id", "x")),
        (comic_edits.with_panel_field, ("ch1-p1-pan1", "action", 7)),
        (comic_edits.with_panel_field, ("ch1-p1-pan1", "action", "x" * 4001)),
        (comic_edits.with_panel_field, ("nothing", "action", "x")),
        (comic_edits.with_line_field, ("ch1-p1-pan1", 0, "kind", "song")),
        (comic_edits.with_line_field, ("ch1-p1-pan1", 0, "zone", "moon")),
        (comic_edits.with_line_field, ("ch1-p1-pan1", 0, "more", "x")),
        (comic_edits.with_page_field, ("ch1-p9", "layout", "single")),
        (comic_edits.with_person_field, ("char-1", "name", "")),
        (comic_edits.with_person_field, ("char-1", "seed", -1)),
        (comic_edits.with_person_field, ("char-9", "name", "x")),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(comic, edit, words):
    with pytest.raises(StudioError) as refused:
        edit(comic, *words)
    assert str(refused.value).endswith((".", "less.")) and "\n" not in str(refused.value)


@pytest.mark.parametrize("seed", range(60))
def test_any_edits_of_any_plan_leave_one_that_keeps_the_rules(seed):
    random, comic = Random(seed), any_plan(seed)
    for _ in range(6):
        panels = [panel.id for _, panel in comic.panels]
        one, other, page = random.choice(panels), random.choice(panels), random.choice(comic.pages).id
        edit, *words = random.choice(
            [
                (comic_edits.with_new_panel, one),
                (comic_edits.with_duplicate, one),
                (comic_edits.with_moved, one, other, random.random() < 0.5),
                (comic_edits.with_new_page, page),
                (comic_edits.with_new_line, one),
                (comic_edits.without_panel, one) if len(panels) > 1 else (comic_edits.with_new_panel, one),
                (comic_edits.without_page, page)
                if len(comic.pages) > 1
                else (comic_edits.with_new_page, page),
            ]
        )
        after, found = settled(edit(comic, *words), layouts())
        assert settled(after, layouts()) == (after, []), "a settled plan has nothing to be mended"
        numbers = [page.number for page in after.pages]
        assert numbers == list(range(1, len(numbers) + 1))
        assert all(len(layouts()[page.layout].panels) == len(page.panels) for page in after.pages)
        if edit is comic_edits.with_moved:
            assert sorted(p.id for _, p in after.panels) == sorted(panels), found
        comic = after
