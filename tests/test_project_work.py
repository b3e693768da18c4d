"""Whole projects from the window: imports, copies, zips, sheets; what is told, and that nothing is lost."""

import json
import re
import shutil
import sys
import threading
import time
import zipfile

import pytest

from addons import keyframes, storyboard
from addons import projects as page
from domain.errand import DONE, RUNNING, WAITING, Errand
from domain.errors import StudioError
from domain.settings import ComfySettings, Mode
from infrastructure.project_files import chosen_workflows
from infrastructure.project_lock import locked
from services import bin, project_facts, sample
from services.projects import remember
from services.studio import Studio
from tests.fakes import FakeBackend
from tests.folders import picture
from tests.older import older
from tests.run_bench import LONGEST, until
from tests.studios import facts, places, project, studio, until_done

CSV = "prompt,seconds\nA harbour before sunrise,3\nA red door,2\n"


@pytest.fixture
def desk(tmp_path):
    made = studio(tmp_path)
    yield made
    made.close()


def handed_over(studio, name, content):
    with studio.uploads.receiving(name) as received:
        received.write(content if isinstance(content, bytes) else content.encode())
    return received.id


def handed_folder(studio, name, files):
    return page.gather(studio, name, {handed_over(studio, path, content): path for path, content in files})


def outcome(studio):
    return facts(studio)["outcomes"][0]


def board(folder):
    return json.loads((folder / "storyboard.json").read_text("utf-8"))


# --- making and opening ---------------------------------------------------------------------


def test_a_new_project_is_open_and_has_one_shot_that_waits_for_its_words(desk):
    first = page.new(desk, "Harbour <b>", 720, 1280, 25, "noir")
    assert (first, facts(desk)["order"]) == ("001", ["001"])
    about = facts(desk)["project"]
    assert (about["title"], about["width"], about["height"], about["fps"]) == ("Harbour <b>", 720, 1280, 25)
    assert about["tags"] == {"style": "noir"}
    assert desk.desk.project.folder.parent == desk.places.projects


@pytest.mark.parametrize("wrong", [{"width": 10}, {"height": 9000}, {"fps": 0}])
def test_a_project_that_cannot_be_is_refused_and_leaves_no_folder(desk, wrong):
    with pytest.raises(StudioError):
        page.new(desk, "No", **wrong)
    assert not list(desk.places.projects.glob("*"))


def test_opening_says_what_a_folder_is_when_it_is_no_project(desk, tmp_path):
    with pytest.raises(StudioError, match="no whole path"):
        page.open_project(desk, "films/harbour")
    with pytest.raises(StudioError, match="There is no"):
        page.open_project(desk, str(tmp_path / "nowhere"))
    with pytest.raises(StudioError, match=r"a project of the older studio\. Import it"):
        page.open_project(desk, str(older(tmp_path / "Old Town")))


def test_a_board_in_a_project_opens_it_and_quotes_around_a_path_are_no_harm(desk):
    folder = project(desk, "A door", name="one")
    project(desk, "A cat", name="two")
    page.open_project(desk, f'"{folder / "storyboard.json"}"')
    assert desk.desk.project.folder == folder


def test_nobody_waits_for_a_project_that_is_being_told(desk, monkeypatch):
    project(desk, "A door")
    begun, go_on = threading.Event(), threading.Event()
    whole = project_facts.project_fact

    def slow(of):
        begun.set()
        go_on.wait(30)
        return whole(of)

    monkeypatch.setattr(project_facts, "project_fact", slow)
    telling = threading.Thread(target=desk.desk.tell)
    telling.start()
    assert begun.wait(30)
    asking = threading.Thread(target=lambda: (desk.backend, desk.set(theme="light")))
    asking.start()
    asking.join(2)
    is_answered = not asking.is_alive()
    go_on.set()
    telling.join(), asking.join()
    assert is_answered


# --- the shelf ------------------------------------------------------------------------------


