"""The desk with two at it: nothing that one does is lost to the other."""

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from infrastructure import storyboard_files
from infrastructure.workflow_files import SHIPPED, WorkflowFolder
from services import picks, project_workflows, takes
from services.segments import StandIns
from tests.desks import made, shown
from tests.fakes import FakeBackend
from tests.test_recipes import wanted
from tests.window.studio import picture


@pytest.fixture
def desk(tmp_path):
    return made(tmp_path / "film", "A harbour", "A door", "A cat")


def test_a_step_taken_while_another_is_undone_is_not_lost(desk, monkeypatch):
    desk.set_field(["001"], "prompt", "New")
    began, go_on = threading.Event(), threading.Event()
    write = storyboard_files.write_storyboard

    def slow(path, board):
        began.set()
        go_on.wait(30)
        write(path, board)

    monkeypatch.setattr("services.desk.write_storyboard", slow)
    undoing = threading.Thread(target=desk.undo)
    marking = threading.Thread(target=lambda: takes.mark(desk, "001_v1", stars=3))
    undoing.start()
    began.wait(30)
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
    picking = threading.Thread(target=lambda: (looked.wait(30), desk.choose("001", mine)))
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
