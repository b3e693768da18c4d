"""The emulated serverless endpoint keeps the rules it was written from."""

import threading

import pytest
import requests

from tests.fake_answers import DO_AND_HANG_UP, HANG_UP, Answer
from tests.runpod.calls import AGENT, API
from tests.serverless.endpoints import RETRIES, SILENCE


@pytest.fixture
def still(clock, endpoint):
    """The endpoint goes by a clock that stands still."""
    return clock


def status(public, id):
    reply = public("GET", f"status/{id}")
    return reply.json() if reply.ok else reply.status_code


# --- a job's way


def test_a_job_waits_is_worked_on_and_is_done(still, public, sent, hand):
    id = sent({"workflow": {}})
    assert status(public, id) == {"id": id, "status": "IN_QUEUE"}
    still.forward(3)
    job = hand("w1").take()
    assert (job["id"], job["input"]) == (id, {"workflow": {}})
    assert (
        status(public, id).items() >= {"status": "IN_PROGRESS", "delayTime": 3000, "workerId": "w1"}.items()
    )
    still.forward(2)
    assert hand("w1").says(job, {"output": {"images": []}}) == 200
    assert status(public, id) == {
        "id": id,
        "status": "COMPLETED",
        "delayTime": 3000,
        "executionTime": 2000,
        "workerId": "w1",
        "output": {"images": []},
    }


def test_progress_is_seen_as_output_until_the_job_is_done(public, sent, hand):
    id = sent({})
    job = hand("w1").take()
    hand("w1").says(job, {"status": "IN_PROGRESS", "output": {"progress": 0.5}})
    assert status(public, id)["output"] == {"progress": 0.5}
    hand("w1").says(job, {"error": "Broken.", "output": {"details": [1]}})
    told = status(public, id)
    assert (told["status"], told["error"], told["output"]) == ("FAILED", "Broken.", {"details": [1]})


def test_what_a_worker_says_after_the_end_changes_nothing_and_is_remembered(endpoint, public, sent, hand):
    id = sent({})
    job = hand("w1").take()
    hand("w1").says(job, {"output": 1})
    hand("w1").says(job, {"status": "IN_PROGRESS", "output": 0.9})
    assert status(public, id)["output"] == 1
    assert endpoint.late == [(id, {"status": "IN_PROGRESS", "output": 0.9})]


def test_late_progress_can_be_made_to_open_a_job_again_as_it_was_seen_to(endpoint, public, sent, hand):
    endpoint.reopens = True
    id = sent({})
    job = hand("w1").take()
    hand("w1").says(job, {"output": 1})
    hand("w1").says(job, {"status": "IN_PROGRESS", "output": 0.9})
    assert status(public, id).items() >= {"status": "IN_PROGRESS", "output": 0.9}.items()


def test_answers_can_be_replaced_and_lost_one_by_one(runpod, endpoint, public):
    runpod.instead["POST /v2/{id}/run"] = [Answer(502), DO_AND_HANG_UP, HANG_UP]
    assert public("POST", "run", json={"input": 1}).status_code == 502
    for _ in range(2):
        with pytest.raises(requests.ConnectionError):
            public("POST", "run", json={"input": 1})
    assert len(endpoint.jobs) == 1
    assert runpod.asked("POST /v2/{id}/run") == 3


def test_a_question_is_held_until_there_is_a_job(sent, hand):
    taken = []
    asking = threading.Thread(target=lambda: taken.append(hand("w1").take()))
    asking.start()
    id = sent({})
    asking.join(10)
    assert taken[0]["id"] == id
    assert hand("w1").take() == 204


def test_runsync_answers_with_the_result(public, hand):
    replies = []
    asking = threading.Thread(target=lambda: replies.append(public("POST", "runsync", json={"input": 7})))
    asking.start()
    job = hand("w1").take()
    hand("w1").says(job, {"output": "done"})
    asking.join(10)
    assert replies[0].json()["output"] == "done"
    assert public("POST", "runsync?wait=1000", json={"input": 8}).json()["status"] == "IN_QUEUE"
    assert public("POST", "runsync?wait=10", json={"input": 8}).status_code == 400


# --- stopping


def test_cancelling_tells_the_worker_to_stop(public, sent, hand):
    waiting, running = sent({"n": 1}), None
    job = hand("w1").take()
    running, waiting = waiting, sent({"n": 2})
    for id in (running, waiting):
        assert public("POST", f"cancel/{id}").json() == {"id": id, "status": "CANCELLED"}
    assert hand("w1").stops() == [job["id"]]
    assert hand("w1").stops() == []
    assert hand("w1").take() == 204


def test_a_job_that_takes_too_long_is_stopped(still, public, sent, hand):
    id = sent({}, policy={"executionTimeout": 5000})
    hand("w1").take()
    still.forward(5.1)
    assert status(public, id)["status"] == "TIMED_OUT"
    assert hand("w1").stops() == [id]


def test_a_job_past_its_time_to_live_is_gone_even_when_it_runs(still, public, sent, hand):
    id = sent({}, policy={"ttl": 10_000})
    hand("w1").take()
    still.forward(10.1)
    assert status(public, id) == 404
    assert hand("w1").stops() == [id]