def test_recent_projects_are_told_with_a_strip_that_only_shows_their_own_pictures(desk, tmp_path):
    folder = project(desk, "A door", "A cat", name="one")
    picture(folder / "keyframes" / "001.png")
    secret = picture(tmp_path / "secret.png")
    (folder / "keyframes" / "002.png").symlink_to(secret)
    project(desk, "A hill", name="two")
    desk.shelf.tell_recent()
    cards = facts(desk)["recent"]
    assert [(card["title"], card["open"], len(card["strip"])) for card in cards] == [
        ("two", True, 0),
        ("one", False, 2),
    ]
    key = cards[1]["key"]
    assert desk.shelf.picture(key, 0).suffix == ".webp"
    for wrong in ((key, 1), (key, 2), (key, -1), ("../..", 0)):
        with pytest.raises(StudioError):
            desk.shelf.picture(*wrong)
    assert not (folder / "cache").exists(), "nothing is written into another project"


def test_what_has_gone_is_told_as_gone_and_can_be_forgotten(desk):
    folder = project(desk, "A door", name="one")
    project(desk, "A hill", name="two")
    shutil.rmtree(folder)
    desk.shelf.tell_recent()
    gone = facts(desk)["recent"][1]
    assert (gone["title"], gone["exists"]) == ("one", False)
    page.forget(desk, gone["key"])
    assert [card["title"] for card in facts(desk)["recent"]] == ["two"]
    with pytest.raises(StudioError, match="not on the list"):
        page.forget(desk, gone["key"])


def test_a_list_that_cannot_be_kept_does_not_hinder_opening(desk):
    desk.places.recent.mkdir(parents=True)
    folder = project(desk, "A door")
    assert desk.desk.project.folder == folder
    with pytest.raises(StudioError):
        remember(desk.places.recent, folder)


def test_the_room_a_project_takes_is_told_by_kind_and_so_is_its_bin(desk):
    folder = project(desk, "A door")
    take = picture(folder / "takes" / "001_v1.png")
    bin.discard(desk.desk.project, [take], "rejected")
    picture(folder / "cache" / "thumbs" / "a.png")
    desk.shelf._tell_disk()
    disk = facts(desk)["disk"]
    assert disk["kinds"]["bin"] > 0 and disk["kinds"]["cache"] > 0 and disk["kinds"]["takes"] == 0
    assert disk["bin"][0]["places"] == ["takes/001_v1.png"]
    assert page.empty_cache(desk) > 0
    assert page.restore(desk, disk["bin"][0]["name"]) == []
    assert take.exists()
    with pytest.raises(StudioError, match="not in the bin"):
        page.restore(desk, disk["bin"][0]["name"])


def test_an_edit_does_not_wait_for_a_cache_that_is_emptied(desk, monkeypatch):
    folder = project(desk, "A door")
    picture(folder / "cache" / "thumbs" / "a.png")
    remove, waited = shutil.rmtree, []

    def slowly(path, *more, **how):
        """It takes as long as an edit and a render's beginning do; not for ever, should they wait for it."""
        edit = threading.Thread(target=storyboard.set_field, args=(desk, ["001"], "prompt", "A red door"))
        edit.start()
        edit.join(LONGEST)
        waited.append(edit.is_alive())
        with locked(folder):
            remove(path, *more, **how)

    monkeypatch.setattr(shutil, "rmtree", slowly)
    assert page.empty_cache(desk) > 0
    assert waited == [False]
    assert board(folder)["shots"][0]["prompt"] == "A red door"
    assert list((folder / "cache").iterdir()) == []


def test_undo_needs_nothing_of_an_emptied_cache(desk, tmp_path):
    folder = project(desk, "A door")
    painted = picture(folder / "keyframes" / "001.png", "lime").read_bytes()
    keyframes.pick(desk, "001", picture(folder / "takes" / "001_v1.png").name)
    picture(folder / "cache" / "thumbs" / "a.png")
    assert page.empty_cache(desk) > 0
    assert not (folder / "cache" / "thumbs").exists()
    desk.desk.undo()
    assert (folder / "keyframes" / "001.png").read_bytes() == painted


