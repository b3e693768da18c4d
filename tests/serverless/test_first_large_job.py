"""The first large job of a session, before it is known what works at the endpoint."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from domain.errors import BackendUnreachable, JobFailed, JobRejected
from domain.events import Fact
from infrastructure import runpod_backend, serverless_api, serverless_execution
from infrastructure.priced import Priced
from tests.fake_answers import Slow
from tests.serverless.hands import PNG, Hands, heard, result
from tests.serverless.puppets import Puppet, public

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("looks_soon")]


def test_the_first_large_job_of_a_session_is_not_sent_to_a_public_worker(far, bucket, large):
    backend, is_public = far.started(bucket.store()), Puppet(far.endpoint, public(lambda input: result(PNG)))
    with is_public, pytest.raises(JobRejected, match="This endpoint's worker takes no others"):
        heard(backend.run(far.job(large)))
    assert far.orders == [] and len(far.endpoint.jobs) == 1


def test_who_works_there_is_asked_once_a_session_and_not_taken_for_a_job(far, bucket, large):
    backend = far.started(bucket.store())
    with far.worker():
        said, files = heard(backend.run(far.job(large)))
        heard(backend.run(far.job(large, seed=2)))
    assert files and (len(far.orders), len(far.endpoint.jobs)) == (2, 3)
    numbers = [event.value["job"] for event in said if isinstance(event, Fact) and event.key == "serverless"]
    assert numbers == [list(far.endpoint.jobs)[1]]


def test_a_question_that_nobody_comes_back_for_is_taken_back(far, bucket, large, monkeypatch):
    backend = far.started(bucket.store())

    def silent(number):
        raise BackendUnreachable("RunPod does not answer.", "silence")

    monkeypatch.setattr(serverless_execution, "PATIENCE", 0.2)
    monkeypatch.setattr(backend._api, "status", silent)
    with pytest.raises(BackendUnreachable):
        heard(backend.run(far.job(large)))
    (question,) = far.endpoint.jobs.values()
    assert question.status == "CANCELLED"


def test_large_jobs_that_begin_at_once_ask_one_question_between_them(far, bucket, large):
    backend = far.started(bucket.store())
    jobs = [far.job(large, seed=seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as lanes, far.worker():
        assert all(lanes.map(lambda job: heard(backend.run(job))[1], jobs))
    assert (len(far.orders), len(far.endpoint.jobs)) == (4, 5)


def test_a_question_keeps_its_place_in_a_queue_as_long_as_a_job(far, bucket, large):
    run = far.started(bucket.store()).run(far.job(large))
    while not far.endpoint.jobs:
        next(run)
    (question,) = far.endpoint.jobs.values()
    assert question.policy["ttl"] > 1000 * runpod_backend.QUEUE
    with far.worker():
        assert heard(run)[1]
    assert (question.status, len(far.endpoint.jobs)) == ("COMPLETED", 2)


def test_a_queue_that_somebody_empties_does_not_make_a_worker_one_that_cannot_be_asked(far, bucket, large):
    backend = far.started(bucket.store())
    run = backend.run(far.job(large))
    while not far.endpoint.jobs:
        next(run)
    (question,) = far.endpoint.jobs
    backend.take_back(question)
    with pytest.raises(JobFailed, match="cancelled at RunPod"):
        heard(run)
    is_public = Puppet(far.endpoint, public(lambda input: result(PNG)))
    with is_public, pytest.raises(JobRejected, match="This endpoint's worker takes no others"):
        heard(backend.run(far.job(large)))
    assert far.orders == []


def test_a_worker_that_cannot_be_asked_is_sent_the_job(far, bucket, large, hand):
    old = {"error": "The job has no workflow: give one as workflow, or its address as …"}
    Hands(hand("w1"), old, result(PNG), result(PNG))
    backend = far.started(bucket.store())
    assert all(heard(backend.run(far.job(large, seed=seed)))[1] for seed in (1, 2))
    assert (len(far.orders), len(far.endpoint.jobs)) == (2, 3), "asked once"


def test_runpod_that_is_silent_is_not_asked_who_works_there_for_ever(far, bucket, large, monkeypatch):
    far.runpod.instead[f"POST /v2/{far.endpoint.id}/run"] = [Slow(2.0), Slow(2.0)]
    monkeypatch.setattr(serverless_api, "TIMEOUT", (10.0, 0.2))
    with pytest.raises(BackendUnreachable, match="did not answer in time"):
        heard(far.started(bucket.store()).run(far.job(large)))
    assert far.runpod.asked(f"POST /v2/{far.endpoint.id}/run") == 2


def test_the_question_is_paid_for_also_where_no_job_follows(far, bucket, large):
    paid = []
    backend = far.started(bucket.store())
    priced = Priced(backend, lambda _: 3600.0, lambda project, cost, *_: paid.append(cost))

    def at_its_pace(order):
        time.sleep(0.05)
        return public(lambda input: result(PNG))(order)

    with Puppet(far.endpoint, at_its_pace), pytest.raises(JobRejected):
        heard(priced.run(far.job(large)))
    assert far.orders == [] and len(paid) == 1 and paid[0] > 0
