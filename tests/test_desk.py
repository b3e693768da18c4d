"""The desk: every edit is on disk, can be undone, and never undoes somebody else's."""

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest
from PIL import Image

from domain import board_edits
from domain.errors import BadFile, CannotWrite, StudioError
from domain.project import Project
from infrastructure import storyboard_files
from infrastructure.marks_file import keep_mark
from infrastructure.storyboard_files import open_storyboard
from infrastructure.workflow_files import SHIPPED, WorkflowFolder
from services import picks, project_workflows, takes
from services.clipboard import copy, paste
from services.desk import Conflict, Desk
from services.segments import StandIns
from tests.fakes import FakeBackend
from tests.test_recipes import wanted
from tests.window.studio import picture


@pytest.fixture
def desk(tmp_path):
    return made(tmp_path / "film", "A harbour", "A door", "A cat")


def made(folder, *prompts):
    folder.mkdir(parents=True)
    shots = [{"shot_id": f"{n:03d}", "prompt": prompt} for n, prompt in enumerate(prompts, 1)]
    content = {"project": "Film", "shots": shots, "unknown": {"kept": True}}
    (folder / "storyboard.json").write_text(json.dumps(content), "utf-8")
    told = []
    desk = Desk(Project(folder), lambda desk, ids: told.append(ids))
    desk.heard = told
    return desk


def on_disk(desk):
    return open_storyboard(desk.project.storyboard)[0]


def prompts(desk):
    return [shot.prompt for shot in on_disk(desk).shots]


def write_outside(desk, change):
    content = json.loads(desk.project.storyboard.read_text("utf-8"))
    change(content)
    desk.project.storyboard.write_text(json.dumps(content, indent=1), "utf-8")


def test_an_edit_is_on_disk_at_once_and_told_for_its_shot_only(desk):
    desk.set_field(["002"], "prompt", "A red door")
    assert prompts(desk) == ["A harbour", "A red door", "A cat"]
    assert json.loads(desk.project.storyboard.read_text("utf-8"))["unknown"] == {"kept": True}
    assert desk.heard == [()]


def test_everything_is_undone_and_done_again_in_order(desk):
    start = desk.board
    desk.set_field(["001"], "seconds", 5)
    desk.edit("move", lambda board: board_edits.with_moved(board, ["003"], "001"))
    desk.edit("remove", lambda board: board_edits.without_shots(board, ["002"]))
    end = desk.board
    labels = [desk.undo().label for _ in range(3)]
    assert labels == ["remove", "move", "edit"]
    assert desk.board == start == replace(on_disk(desk), raw=start.raw, shots=start.shots)
    assert desk.undo() is None
    for _ in range(3):
        desk.redo()
    assert desk.board == end
    assert prompts(desk) == ["A cat", "A harbour"]


def test_typing_in_one_field_is_one_step_and_another_field_is_another(desk):
    for text in ("A", "A h", "A har"):
        desk.set_field(["001"], "prompt", text)
    desk.set_field(["001"], "negative", "people")
    desk.undo()
    assert desk.shot("001").prompt == "A har"
    desk.undo()
    assert desk.shot("001").prompt == "A harbour"


def test_an_edit_after_undo_forgets_what_was_undone(desk):
    desk.set_field(["001"], "prompt", "One")
    desk.undo()
    desk.set_field(["001"], "prompt", "Two")
    assert desk.redo() is None


def test_an_edit_keeps_what_another_program_wrote_meanwhile(desk):
    write_outside(desk, lambda content: content["shots"][2].update(prompt="A dog"))
    desk.set_field(["001"], "prompt", "A port")
    assert prompts(desk) == ["A port", "A door", "A dog"]
    desk.undo()
    assert prompts(desk) == ["A harbour", "A door", "A dog"]
    desk.undo()
    assert prompts(desk) == ["A harbour", "A door", "A cat"]


def test_a_field_changed_elsewhere_is_asked_about_and_not_overwritten(desk):
    write_outside(desk, lambda content: content["shots"][0].update(prompt="Theirs"))
    with pytest.raises(Conflict) as conflict:
        desk.set_field(["001"], "prompt", "Mine", "A harbour")
    assert conflict.value.theirs == "Theirs"
    assert prompts(desk)[0] == "Theirs"
    desk.set_field(["001"], "prompt", "Mine", "Theirs")
    assert prompts(desk)[0] == "Mine"


def test_no_shot_at_all_is_asked_for_one(desk):
    with pytest.raises(StudioError, match="No shot is selected"):
        desk.set_field([], "prompt", "Mine", "")


def test_a_board_that_became_unreadable_is_told_and_never_written_over(desk):
    desk.project.storyboard.write_text("{", "utf-8")
    for deed in (desk.look, desk.look, desk.undo, lambda: desk.set_field(["001"], "prompt", "Mine")):
        with pytest.raises(BadFile, match=r"storyboard\.json"):
            deed()
    assert desk.project.storyboard.read_text("utf-8") == "{"
    desk.project.storyboard.write_text(
        json.dumps({"shots": [{"shot_id": "001", "prompt": "Mended"}]}), "utf-8"
    )
    assert desk.look()
    assert desk.shot("001").prompt == "Mended"


