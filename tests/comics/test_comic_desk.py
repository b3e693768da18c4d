"""The Comic page's plan: of a script or an idea, with edits that are on disk and undone."""

import json
import time

import pytest

from addons import comics, storyboard
from domain.errors import StudioError
from services.desk import Conflict
from tests.comics.desks import LONGEST, ONE, SCRIPT, THREE, TWO, facts, made
from tests.comics.storytellers import Storyteller
from tests.fake_chat import FakeChat


def on_disk(studio):
    plan = json.loads(studio.desk.project.comic.read_text("utf-8"))
    return [panel for chapter in plan["chapters"] for page in chapter["pages"] for panel in page["panels"]]


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
    picture, seen = begun.comic.page(begun.desk.project, told["pages"][0]["id"], "card")
    assert picture.is_file() and seen == told["pages"][0]["stamp"]
    assert begun.comic.places(begun.desk.project, told["pages"][0]["id"])
    with pytest.raises(StudioError):
        comics.set_panel(begun, ONE, "action", "x")
    assert path.read_text("utf-8") == "{half"
    path.rename(path.with_name("away"))
    with pytest.raises(StudioError, match="no comic yet"):
        begun.comic.page(begun.desk.project, told["pages"][0]["id"], "card")
    path.with_name("away").rename(path)
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
