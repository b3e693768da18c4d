"""The habits of the emulated RunPod: what its API answers, what a pod goes through, what it costs."""

import json
import ssl
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from tests.comfy_jobs import until
from tests.fake_answers import DO_AND_HANG_UP, HANG_UP, Answer, Slow
from tests.runpod.emulator import RunPod
from tests.runpod.pods import ACTIONS, Clock
from tests.runpod.rest import problem

API = "https://api.runpod.io"
CARD = "NVIDIA GeForce RTX 4090"
WISH = {"name": "studio-1", "image": "runpod/comfyui:latest", "gpu": {"id": CARD}}
AGENT = {"User-Agent": "CindergraceStudio/test"}


@pytest.fixture
def clock(runpod):
    runpod.clock = Clock()
    return runpod.clock


@pytest.fixture
def api(runpod):
    """api("GET", "/v2/pods") → the reply."""
    session = requests.Session()
    session.headers.update(AGENT | {"Authorization": f"Bearer {runpod.key}"})

    def ask(method, path, **kwargs):
        return session.request(method, API + path, timeout=10, **kwargs)

    yield ask
    session.close()


def act(api, pod, action):
    return api("POST", f"/v2/pods/{pod.id}/action", json={"action": action})


def refusal(reply):
    """The status and the reason of a refusal, which has to look like one."""
    told = reply.json()
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert told["status"] == reply.status_code and told["title"]
    return reply.status_code, told["detail"]


# --- who may ask


def test_without_the_right_key_nothing_is_told(runpod):
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": runpod.key}):
        reply = requests.get(f"{API}/v2/pods", headers=AGENT | headers, timeout=10)
        assert refusal(reply)[0] == 401


def test_programs_without_a_name_are_turned_away_before_their_key_is_looked_at(runpod):
    pod = runpod.add_pod()
    trust = ssl.create_default_context(cafile=str(runpod.bundle))
    for url in (f"{API}/v2/pods", f"{pod.url}/system_stats"):
        asked = urllib.request.Request(url, headers={"Authorization": "Bearer wrong"})
        with pytest.raises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(asked, timeout=10, context=trust)
        with raised.value as reply:
            assert (reply.code, reply.read()) == (403, b"error code: 1010")
        nameless = requests.get(url, headers={"User-Agent": ""}, timeout=10)
        assert (nameless.status_code, nameless.text) == (403, "error code: 1010")


def test_every_answer_says_how_many_more_are_free_and_429_says_when(runpod, api):
    assert api("GET", "/v2/pods").headers["RateLimit"] == '"minute";r=59;t=60'
    assert api("GET", "/v2/nothing").headers["RateLimit"] == '"minute";r=58;t=60'
    runpod.per_minute = 2
    reply = api("GET", "/v2/pods")
    assert refusal(reply)[0] == 429
    assert reply.headers["Retry-After"] == "60"


def test_other_hosts_are_refused_and_remembered(runpod):
    for url in ("https://rest.runpod.io/v1/pods", "https://example.org/"):
        with pytest.raises(requests.exceptions.ProxyError):
            requests.get(url, timeout=10)
    assert runpod.elsewhere == ["rest.runpod.io:443", "example.org:443"]
    runpod.elsewhere.clear()


def test_requests_are_remembered_and_share_a_connection(runpod, api):
    api("GET", "/v2/pods?limit=5")
    api("POST", "/v2/pods", json={"name": "x"})
    assert runpod.connections == 1
    first, second = runpod.requests
    assert (first.host, first.method, first.path) == ("api.runpod.io", "GET", "/v2/pods?limit=5")
    assert first.headers["User-Agent"] == AGENT["User-Agent"]
    assert json.loads(second.body) == {"name": "x"}
    assert (runpod.asked("POST /v2/pods"), runpod.asked("GET /v2/pods/{id}")) == (1, 0)


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
    assert pod.state == "EXITED"


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
    assert card["price"] == {"secure": 0.69, "community": 0.34} and card["memory"] == 24
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
    assert runpod.pods == [stopped] and stopped.state == "EXITED"


def test_when_the_money_is_gone_pods_stop_and_those_without_a_volume_end(runpod, api, clock):
    runpod.account.credit = 1.0
    kept, lost = runpod.add_pod(network_volume="vol0000000"), runpod.add_pod()
    clock.forward(3600)
    assert api("GET", f"/v2/pods/{kept.id}").json()["status"] == "EXITED"
    assert api("GET", f"/v2/pods/{lost.id}").status_code == 404


# --- misbehaviour


