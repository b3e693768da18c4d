"""Picks and marks on the desk: undone with the picture that was there before."""

import pytest

from domain.errors import StudioError
from infrastructure.marks_file import keep_mark
from services import picks, takes
from tests.desks import made, shown
from tests.window.studio import picture


@pytest.fixture
def desk(tmp_path):
    return made(tmp_path / "film", "A harbour", "A door", "A cat")


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


def test_the_same_own_picture_is_one_take(desk, tmp_path):
    own = picture(tmp_path / "own.png", "red")
    names = {takes.bring_in(desk, "001", own, is_picked=False) for _ in range(2)}
    assert names == {"001_v1.png"}
    assert [take.name for take in desk.ledger.takes_of("001")] == ["001_v1"]


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
