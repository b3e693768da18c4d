"""Runs: what is asked for is made once and in order; it is cancelled, tried again, moved, left out."""

import time

import pytest

from domain.errand import CANCELLED, DONE, FAILED, RUNNING, WAITING
from domain.errors import JobFailed
from tests.run_bench import GONE, Bench, until


@pytest.fixture
def bench(tmp_path):
    with Bench(tmp_path) as bench:
        yield bench


# --- order and lanes --------------------------------------------------------------------------------


def test_errands_are_made_in_order(bench):
    bench.add("001", "002", "003")
    bench.until_quiet()
    assert bench.work.begun == ["001", "002", "003"]
    assert {state for _, state in bench.states()} == {DONE}


def test_as_many_run_at_once_as_the_backend_has_lanes(tmp_path):
    bench = Bench(tmp_path, lanes=2)
    bench.work.hold("001", "002")
    bench.add("001", "002", "003", "004")
    until(lambda: bench.work.at_once == 2)
    bench.work.let_go()
    bench.until_quiet()
    assert bench.work.most_at_once == 2
    assert len(bench.work.begun) == 4


def test_fewer_lanes_than_before_are_kept_to(tmp_path):
    bench = Bench(tmp_path, lanes=3)
    bench.work.hold("001", "002", "003")
    bench.add("001", "002", "003")
    until(lambda: bench.work.at_once == 3)
    bench.lanes = 1
    bench.add("004", "005", "006", "007")
    bench.work.let_go("001", "002", "003")
    bench.work.most_at_once = 0
    until(lambda: bench.work.at_once <= 1)
    bench.work.most_at_once = 0
    bench.until_quiet()
    assert bench.work.most_at_once <= 1
    assert len(bench.work.begun) == 7


def test_what_needs_another_errand_waits_for_it(tmp_path):
    bench = Bench(tmp_path, lanes=2)
    bench.work.hold("001")
    picture = bench.want("001")
    clip = bench.want("001", "video", after=[picture])
    bench.runs.add([clip, picture])  # also when it stands before it
    until(lambda: bench.work.begun == ["001"])
    time.sleep(0.03)
    assert bench.state(clip) == WAITING
    bench.work.let_go()
    bench.until_quiet()
    assert bench.state(clip) == DONE


def test_a_waiting_errand_is_moved_before_another_and_to_the_end(bench):
    bench.work.hold("000")
    bench.add("000")
    one, two, three = bench.add("001", "002", "003")
    bench.runs.move(three.id, one.id)
    assert bench.fact("queue/order")[1:] == [three.id, one.id, two.id]
    bench.runs.move(three.id, None)
    bench.runs.move(one.id, one.id)
    bench.runs.move("unknown", one.id)
    bench.runs.move(two.id, "unknown")
    bench.work.let_go()
    bench.until_quiet()
    assert bench.work.begun == ["000", "001", "003", "002"]


def test_what_runs_or_is_over_is_not_moved(bench):
    bench.work.hold("000")
    (first,) = bench.add("000")
    one, _ = bench.add("001", "002")
    bench.until(first, RUNNING)
    bench.runs.move(first.id, None)
    assert bench.fact("queue/order")[:2] == [first.id, one.id]


def test_nothing_begins_in_a_paused_queue_and_what_runs_ends(bench):
    bench.work.hold("001")
    one, two = bench.add("001", "002")
    bench.until(one, RUNNING)
    bench.runs.pause()
    bench.work.let_go()
    bench.until(one, DONE)
    three = bench.add("003")[0]
    time.sleep(0.03)
    assert (bench.state(two), bench.state(three)) == (WAITING, WAITING)
    assert bench.fact("queue")["paused"] == "paused"
    bench.runs.resume()
    bench.until_quiet()
    assert bench.work.begun == ["001", "002", "003"]
    assert bench.fact("queue") == {"left": 0, "share": 0, "seconds": None, "paused": "", "lanes": 1}


# --- cancelling and trying again --------------------------------------------------------------------


def test_a_cancelled_errand_that_waits_never_begins(bench):
    bench.work.hold("001")
    one, two = bench.add("001", "002")
    bench.until(one, RUNNING)
    bench.runs.cancel([two.id])
    bench.work.let_go()
    bench.until_quiet()
    assert bench.work.begun == ["001"]
    assert bench.state(two) == CANCELLED