def test_answers_of_the_api_can_be_replaced_one_by_one(runpod, api):
    pod = runpod.add_pod()
    runpod.instead["GET /v2/pods"] = [problem(503, "Later."), HANG_UP, Answer(200, b"<html>"), Slow(0.01), []]
    assert refusal(api("GET", "/v2/pods")) == (503, "Later.")
    with pytest.raises(requests.ConnectionError):
        api("GET", "/v2/pods")
    assert api("GET", f"/v2/pods/{pod.id}").json()["id"] == pod.id  # another route
    assert api("GET", "/v2/pods").text == "<html>"
    assert api("GET", "/v2/pods").json()["pods"][0]["id"] == pod.id
    assert api("GET", "/v2/pods").json() == []
    runpod.instead["POST /v2/pods/{id}/action"] = [problem(500, "No.")]
    assert refusal(act(api, pod, "stop")) == (500, "No.")
    assert pod.state == "RUNNING"


def test_a_pod_may_be_made_though_nobody_hears_of_it(runpod, api):
    runpod.instead["POST /v2/pods"] = [DO_AND_HANG_UP]
    with pytest.raises(requests.ConnectionError):
        api("POST", "/v2/pods", json=WISH)
    assert [one["name"] for one in api("GET", "/v2/pods").json()["pods"]] == ["studio-1"]


# --- logs


def events(reply):
    return (json.loads(line.removeprefix("data:")) for line in reply.iter_lines(1, True) if line)


def test_a_log_is_told_as_it_grows_and_never_ends_by_itself(runpod, api):
    pod = runpod.add_pod()
    for n in range(5):
        pod.log(f"line {n}")
    with api("GET", f"/v2/pods/{pod.id}/logs?source=container&tail=2", stream=True) as reply:
        assert reply.headers["Content-Type"] == "text/event-stream"
        told = events(reply)
        assert [next(told)["line"], next(told)["line"]] == ["line 3", "line 4"]
        pod.log("not for you", "system")
        pod.log("line 5")
        assert next(told).items() >= {"source": "container", "line": "line 5"}.items()
    assert refusal(api("GET", "/v2/pods/unknown/logs"))[0] == 404


def test_a_log_that_is_still_read_does_not_keep_the_emulator(monkeypatch):
    with RunPod() as runpod:
        runpod.used_by(monkeypatch)
        pod = runpod.add_pod()
        headers = {"Authorization": f"Bearer {runpod.key}"}
        reply = requests.get(f"{API}/v2/pods/{pod.id}/logs", headers=headers, stream=True, timeout=10)
        told = events(reply)
        assert next(told)["source"] == "system"
    with pytest.raises((StopIteration, requests.RequestException)):
        next(told)


# --- the proxy


def same(near, far):
    """Whether two answers are alike, but for when they were given."""
    about = [{k: v for k, v in one.headers.items() if k not in ("Date", "Connection")} for one in (near, far)]
    assert about[0] == about[1]
    assert (near.status_code, near.reason, near.content) == (far.status_code, far.reason, far.content)


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/view?filename=a.mp4&type=output", {}),
        ("GET", "/view?filename=a.mp4&type=output", {"Range": "bytes=99990-"}),
        ("GET", "/view?filename=a.mp4&type=output", {"Range": "bytes=100000-"}),
        ("HEAD", "/view?filename=a.mp4&type=output", {}),
        ("GET", "/view?filename=gone.mp4", {}),
        ("GET", "/object_info", {}),
        ("POST", "/prompt", {}),
    ],
)
def test_what_the_pod_says_passes_as_it_is(runpod, fake, method, path, headers):
    fake.files["output", "", "a.mp4"] = bytes(range(250)) * 400
    pod = runpod.add_pod(server=fake)
    replies = [
        requests.request(method, base + path, headers=AGENT | headers, data=b"{", timeout=10)
        for base in (fake.url, pod.url)
    ]
    same(*replies)
    first, second = ({k.lower(): v for k, v in heard.items()} for _, _, heard in fake.requests)
    ours = ("host", "connection")
    assert {k: v for k, v in first.items() if k not in ours} == {
        k: v for k, v in second.items() if k not in ours
    }


