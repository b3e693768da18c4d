"""What the Comic page draws of a plan: pictures and portraits, pages, what is handed out."""

import pytest
from PIL import Image

from addons import comics, storyboard
from domain.errors import StudioError
from tests.comics.desks import ONE, THREE, TWO, facts, made


def test_a_new_panel_has_no_picture_of_one_that_was_deleted(begun):
    comics.draw(begun, [TWO])
    made(begun)
    comics.remove(begun, TWO)
    new = comics.add(begun, ONE)
    assert new != TWO and facts(begun)[f"panel/{new}"]["takes"] == []


def test_what_is_missing_is_drawn_portraits_first_and_only_once(begun):
    comics.draw(begun, [ONE, TWO, THREE])
    errands = made(begun)
    assert [errand.shot for errand in errands if errand.deed == "portrait"] == ["char-1"]
    assert {errand.shot for errand in errands if errand.deed == "panel"} == {ONE, TWO, THREE}
    (portrait,) = (errand.id for errand in errands if errand.deed == "portrait")
    assert {errand.shot for errand in errands if errand.after == (portrait,)} == {ONE, THREE}
    assert comics.draw(begun, [ONE, TWO, THREE]) == [], "nothing is missing"
    comics.set_panel(begun, TWO, "action", "A street at noon.")
    assert len(comics.draw(begun, [ONE, TWO, THREE])) == 1
    made(begun)
    comics.set_panel(begun, TWO, "narrative", "Noon.")
    assert comics.draw(begun, [ONE, TWO, THREE]) == [], "words that are lettered draw nothing"


def test_another_picture_is_another_variant_and_any_may_be_the_panels(begun):
    comics.draw(begun, [TWO])
    made(begun)
    comics.draw(begun, [TWO], count=2)
    made(begun)
    takes = facts(begun)[f"panel/{TWO}"]["takes"]
    assert len({take["name"] for take in takes}) == 3
    pictures = {Image.open(begun.desk.project.takes / take["files"][0]).tobytes() for take in takes}
    assert len(pictures) == 3
    shown = facts(begun)[f"panel/{TWO}"]["picked"]
    assert shown in (takes[1]["files"][0], takes[2]["files"][0]), "what was made last"
    comics.pick(begun, TWO, takes[0]["files"][0])
    assert facts(begun)[f"panel/{TWO}"]["picked"] == takes[0]["files"][0]
    storyboard.undo(begun)
    assert facts(begun)[f"panel/{TWO}"]["picked"] == shown
    comics.draw(begun, [TWO], count=1)
    made(begun)
    newest = facts(begun)[f"panel/{TWO}"]["takes"][-1]["files"][0]
    assert facts(begun)[f"panel/{TWO}"]["picked"] == newest, "nobody chose another"


def test_a_panel_that_is_planned_again_as_before_shows_its_picture_of_then(begun):
    comics.draw(begun, [TWO])
    made(begun)
    comics.set_panel(begun, TWO, "action", "A street at noon.")
    comics.draw(begun, [TWO])
    made(begun)
    first, second = (take["files"][0] for take in facts(begun)[f"panel/{TWO}"]["takes"])
    assert facts(begun)[f"panel/{TWO}"]["picked"] == second
    comics.set_panel(begun, TWO, "action", "An empty street.")
    assert comics.draw(begun, [TWO]) == []
    assert facts(begun)[f"panel/{TWO}"]["picked"] == first
    comics.pick(begun, TWO, second)
    comics.draw(begun, [TWO])
    assert facts(begun)[f"panel/{TWO}"]["picked"] == second, "the artist's choice stays"


def test_another_portrait_draws_those_panels_anew_that_show_them(begun):
    comics.draw(begun, [ONE, TWO, THREE])
    made(begun)
    comics.draw(begun, ["char-1"], count=1)
    made(begun)
    assert comics.draw(begun, [ONE, TWO, THREE]) == [], "a portrait counts once it is chosen"
    (person,) = facts(begun)["comic"]["people"]
    comics.pick(begun, "char-1", person["takes"][-1]["files"][0])
    comics.draw(begun, [ONE, TWO, THREE])
    assert {e.shot for e in begun.runs.errands() if e.deed == "panel" and not e.is_over} <= {ONE, THREE}
    made(begun)


def test_without_portraits_panels_are_drawn_by_words_alone(begun):
    comics.set_field(begun, "portraits", False)
    comics.draw(begun, [ONE, TWO, THREE])
    assert {errand.deed for errand in made(begun)} == {"panel"}
    assert begun.desk.ledger.recipe(f"{ONE}_v1")["values"]["references"] == []


def test_a_page_is_shown_as_it_is_lettered_and_drawn_once(begun):
    project = begun.desk.project
    first, look = begun.comic.page(project, "ch1-p1", "page")
    assert look == facts(begun)["comic"]["pages"][0]["stamp"]
    with Image.open(first) as page:
        assert page.size == (909, 1286)
    stamp = first.stat().st_mtime_ns
    comics.set_panel(begun, ONE, "mood", "calm")  # nothing that is seen
    assert begun.comic.page(project, "ch1-p1", "page") == (first, look) and first.stat().st_mtime_ns == stamp
    comics.set_line(begun, ONE, 0, "text", "Very late.", "Late.")
    assert begun.comic.page(project, "ch1-p1", "page")[0] != first
    with pytest.raises(StudioError, match="no page"):
        begun.comic.page(project, "../x", "page")


def test_the_stamp_of_a_page_changes_with_what_is_seen_and_with_nothing_else(begun):
    def stamps():
        return [page["stamp"] for page in facts(begun)["comic"]["pages"]]

    before = stamps()
    comics.set_panel(begun, ONE, "mood", "calm")
    assert stamps() == before
    comics.set_panel(begun, ONE, "sfx", "DING")
    after = stamps()
    assert after[0] != before[0] and after[1] == before[1]
    comics.draw(begun, [THREE])
    made(begun)
    assert stamps()[0] == after[0] and stamps()[1] != after[1]


def test_the_pages_are_handed_out_and_what_is_missing_is_told(begun):
    comics.draw(begun, [ONE, TWO])
    made(begun)
    comics.export(begun, "cbz")
    (book,) = (errand for errand in made(begun) if errand.deed == "book")
    assert book.files == ("tram.cbz",)
    (outcome,) = facts(begun)["outcomes"]
    assert outcome["said"] == [f"{THREE}: It has no picture yet."]
    with pytest.raises(StudioError, match="made as"):
        comics.export(begun, "docx")


def test_a_studio_that_was_started_again_shows_the_same(begun, start):
    comics.draw(begun, [TWO])
    made(begun)
    before = facts(begun)
    begun.close()
    after = facts(start())
    assert after["comic"] == before["comic"] and after[f"panel/{TWO}"] == before[f"panel/{TWO}"]
