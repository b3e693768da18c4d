"""Runs: nothing is lost, whatever breaks or ends, and thousands stay quick."""

import json
import threading
import time
from dataclasses import replace

import pytest

from domain.errand import CANCELLED, DONE, FAILED, RUNNING, STOPPED, WAITING
from domain.errors import Blocked, CannotWrite, JobFailed, StudioError
from domain.events import Fact, Failed, Saved, Told
from infrastructure.queue_file import QueueFile
from services import queue, standstill
from services.standstill import Standstill
from tests.run_bench import GONE, REFUSED, Bench, dying_threads, is_busy, until


@pytest.fixture
def bench(tmp_path):
    with Bench(tmp_path) as bench:
        yield bench


# --- what breaks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [GONE, CannotWrite("The disk is full."), Blocked("It is held.")])
def test_a_backend_that_goes_away_pauses_the_queue_and_nothing_is_lost(tmp_path, trouble):
    bench = Bench(tmp_path, lanes=2)
    bench.work.breaks = dict.fromkeys(("002", "003"), trouble)
    wanted = bench.add("001", "002", "003", "004")
    until(lambda: bench.runs.paused and not bench.runs._threads)
    assert bench.runs.paused == str(trouble)
    assert bench.fact("queue")["paused"] == str(trouble)
    assert {bench.state(one) for one in wanted[1:3]} == {WAITING}, "it is not their fault"
    bench.work.breaks.clear()
    bench.runs.resume()
    bench.until_quiet()
    assert {bench.state(one) for one in wanted} == {DONE}
    began = [errand.began for errand in bench.runs.errands()]
    assert began == sorted(began), "they kept their turn"


@pytest.mark.parametrize("trouble", [GONE, Blocked("It is held.")])
def test_what_waited_for_a_backend_goes_on_when_it_is_back(bench, monkeypatch, trouble):
    monkeypatch.setattr(standstill, "FIRST", 0.0)
    bench.work.breaks["001"] = trouble
    one, two = bench.add("001", "002")
    until(lambda: bench.runs.paused and not bench.runs._threads)
    bench.work.breaks.clear()
    bench.runs.is_back()
    bench.until_quiet()
    assert (bench.state(one), bench.state(two), bench.runs.paused) == (DONE, DONE, "")


@pytest.mark.parametrize("trouble", [REFUSED, CannotWrite("The disk is full.")])
def test_what_waits_for_the_artist_goes_on_for_nobody_else(bench, monkeypatch, trouble):
    monkeypatch.setattr(standstill, "FIRST", 0.0)
    bench.work.breaks["001"] = trouble
    bench.add("001", "002")
    until(lambda: bench.runs.paused and not bench.runs._threads)
    bench.runs.is_back()
    assert bench.runs.paused == str(trouble)
    bench.runs.pause()
    bench.runs.is_back()
    assert bench.runs.paused == "paused"


def test_a_pause_stays_when_what_still_runs_loses_its_backend(bench, monkeypatch):
    monkeypatch.setattr(standstill, "FIRST", 0.0)
    bench.work.hold("001")
    bench.work.breaks["001"] = GONE
    one, two = bench.add("001", "002")
    bench.until(one, RUNNING)
    bench.runs.pause()
    bench.work.let_go()
    until(lambda: not bench.runs._threads)
    bench.runs.is_back()
    assert (bench.runs.paused, bench.state(one), bench.state(two)) == ("paused", WAITING, WAITING)


def test_a_full_disk_after_a_lost_server_waits_for_the_artist():
    still = Standstill()
    still.trouble(GONE, "", 0.0)
    still.trouble(CannotWrite("The disk is full."), "", 1.0)
    assert not still.is_due(1000.0) and still.why == "The disk is full."


def test_a_backend_that_comes_and_goes_is_tried_ever_later():
    still, waits, now = Standstill(), [], 0.0
    for _ in range(9):
        still.trouble(GONE, "", now)
        began = now
        while not still.is_due(now):
            now += 1
        waits.append(now - began)
        still.over()
    assert waits == [4, 8, 16, 32, 64, 128, 256, 300, 300]
    still.worked()
    still.trouble(GONE, "", now)
    assert still.is_due(now + 4)