def test_a_folder_without_a_board_is_no_project(tmp_path):
    with pytest.raises(BadFile, match="no storyboard"):
        Desk(Project(tmp_path), lambda desk, ids: None)


def test_a_new_shot_never_inherits_the_files_of_a_deleted_one(desk):
    picture(desk.project.keyframes / "004.png")
    desk.edit("add", lambda b: board_edits.with_new_shots(b, [desk.shot("003")], None, desk.used_ids()))
    assert [shot.id for shot in desk.board.shots] == ["001", "002", "003", "005"]


def test_undoing_a_pick_brings_back_the_picture_before(desk, tmp_path):
    first, second = (desk.ledger.bring_in("001", picture(tmp_path / f"{c}.png", c)) for c in ("red", "blue"))
    desk.choose("001", first)
    desk.choose("001", second)
    assert shown(desk) == (0, 0, 255)
    desk.undo()
    assert shown(desk) == (255, 0, 0)
    desk.undo()
    assert picks.chosen(desk.project, "001") is None
    desk.redo()
    assert shown(desk) == (255, 0, 0)


def test_undoing_a_pick_brings_back_even_what_was_painted_by_hand(desk, tmp_path):
    desk.choose("001", desk.ledger.bring_in("001", picture(tmp_path / "red.png", "red")))
    picture(desk.project.keyframe("001"), "lime")
    desk.choose("001", desk.ledger.bring_in("001", picture(tmp_path / "blue.png", "blue")))
    desk.undo()
    assert shown(desk) == (0, 255, 0)


def test_a_step_that_can_never_be_undone_any_more_does_not_bar_those_before_it(desk, tmp_path):
    desk.set_field(["001"], "prompt", "New")
    first, second = (desk.ledger.bring_in("001", picture(tmp_path / f"{c}.png", c)) for c in ("red", "blue"))
    desk.choose("001", first)
    desk.choose("001", second)
    first.unlink()
    with pytest.raises(StudioError, match="not there any more"):
        desk.undo()
    assert desk.undo().label == "pick"
    assert desk.undo().label == "edit"
    assert desk.shot("001").prompt == "A harbour"


def shown(desk, shot="001"):
    with Image.open(desk.project.keyframe(shot)) as image:
        return image.convert("RGB").getpixel((3, 3))


def test_the_same_own_picture_is_one_take(desk, tmp_path):
    own = picture(tmp_path / "own.png", "red")
    names = {takes.bring_in(desk, "001", own, is_picked=False) for _ in range(2)}
    assert names == {"001_v1.png"}
    assert [take.name for take in desk.ledger.takes_of("001")] == ["001_v1"]


def test_shots_go_to_another_project_with_their_pictures(desk, tmp_path):
    start = takes.reference(desk, picture(tmp_path / "start.png", "red"))
    desk.set_field(["001"], "start_image", str(start))
    desk.choose("001", desk.ledger.bring_in("001", picture(tmp_path / "key.png", "blue")))
    other = made(tmp_path / "other", "Elsewhere")
    ids = paste(other, json.loads(json.dumps(copy(desk, ["001"]))), "001")
    assert ids == ["002"]
    assert other.shot("002").start_image.is_relative_to(other.project.folder)
    assert shown(other, "002") == (0, 0, 255)
    other.undo()
    assert [shot.id for shot in other.board.shots] == ["001"]
    assert start.exists()


@pytest.mark.parametrize("copied", [{}, {"shots": [], "keyframes": []}, {"shots": 3, "keyframes": []}])
def test_nothing_to_paste_is_told(desk, copied):
    with pytest.raises(StudioError, match="no shots to paste"):
        paste(desk, copied, None)


def test_marks_are_undone_too(desk):
    takes.mark(desk, "001_v1", stars=3)
    takes.mark(desk, "001_v1", rejected=True)
    assert takes.marks(desk) == {"001_v1": {"stars": 3, "rejected": True}}
    desk.undo()
    assert takes.marks(desk) == {"001_v1": {"stars": 3}}


def test_an_undone_mark_leaves_those_of_other_takes(desk):
    takes.mark(desk, "001_v1", stars=3)
    keep_mark(desk.project.marks, "002_v1", {"stars": 5})  # past the desk
    desk.undo()
    assert takes.marks(desk) == {"002_v1": {"stars": 5}}
    desk.redo()
    assert takes.marks(desk) == {"001_v1": {"stars": 3}, "002_v1": {"stars": 5}}