@pytest.mark.parametrize("policy", [{"ttl": 9_999}, {"executionTimeout": 4_999}, {"ttl": "long"}])
def test_a_policy_out_of_bounds_is_refused(public, policy):
    assert public("POST", "run", json={"input": {}, "policy": policy}).status_code == 400


def test_purging_removes_what_waits_only(public, sent, hand):
    running = sent({})
    hand("w1").take()
    waiting = [sent({}), sent({})]
    assert public("POST", "purge-queue").json() == {"removed": 2, "status": "completed"}
    assert status(public, running)["status"] == "IN_PROGRESS"
    assert [status(public, id) for id in waiting] == [404, 404]


# --- keeping and trying again


def test_results_are_kept_for_half_an_hour(still, public, sent, hand):
    id = sent({})
    hand("w1").says(hand("w1").take(), {"output": 1})
    still.forward(1799)
    assert status(public, id)["output"] == 1
    still.forward(2)
    assert status(public, id) == 404


def test_only_what_failed_can_be_tried_again_under_its_id(public, sent, hand):
    id = sent({})
    assert public("POST", f"retry/{id}").status_code == 400
    hand("w1").says(hand("w1").take(), {"error": "Broken."})
    assert public("POST", f"retry/{id}").json() == {"id": id, "status": "IN_QUEUE"}
    hand("w1").says(hand("w1").take(), {"output": 1})
    told = status(public, id)
    assert (told["status"], told["retries"], "error" in told) == ("COMPLETED", 1, False)


def test_what_a_lost_worker_had_goes_to_another_and_not_for_ever(still, endpoint, public, sent, hand):
    id = sent({}, policy={"executionTimeout": 3_600_000})
    for n in range(RETRIES + 1):
        assert hand(f"w{n}").take()["id"] == id
        endpoint.workers_max += 1
        still.forward(SILENCE + 1)
    told = status(public, id)
    assert told["status"] == "FAILED" and "retries" in told["error"]


# --- limits


def test_bodies_and_results_have_a_largest_size(endpoint, public, sent, hand):
    endpoint.largest_run, endpoint.largest_result = 1000, 1000
    assert public("POST", "run", json={"input": "x" * 1000}).status_code == 413
    id = sent({})
    job = hand("w1").take()
    assert hand("w1").says(job, {"output": "x" * 1000}) == 400
    assert (endpoint.refused, status(public, id)["status"]) == ([id], "IN_PROGRESS")


def test_too_many_questions_in_ten_seconds_are_429(still, endpoint, public):
    endpoint.rates["health"] = 2
    assert [public("GET", "health").status_code for _ in range(3)] == [200, 200, 429]
    still.forward(11)
    assert public("GET", "health").status_code == 200


def test_a_key_is_needed_and_an_endpoint(runpod, endpoint, public):
    url = f"https://api.runpod.ai/v2/{endpoint.id}/health"
    for key, expected in (("wrong", 401), (runpod.key, 200), (f"Bearer {runpod.key}", 200)):
        reply = requests.get(url, headers=AGENT | {"Authorization": key}, timeout=10)
        assert reply.status_code == expected
    assert public("GET", "status/unknown").status_code == 404
    reply = requests.get(
        "https://api.runpod.ai/v2/nobody/health", headers=AGENT | {"Authorization": runpod.key}, timeout=10
    )
    assert reply.status_code == 404


def test_a_worker_needs_the_workers_key(hand, sent):
    sent({})
    assert hand("w1").take(Authorization="wrong") == 401


# --- workers


def test_health_counts_jobs_and_workers(endpoint, public, sent, hand):
    for _ in range(3):
        sent({})
    hand("w1").says(hand("w1").take(), {"output": 1})
    hand("w2").take()
    endpoint.throttled = 2
    told = public("GET", "health").json()
    assert told["jobs"] == {"completed": 1, "failed": 0, "inProgress": 1, "inQueue": 1, "retried": 0}
    assert told["workers"].items() >= {"idle": 1, "running": 1, "ready": 2, "throttled": 2}.items()


def test_with_no_workers_allowed_jobs_wait_until_somebody_raises_it(runpod, endpoint, sent, hand):
    endpoint.workers_max = 0
    id, headers = sent({}), AGENT | {"Authorization": f"Bearer {runpod.key}"}
    assert hand("w1").take() == 204
    url = f"{API}/v2/serverless/{endpoint.id}"
    assert requests.get(url, headers=headers, timeout=10).json()["workers"]["max"] == 0
    reply = requests.patch(url, json={"workers": {"max": 3}}, headers=headers, timeout=10)
    assert reply.json()["workers"] == {"min": 0, "max": 3, "idleTimeout": 5}
    assert hand("w1").take()["id"] == id
    assert requests.patch(url, json={"worker": 1}, headers=headers, timeout=10).status_code == 422


def test_execution_is_what_is_billed(runpod, still, endpoint, sent, hand):
    sent({})
    job = hand("w1").take()
    still.forward(100)
    hand("w1").says(job, {"output": 1})
    headers = AGENT | {"Authorization": f"Bearer {runpod.key}"}
    bill = requests.get(f"{API}/v2/billing/serverless", headers=headers, timeout=10).json()
    assert bill["metadata"]["totals"]["totalAmount"] == pytest.approx(0.031)
