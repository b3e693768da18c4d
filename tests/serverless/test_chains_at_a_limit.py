"""A shot's segments when a limit is reached: what is paid for comes home, and nothing is made anew."""

from dataclasses import replace

import pytest

from domain.errors import StudioError
from domain.events import Failed
from tests.serverless.chains import FRAME, Limited, one_done, recipes, second, told_of_the_first
from tests.serverless.hands import heard
from tests.serverless.puppets import Puppet

pytestmark = pytest.mark.usefixtures("looks_soon")


def test_at_a_limit_the_segments_that_are_paid_for_come_home(shot_of_three, backend, endpoint, fake):
    limited = Limited(backend)
    with Puppet.of_ours(endpoint, fake.url, "w1"):
        said = list(shot_of_three(limited.backend))
    assert not [event for event in said if isinstance(event, Failed)]
    assert len(endpoint.jobs) == 1 and fake.asked("POST /prompt") == 3
    made = recipes(shot_of_three.project)
    assert [recipe["cost"] for recipe in made] == [pytest.approx(cost, abs=1e-5) for cost in limited.paid]
    assert len(limited.paid) == 3


def test_at_a_limit_what_an_answer_would_not_hold_is_not_made_anew(shot_of_three, backend, endpoint, fake):
    limited = Limited(backend)
    with Puppet.of_ours(endpoint, fake.url, "w1", MAX_INLINE_MB="0.004"):
        (failed,) = [event for event in shot_of_three(limited.backend) if isinstance(event, Failed)]
    assert "limit" in failed.reason
    assert len(endpoint.jobs) == len(limited.paid) == 1


def test_a_segment_whose_worker_is_lost_is_taken_back_at_a_limit_and_waits_for_nothing(
    backend, first, endpoint, hand
):
    limited = Limited(backend)
    told_of_the_first(limited.backend, first, endpoint, hand("w1"), one_done())
    endpoint.lose("w1")
    before, (there,) = len(limited.paid), endpoint.jobs.values()
    with pytest.raises(StudioError, match="limit"):
        heard(limited.backend.run(second(first, FRAME)))
    assert there.status == "CANCELLED" and len(limited.paid) == before, "nobody was at it"


def test_a_job_that_the_endpoint_forgot_is_not_handed_over_anew_at_a_limit(backend, first, endpoint):
    limited = Limited(backend)
    limited.paid.append(1.0)
    begun = replace(first, earlier={"serverless": {"endpoint": endpoint.id, "job": "long-gone"}})
    with pytest.raises(StudioError, match="limit"):
        heard(limited.backend.run(begun))
    assert not endpoint.jobs


def test_a_job_whose_worker_is_lost_costs_nothing_while_it_waits_again(
    backend, first, endpoint, hand, monkeypatch
):
    now = [100.0]
    monkeypatch.setattr("infrastructure.priced.monotonic", lambda: now[0])
    limited = Limited(backend)
    run = limited.backend.run(first)
    while not endpoint.jobs:
        next(run)
    hand("w1").take()
    while getattr(next(run), "key", "") != "sent":
        pass
    now[0] += 4
    endpoint.lose("w1")
    while not getattr(next(run), "is_queued", False):
        pass
    now[0] += 600
    hand("w2").take()
    while getattr(next(run), "key", "") != "sent":
        pass
    now[0] += 5
    run.close()
    assert limited.paid == [pytest.approx(4.0 + 5.0)]
