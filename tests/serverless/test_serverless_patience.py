"""When a job at an endpoint is looked at, tried again and taken back. The endpoint is emulated."""

import json
import threading

import pytest

from domain.errors import BackendUnreachable, JobFailed
from domain.events import Fact, Progress
from infrastructure import serverless_execution
from infrastructure.priced import Priced
from infrastructure.runpod_backend import RunPodBackend
from infrastructure.serverless_api import ServerlessAPI
from infrastructure.serverless_chains import Link
from infrastructure.serverless_execution import Pace, ServerlessExecution
from tests.comfy_jobs import make_job, picture, until
from tests.fake_answers import Answer
from tests.serverless import endpoints
from tests.serverless.hands import LONGEST, PNG, Hands, heard, result

pytestmark = pytest.mark.usefixtures("looks_soon")


def test_429_and_5xx_are_waited_out(backend, runpod, endpoint, hand, tmp_path):
    for path in (f"POST /v2/{endpoint.id}/run", f"GET /v2/{endpoint.id}/status/{{id}}"):
        runpod.instead[path] = [Answer(429, b"{}"), Answer(502, b"<html>")]
    worker = Hands(hand("w1"), result(PNG))
    said, files = heard(backend.run(make_job(tmp_path)))
    assert files and len(endpoint.jobs) == 1
    assert any("waiting for it" in event.note for event in said if isinstance(event, Progress))
    worker.join()


def test_the_policy_allows_for_the_queue_and_for_the_run(backend, endpoint, hand, tmp_path):
    worker = Hands(hand("w1"), result(PNG))
    heard(backend.run(make_job(tmp_path)))
    worker.join()
    (job,) = endpoint.jobs.values()
    assert job.policy["executionTimeout"] == 1_800_000
    assert job.policy["ttl"] == job.policy["executionTimeout"] + 6 * 3_600_000


@pytest.mark.timeout(30)
def test_a_job_is_looked_at_when_it_should_be_over(runpod, endpoint, hand, monkeypatch):
    monkeypatch.setattr(serverless_execution, "SOON", 1000.0)
    monkeypatch.setattr(serverless_execution, "SELDOM", 1000.0)
    worker = hand("w1")
    api, pace = ServerlessAPI(endpoint.id, lambda: runpod.key), Pace()
    pace.took(0.5)
    execution = ServerlessExecution(api, endpoint.id, pace, lambda: False)
    work = execution.carried_out(lambda: json.dumps({"input": {}}).encode(), Link())
    run = threading.Thread(target=lambda: worker.says(worker.take(), result(PNG)))
    for event in work:
        if isinstance(event, Fact) and event.key == "serverless":
            run.start()
            assert endpoint.wait(lambda: any(job.taken for job in endpoint.jobs.values()), LONGEST)
    run.join(LONGEST)
    assert runpod.asked(f"GET /v2/{endpoint.id}/status/{{id}}") <= 3


@pytest.mark.timeout(30)
def test_a_job_that_waits_is_looked_at_when_a_worker_came_free(
    backend, runpod, endpoint, hand, monkeypatch, tmp_path
):
    monkeypatch.setattr(serverless_execution, "SELDOM", 1000.0)
    monkeypatch.setattr(serverless_execution, "SLOWER", 1e6)
    run = backend.run(make_job(tmp_path, picture(2), "002_v1"))
    waits = threading.Thread(target=heard, args=(run,), daemon=True)
    waits.start()
    until(lambda: runpod.asked(f"GET /v2/{endpoint.id}/status/{{id}}") == 2, "it looks seldom by now")
    for event in backend.run(make_job(tmp_path, picture(1), "001_v1")):
        if isinstance(event, Fact) and event.key == "serverless":
            Hands(hand("w1"), result(PNG), result(PNG)).join()  # before it is looked at: that is seldom, too
    waits.join(LONGEST)
    assert not waits.is_alive() and list(tmp_path.rglob("002_v1.png"))


def test_a_job_is_taken_back_however_busy_runpod_is(backend, runpod, endpoint, tmp_path, monkeypatch):
    monkeypatch.setattr(serverless_execution, "CANCELS", (0.01, 0.01, 0.01))
    run = backend.run(make_job(tmp_path))
    while not endpoint.jobs:
        next(run)
    runpod.instead[f"POST /v2/{endpoint.id}/cancel/{{id}}"] = [Answer(429, b"{}"), Answer(502, b"<html>")]
    run.close()
    (job,) = endpoint.jobs.values()
    assert job.status == "CANCELLED"


def test_what_may_have_been_handed_over_is_handed_over_once_more_and_no_more(
    backend, runpod, endpoint, tmp_path
):
    runpod.instead[f"POST /v2/{endpoint.id}/run"] = [Answer(502, b"<html>")] * 5
    with pytest.raises(BackendUnreachable):
        heard(backend.run(make_job(tmp_path)))
    assert runpod.asked(f"POST /v2/{endpoint.id}/run") == 2


def test_a_job_that_takes_too_long_is_tried_twice_and_paid_for_each_time(
    clock, runpod, tmp_path, monkeypatch
):
    monkeypatch.setattr(endpoints, "SILENCE", 1e9)
    endpoint = runpod.add_endpoint(pause=0.1)
    backend = RunPodBackend(endpoint.id, lambda: runpod.key)
    late = [lambda: clock.forward(1801)]
    worker = Hands.of(runpod, endpoint, "w1", late, late)
    paid = []
    priced = Priced(backend, lambda url: 3600.0, lambda project, cost, *_: paid.append(cost))
    with pytest.raises(JobFailed, match="ended it after 30 minutes, twice"):
        list(priced.run(make_job(tmp_path)))
    worker.join()
    assert runpod.asked(f"POST /v2/{endpoint.id}/run") == 2
    assert paid[0] >= 3602, "at a dollar a second"


def test_a_workflows_own_trouble_with_time_is_no_lost_worker(backend, endpoint, hand, tmp_path):
    worker = Hands(hand("w1"), {"error": "Node 4: LoadImageFromURL: Read timed out."})
    with pytest.raises(JobFailed, match="Read timed out"):
        heard(backend.run(make_job(tmp_path)))
    worker.join()
    assert len(endpoint.jobs) == 1
