"""The account's interface, against an emulator of it: what is asked, what comes back, what refusals say."""

import pytest

from domain.errors import NoCapacity, PlatformError, PlatformSilent
from domain.pods import NewPod, PodState
from infrastructure.http_line import USER_AGENT
from infrastructure.runpod_answers import pod as read_pod
from infrastructure.runpod_api import RunPodAPI
from tests.fake_answers import HANG_UP, Answer
from tests.runpod.pods import Clock

NEW = NewPod("cindergrace-7", "cw3nka7d08", "NVIDIA GeForce RTX 4090", volume=40)


@pytest.fixture(autouse=True)
def clock(runpod):
    runpod.clock = Clock()


@pytest.fixture
def api(runpod):
    return RunPodAPI(runpod.key)


def test_a_pod_is_told_with_what_it_is_and_costs(runpod, api):
    made = runpod.add_pod(name="studio", cost=0.69, network_volume="vol1", ports=["8188/http", "22/tcp"])
    runpod.clock.forward(3600)
    (pod,) = api.pods()

    assert (pod.id, pod.name, pod.state) == (made.id, "studio", PodState.running)
    assert (pod.gpu, pod.price, pod.network_volume) == ("NVIDIA GeForce RTX 4090", 0.69, "vol1")
    assert pod.can == {"stop", "restart", "terminate"}
    assert pod.ports == (8188,) and pod.is_up and pod.uptime == 3600
    assert not pod.dies_without_credit


def test_all_pages_of_a_list_are_read(runpod, api):
    runpod.page_size = 2
    for n in range(5):
        runpod.add_pod(name=f"pod {n}")
    assert [pod.name for pod in api.pods()] == [f"pod {n}" for n in range(5)]
    assert runpod.asked("GET /v2/pods") == 3


def test_every_request_says_who_asks_and_the_key_is_in_no_address(runpod, api):
    api.pods()
    api.balance()

    assert len(runpod.requests) == 2
    for seen in runpod.requests:
        assert seen.headers["User-Agent"] == USER_AGENT
        assert runpod.key not in seen.path and runpod.key.encode() not in seen.body


def test_a_pod_is_started_stopped_and_terminated(runpod, api):
    made = runpod.add_pod(status="EXITED")
    api.act(made.id, "start")
    assert api.pod(made.id).state is PodState.running
    api.act(made.id, "stop")
    assert api.pod(made.id).state is PodState.stopped
    assert api.pod(made.id).price == 0
    api.act(made.id, "terminate")
    assert api.pods() == [] or api.pods()[0].state is PodState.gone


def test_what_a_pod_cannot_do_now_is_told(runpod, api):
    made = runpod.add_pod(status="EXITED")
    with pytest.raises(PlatformError, match="cannot do this with the pod as it is now"):
        api.act(made.id, "stop")


@pytest.mark.parametrize(
    ("ask", "path", "thing"),
    [
        (lambda api: api.pod("gone"), "GET /v2/pods/{id}", "pod"),
        (lambda api: api.endpoint("gone"), "GET /v2/serverless/{id}", "endpoint"),
        (lambda api: api.change_endpoint("gone", 3), "PATCH /v2/serverless/{id}", "endpoint"),
        (lambda api: api.network_volumes(), "GET /v2/network-volumes", "network volume"),
    ],
)
def test_a_refusal_names_what_was_asked_for(runpod, api, ask, path, thing):
    runpod.instead[path] = [Answer(404, b"{}"), Answer(409, b"{}")]
    with pytest.raises(PlatformError, match=f"RunPod has no such {thing} in this account"):
        ask(api)
    with pytest.raises(PlatformError, match=f"cannot do this with the {thing} as it is now"):
        ask(api)


def test_a_pod_that_is_made_has_the_ports_and_the_disk_that_were_asked_for(runpod, api):
    pod = api.create(NEW)

    assert (pod.name, pod.ports, pod.volume) == ("cindergrace-7", (8188,), 40)
    assert pod.dies_without_credit
    assert pod.stopped_price == pytest.approx(40 * 0.2 / 730)