def test_a_cancelled_errand_that_runs_is_closed_and_the_next_one_begins(bench):
    bench.work.hold("001")
    one, two = bench.add("001", "002")
    bench.until(one, RUNNING)
    bench.runs.cancel([one.id])
    bench.until_quiet()
    assert bench.work.closed == ["001"]
    assert (bench.state(one), bench.state(two)) == (CANCELLED, DONE)
    assert bench.fact(f"run/{one.id}")["state"] == CANCELLED


def test_what_breaks_while_it_is_cancelled_was_cancelled(bench):
    bench.work.hold("001")
    one, two = bench.add("001", "002")
    bench.until(one, RUNNING)
    bench.work.breaks["001"] = GONE
    live = bench.runs._live[one.id]
    live.is_cancelled = True  # seen only after the work has broken
    bench.work.let_go()
    bench.until_quiet()
    assert bench.state(one) == CANCELLED
    assert bench.state(two) == DONE
    assert bench.runs.paused == ""


def test_everything_is_cancelled_at_once(bench):
    bench.work.hold("001")
    wanted = bench.add("001", "002", "003")
    bench.until(wanted[0], RUNNING)
    bench.runs.cancel_all()
    bench.until_quiet()
    assert {bench.state(one) for one in wanted} == {CANCELLED}


def test_cancelling_what_is_over_or_unknown_changes_nothing(bench):
    (one,) = bench.add("001")
    bench.until(one, DONE)
    bench.runs.cancel([one.id, "unknown"])
    assert bench.state(one) == DONE


def test_a_failed_errand_is_tried_again_behind_what_waits(bench):
    bench.work.breaks["001"] = JobFailed("out of memory")
    (one,) = bench.add("001")
    bench.until(one, FAILED)
    assert bench.error(one) == "out of memory"
    bench.work.hold("002")
    bench.add("002", "003")
    bench.work.breaks.clear()
    bench.runs.again([one.id])
    bench.work.let_go()
    bench.until_quiet()
    assert bench.work.begun == ["001", "002", "003", "001"]
    assert (bench.state(one), bench.error(one)) == (DONE, "")


def test_trying_the_same_again_twice_makes_it_once(bench):
    bench.work.breaks["001"] = JobFailed("out of memory")
    first = bench.add("001")[0]
    bench.until(first, FAILED)
    second = bench.add("001")[0]
    bench.until(second, FAILED)
    bench.work.breaks.clear()
    bench.runs.pause()
    bench.runs.again([first.id, second.id])
    assert bench.states() == [("001", WAITING)]
    assert bench.fact(f"run/{second.id}") is None
    bench.runs.resume()
    bench.until_quiet()
    assert bench.work.begun == ["001"] * 3


def test_what_waits_already_is_not_asked_for_twice(bench):
    bench.work.hold("000")
    bench.add("000")
    one = bench.add("001", variant=1)[0]
    assert bench.runs.add([bench.want("001", variant=1)]) == []
    other = bench.add("001", variant=2)[0]
    twice = [bench.want("002"), bench.want("002")]
    assert len(bench.runs.add(twice)) == 1
    assert [e.id for e in bench.runs.errands()][1:] == [one.id, other.id, twice[0].id]


def test_what_runs_already_may_be_asked_for_again(bench):
    """The film may have got a new clip since it began."""
    bench.work.hold("001")
    one = bench.add("001")[0]
    bench.until(one, RUNNING)
    again = bench.add("001")[0]
    assert bench.state(again) == WAITING


def test_what_needs_a_picture_that_waits_already_waits_for_that_one(tmp_path):
    bench = Bench(tmp_path, lanes=2)
    bench.work.hold("000", "001")
    bench.add("000", "001")
    waiting = bench.add("002")[0]
    picture = bench.want("002")
    clip = bench.want("002", "video", after=[picture])
    bench.runs.add([picture, clip])
    assert next(e for e in bench.runs.errands() if e.id == clip.id).after == (waiting.id,)
    bench.work.hold("002")
    bench.work.let_go("000", "001")
    bench.until(waiting, RUNNING)
    time.sleep(0.03)
    assert bench.state(clip) == WAITING
    bench.work.let_go()
    bench.until_quiet()


