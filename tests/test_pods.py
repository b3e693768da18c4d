"""The account's pods as the studio sees them, and orders that are carried out whatever RunPod says meanwhile.
Against the emulator, step by step, by a clock that is set."""

import time

import pytest

from domain.errors import NoCapacity, PlatformSilent
from domain.pods import NewPod, PodState
from infrastructure.runpod_api import RunPodAPI
from services import pod_making, pods
from services.pods import EVERY, NAP, SOON, Pods
from tests.comfy_jobs import until
from tests.fake_answers import DO_AND_HANG_UP, HANG_UP, Answer
from tests.runpod.pods import Clock

BUSY = Answer(503, b"<html>busy</html>")
GPUS = ["NVIDIA GeForce RTX 4090", "NVIDIA RTX A5000", "NVIDIA L40S"]


class Watched:
    """The pods of an account, and what was told of them."""

    def __init__(self, runpod):
        self.runpod, self.clock = runpod, runpod.clock
        self.key, self.is_looked_at, self.ours = runpod.key, True, set()
        self.told, self.orders = [], [{}]
        api = RunPodAPI(runpod.key)
        self.pods = Pods(
            lambda: api if self.key else None,
            self.told.append,
            self.orders.append,
            lambda: self.is_looked_at,
            lambda: self.ours,
        )

    def step(self, seconds=0.0):
        self.clock.forward(seconds)
        return self.pods.step(self.clock())

    def state(self, pod):
        return self.pods.seen.pods[pod.id].state


@pytest.fixture(autouse=True)
def clock(runpod):
    runpod.clock = Clock()


@pytest.fixture
def watched(runpod):
    return Watched(runpod)


def test_without_a_key_nobody_is_asked(runpod, watched):
    watched.key = ""
    assert watched.step() == NAP
    assert not runpod.requests and not watched.pods.seen.has_key


def test_the_account_is_looked_at_every_quarter_of_a_minute_while_somebody_looks(runpod, watched):
    runpod.add_pod(name="studio")
    assert watched.step() == EVERY
    assert watched.step(EVERY - 1) == 1
    watched.step(1)
    assert runpod.asked("GET /v2/pods") == 2


def test_a_pod_of_ours_that_starts_is_looked_at_more_often(runpod, watched):
    pod = runpod.add_pod(status="EXITED", starting=60)
    watched.ours = {pod.id}
    pod.start()
    assert watched.step() == SOON


def test_while_nobody_looks_only_what_costs_is_looked_at(runpod, watched):
    pod = runpod.add_pod(status="EXITED")
    watched.is_looked_at, watched.ours = False, {pod.id}
    assert watched.step() == NAP
    watched.step(1000)
    assert runpod.asked("GET /v2/pods") == 1, "once, to know whether something runs"

    pod.start()
    watched.pods.again()
    assert watched.step(1) == EVERY
    assert list(watched.pods.costing()) == [pod.id]


def test_pods_of_others_are_listed_and_neither_counted_nor_stopped(runpod, watched):
    runpod.add_pod(name="somebody's training")
    watched.step()
    assert len(watched.pods.seen.pods) == 1
    assert watched.pods.costing() == {}
    assert watched.pods.stop_soon(watched.pods.costing()) == []
    watched.step(1)
    assert runpod.asked("POST /v2/pods/{id}/action") == 0


def test_without_a_key_the_thread_rests(runpod, watched):
    watched.key = ""
    watched.pods.again()
    watched.pods.order("abc", "stop")
    rounds = []
    step, watched.pods.step = watched.pods.step, lambda now: rounds.append(now) or step(now)
    watched.pods.start()
    time.sleep(0.3)
    watched.pods.stop()
    assert 1 <= len(rounds) <= 3


def test_an_odd_answer_does_not_end_the_thread(runpod, watched):
    pod = runpod.add_pod()
    broken = [ValueError("odd"), RuntimeError("changed while it was read"), OSError("no disk")]
    step = watched.pods.step

    def odd(now):
        if broken:
            raise broken.pop()
        return step(now)

    watched.pods.step = odd
    pods.SOON, soon = 0.01, pods.SOON
    try:
        watched.pods.start()
        watched.pods.order(pod.id, "stop")
        until(lambda: pod.status == "EXITED")
    finally:
        pods.SOON = soon
        watched.pods.stop()


