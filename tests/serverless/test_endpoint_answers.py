"""What an endpoint says of a job and of itself is read with doubt."""

import json

import pytest

from domain.doubt import number
from domain.errors import BackendUnreachable, JobFailed
from domain.serverless import read_result
from infrastructure import serverless_execution
from infrastructure.runpod_answers import endpoint as read_endpoint
from infrastructure.runpod_answers import pod as read_pod
from infrastructure.runpod_backend import RunPodBackend
from infrastructure.serverless_api import QUEUED, ServerlessAPI
from tests.comfy_jobs import make_job
from tests.fake_answers import Answer
from tests.serverless.hands import heard

ODD = [-1, -0.5, float("nan"), float("inf"), float("-inf"), 10**400, 1e300, True, None, "soon", [3], {}]


@pytest.fixture
def api(runpod, endpoint):
    return ServerlessAPI(endpoint.id, lambda: runpod.key)


@pytest.fixture
def says(runpod, endpoint):
    """says({"status": …}) → what the endpoint answers to the next question about a job, whichever it is."""

    def put(answer, times=1):
        body = answer if isinstance(answer, Answer) else Answer(200, json.dumps(answer).encode())
        runpod.instead[f"GET /v2/{endpoint.id}/status/{{id}}"] = [body] * times

    return put


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: str(odd)[:10])
def test_times_that_cannot_be_are_unknown(api, says, odd):
    says({"id": "j", "status": "COMPLETED", "executionTime": odd, "delayTime": odd})
    job = api.status("j")
    assert (job.ran, job.waited) == (None, 0.0)
    assert read_result({"images": [], "seconds": odd}).seconds is None
    assert read_endpoint({"workers": {"max": odd}}).workers_max is None
    assert read_pod({"cost": odd, "runtime": {"uptime": odd}, "gpu": {"count": odd}}).uptime is None


def test_times_that_can_be_are_seconds(api, says):
    says({"id": "j", "status": "COMPLETED", "executionTime": 1500, "delayTime": 0})
    job = api.status("j")
    assert (job.ran, job.waited) == (1.5, 0.0)
    assert read_result({"images": [], "seconds": 0}).seconds == 0
    assert (number("0.69", 1e9), number(8 * 24 * 3600, 7 * 24 * 3600)) == (0.69, None)


def test_counts_that_cannot_be_are_left_out(api, runpod, endpoint):
    said = {"jobs": {"inQueue": -3, "inProgress": 2}, "workers": {"idle": True, "ready": 1, "running": 1e300}}
    runpod.instead[f"GET /v2/{endpoint.id}/health"] = [said]
    health = api.health()
    assert (health.waiting, health.running, health.workers) == (0, 2, {"ready": 1})


def test_a_state_that_nobody_documented_is_the_end_of_the_job(runpod, endpoint, says, tmp_path, monkeypatch):
    monkeypatch.setattr(serverless_execution, "SOON", 0.05)
    says({"id": "j", "status": "EXPIRED"}, 50)
    with pytest.raises(JobFailed, match=r"RunPod says EXPIRED of it\."):
        heard(RunPodBackend(endpoint.id, lambda: runpod.key).run(make_job(tmp_path)))
    assert runpod.asked(f"GET /v2/{endpoint.id}/status/{{id}}") == 1


@pytest.mark.parametrize("said", [{}, {"id": "j"}, {"id": "j", "status": None}, {"status": 3}])
def test_an_answer_that_says_nothing_of_the_job_is_none(api, says, said):
    says(said)
    with pytest.raises(BackendUnreachable, match="says nothing of the job"):
        api.status("j")


@pytest.mark.parametrize("status", [400, 405, 409, 413, 422])
def test_a_refused_question_does_not_fail_the_job_it_is_about(api, says, status):
    says(Answer(status, b'{"error": "not now"}'))
    with pytest.raises(BackendUnreachable):
        api.status("j")


def test_a_job_that_is_forgotten_is_told_apart(api, says):
    assert api.status("nobody") is None
    says({"id": "j", "status": "in_queue"})
    assert api.status("j").state == QUEUED