def test_a_job_refused_first_of_its_click_pauses_the_rest(bench):
    bench.work.breaks["001"] = REFUSED
    one, two = bench.add("001", "002")
    until(lambda: bench.runs.paused)
    until(lambda: not bench.runs._threads)
    assert (bench.state(one), bench.state(two)) == (FAILED, WAITING)
    assert bench.runs.paused == str(REFUSED)
    bench.work.breaks.clear()
    bench.runs.resume()
    bench.until_quiet()
    assert bench.work.begun == ["001", "002", "001"], "what was refused is tried again, behind the others"
    assert bench.state(one) == DONE


def test_a_job_refused_later_fails_alone(bench):
    bench.work.breaks["002"] = REFUSED
    wanted = bench.add("001", "002", "003")
    bench.until_quiet()
    assert [bench.state(one) for one in wanted] == [DONE, FAILED, DONE]
    assert bench.runs.paused == ""


def test_trying_one_again_wakes_a_queue_that_trouble_paused_but_not_one_that_the_artist_did(bench):
    bench.work.breaks["001"] = REFUSED
    one, two = bench.add("001", "002")
    until(lambda: bench.runs.paused and not bench.runs._threads)
    bench.work.breaks.clear()
    bench.runs.again([one.id])
    bench.until_quiet()
    assert (bench.state(one), bench.state(two)) == (DONE, DONE)
    bench.runs.pause()
    bench.runs.again([one.id])
    assert (bench.state(one), bench.runs.paused) == (WAITING, "paused")


def test_an_unforeseen_error_fails_one_errand_is_shown_in_the_log_and_the_rest_goes_on(bench):
    bench.work.breaks["001"] = ZeroDivisionError("a bug")
    with dying_threads() as traces:
        one, two = bench.add("001", "002")
        bench.until_quiet()
        until(lambda: traces)
    assert (bench.state(one), bench.state(two)) == (FAILED, DONE)
    assert "unforeseen" in bench.error(one)
    assert [str(trace) for trace in traces] == ["a bug"]


def test_an_errand_that_cannot_even_begin_fails(bench):
    def begin(errand):
        raise StudioError("There is no such project any more.")

    bench.runs._begin = begin
    (one,) = bench.add("001")
    bench.until_quiet()
    assert (bench.state(one), bench.error(one)) == (FAILED, "There is no such project any more.")


def test_pieces_that_failed_make_an_errand_fail_with_their_reasons(bench):
    bench.work.tells["001"] = [Failed("segment 1", "out of memory."), Failed("segment 2", "lost.")]
    (one,) = bench.add("001")
    bench.until_quiet()
    assert (bench.state(one), bench.error(one)) == (FAILED, "out of memory. lost.")


def test_a_backend_that_cannot_be_made_pauses_with_its_sentence(bench):
    def lanes():
        raise StudioError("The address is not one.")

    bench.runs._lanes = lanes
    (one,) = bench.add("001")
    assert (bench.runs.paused, bench.state(one)) == ("The address is not one.", WAITING)
    bench.runs._lanes = lambda: 1
    bench.runs.resume()
    bench.until_quiet()
    assert bench.state(one) == DONE


def test_a_disk_that_takes_no_queue_stops_no_work(bench):
    bench.file.mkdir()
    (bench.file / "in the way").touch()
    wanted = bench.add("001", "002")
    bench.until_quiet()
    assert {bench.state(one) for one in wanted} == {DONE}


# --- the studio ends --------------------------------------------------------------------------------------


def test_closing_stops_what_runs_and_the_next_studio_goes_on_with_it(bench):
    bench.work.hold("001")
    one, two = bench.add("001", "002")
    bench.until(one, RUNNING)
    bench.runs.close()
    assert bench.work.closed == ["001"]
    assert bench.states() == [("001", STOPPED), ("002", WAITING)]
    bench.runs = bench.started()
    assert bench.states() == [("001", STOPPED), ("002", STOPPED)]
    time.sleep(0.03)
    assert bench.work.begun == ["001"], "nothing begins by itself"
    bench.work.let_go()
    bench.runs.go_on()
    bench.until_quiet()
    assert bench.work.begun == ["001", "001", "002"]
    assert (bench.state(one), bench.state(two)) == (DONE, DONE)