@pytest.mark.parametrize("odd", ["/" + "x" * 300, "/a\0b", "~nobody-has-this-name/film"])
def test_a_path_that_the_system_refuses_is_not_there(desk, odd):
    project(desk, "A door")
    for deed in (page.open_project, page.look):
        with pytest.raises(StudioError, match=r"There is no|no whole path"):
            deed(desk, odd)
    copied = storyboard.copy(desk, ["001"])
    assert storyboard.paste(desk, {**copied, "keyframes": [odd]}) == ["002"]
    rows = [{"folder": odd, "title": "Gone", "when": "2026-01-01T00:00:00+00:00"}]
    rows += json.loads(desk.places.recent.read_text("utf-8"))
    desk.places.recent.write_text(json.dumps(rows), "utf-8")
    desk.shelf.tell_recent()
    assert facts(desk)["recent"][-1]["title"] == "film"


def test_a_project_on_a_disk_that_does_not_answer_does_not_keep_the_studio_from_starting(desk, tmp_path):
    desk.set(last_project="/" + "x" * 300, is_introduced=True)
    desk.begin(tmp_path / "sample.json")
    assert not desk.is_open


def test_the_notice_of_a_board_that_does_not_read_stays_until_it_is_mended(desk, monkeypatch):
    monkeypatch.setattr("services.studio._LOOK", 0.01)
    folder = project(desk, "A door")
    whole = (folder / "storyboard.json").read_text("utf-8")
    told = []
    unlisten = desk.feed.listen(lambda: told.append(facts(desk).get("trouble")))
    (folder / "storyboard.json").write_text(whole[:-3], "utf-8")
    until(lambda: "storyboard.json" in (facts(desk).get("trouble") or ""), "it was not told")
    told.clear()
    with pytest.raises(StudioError, match=r"storyboard\.json"):
        storyboard.add(desk)
    time.sleep(0.3)  # many looks
    assert "" not in told and (folder / "storyboard.json").read_text("utf-8") == whole[:-3]
    (folder / "storyboard.json").write_text(whole.replace("A door", "A red door"), "utf-8")
    until(lambda: facts(desk)["shot/001"]["prompt"] == "A red door", "it was not taken in")
    until(lambda: facts(desk)["trouble"] == "", "the notice stays")
    unlisten()


# --- imports --------------------------------------------------------------------------------


def test_a_table_fills_a_new_project_and_again_changes_nothing(desk):
    page.new(desk, "Harbour")
    source = handed_over(desk, "../../shots.csv", CSV)
    found = page.look(desk, source)
    assert (found["name"], found["kind"], found["count"], found["into"]) == ("shots.csv", "table", 2, True)
    page.run_import(desk, source)
    until_done(desk)
    folder = desk.desk.project.folder
    assert [shot["prompt"] for shot in board(folder)["shots"]] == ["A harbour before sunrise", "A red door"]
    assert outcome(desk)["said"][0] == "shots.csv is a table of shots."
    before = (folder / "storyboard.json").read_bytes()
    page.run_import(desk, handed_over(desk, "shots.csv", CSV))
    until_done(desk)
    assert (folder / "storyboard.json").read_bytes() == before
    assert "nothing has changed" in outcome(desk)["said"][-1]
    assert not list((desk.places.cache / "uploads").iterdir())


def test_an_import_into_a_project_can_be_undone(desk):
    page.new(desk, "Harbour")
    page.run_import(desk, handed_over(desk, "shots.csv", CSV))
    until_done(desk)
    assert len(desk.desk.board.shots) == 2
    desk.desk.undo()
    assert [shot.prompt for shot in desk.desk.board.shots] == [""]


def test_shots_that_are_there_are_not_overwritten(desk):
    folder = project(desk, "Mine")
    source = handed_over(desk, "shots.csv", CSV)
    assert page.look(desk, source)["why"] == "full"
    page.run_import(desk, source)
    until_done(desk)
    assert outcome(desk)["is_bad"] and "Import into another project" in outcome(desk)["said"][0]
    assert [shot["prompt"] for shot in board(folder)["shots"]] == ["Mine"]
    page.run_import(desk, source, new=True)  # it is still held
    until_done(desk)
    assert not outcome(desk)["is_bad"]
    assert [shot["prompt"] for shot in board(folder)["shots"]] == ["Mine"]