def test_a_stop_that_was_taken_and_is_not_seen_yet_is_no_failure(runpod, watched):
    pod = runpod.add_pod()
    watched.ours = {pod.id}
    watched.step()
    stop, pod.stop = pod.stop, lambda: None
    assert watched.pods.stop_soon([pod.id]) == [pod.id]
    for _ in range(2):
        watched.step(5)
        assert watched.pods.stop_soon([pod.id]) == [], "it is asked already"
    assert runpod.asked("POST /v2/pods/{id}/action") == 1
    assert [order.said for order in watched.orders[-1].values()] == [""]
    pod.stop = stop
    watched.step(20)
    watched.step(1)
    assert pod.status == "EXITED" and watched.orders[-1] == {}


def test_a_start_whose_answer_was_lost_is_seen_to_be_done(runpod, watched):
    pod = runpod.add_pod(status="EXITED")
    runpod.instead["POST /v2/pods/{id}/action"] = [DO_AND_HANG_UP]
    watched.step()
    watched.pods.order(pod.id, "start")
    watched.step(1)
    watched.step(20)
    assert watched.orders[-1] == {} and pod.status == "RUNNING"


def test_a_refusal_is_forgotten_once_the_pod_has_moved_on(runpod, watched):
    pod = runpod.add_pod(status="EXITED", host_is_full=True)
    watched.step()
    watched.pods.order(pod.id, "start")
    watched.step(1)
    assert watched.orders[-1][pod.id].said
    pod.start()
    watched.step(EVERY)
    assert watched.orders[-1] == {}


def test_a_word_that_runpod_did_not_use_before_costs_when_it_has_a_price(runpod, watched):
    pod = runpod.add_pod()
    watched.ours = {pod.id}
    runpod.instead["GET /v2/pods"] = [{"pods": [{**pod.told(), "status": "HIBERNATING"}]}]
    watched.step()
    assert list(watched.pods.costing()) == [pod.id]


def test_another_key_is_another_account(runpod, watched):
    runpod.add_pod()
    watched.step()
    watched.key = ""
    watched.step(1)
    assert not watched.pods.seen.pods and watched.pods.seen.balance is None


def test_an_order_is_carried_out_and_its_outcome_seen_at_once(runpod, watched):
    pod = runpod.add_pod()
    watched.step()
    watched.pods.order(pod.id, "stop")
    watched.step(1)

    assert pod.status == "EXITED"
    assert watched.state(pod) is PodState.stopped
    assert watched.orders[-1] == {}


def test_a_stop_that_fails_is_tried_until_it_is_done_and_told_meanwhile(runpod, watched):
    pod = runpod.add_pod()
    runpod.instead["POST /v2/pods/{id}/action"] = [BUSY, HANG_UP, BUSY, BUSY, BUSY, BUSY, BUSY]
    watched.step()
    watched.pods.order(pod.id, "stop")
    said = set()
    for _ in range(40):
        watched.step(5)
        said |= {order.said for order in watched.orders[-1].values()}

    assert pod.status == "EXITED"
    assert runpod.asked("POST /v2/pods/{id}/action") == 8
    assert any("trouble of its own (503)" in sentence for sentence in said)
    assert watched.orders[-1] == {}


def test_a_stop_whose_answer_is_lost_is_seen_to_be_done(runpod, watched):
    pod = runpod.add_pod()
    runpod.instead["POST /v2/pods/{id}/action"] = [DO_AND_HANG_UP]
    watched.step()
    watched.pods.order(pod.id, "stop")
    watched.step(1)
    watched.step(60)

    assert pod.status == "EXITED"
    assert runpod.asked("POST /v2/pods/{id}/action") == 1


def test_a_start_that_is_refused_is_told_and_not_tried_for_ever(runpod, watched):
    pod = runpod.add_pod(status="EXITED", host_is_full=True)
    watched.step()
    watched.pods.order(pod.id, "start")
    for _ in range(10):
        watched.step(60)

    (order,) = watched.orders[-1].values()
    assert order.said and runpod.asked("POST /v2/pods/{id}/action") == 1
    watched.pods.forget(pod.id)
    assert watched.orders[-1] == {}


