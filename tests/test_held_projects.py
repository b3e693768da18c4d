"""Projects in which nothing can be made for now: their errands wait, and those of all others go on."""

import json
import shutil
from dataclasses import replace

import pytest

from domain.errand import DONE, FAILED, RUNNING, WAITING
from domain.errors import Blocked
from infrastructure.project_lock import locked
from services import standstill
from services.means import errand
from tests.run_bench import Bench, until
from tests.studios import facts, project, studio, until_done

HELD = Blocked("It is held.")


@pytest.fixture
def made(tmp_path, monkeypatch):
    monkeypatch.setattr(standstill, "FIRST", standstill.LONGEST)  # nothing is tried again by itself meanwhile
    made = studio(tmp_path)
    yield made
    made.close()


@pytest.fixture
def closed(made):
    """A project that was not opened since the studio started."""
    folder = made.places.projects / "closed"
    folder.mkdir(parents=True)
    board = {
        "project": "closed",
        "width": 320,
        "height": 192,
        "shots": [{"shot_id": "001", "prompt": "A cat"}],
    }
    (folder / "storyboard.json").write_text(json.dumps(board), "utf-8")
    return folder


@pytest.fixture
def bench(tmp_path):
    with Bench(tmp_path) as bench:
        yield bench


def state_of(made, id):
    return made.runs._queue.get(id).state


def asked(made, folder, shot="001"):
    (id,) = made.ask([errand("keyframe", folder, shot, variant=1)])
    return id


def elsewhere(bench, shot):
    return replace(bench.want(shot), project=str(bench.folder / "another"))


# --- boards that do not read ----------------------------------------------------------------------------


def test_the_errands_of_a_closed_project_wait_until_its_board_reads_again(made, closed):
    board = closed / "storyboard.json"
    whole = board.read_text("utf-8")
    board.write_text(whole[:-3], "utf-8")
    waits = asked(made, closed)
    until(lambda: made.runs.paused and not made.runs._threads, "nothing stood still")
    assert state_of(made, waits) == WAITING
    assert "storyboard.json" in facts(made)["queue"]["paused"]
    assert "storyboard.json" in facts(made)[f"run/{waits}"]["error"]

    other = asked(made, project(made, "A door"))
    until(lambda: state_of(made, other) == DONE, "another project's errand waits, too")
    assert state_of(made, waits) == WAITING

    board.write_text(whole, "utf-8")
    made.runs.resume()
    until_done(made)
    assert state_of(made, waits) == DONE
    assert facts(made)[f"run/{waits}"]["error"] == ""


def test_the_errands_of_a_project_that_was_deleted_fail_and_hold_up_nobody(made, closed):
    (closed / "storyboard.json").write_text("{", "utf-8")
    waits = asked(made, closed)
    until(lambda: made.runs.paused and not made.runs._threads, "nothing stood still")
    shutil.rmtree(closed)
    made.runs.resume()
    until_done(made)
    assert state_of(made, waits) == FAILED
    assert "no storyboard" in facts(made)[f"run/{waits}"]["error"]
    assert facts(made)["queue"]["paused"] == ""


def test_a_project_that_breaks_while_it_is_open_holds_up_no_other_one(made, closed):
    folder = project(made, "A door")
    (folder / "storyboard.json").write_text("{", "utf-8")
    waits, other = asked(made, folder), asked(made, closed)
    until(lambda: state_of(made, other) == DONE, "it waits for another project's board")
    assert state_of(made, waits) == WAITING


def test_a_project_that_another_program_holds_holds_up_no_other_one(made, closed):
    folder = project(made, "A door")
    with locked(folder):
        waits, other = asked(made, folder), asked(made, closed)
        until(lambda: state_of(made, other) == DONE, "it waits for another program in another project")
        assert state_of(made, waits) == WAITING


# --- the queue ------------------------------------------------------------------------------------------


def test_what_waits_for_its_project_says_why_and_the_queue_only_when_nothing_else_can_begin(bench):
    bench.work.breaks["001"] = HELD
    bench.work.hold("101")
    one, two, other, last = (
        bench.want("001"),
        bench.want("002"),
        elsewhere(bench, "101"),
        elsewhere(bench, "102"),
    )
    bench.runs.add([one, two, other, last])
    bench.until(other, RUNNING)
    assert (bench.state(one), bench.error(one)) == (WAITING, "It is held.")
    assert bench.state(two) == WAITING and "002" not in bench.work.begun
    assert bench.runs.paused == ""
    bench.work.let_go()
    bench.until_quiet()
    assert (bench.state(other), bench.state(last)) == (DONE, DONE)
    assert bench.fact("queue")["paused"] == "It is held."
    bench.runs.cancel([one.id, two.id])
    assert bench.fact("queue")["paused"] == ""


def test_a_project_is_tried_again_while_others_are_worked_in(bench, monkeypatch):
    monkeypatch.setattr(standstill, "FIRST", 0.0)
    bench.work.breaks["001"] = HELD
    bench.work.hold("101")
    one, other = bench.want("001"), elsewhere(bench, "101")
    bench.runs.add([one, other])
    bench.until(other, RUNNING)
    assert bench.runs.waits_for_backend
    bench.work.breaks.clear()
    bench.runs.is_back()
    bench.work.let_go()
    bench.until_quiet()
    assert (bench.state(one), bench.error(one), bench.state(other)) == (DONE, "", DONE)
    assert not bench.runs.waits_for_backend


def test_a_pause_is_a_pause_also_for_a_project_that_was_held(bench, monkeypatch):
    monkeypatch.setattr(standstill, "FIRST", 0.0)
    bench.work.breaks["001"] = HELD
    (one,) = bench.add("001")
    until(lambda: bench.runs.paused and not bench.runs._threads)
    bench.work.breaks.clear()
    bench.runs.pause()
    bench.runs.is_back()
    assert (bench.state(one), bench.runs.paused) == (WAITING, "paused")
    bench.runs.resume()
    bench.until_quiet()
    assert bench.state(one) == DONE