def test_a_clip_that_waits_waits_for_the_new_picture_as_well(bench):
    bench.work.hold("000")
    bench.add("000")
    clip = bench.add("001", deed="video")[0]
    picture = bench.want("001")
    bench.runs.add([picture, bench.want("001", "video", after=[picture])])
    assert next(e for e in bench.runs.errands() if e.id == clip.id).after == (picture.id,)
    bench.runs.add([bench.want("001", "video", after=[clip])])  # never on itself
    bench.work.let_go()
    bench.until_quiet()
    assert bench.state(clip) == DONE


# --- what needs something that was not made -----------------------------------------------------------


def test_what_needs_a_failed_errand_is_left_out_with_the_reason(bench):
    """An artist does not want a video that starts from an old picture because the new one failed: it
    would cost minutes and be stale at once. Nor a second failure that only repeats the first."""
    bench.work.breaks["001"] = JobFailed("out of memory")
    picture = bench.want("001")
    clip = bench.want("001", "video", after=[picture])
    film = bench.want("", "film", after=[clip])
    bench.runs.add([picture, clip, film])
    bench.until_quiet()
    assert (bench.state(picture), bench.state(clip), bench.state(film)) == (FAILED, CANCELLED, CANCELLED)
    assert bench.error(clip) == "Left out, because the keyframe of shot 001 failed."
    assert bench.work.begun == ["001"]


def test_what_was_left_out_comes_back_when_its_cause_is_tried_again(bench):
    bench.work.breaks["001"] = JobFailed("out of memory")
    picture = bench.want("001")
    clip = bench.want("001", "video", after=[picture])
    film = bench.want("", "film", after=[clip])
    bench.runs.add([picture, clip, film])
    bench.until_quiet()
    bench.work.breaks.clear()
    bench.runs.again([picture.id])
    bench.until_quiet()
    assert bench.work.begun == ["001", "001", "001", ""]
    assert {bench.state(one) for one in (picture, clip, film)} == {DONE}


def test_cancelling_a_picture_leaves_out_its_video(bench):
    bench.work.hold("000")
    bench.add("000")
    picture = bench.want("001")
    clip = bench.want("001", "video", after=[picture])
    bench.runs.add([picture, clip])
    bench.runs.cancel([picture.id])
    assert (bench.state(clip), bench.error(clip)) == (
        CANCELLED,
        "Left out, because the keyframe of shot 001 was cancelled.",
    )
    assert bench.error(picture) == ""


def test_a_film_is_made_of_the_clips_there_are(bench):
    bench.work.breaks["001"] = JobFailed("out of memory")
    clips = [bench.want("001", "video"), bench.want("002", "video")]
    film = bench.want("", "film", after=clips)
    bench.runs.add([*clips, film])
    bench.until_quiet()
    assert bench.state(film) == DONE


def test_a_video_made_anew_outlives_the_one_it_waits_for(bench):
    bench.work.hold("001")
    first = bench.want("001", "video")
    second = bench.want("001", "video", after=[first], seed=5)
    bench.runs.add([first, second])
    bench.until(first, RUNNING)
    bench.runs.cancel([first.id])
    bench.until(second, RUNNING)
    bench.work.let_go()
    bench.until(second, DONE)


def test_a_long_chain_is_left_out_without_running_out_of_stack(bench):
    bench.work.hold("000")
    bench.add("000")
    chain = [bench.want("001")]
    for n in range(2, 3000):
        chain.append(bench.want(f"{n:04d}", after=[chain[-1]]))
    bench.runs.add(chain)
    bench.runs.cancel([chain[0].id])
    assert {bench.state(one) for one in (chain[1], chain[-1])} == {CANCELLED}


def test_what_another_program_does_for_minutes_holds_up_nothing_else_that_is_done_aside(tmp_path):
    with Bench(tmp_path) as bench:
        bench.work.hold("plan", "zip", "copy", "other plan")
        (slow,) = bench.add("plan", deed="plan")
        (zipped,) = bench.add("zip", deed="archive")
        (copied,) = bench.add("copy", deed="duplicate")
        (later,) = bench.add("other plan", deed="plan", idea="another")
        bench.until(slow, "running")
        bench.until(zipped, "running")
        assert [bench.state(one) for one in (copied, later)] == ["waiting", "waiting"], "one of each"
        bench.work.let_go("zip")
        bench.until(copied, "running")
        bench.work.let_go("plan")
        bench.until(later, "running")
        bench.work.let_go()
        bench.until_quiet()
        assert bench.work.most_at_once == 2