def test_a_folder_handed_over_twice_is_one_source(desk, tmp_path):
    project(desk, "Mine")
    pictures = [
        (f"{n}.png", picture(tmp_path / f"{n}.png", colour).read_bytes())
        for n, colour in enumerate(("red", "blue"))
    ]
    made = []
    for _ in range(2):
        page.run_import(desk, handed_folder(desk, "Harbour", pictures), new=True)
        until_done(desk)
        made.append(outcome(desk)["project"])
    assert made[0] == made[1]
    assert len(board(desk.places.projects / "Harbour")["shots"]) == 2
    assert "nothing has changed" in outcome(desk)["said"][-1]


def test_hostile_paths_stay_within_the_folder_and_none_is_lost(desk, tmp_path):
    red, blue = (picture(tmp_path / f"{c}.png", c).read_bytes() for c in ("red", "blue"))
    names = [
        ("../../../x.png", red),
        ("C:\\a\\x.png", blue),
        ("/etc/pass:wd.png", red),
        ("/etc/pass|wd.png", blue),
    ]
    source = handed_folder(desk, "../<b>Harbour</b>", names)
    folder = desk.uploads.source(source)
    assert folder.is_relative_to(desk.places.cache / "uploads")
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert found == ["C_/a/x.png", "etc/pass_wd-2.png", "etc/pass_wd.png", "x.png"]
    assert not (tmp_path / "x.png").exists()


def test_an_older_project_handed_over_keeps_its_pictures_and_choices(desk, tmp_path):
    made = older(tmp_path / "Old Town")
    files = [(p.relative_to(made).as_posix(), p.read_bytes()) for p in sorted(made.rglob("*")) if p.is_file()]
    source = handed_folder(desk, "Old Town", files)
    assert page.look(desk, source)["kind"] == "older"
    page.run_import(desk, source, new=True)
    until_done(desk)
    assert not outcome(desk)["is_bad"], outcome(desk)["said"]
    folder = desk.places.projects / "Old-Town"
    assert len(board(folder)["shots"]) == 3
    assert (folder / "keyframes" / "001.png").exists()
    assert str(desk.places.cache) not in " ".join(outcome(desk)["said"])


def test_a_project_that_was_handed_over_becomes_one_of_ones_own(desk, tmp_path):
    folder = project(desk, "A door", name="one")
    files = [
        ("storyboard.json", (folder / "storyboard.json").read_bytes()),
        ("takes/001_v1.png", picture(tmp_path / "a.png").read_bytes()),
    ]
    source = handed_folder(desk, "one", files)
    found = page.look(desk, source)
    assert (found["kind"], found["new"], found["into"]) == ("project", True, False)
    page.run_import(desk, source, new=True)
    until_done(desk)
    copy = desk.places.projects / "one-2"
    assert (copy / "takes" / "001_v1.png").exists() and board(copy)["shots"][0]["prompt"] == "A door"


@pytest.mark.parametrize(
    "name,content", [("a.exe", "x"), ("a.json", "{"), ("a.csv", ""), ("a.zip", "no zip")]
)
def test_what_cannot_be_imported_is_told_without_the_caches_folder(desk, name, content):
    project(desk, "Mine")
    source = handed_over(desk, name, content)
    try:
        page.look(desk, source)
        page.run_import(desk, source, new=True)
        until_done(desk)
        said = outcome(desk)["said"][0]
        assert outcome(desk)["is_bad"]
    except StudioError as error:
        said = str(error)
    assert name in said and "uploads" not in said
    assert [path.name for path in desk.places.projects.iterdir()] == ["film"]


def test_an_import_and_a_render_of_one_project_go_on_side_by_side(tmp_path):
    drawing = FakeBackend(seconds=0.02)
    made = studio(tmp_path, drawing)
    folder = project(made, *(f"Shot {n}" for n in range(8)))
    stills = [(f"{n}.png", picture(tmp_path / f"{n}.png", (n, 0, 0)).read_bytes()) for n in range(6)]
    keyframes.generate(made, [f"{n:03d}" for n in range(1, 9)], 1)
    until(lambda: drawing.jobs, "nothing was begun")
    with pytest.raises(StudioError, match="being made"):
        page.empty_cache(made)
    page.run_import(made, handed_folder(made, "stills", stills))
    until_done(made)
    assert {errand.state for errand in made.runs.errands()} == {DONE}
    assert len(board(folder)["shots"]) == 14
    assert page.empty_cache(made) >= 0
    made.close()