class Echo(BaseHTTPRequestHandler):
    """Says each piece of what it is sent as soon as it hears it, and its answer has no length."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.server.heard = pieces
        for n, piece in enumerate(pieces):
            if n:
                self.server.gate.wait(10)
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


def test_bodies_without_a_length_pass_piece_by_piece(runpod):
    with Server(("127.0.0.1", 0), Echo) as server:
        server.gate = threading.Event()
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        pod = runpod.add_pod(server=server)
        sent = iter([b"one", b"two" * 1000])
        with requests.post(pod.url, data=sent, headers=AGENT, stream=True, timeout=10) as reply:
            told = reply.iter_content(None)
            assert next(told) == b"one"  # and the rest is not even said yet
            server.gate.set()
            assert b"".join(told) == b"two" * 1000
        assert server.heard == [b"one", b"two" * 1000]
        server.shutdown()


def test_the_key_in_a_request_to_a_pod_is_noticed_wherever_it_stands(runpod, fake):
    pod = runpod.add_pod(server=fake)
    requests.get(f"{pod.url}/queue", headers={"Authorization": f"Bearer {runpod.key}"}, timeout=10)
    requests.get(f"{pod.url}/view?filename={runpod.key}", timeout=10)
    requests.post(f"{pod.url}/prompt", data=b"x" * 65_520 + runpod.key.encode(), timeout=10)
    requests.get(f"{pod.url}/queue", timeout=10)
    assert [seen.method for seen in runpod.leaks] == ["GET", "GET", "POST"]
    runpod.leaks.clear()


def is_page(reply, status):
    assert reply.headers["Content-Type"].startswith("text/html") and len(reply.content) > 4000
    return reply.status_code == status


def test_ports_that_are_closed_and_pods_that_do_not_run_are_not_found(runpod, fake):
    pod, stopped = runpod.add_pod(server=fake), runpod.add_pod(server=fake, status="EXITED")
    hosts = [pod.host(3000), stopped.host(), "abcdefghijklmn-8188.proxy.runpod.net"]
    assert all(is_page(requests.get(f"https://{host}/queue", timeout=10), 404) for host in hosts)
    pod.terminate()
    assert is_page(requests.get(f"{pod.url}/queue", timeout=10), 404)
    assert fake.requests == []


@pytest.mark.parametrize("status", [302, 401, 404, 413, 502, 503, 524])
def test_the_proxy_says_what_it_is_told_to_as_often_as_it_is_told_to(runpod, fake, status):
    pod = runpod.add_pod(server=fake)
    pod.proxy.bad(status, count=2)
    with requests.Session() as session:
        ask = lambda: session.post(f"{pod.url}/queue", b"x" * 99, timeout=10, allow_redirects=False)
        assert is_page(ask(), status) and is_page(ask(), status)
        assert fake.requests == []
        assert session.get(f"{pod.url}/queue", timeout=10).json() == {
            "queue_running": [],
            "queue_pending": [],
        }


def test_the_proxy_is_bad_for_a_while_of_the_clock(runpod, fake, clock):
    pod = runpod.add_pod(server=fake)
    pod.proxy.bad(502, seconds=240)
    assert requests.get(f"{pod.url}/queue", timeout=10).status_code == 502
    clock.forward(241)
    assert requests.get(f"{pod.url}/queue", timeout=10).status_code == 200


def test_some_share_of_requests_fails_one_way_or_the_other(runpod, fake):
    pod = runpod.add_pod(server=fake)
    pod.proxy.fail_share = 0.4
    seen = []
    for _ in range(40):
        try:
            seen.append(requests.get(f"{pod.url}/queue", timeout=10).status_code)
        except requests.ConnectionError:
            seen.append(0)
    assert set(seen) == {0, 200, 502}
    assert 5 <= seen.count(0) + seen.count(502) <= 28


def test_nothing_listens_until_the_pod_has_booted_nor_when_its_server_is_gone(runpod, fake, clock):
    pod = runpod.add_pod(server=fake, status="PROVISIONING", provisioning=10, starting=20, boot=240)
    seen = []
    for seconds in (10, 20, 239, 1, 0):
        seen.append(requests.get(f"{pod.url}/queue", timeout=10).status_code)
        clock.forward(seconds)
    assert seen == [404, 404, 502, 502, 200]
    fake.crash()
    assert requests.get(f"{pod.url}/queue", timeout=10).status_code == 502


def test_what_takes_too_long_is_given_up_by_the_proxy_and_done_by_the_pod(runpod, fake):
    pod = runpod.add_pod(server=fake)
    pod.proxy.patience = 0.05
    fake.instead["POST /prompt"] = [Slow(0.3)]
    body = {"prompt": {"1": {"class_type": "PutOut", "inputs": {"output": {}}}}}
    assert is_page(requests.post(f"{pod.url}/prompt", json=body, timeout=10), 524)
    until(lambda: fake.histories, "the work")


def test_a_host_that_is_lost_takes_its_connections_with_it(runpod, fake, api):
    pod = runpod.add_pod(server=fake)
    fake.instead["GET /queue"] = [Slow(5.0)]
    threading.Timer(0.05, lambda: (until(lambda: pod.open), pod.die())).start()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{pod.url}/queue", timeout=10)
    assert api("GET", f"/v2/pods/{pod.id}").json()["status"] == "ERROR"