def test_marks_given_at_once_are_all_kept(desk):
    def give(shot):
        for number in range(20):
            takes.mark(desk, f"{shot}_v{number}", stars=3)
            takes.star(desk, f"{shot}_v{number}")

    at_once(lambda: give("001"), lambda: give("002"), lambda: give("003"))
    assert len(takes.marks(desk)) == 60
    assert {mark["stars"] for mark in takes.marks(desk).values()} == {4}
    while desk.undoable:
        desk.undo()
    assert takes.marks(desk) == {}


def test_marks_that_do_not_read_are_kept_aside(desk):
    desk.project.marks.write_text('{"001_v1": {"stars": 3},', "utf-8")
    takes.mark(desk, "002_v1", stars=1)
    assert takes.marks(desk) == {"002_v1": {"stars": 1}}
    assert desk.project.marks.with_name("marks.json.broken").read_text("utf-8") == '{"001_v1": {"stars": 3},'


def test_a_mark_of_a_shot_whose_name_looks_like_a_takes_is_told_for_that_shot(desk):
    takes.mark(desk, "intro_v2_v1", stars=1)
    takes.star(desk, "003.02_v1")
    assert desk.heard == [["intro_v2"], ["003"]]
    picture(desk.project.takes / "intro_v2_v1.png")
    picture(desk.project.keyframes / "outro_v3.png")
    assert {"intro_v2", "outro_v3"} <= desk.used_ids()


def test_a_step_taken_while_another_is_undone_is_not_lost(desk, monkeypatch):
    desk.set_field(["001"], "prompt", "New")
    began, go_on = threading.Event(), threading.Event()
    write = storyboard_files.write_storyboard

    def slow(path, board):
        began.set()
        go_on.wait(5)
        write(path, board)

    monkeypatch.setattr("services.desk.write_storyboard", slow)
    undoing = threading.Thread(target=desk.undo)
    marking = threading.Thread(target=lambda: takes.mark(desk, "001_v1", stars=3))
    undoing.start()
    began.wait(5)
    marking.start()
    marking.join(0.2)
    go_on.set()
    undoing.join(), marking.join()
    assert (desk.undo().label, takes.marks(desk)) == ("mark", {})
    assert desk.undo() is None


def test_a_lane_never_writes_over_what_is_picked_at_that_moment(desk, tmp_path, monkeypatch):
    start = takes.reference(desk, picture(tmp_path / "start.png", "red"))
    mine = desk.ledger.bring_in("001", picture(tmp_path / "mine.png", "blue"))
    looked, choose = threading.Event(), picks.choose

    def slow(project, shot_id, chosen, by=picks.ARTIST):
        if by == picks.STUDIO:
            looked.set()
            picking.join(0.2)
        return choose(project, shot_id, chosen, by)

    monkeypatch.setattr(picks, "choose", slow)
    picking = threading.Thread(target=lambda: (looked.wait(5), desk.choose("001", mine)))
    picking.start()
    desk.start_from("001", start)
    picking.join()
    assert shown(desk) == (0, 0, 255)


def test_a_seed_that_is_drawn_at_once_from_two_sides_is_one(tmp_path):
    for number in range(20):
        desk = made(tmp_path / str(number), "A harbour")
        seeds = at_once(desk.seed, desk.seed, desk.seed)
        assert len({*seeds, desk.seed()}) == 1


def test_a_workflow_chosen_while_the_seed_is_drawn_keeps_both(tmp_path):
    workflows = WorkflowFolder(SHIPPED, tmp_path / "own")
    for number in range(20):
        desk = made(tmp_path / str(number), "A harbour")
        choose = partial(project_workflows.choose, desk, workflows, "video", "video_wan22_5b")
        seed, _ = at_once(desk.seed, choose)
        kept = json.loads((desk.project.folder / "project.json").read_text("utf-8"))
        assert kept == {"base_seed": seed, "video_workflow": "video_wan22_5b"}


def test_takes_that_are_made_to_stand_in_at_once_all_do(desk):
    backend = FakeBackend()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def put(first):
        for seed in range(first, first + 30):
            own = wanted("001.01", seed=seed)
            StandIns(backend, desk.ledger, "001").put(own, f"001.01_v{seed}")

    at_once(lambda: put(0), lambda: put(100))
    sys.setswitchinterval(interval)
    assert len(json.loads(desk.project.stand_ins("001").read_text("utf-8"))) == 60


def at_once(*deeds):
    """What they return; what one of them raises is raised here."""
    with ThreadPoolExecutor(len(deeds)) as pool:
        return [future.result() for future in [pool.submit(deed) for deed in deeds]]


def test_a_full_disk_leaves_board_and_history_as_they_were(desk, monkeypatch):
    def full(path, board):
        raise CannotWrite("No room.")

    monkeypatch.setattr("services.desk.write_storyboard", full)
    with pytest.raises(CannotWrite):
        desk.set_field(["001"], "prompt", "New")
    assert desk.shot("001").prompt == "A harbour"
    assert desk.undoable is None