def test_a_project_that_another_program_holds_keeps_its_errands_waiting(tmp_path):
    made = studio(tmp_path)
    folder = project(made, "A door", "A cat")
    with locked(folder):
        keyframes.generate(made, ["001", "002"], 1)
        until(lambda: facts(made)["queue"]["paused"], "nothing was paused")
        assert "Another render" in facts(made)["queue"]["paused"]
        assert {errand.state for errand in made.runs.errands()} <= {WAITING, RUNNING}
    made.runs.resume()
    until_done(made)
    assert {errand.state for errand in made.runs.errands()} == {DONE}
    made.close()


def test_a_board_that_does_not_read_keeps_the_errands_of_its_project_waiting(tmp_path):
    made = studio(tmp_path)
    folder = project(made, "A door", "A cat")
    whole = (folder / "storyboard.json").read_text("utf-8")
    (folder / "storyboard.json").write_text(whole[:-3], "utf-8")
    keyframes.generate(made, ["001", "002"], 1)
    until(lambda: facts(made)["queue"]["paused"], "nothing was paused")
    assert "storyboard.json" in facts(made)["queue"]["paused"]
    (folder / "storyboard.json").write_text(whole, "utf-8")
    made.runs.resume()
    until_done(made)
    assert {errand.state for errand in made.runs.errands()} == {DONE}
    made.close()


# --- whole projects -------------------------------------------------------------------------


def test_a_packed_project_comes_back_whole_and_no_zip_is_overwritten(desk):
    folder = project(desk, "A door")
    picture(folder / "keyframes" / "001.png")
    for _ in range(2):
        page.archive(desk)
        until_done(desk)
    zips = sorted(path.name for path in desk.places.projects.glob("*.zip"))
    assert zips == ["film-2.zip", "film.zip"]
    file = desk.outcomes.file(outcome(desk)["id"])
    assert "film/keyframes/001.png" in zipfile.ZipFile(file).namelist()
    page.run_import(desk, handed_over(desk, "film.zip", file.read_bytes()), new=True)
    until_done(desk)
    back = desk.places.projects / "film-2"
    assert (back / "keyframes" / "001.png").exists() and board(back)["shots"][0]["prompt"] == "A door"


def test_a_copy_without_takes_has_the_board_and_the_choices(desk):
    folder = project(desk, "A door")
    picture(folder / "takes" / "001_v1.png")
    picture(folder / "keyframes" / "001.png")
    page.duplicate(desk, "Second cut", takes=False)
    until_done(desk)
    copy = desk.places.projects / "Second-cut"
    assert (copy / "keyframes" / "001.png").exists() and not (copy / "takes").exists()
    assert outcome(desk)["project"] == str(copy)


def test_the_contact_sheet_before_goes_to_the_bin(desk):
    folder = project(desk, "A door", "A cat")
    for columns in (2, 3):
        page.sheet(desk, columns, True)
        until_done(desk)
    pdf = (folder / "contact-sheet.pdf").read_bytes()
    assert pdf.startswith(b"%PDF") and re.search(rb"/Type\s*/Page\b", pdf)
    assert [b.places for b in bin.contents(desk.desk.project)] == [("contact-sheet.pdf",)]
    assert desk.outcomes.file(outcome(desk)["id"]) == folder / "contact-sheet.pdf"
    assert not (folder / "new-contact-sheet.pdf").exists()
    page.sheet(desk, 9)
    until_done(desk)
    assert outcome(desk)["is_bad"] and (folder / "contact-sheet.pdf").exists()


def test_outcomes_are_told_after_a_new_start_until_they_are_dismissed(desk, tmp_path):
    project(desk, "A door")
    page.archive(desk)
    until_done(desk)
    again = studio(tmp_path)
    id = outcome(again)["id"]
    page.dismiss(again, id)
    assert facts(again)["outcomes"] == []
    with pytest.raises(StudioError, match="does not know"):
        again.outcomes.file(id)
    again.close()


