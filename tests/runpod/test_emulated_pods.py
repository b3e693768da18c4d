"""The habits of the emulated pods: what they go through, how they are made, and what they cost."""

import pytest
import requests

from tests.runpod.calls import CARD, WISH, act, refusal
from tests.runpod.pods import ACTIONS

# --- pods


def test_a_pod_goes_from_provisioning_to_running_and_stands_still_when_it_is_stopped(runpod, api, clock):
    pod = runpod.add_pod(status="PROVISIONING", provisioning=10, starting=20)
    seen = []
    for _ in range(4):
        told = api("GET", f"/v2/pods/{pod.id}").json()
        assert told["actions"] == ACTIONS[told["status"]]
        seen.append((told["status"], told["cost"], told["runtime"] and told["runtime"]["uptime"]))
        clock.forward(11)
    assert seen == [
        ("PROVISIONING", 0.69, None),
        ("STARTING", 0.69, None),
        ("STARTING", 0.69, None),
        ("RUNNING", 0.69, 3),
    ]
    told = act(api, pod, "stop").json()
    assert (told["status"], told["cost"], told["runtime"]) == ("EXITED", 0.0, None)
    clock.forward(1000)
    assert act(api, pod, "start").json()["status"] == "STARTING"
    clock.forward(20)
    assert api("GET", f"/v2/pods/{pod.id}").json()["status"] == "RUNNING"


def test_an_action_that_is_not_possible_now_is_a_conflict(runpod, api):
    running, stopped = runpod.add_pod(), runpod.add_pod(status="EXITED")
    assert refusal(act(api, running, "start"))[0] == 409
    assert refusal(act(api, stopped, "stop"))[0] == 409
    assert refusal(act(api, stopped, "explode"))[0] == 422
    reply = act(api, stopped, "terminate")
    assert (reply.status_code, reply.content) == (204, b"")
    assert refusal(api("GET", f"/v2/pods/{stopped.id}"))[0] == 404
    assert api("DELETE", f"/v2/pods/{running.id}").status_code == 204
    assert api("GET", "/v2/pods").json()["pods"] == []


def test_a_stopped_pod_whose_card_was_taken_does_not_start(runpod, api):
    pod = runpod.add_pod(status="EXITED", host_is_full=True)
    assert refusal(act(api, pod, "start")) == (
        400,
        "There are not enough free GPUs on the host machine to start this pod.",
    )
    assert pod.status == "EXITED"


def test_the_list_of_pods_comes_in_pages(runpod, api):
    runpod.page_size = 2
    ids = [runpod.add_pod(name=f"pod {n}").id for n in range(5)]
    found, cursor = [], ""
    while cursor is not None:
        page = api("GET", f"/v2/pods?cursor={cursor}" if cursor else "/v2/pods").json()
        found += [pod["id"] for pod in page["pods"]]
        cursor = page["pagination"]["nextCursor"]
    assert found == ids
    assert runpod.asked("GET /v2/pods") == 3
    assert all(len(id) == 14 and id.isalnum() and id == id.lower() for id in ids)


def test_a_pod_that_moved_has_another_id(runpod, api, fake):
    pod = runpod.add_pod(server=fake)
    old = pod.id
    assert requests.get(f"{pod.url}/system_stats", timeout=10).ok
    new = pod.migrate()
    assert new != old
    assert requests.get(f"https://{old}-8188.proxy.runpod.net/system_stats", timeout=10).status_code == 404
    assert requests.get(f"{pod.url}/system_stats", timeout=10).ok
    assert [one["id"] for one in api("GET", "/v2/pods").json()["pods"]] == [new]


# --- creating one


def test_a_new_pod_has_no_ports_and_no_storage_unless_they_are_asked_for(runpod, api):
    runpod.provisioning = 60
    reply = api("POST", "/v2/pods", json=WISH)
    told = reply.json()
    assert (reply.status_code, told["status"], told["ports"], told["mounts"]) == (201, "PROVISIONING", [], {})
    assert told["gpu"] == {"id": CARD, "count": 1} and told["cost"] == 0.69
    volume = runpod.add_network_volume("models", data_center="US-KS-2")
    mounts = {"network": [{"volumeId": volume["id"], "path": "/workspace"}]}
    told = api("POST", "/v2/pods", json={**WISH, "ports": ["8188/http"], "mounts": mounts}).json()
    assert (told["ports"], told["mounts"], told["dataCenterId"]) == (["8188/http"], mounts, "US-KS-2")


