"""The desk: every edit is on disk, can be undone, and never undoes somebody else's."""

import json
from dataclasses import replace

import pytest

from domain import board_edits
from domain.errors import BadFile, CannotWrite, StudioError
from domain.project import Project
from services import takes
from services.clipboard import copy, paste
from services.desk import Conflict, Desk
from tests.desks import made, on_disk, prompts, shown, write_outside
from tests.window.studio import picture


@pytest.fixture
def desk(tmp_path):
    return made(tmp_path / "film", "A harbour", "A door", "A cat")


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


def test_a_full_disk_leaves_board_and_history_as_they_were(desk, monkeypatch):
    def full(path, board):
        raise CannotWrite("No room.")

    monkeypatch.setattr("services.desk.write_storyboard", full)
    with pytest.raises(CannotWrite):
        desk.set_field(["001"], "prompt", "New")
    assert desk.shot("001").prompt == "A harbour"
    assert desk.undoable is None