def test_what_a_killed_studio_left_reads_as_stopped(bench):
    picture = bench.want("001", variant=2)
    clip = bench.want("001", "video", after=[picture])
    done = replace(bench.want("000"), state=DONE, files=("takes/000_v1.png",), takes=("000_v1",), server="x")
    QueueFile(bench.file).write([done, replace(picture, state=RUNNING), clip])
    bench.runs = bench.started()
    assert bench.states() == [("000", DONE), ("001", STOPPED), ("001", STOPPED)]
    assert bench.runs.errands()[0] == done
    bench.runs.go_on()
    bench.until_quiet()
    assert bench.work.begun == ["001", "001"]
    assert bench.state(clip) == DONE


def test_a_damaged_queue_file_costs_only_what_does_not_read(bench):
    QueueFile(bench.file).write([bench.want("001"), bench.want("002")])
    rows = json.loads(bench.file.read_text("utf-8"))
    bench.file.write_text(json.dumps([3, {}, {**rows[0], "files": 4}, {**rows[0], "began": "x"}, rows[1]]))
    assert [e.shot for e in QueueFile(bench.file).read()] == ["002"]
    bench.file.write_text("{")
    assert QueueFile(bench.file).read() == []
    assert bench.file.with_name("queue.json.broken").read_text() == "{"


def test_a_queue_of_an_older_studio_reads(bench):
    one = bench.want("001")
    row = {key: value for key, value in vars(one).items() if key not in ("takes", "server", "is_reused")}
    bench.file.write_text(json.dumps([row]), "utf-8")
    assert [e.shot for e in QueueFile(bench.file).read()] == ["001"]


def test_asking_anew_for_what_was_stopped_makes_it_once(bench):
    picture = bench.want("001")
    QueueFile(bench.file).write([picture, bench.want("001", "video", after=[picture])])
    bench.runs = bench.started()
    bench.add("001")
    bench.until_quiet()
    assert bench.work.begun == ["001"]
    assert bench.states() == [("001", DONE), ("001", STOPPED)]


def test_going_on_with_a_video_goes_on_with_the_picture_it_needs(bench):
    picture = bench.want("001")
    clip = bench.want("001", "video", after=[picture])
    QueueFile(bench.file).write([picture, clip])
    bench.runs = bench.started()
    bench.runs.again([clip.id])
    bench.until_quiet()
    assert (bench.state(picture), bench.state(clip)) == (DONE, DONE)


def test_what_was_not_finished_can_be_forgotten(bench):
    QueueFile(bench.file).write([bench.want("001"), replace(bench.want("002"), state=DONE)])
    bench.runs = bench.started()
    bench.runs.forget([STOPPED, WAITING])
    assert bench.states() == [("002", DONE)]
    bench.runs.forget()
    assert (bench.states(), QueueFile(bench.file).read()) == ([], [])
    assert not [key for key in bench.feed.since(0).changed if key.startswith("run/")]


def test_the_queue_on_disk_is_never_older_than_the_work_by_more_than_a_moment(bench):
    bench.work.hold("002")
    one, two = bench.add("001", "002")
    bench.until(two, RUNNING)
    until(lambda: json.loads(bench.file.read_text("utf-8"))[0]["state"] == DONE)
    assert bench.state(one) == DONE


# --- what pages hear --------------------------------------------------------------------------------------


def test_pages_hear_where_an_errand_runs_and_on_what(bench):
    bench.work.hold("001")
    bench.work.tells["001"] = [Fact("server", "ComfyUI 0.30.0"), Fact("take", "001_v1"), Fact("url", "x")]
    (one,) = bench.add("001")
    bench.until(one, RUNNING)
    bench.work.let_go()
    bench.until_quiet()
    told = bench.fact(f"run/{one.id}")
    assert (told["server"], told["takes"]) == ("ComfyUI 0.30.0", ["001_v1"])
    assert told["files"] == ["takes/001_v1.png"]
    assert told["ended"] >= told["began"] > 0
    bench.runs.close()
    assert bench.started().errands()[0].server == "ComfyUI 0.30.0"