@pytest.mark.parametrize(
    ("change", "status", "detail"),
    [
        ({"gpuTypeIds": [CARD]}, 422, "validation failed"),
        ({"gpu": {"id": CARD, "pool": "x"}}, 422, "validation failed"),
        ({"mounts": {"network": [{"volumeId": "v"}]}}, 422, "validation failed"),
        ({"disk": "20"}, 422, "validation failed"),
        ({"name": ""}, 400, "name is required."),
        ({"gpu": {}}, 400, "Exactly one of gpu or cpu is required."),
        ({"gpu": {"id": CARD, "count": 99}}, 400, "There are no longer any instances available"),
        ({"dataCenterIds": ["XX-NO-1"]}, 400, "There are no longer any instances available"),
        (
            {"mounts": {"network": [{"volumeId": "v", "path": "/w"}]}},
            400,
            "The network volume does not exist.",
        ),
        ({"image": None}, 422, "validation failed"),
    ],
)
def test_a_wish_that_cannot_be_is_refused_and_rents_nothing(runpod, api, change, status, detail):
    seen = refusal(api("POST", "/v2/pods", json={**WISH, **change}))
    assert (seen[0], seen[1][: len(detail)]) == (status, detail)
    assert runpod.pods == []


def test_a_card_that_nobody_has_cannot_be_rented_and_the_catalog_says_so(runpod, api):
    runpod.gpus[CARD].availability = "NONE"
    assert refusal(api("POST", "/v2/pods", json=WISH)) == (
        400,
        "There are no longer any instances available with the requested specifications. "
        "Please refresh and try again.",
    )
    cards = api("GET", "/v2/catalog/gpus?include=AVAILABILITY&product=POD").json()["gpus"]
    card = next(one for one in cards if one["id"] == CARD)
    assert card["availability"] == "NONE" and card["dataCenters"][0]["availability"] == "NONE"
    assert card["price"] == {"secure": 0.69, "community": 0.34, "serverless": 1.116} and card["memory"] == 24
    runpod.gpus[CARD].stock["CA-MTL-1"] = "LOW"
    assert api("POST", "/v2/pods", json=WISH).json()["dataCenterId"] == "CA-MTL-1"


def test_the_catalog_wants_to_know_what_for_when_it_is_asked_what_is_free(api):
    assert refusal(api("GET", "/v2/catalog/gpus?include=AVAILABILITY"))[0] == 400
    assert "availability" not in api("GET", "/v2/catalog/gpus").json()["gpus"][0]


def test_what_else_there_is_comes_wrapped(runpod, api):
    volume = runpod.add_network_volume("models")
    assert api("GET", "/v2/network-volumes").json() == {"networkVolumes": [volume]}
    assert "cw3nka7d08" in [one["id"] for one in api("GET", "/v2/templates").json()["templates"]]
    centres = api("GET", "/v2/catalog/datacenters?include=GPU_AVAILABILITY").json()["dataCenters"]
    assert {"id": CARD, "availability": "HIGH"} in centres[0]["gpuAvailability"]


# --- money


def test_a_pod_costs_by_the_second_until_it_is_stopped(runpod, api, clock):
    pod = runpod.add_pod(status="PROVISIONING", provisioning=100, starting=50, cost=3.6)
    clock.forward(100)
    assert pod.spent == 0
    clock.forward(250)
    assert pod.spent == pytest.approx(0.25)
    act(api, pod, "stop")
    clock.forward(9999)
    act(api, pod, "start")
    clock.forward(100)
    assert pod.spent == pytest.approx(0.35)
    (bill,) = api("GET", f"/v2/billing/pods?podId={pod.id}").json()["records"]
    assert bill["totalAmount"] == pytest.approx(0.35)


def ask_balance(api):
    query = "query { myself { clientBalance currentSpendPerHr spendLimit } }"
    return api("POST", "/graphql", json={"query": query})


def test_the_balance_is_told_by_graphql_alone_and_may_be_gone(runpod, api, clock):
    runpod.account.credit = 10.0
    runpod.add_pod(cost=2.0)
    clock.forward(1800)
    told = ask_balance(api).json()["data"]["myself"]
    assert told == {"clientBalance": 9.0, "currentSpendPerHr": 2.0, "spendLimit": 80.0}
    for status in (403, 410):
        runpod.graphql_status = status
        assert ask_balance(api).status_code == status


def test_who_cannot_pay_for_an_hour_gets_no_pod(runpod, api):
    runpod.account.credit = 0.5
    stopped = runpod.add_pod(status="EXITED")
    assert refusal(api("POST", "/v2/pods", json=WISH))[0] == 402
    assert refusal(act(api, stopped, "start"))[0] == 402
    assert runpod.pods == [stopped] and stopped.status == "EXITED"


def test_when_the_money_is_gone_pods_stop_and_those_without_a_volume_end(runpod, api, clock):
    runpod.account.credit = 1.0
    kept, lost = runpod.add_pod(network_volume="vol0000000"), runpod.add_pod()
    clock.forward(3600)
    assert api("GET", f"/v2/pods/{kept.id}").json()["status"] == "EXITED"
    assert api("GET", f"/v2/pods/{lost.id}").status_code == 404
