"""What a chain of segments costs, and that none of it goes on which nobody asks for, whatever breaks."""

import time

import pytest

from domain.errors import BackendUnreachable, CannotWrite, StudioError
from domain.project import Project
from infrastructure import runpod_backend, serverless_execution
from infrastructure.recipes import Ledger, Wanted
from tests.comfy_jobs import make_job, picture, until
from tests.serverless.chains import FRAME, SECOND, Limited, both_done, one_done, second, told_of_the_first
from tests.serverless.hands import PNG, heard, result

pytestmark = pytest.mark.usefixtures("looks_soon")


@pytest.fixture
def limited(backend):
    """A backend at a dollar a second, without a limit."""
    limited = Limited(backend)
    limited.backend._allow = lambda folder: None
    return limited


def status(endpoint):
    (there,) = endpoint.jobs.values()
    return there.status


def taking(run, endpoint, worker):
    """Until the worker has it and the run knows."""
    while not endpoint.jobs:
        next(run)
    order = worker.take()
    while getattr(next(run), "key", "") != "sent":
        pass
    return order


def of_seconds(said, *seconds):
    for told, took in zip([said["output"], *said["output"].get("chain", [])], seconds, strict=False):
        told["seconds"] = took
    return said


def one_took(seconds):
    said = one_done()
    said["output"]["finished"][0]["seconds"] = seconds
    return said


# --- nothing goes on unseen


def test_a_full_disk_as_a_segment_comes_home_ends_the_rest(backend, first, endpoint, hand, monkeypatch):
    def full(result, job):
        raise CannotWrite("The disk is full.")
        yield

    monkeypatch.setattr(runpod_backend, "brought_home", full)
    with pytest.raises(CannotWrite):
        told_of_the_first(backend, first, endpoint, hand("w1"), one_done())
    assert status(endpoint) == "CANCELLED"


def test_what_follows_on_what_is_home_ends_with_the_studio(backend, first, endpoint, hand):
    told_of_the_first(backend, first, endpoint, hand("w1"), one_done())
    backend.is_left = True
    backend.give_up()
    assert status(endpoint) == "CANCELLED"


def test_what_comes_home_after_a_command_ended_leaves_nothing_behind(backend, first, endpoint, hand):
    backend.give_up()
    told_of_the_first(backend, first, endpoint, hand("w1"), one_done())
    assert status(endpoint) == "CANCELLED"


def test_of_two_equal_chains_the_older_one_is_given_up(backend, first, endpoint, hand, runpod):
    told_of_the_first(backend, first, endpoint, hand("w1"), one_done())
    (one,) = endpoint.jobs.values()
    worker, run = hand("w2"), backend.run(first)
    while len(endpoint.jobs) < 2:
        next(run)
    order = worker.take()
    worker.says(order, one_done())
    heard(run)
    assert one.status == "CANCELLED" and endpoint.jobs[order["id"]].status == "IN_PROGRESS"
    worker.says(order, both_done())
    _, files = heard(backend.run(second(first, FRAME)))
    assert files[0].read_bytes() == SECOND


def test_an_interrupted_job_was_paid_for(limited, endpoint, hand, tmp_path, monkeypatch):
    run = limited.backend.run(make_job(tmp_path))
    taking(run, endpoint, hand("w1"))

    def interrupt(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(serverless_execution.time, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        heard(run)
    assert status(endpoint) == "CANCELLED" and len(limited.paid) == 1 and limited.paid[0] > 0


# --- nothing is taken back by old news


def test_at_a_limit_nothing_is_taken_back_while_nobody_knows_whether_it_waits(
    backend, endpoint, hand, tmp_path, monkeypatch
):
    limited = Limited(backend)
    run = limited.backend.run(make_job(tmp_path))
    while not getattr(next(run), "is_queued", False) or not endpoint.jobs:
        pass
    for _ in range(3):
        next(run)
    hand("w1").take()

    def silent(number):
        raise BackendUnreachable("RunPod does not answer.", "silence")

    with monkeypatch.context() as outage:
        outage.setattr(backend._api, "status", silent)
        outage.setattr("infrastructure.priced.AGAIN", 0.0)
        limited.paid.append(1.0)  # by another
        for _ in range(10):
            next(run)
        assert status(endpoint) == "IN_PROGRESS"
    run.close()


# --- nothing is paid twice, and all of it once


def test_a_chain_that_is_lost_at_its_second_segment_pays_for_the_first_once(limited, first, endpoint, hand):
    worker, run = hand("w1"), limited.backend.run(first)
    order = taking(run, endpoint, worker)
    worker.says(order, one_took(100.0))
    heard(run)
    assert limited.paid == [pytest.approx(100.0)]
    worker.says(order, {"error": "job timed out after 3 retries"})
    run = limited.backend.run(second(first, FRAME))
    while len(endpoint.jobs) < 2:
        next(run)
    run.close()
    assert sum(limited.paid) < 110.0


def test_segments_that_another_worker_made_once_more_are_paid_for(limited, first, endpoint, hand):
    worker, run = hand("w1"), limited.backend.run(first)
    worker.says(taking(run, endpoint, worker), one_took(100.0))
    heard(run)
    run = limited.backend.run(second(first, FRAME))
    while getattr(next(run), "key", "") != "sent":
        pass
    endpoint.lose("w1")
    while not getattr(next(run), "is_queued", False):
        pass
    other = hand("w2")
    order = other.take()
    while getattr(next(run), "key", "") != "sent":
        pass
    other.says(order, of_seconds(both_done(), 90.0, 40.0))
    heard(run)
    assert sum(limited.paid) == pytest.approx(100.0 + 90.0 + 40.0, abs=10.0)


@pytest.mark.parametrize("end", [result(PNG), {"error": "boom"}])
def test_a_job_that_outlives_the_studio_is_paid_for_once(limited, runpod, endpoint, hand, tmp_path, end):
    ledger, wanted = Ledger(Project(tmp_path)), Wanted("001", picture(), "", {})
    worker, run = hand("w1"), ledger.carry_out(limited.backend, wanted)
    order = taking(run, endpoint, worker)
    limited.backend.inner.is_left = True
    run.close()
    assert limited.paid == []
    time.sleep(0.05)  # what it took is more than nothing
    worker.says(order, end)
    until(lambda: status(endpoint) in ("COMPLETED", "FAILED"), "it has ended")
    again = Limited(runpod_backend.RunPodBackend(endpoint.id, lambda: runpod.key))
    try:
        heard(Ledger(Project(tmp_path)).carry_out(again.backend, wanted))
    except StudioError as error:
        assert "boom" in str(error)
    (there,) = endpoint.jobs.values()
    assert again.paid == [pytest.approx(there.told()["executionTime"] / 1000)]