def test_pages_hear_progress_with_a_preview_and_when_it_will_be_over(bench):
    bench.work.hold("001")
    (one,) = bench.add("001")
    until(lambda: (told := bench.fact(f"run/{one.id}")) and told["preview"] > 1)
    assert bench.runs.live(one.id).preview == b"jpeg"
    until(lambda: bench.fact(f"run/{one.id}")["until"], "half of it took over a second")
    assert bench.fact("queue")["seconds"] is not None
    assert bench.fact("queue")["share"] == 0.5


def test_sentences_are_told_at_once(bench):
    bench.work.tells["001"] = [Told("Colours were matched.")]
    bench.add("001")
    bench.until_quiet()
    assert bench.fact("told")["text"] == "Colours were matched."


def test_what_was_there_already_says_nothing_about_how_long_things_take(bench):
    bench.work.tells["001"] = [Saved(bench.folder / "takes" / "001_v1.png", reused=True)]
    work = bench.runs._begin

    def begin(errand):
        yield from list(work.tells["001"])

    bench.runs._begin = begin
    (one,) = bench.add("001")
    bench.until_quiet()
    assert bench.fact(f"run/{one.id}")["reused"] is True
    assert bench.runs.pace.of("") == {}


def test_the_page_never_hears_an_older_state_last(tmp_path):
    """Cancelling and ending at the same moment: what is told last is what is so."""
    bench = Bench(tmp_path, lanes=4)
    wanted = bench.add(*(f"{n:03d}" for n in range(200)))
    for one in wanted:
        bench.runs.cancel([one.id])
    bench.until_quiet()
    assert all(bench.fact(f"run/{one.id}")["state"] == bench.state(one) for one in wanted)


def test_a_page_that_asks_back_while_it_is_told_does_not_hang_the_studio(bench):
    heard = []
    bench.feed.listen(lambda: heard.append((len(bench.runs.errands()), is_busy(bench.runs))))
    bench.add("001", "002")
    bench.until_quiet()
    assert heard


# --- many -------------------------------------------------------------------------------------------------


def test_old_errands_are_let_go_and_failures_are_kept_apart(bench):
    bench.work.breaks["0000"] = JobFailed("out of memory")
    failed = bench.add("0000")[0]
    bench.add(*(f"{n:04d}" for n in range(1, 1001)))
    bench.until_quiet()
    assert bench.state(failed) == FAILED
    assert queue.KEPT < len(bench.states()) <= queue.KEPT + queue._SLACK + 1
    told = [key for key in bench.feed.since(0).changed if key.startswith("run/")]
    assert len(told) == len(bench.states())


def test_many_at_once_from_many_sides_all_come_to_an_end(tmp_path):
    bench = Bench(tmp_path, lanes=3)
    batches = [[bench.want(f"{side}{n:03d}", run=str(side)) for n in range(60)] for side in range(4)]

    def ask(batch):
        for one in batch:
            bench.runs.add([one])
            if one.shot.endswith("7"):
                bench.runs.cancel([one.id])
            if one.shot.endswith("3"):
                bench.runs.pause()
                bench.runs.move(one.id, None)
                bench.runs.resume()

    threads = [threading.Thread(target=ask, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bench.until_quiet()
    assert {bench.state(one) for batch in batches for one in batch} <= {DONE, CANCELLED}
    assert bench.fact("queue")["left"] == 0


def test_what_happens_to_one_costs_the_same_however_many_wait(tmp_path):
    """Counted, not timed: what is told and what is encoded for one errand that ends."""
    bench = Bench(tmp_path)
    bench.work.hold("first")
    bench.add("first")
    bench.runs.add([bench.want(f"{n:04d}") for n in range(2000)])
    version = bench.feed.version
    bench.runs.pause()
    bench.work.let_go()
    until(lambda: not bench.runs._threads)
    news = bench.feed.since(version)
    assert "queue/order" not in news.changed
    assert sum(len(text) for text in news.changed.values()) < 2_000
    bench.runs.cancel_all()