def test_outcomes_that_come_and_go_at_once_are_all_kept(desk):
    outcomes, failed = desk.outcomes, []

    def put_and_dismiss(mine):
        try:
            for number in range(40):
                outcomes.put(Errand(f"{mine}{number}", "archive", "", ""), [])
                outcomes.dismiss(f"{mine}{number - 1}")
        except StudioError as error:
            failed.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    sides = [threading.Thread(target=put_and_dismiss, args=(mine,)) for mine in "abc"]
    for side in sides:
        side.start()
    for side in sides:
        side.join()
    sys.setswitchinterval(interval)
    assert not failed
    kept = [row["id"] for row in json.loads((desk.places.data / "outcomes.json").read_text("utf-8"))]
    assert sorted(kept) == ["a39", "b39", "c39"] == sorted(row["id"] for row in facts(desk)["outcomes"])


def test_settings_that_do_not_read_are_told_until_that_is_dismissed(tmp_path):
    places(tmp_path).settings.write_text("{", "utf-8")
    made = studio(tmp_path)
    said = outcome(made)
    assert said["is_bad"] and said["about"] == "settings.json"
    assert "The studio starts with its own settings." in said["said"][0]
    assert "settings.json.broken" in said["said"][-1]
    page.dismiss(made, said["id"])
    assert facts(made)["outcomes"] == []
    made.close()


def test_only_files_that_were_made_can_be_had(desk):
    with pytest.raises(StudioError):
        desk.outcomes.file("../../settings.json")


def test_work_on_projects_waits_for_no_drawing_and_no_pause(desk):
    project(desk, "A door")
    desk.runs.pause()
    page.archive(desk)
    for lane in list(desk.runs._threads):
        lane.join(20)
    assert facts(desk)["outcomes"][0]["file"].endswith("film.zip")
    assert facts(desk)["queue"]["paused"]


# --- what it is made with -------------------------------------------------------------------


def test_a_project_has_workflows_of_its_own_and_falls_back_to_the_settings(desk):
    project(desk, "A door", name="one")
    assert desk.means().keyframe_workflow.name == "keyframe_z_image_turbo"
    page.set_workflow(desk, "keyframe", "keyframe_sdxl")
    assert desk.means().keyframe_workflow.name == "keyframe_sdxl"
    assert facts(desk)["project"]["workflows"] == {"keyframe": "keyframe_sdxl"}
    one = desk.desk
    project(desk, "A cat", name="two")
    assert desk.means().keyframe_workflow.name == "keyframe_z_image_turbo"
    assert desk.means(one).keyframe_workflow.name == "keyframe_sdxl", "also when another one is open"
    one.undo()
    assert chosen_workflows(one.project) == {}


@pytest.mark.parametrize("kind,name", [("keyframe", "none"), ("video", "keyframe_sdxl"), ("sound", "")])
def test_a_workflow_that_cannot_be_is_refused(desk, kind, name):
    project(desk, "A door")
    with pytest.raises(StudioError):
        page.set_workflow(desk, kind, name)
    assert chosen_workflows(desk.desk.project) == {}


def test_choosing_a_workflow_keeps_the_seed_of_the_project(desk):
    folder = project(desk, "A door")
    seed = desk.desk.seed()
    page.set_workflow(desk, "keyframe", "keyframe_sdxl")
    page.set_workflow(desk, "keyframe", "")
    assert json.loads((folder / "project.json").read_text("utf-8")) == {"base_seed": seed}


def test_width_and_height_are_one_step(desk):
    project(desk, "A door")
    before = desk.desk.board.width, desk.desk.board.height
    page.set_size(desk, 720, 1280)
    assert facts(desk)["project"]["height"] == 1280
    desk.desk.undo()
    assert (desk.desk.board.width, desk.desk.board.height) == before


def test_the_sample_is_sketched_whatever_the_settings_say(tmp_path):
    asked = []

    def connect(comfy):
        asked.append(comfy.mode.value)
        return FakeBackend()

    made = Studio(places(tmp_path), connect)
    folder = project(made, "A door")
    made.set(comfy=ComfySettings(Mode.local))
    errand = sample.errands(folder, ["001"])[0]
    asked.clear()
    made._means_of(errand, made.desk)
    assert asked[-1] == "sketch"
    made.close()