def test_a_network_volume_comes_along(runpod, api):
    volume = runpod.add_network_volume("models")
    (known,) = api.network_volumes()
    assert (known.id, known.name, known.size) == (volume["id"], "models", 100)

    pod = api.create(NewPod("a", "cw3nka7d08", "NVIDIA RTX A5000", network_volume=volume["id"]))
    assert pod.network_volume == volume["id"]


def test_no_gpu_left_is_another_thing_than_a_refusal(runpod, api):
    runpod.gpus[NEW.gpu].availability = "NONE"
    with pytest.raises(NoCapacity):
        api.create(NEW)


def test_gpus_are_listed_cheapest_first_with_what_is_free(runpod, api):
    runpod.gpus["NVIDIA L40S"].availability = "NONE"
    offers = api.offers()

    assert [offer.price for offer in offers] == sorted(offer.price for offer in offers)
    assert {offer.name: offer.is_there for offer in offers}["L40S"] is False
    assert offers[0].memory == 24 and offers[0].data_centres


def test_a_price_of_a_cloud_that_does_not_offer_a_gpu_is_no_offer(runpod, api):
    names = {offer.name: offer.is_there for offer in api.offers("COMMUNITY")}
    assert names["H100 SXM"] is False and names["RTX 4090"] is True


def test_the_last_lines_of_a_log_come_and_the_reading_ends(runpod, api):
    made = runpod.add_pod()
    for n in range(30):
        made.log(f"line {n}")
    assert api.logs(made.id, tail=5, seconds=0.3) == [f"line {n}" for n in range(25, 30)]


def test_the_balance_is_told_where_it_still_is(runpod, api):
    assert api.balance() == 100.0
    for status in (403, 410):
        runpod.graphql_status = status
        assert api.balance() is None


REFUSALS = {
    "a wrong key": (Answer(401), "does not know this API key"),
    "1010": (Answer(403, b"error code: 1010"), "error 1010"),
    "no permission": (
        Answer(403, b'{"detail": "read only key"}'),
        "may not do this in RunPod: read only key",
    ),
    "no credit": (Answer(402, b"{}"), "no credit left"),
    "gone": (Answer(410, b"{}"), "closed the interface"),
    "old api": (Answer(400, b'{"error": "something went wrong."}'), "something went wrong"),
    "a page": (Answer(400, b"<html>nonsense</html>"), "no reason given"),
    "no list": ({"pods": 3}, "something else than it documents"),
}


@pytest.mark.parametrize(("answer", "said"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_one_sentence(runpod, api, answer, said):
    runpod.instead["GET /v2/pods"] = [answer]
    with pytest.raises(PlatformError, match=said) as caught:
        api.pods()
    assert not isinstance(caught.value, PlatformSilent)
    assert runpod.key not in str(caught.value)


SILENCE = {
    "hang up": HANG_UP,
    "its own trouble": Answer(503, b"<html>"),
    "too many questions": Answer(429, b"{}", {"Retry-After": "7"}),
    "a login page": Answer(200, b"<html>please log in</html>"),
}


@pytest.mark.parametrize("answer", SILENCE.values(), ids=SILENCE)
def test_an_answer_that_does_not_say_whether_it_was_done_is_silence(runpod, api, answer):
    runpod.instead["POST /v2/pods"] = [answer]
    with pytest.raises(PlatformSilent):
        api.create(NEW)
    assert runpod.asked("POST /v2/pods") == 1, "never twice"


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"id": 3, "gpu": "x", "runtime": [], "ports": {}, "actions": None, "cost": "free"},
        {"mounts": [], "actions": ["explode", 3], "cost": -1, "startedAt": "yesterday", "status": "RUNNING"},
        {"mounts": {"network": [], "persistent": {"size": "40"}}, "status": "a new word"},
    ],
)
def test_a_pod_that_is_told_otherwise_than_documented_does_not_break_the_list(said):
    pod = read_pod(said)
    assert pod.price == 0 and pod.can == frozenset() and pod.uptime is None
