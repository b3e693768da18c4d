"""What is known of an endpoint, its workers and their price. The endpoint is emulated."""

import base64

import pytest

from domain.errors import BackendUnreachable
from infrastructure import serverless_account
from infrastructure.runpod_backend import RunPodBackend
from tests.comfy_jobs import make_job, picture
from tests.fake_answers import Answer
from tests.serverless.hands import PNG, Hands, heard, result

pytestmark = pytest.mark.usefixtures("looks_soon")


def test_what_the_endpoint_does_is_told_at_a_glance(backend, runpod, endpoint, hand):
    endpoint.workers_max = 5
    hand("w1").stops()
    status = backend.status()
    assert status.is_up and status.gpu == endpoint.gpu and status.name == "cindergrace at RunPod Serverless"
    assert backend.lanes == 20
    assert "at most 5 workers" in backend.check(picture())


def test_a_look_tells_workers_by_state_their_price_and_their_limit(backend, runpod, endpoint, hand):
    hand("w1").stops()
    for _ in range(5):
        seen = backend.status().serverless
    assert (seen.endpoint.id, seen.endpoint.name, seen.endpoint.gpu) == (
        *(endpoint.id, "cindergrace", "NVIDIA GeForce RTX 4090"),
    )
    assert seen.endpoint.price == pytest.approx(1.116) and seen.endpoint.workers_max == 3
    assert seen.workers["idle"] == 1 and seen.workers["running"] == 0
    assert runpod.asked("GET /v2/{id}/health") == 5, "once a look"
    assert runpod.asked("GET /v2/serverless/{id}") == runpod.asked("GET /v2/catalog/gpus") == 1


def test_a_price_is_asked_for_once_and_again_for_another_gpu(backend, runpod, endpoint, monkeypatch):
    monkeypatch.setattr(serverless_account, "KNOWN", 0.0)
    for _ in range(3):
        backend.status()
    assert runpod.asked("GET /v2/serverless/{id}") == 3 and runpod.asked("GET /v2/catalog/gpus") == 1
    endpoint.gpu = "NVIDIA L40S"
    assert backend.status().serverless.endpoint.price == pytest.approx(1.908)


def test_a_price_that_was_not_told_is_asked_for_again_when_a_job_needs_it(backend, runpod, endpoint):
    runpod.instead["GET /v2/catalog/gpus"] = [Answer(503)]
    assert backend.status().serverless.endpoint.price == 0
    assert backend.price() == pytest.approx(1.116)
    assert backend.status().serverless.endpoint.price == pytest.approx(1.116)


@pytest.mark.parametrize(
    ("answer", "worker"),
    [
        (result(PNG), {"name": "cindergrace", "version": "1"}),
        (result(PNG, worker={"name": "W" * 500, "version": "2"}), {"name": "W" * 40, "version": "2"}),
        ({"output": {"message": base64.b64encode(PNG).decode()}}, {}),
    ],
)
def test_who_works_there_is_known_after_its_first_job(backend, hand, tmp_path, answer, worker):
    assert backend.status().serverless.worker is None
    hands = Hands(hand("w1"), answer)
    heard(backend.run(make_job(tmp_path)))
    hands.join()
    assert backend.status().serverless.worker == worker


def test_an_endpoint_that_does_not_answer_keeps_what_was_known_of_it(backend, runpod, endpoint):
    backend.status()
    runpod.instead[f"GET /v2/{endpoint.id}/health"] = [Answer(500)]
    status = backend.status()
    assert not status.is_up and status.serverless.workers is None
    assert status.serverless.endpoint.name == "cindergrace"


def test_an_endpoint_that_may_start_no_worker_is_told_and_raised(backend, endpoint):
    endpoint.workers_max = 0
    status = backend.status()
    assert not status.is_up and status.symptom == "workers" and "may start no workers" in status.said
    with pytest.raises(BackendUnreachable, match="may start no workers"):
        backend.check()
    backend.account.raise_workers(3)
    assert endpoint.workers_max == 3 and backend.status().is_up


@pytest.mark.parametrize(
    ("endpoint_id", "key", "said"), [("", "wrong", "401"), ("nobody12345678", "", "404")]
)
def test_a_wrong_key_and_a_wrong_endpoint_are_told_apart(runpod, endpoint, endpoint_id, key, said):
    status = RunPodBackend(endpoint_id or endpoint.id, lambda: key or runpod.key).status()
    assert not status.is_up and status.symptom == said and said in status.said


def test_without_a_key_nobody_is_asked(runpod, endpoint):
    status = RunPodBackend(endpoint.id, lambda: "").status()
    assert not status.is_up and "no API key" in status.said
    assert not runpod.requests
