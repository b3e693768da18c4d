"""The Comic page's deeds: a plan of a script, edits that are on disk and undone, pictures, pages."""

import json
import time

import pytest
from PIL import Image

from addons import comics, storyboard
from domain.errors import StudioError
from services.desk import Conflict
from services.studio import Studio
from tests.comics.storytellers import Storyteller
from tests.fake_chat import FakeChat
from tests.run_bench import is_busy
from tests.studios import places

LONGEST = 60.0
SCRIPT = """TITLE: The tram
STYLE: noir
CHARACTER Ida: thirty

PAGE 1
PANEL 1
Ida waits in the rain.
IDA: Late.
PANEL 2
An empty street.

PAGE 2
PANEL 1
Ida smiles.
"""
ONE, TWO, THREE = "ch1-p1-pan1", "ch1-p1-pan2", "ch1-p2-pan1"


@pytest.fixture
def start(tmp_path):
    """start() → the studio with a project open, sketching; again: the same, started anew."""
    folder, made = tmp_path / "data" / "projects" / "tram", []
    folder.mkdir(parents=True)
    (folder / "storyboard.json").write_text('{"shots": [], "width": 320, "height": 192}', "utf-8")

    def started() -> Studio:
        studio = Studio(places(tmp_path / "data"))
        made.append(studio)
        studio.open(folder)
        studio.comic.tell()
        return studio

    yield started
    for studio in made:
        studio.close()


@pytest.fixture
def studio(start):
    return start()


@pytest.fixture
def begun(studio):
    assert comics.begin(studio, text=SCRIPT) == []
    return studio


def facts(studio):
    studio.comic.tell()
    return {key: json.loads(value) for key, value in studio.feed.since(0).changed.items()}


def on_disk(studio):
    plan = json.loads(studio.desk.project.comic.read_text("utf-8"))
    return [panel for chapter in plan["chapters"] for page in chapter["pages"] for panel in page["panels"]]


def made(studio):
    """Wait for what was asked for; the errands, none of which may have failed."""
    end = time.monotonic() + LONGEST
    while is_busy(studio.runs):
        assert time.monotonic() < end
        time.sleep(0.02)
    errands = studio.runs.errands()
    assert [errand.error for errand in errands if errand.error] == []
    return errands


def test_a_script_becomes_a_plan_that_pages_are_told_of(begun):
    told = facts(begun)
    assert (told["comic"]["title"], told["comic"]["style"]) == ("The tram", "noir")
    assert [page["panels"] for page in told["comic"]["pages"]] == [[ONE, TWO], [THREE]]
    assert told[f"panel/{ONE}"]["lines"][0]["text"] == "Late."
    assert (begun.desk.project.folder / "script.txt").read_text("utf-8") == SCRIPT
    assert told["comic_layouts"]["single"][0] == pytest.approx(
        [9 / 2.1, 9 / 2.97, 192 / 2.1, 279 / 2.97], abs=0.01
    )


def test_a_project_without_a_comic_says_so(studio):
    assert facts(studio)["comic"] == {"pages": [], "trouble": ""}
    with pytest.raises(StudioError, match="no comic yet"):
        comics.set_panel(studio, ONE, "action", "x")
    with pytest.raises(StudioError, match="nothing to plan"):
        comics.begin(studio, text="  ")


def test_an_edit_is_on_disk_at_once_and_undone_with_those_of_the_board(begun):
    assert comics.set_panel(begun, TWO, "action", "A street.", "An empty street.") == "A street."
    storyboard.add(begun)
    assert on_disk(begun)[1]["action"] == "A street."
    storyboard.undo(begun)
    assert on_disk(begun)[1]["action"] == "A street."
    storyboard.undo(begun)
    assert on_disk(begun)[1]["action"] == "An empty street."
    storyboard.redo(begun)
    assert on_disk(begun)[1]["action"] == "A street."


def test_what_changed_under_the_artists_hands_is_asked_about(begun):
    comics.set_panel(begun, TWO, "action", "Theirs.", "An empty street.")
    with pytest.raises(Conflict) as conflict:
        comics.set_panel(begun, TWO, "action", "Mine.", "An empty street.")
    assert conflict.value.theirs == "Theirs."


def test_beginning_anew_is_undone_as_well(begun):
    comics.begin(begun, text="PAGE 1\nPANEL 1\nAnother comic.\n")
    assert len(on_disk(begun)) == 1
    storyboard.undo(begun)
    assert [panel["id"] for panel in on_disk(begun)] == [ONE, TWO, THREE]
    storyboard.undo(begun)
    assert not begun.desk.project.comic.exists() and facts(begun)["comic"]["pages"] == []


def test_the_plan_as_a_script_and_back_is_the_same_plan(begun):
    before = on_disk(begun)
    comics.begin(begun, text=comics.script(begun))
    assert on_disk(begun) == before