def test_a_restart_is_never_given_twice(runpod, watched):
    pod = runpod.add_pod()
    runpod.instead["POST /v2/pods/{id}/action"] = [DO_AND_HANG_UP]
    watched.step()
    watched.pods.order(pod.id, "restart")
    for _ in range(10):
        watched.step(60)
    assert runpod.asked("POST /v2/pods/{id}/action") == 1


def test_the_newest_order_counts(runpod, watched):
    pod = runpod.add_pod()
    runpod.instead["POST /v2/pods/{id}/action"] = [BUSY]
    watched.step()
    watched.pods.order(pod.id, "restart")
    watched.pods.order(pod.id, "stop")
    watched.step(1)
    watched.step(60)
    assert pod.status == "EXITED"


def test_what_was_seen_last_stays_while_runpod_is_silent(runpod, watched):
    pod = runpod.add_pod()
    watched.ours = {pod.id}
    watched.step()
    runpod.instead["GET /v2/pods"] = [HANG_UP, BUSY]
    watched.step(EVERY)

    assert watched.pods.seen.said and list(watched.pods.costing()) == [pod.id]
    watched.step(EVERY)
    watched.step(EVERY)
    assert not watched.pods.seen.said


def test_a_stopped_pod_keeps_the_price_it_had(runpod, watched):
    pod = runpod.add_pod(cost=0.69)
    watched.step()
    pod.stop()
    watched.step(EVERY)
    assert watched.pods.seen.pods[pod.id].price == 0.69


def test_a_pod_that_moved_is_found_by_its_name(runpod, watched):
    pod = runpod.add_pod(name="studio")
    runpod.add_pod(name="other")
    new = pod.migrate()
    watched.step()
    assert watched.pods.seen.named("studio").id == new
    runpod.add_pod(name="studio")
    watched.step(EVERY)
    assert watched.pods.seen.named("studio") is None, "which of the two?"


def test_the_balance_is_not_asked_for_with_every_look(runpod, watched):
    runpod.add_pod()
    for _ in range(10):
        watched.step(EVERY)
    assert watched.pods.seen.balance == pytest.approx(100, abs=1)
    assert runpod.asked("POST /graphql") == 1


# --- a new one


def made(runpod, gpus=GPUS, name="mine"):
    told, waited = [], []
    wanted = NewPod(name, "cw3nka7d08", "")
    pod = pod_making.make(RunPodAPI(runpod.key), wanted, gpus, told.append, waited.append)
    return pod, told, waited


def test_the_next_gpu_is_taken_where_one_is_not_to_be_had(runpod):
    runpod.gpus[GPUS[0]].availability = runpod.gpus[GPUS[1]].availability = "NONE"
    pod, told, _ = made(runpod)
    assert pod.gpu == GPUS[2]
    assert [one for one in told if one.startswith("no ")] == [f"no {gpu} is free" for gpu in GPUS[:2]]


def test_where_none_is_free_all_that_were_tried_are_named(runpod):
    for gpu in runpod.gpus.values():
        gpu.availability = "NONE"
    with pytest.raises(NoCapacity, match=r"4090, NVIDIA RTX A5000, NVIDIA L40S"):
        made(runpod)


def test_a_pod_whose_making_was_not_answered_is_found_and_not_made_twice(runpod):
    runpod.instead["POST /v2/pods"] = [DO_AND_HANG_UP]
    pod, _, _ = made(runpod)
    assert [one.id for one in runpod.pods] == [pod.id]


def test_a_pod_that_was_not_made_is_said_not_to_be(runpod):
    runpod.instead["POST /v2/pods"] = [HANG_UP]
    with pytest.raises(PlatformSilent, match="No pod mine was made"):
        made(runpod)
    assert runpod.asked("POST /v2/pods") == 1


def test_where_nothing_is_known_it_is_said_so(runpod):
    runpod.instead["POST /v2/pods"] = [DO_AND_HANG_UP]
    runpod.instead["GET /v2/pods"] = [BUSY] * pod_making.LOOKS
    with pytest.raises(PlatformSilent, match="not known whether the pod mine was made"):
        made(runpod)


def test_a_name_is_one_that_no_other_pod_has(runpod):
    runpod.add_pod(name="film")
    runpod.add_pod(name="film-2")
    pods = RunPodAPI(runpod.key).pods()
    assert pod_making.unique_name("film", pods) == "film-3"
    assert pod_making.unique_name(" other ", pods) == "other"