def test_a_balloon_put_by_hand_stays_there_through_a_script_and_is_put_back(begun):
    def places():
        return comics.places(begun, "ch1-p1")[ONE][0]

    before = places()
    comics.place(begun, ONE, 0, "at", [80.0, 70])
    comics.place(begun, ONE, 0, "tail", [10, 90])
    box = facts(begun)["comic_layouts"][facts(begun)["comic"]["pages"][0]["layout"]][0]
    x, y, width, height = places()["rect"]
    middle = box[0] + 0.8 * box[2], box[1] + 0.7 * box[3]
    assert (x + width / 2, y + height / 2) == pytest.approx(middle, abs=0.3)
    assert places()["tip"] == pytest.approx([box[0] + 0.1 * box[2], box[1] + 0.9 * box[3]], abs=0.3)
    assert on_disk(begun)[0]["dialogue"][0]["at"] == [80.0, 70.0]
    stands = places()
    comics.begin(begun, text=comics.script(begun))
    assert places() == stands
    comics.place(begun, ONE, 0, "at")
    comics.place(begun, ONE, 0, "tail")
    assert places() == before
    for spot in ([1, 2, 3], ["a", 1], [101, 0]):
        with pytest.raises(StudioError, match="two numbers"):
            comics.place(begun, ONE, 0, "at", spot)


def test_what_another_program_writes_into_the_plan_is_seen_and_a_broken_one_is_left_as_it_is(begun):
    path = begun.desk.project.comic
    plan = json.loads(path.read_text("utf-8"))
    plan["title"] = "Theirs"
    path.write_text(json.dumps(plan), "utf-8")
    assert facts(begun)["comic"]["title"] == "Theirs"
    path.write_text("{half", "utf-8")
    told = facts(begun)["comic"]
    assert told["title"] == "Theirs" and "comic.json" in told["trouble"]
    with pytest.raises(StudioError):
        comics.set_panel(begun, ONE, "action", "x")
    assert path.read_text("utf-8") == "{half"
    comics.begin(begun, text=SCRIPT)
    assert [file.read_text("utf-8") for file in path.parent.glob("comic.json.before*")] == ["{half"]


def test_undoing_keeps_aside_what_another_program_wrote_meanwhile(begun):
    comics.set_panel(begun, ONE, "action", "Ida runs.")
    path = begun.desk.project.comic
    plan = json.loads(path.read_text("utf-8"))
    plan["title"] = "Theirs"
    path.write_text(json.dumps(plan), "utf-8")
    facts(begun)  # it was seen already
    storyboard.undo(begun)
    assert on_disk(begun)[0]["action"] == "Ida waits in the rain."
    (aside,) = path.parent.glob("comic.json.before*")
    assert json.loads(aside.read_text("utf-8"))["title"] == "Theirs"


def test_a_word_that_no_plan_may_have_is_said_and_seen_once_it_is_mended(start):
    studio = start()
    path = studio.desk.project.comic
    path.write_text('{"style": "noirr", "chapters": [{"pages": [{"panels": [{"action": "x"}]}]}]}', "utf-8")
    told = facts(studio)["comic"]
    assert told["pages"] == [] and "noirr" in told["trouble"]
    path.write_text(path.read_text("utf-8").replace("noirr", "noir"), "utf-8")
    studio.comic.look()
    end = time.monotonic() + LONGEST
    while not json.loads(studio.feed.since(0).changed["comic"])["pages"]:
        assert time.monotonic() < end
        time.sleep(0.02)


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


def test_ids_of_a_plan_lead_nowhere(begun):
    plan = json.loads(begun.desk.project.comic.read_text("utf-8"))
    plan["chapters"][0]["pages"][0]["panels"][0]["id"] = "../../escape"
    begun.desk.project.comic.write_text(json.dumps(plan), "utf-8")
    told = facts(begun)
    assert all("/" not in key.removeprefix("panel/") for key in told if key.startswith("panel/"))
    with pytest.raises(StudioError):
        comics.pick(begun, "../../escape", "x.png")


# --- of an idea

IDEA = "A lighthouse keeper finds a letter to himself."


@pytest.fixture
def model():
    with FakeChat(Storyteller("en")) as server:
        yield server


def test_an_idea_alone_becomes_a_template_that_says_so(studio):
    assert "This is a template" in comics.plan(studio, IDEA, pages=2, style="noir")[0]
    told = facts(studio)["comic"]
    assert (len(told["pages"]), told["style"], told["language"]) == (2, "noir", "en")
    with pytest.raises(StudioError, match="Which model"):
        comics.plan(studio, IDEA, by={"url": "", "model": " "})
    with pytest.raises(StudioError, match="1 to 20"):
        comics.plan(studio, IDEA, pages=21)


def test_a_model_plans_it_meanwhile_and_is_kept_in_the_settings(studio, model):
    assert comics.plan(studio, IDEA, pages=2, by={"url": model.url, "model": "tiny"}) == []
    made(studio)
    assert len(facts(studio)["comic"]["pages"]) == 2
    assert studio.settings.chat.model == "tiny" and facts(studio)["settings"]["chat"]["model"] == "tiny"
    (outcome,) = facts(studio)["outcomes"]
    assert outcome["said"][0].startswith("tiny answered ") and not outcome["is_bad"]
    assert not list(studio.desk.project.folder.glob("*draft*"))
    storyboard.undo(studio)
    assert facts(studio)["comic"]["pages"] == []


def test_a_model_that_is_not_there_is_said_and_nothing_is_lost(begun, model):
    before = on_disk(begun)
    comics.plan(begun, IDEA, pages=2, by={"url": "http://127.0.0.1:9", "model": "tiny"})
    end = time.monotonic() + LONGEST
    while not any(errand.deed == "plan" and errand.is_over for errand in begun.runs.errands()):
        assert time.monotonic() < end
        time.sleep(0.02)
    (outcome,) = facts(begun)["outcomes"]
    assert outcome["is_bad"] and on_disk(begun) == before
