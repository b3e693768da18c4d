"""The habits of the emulated proxy: what passes as it is, and what it says in the pod's place."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from tests.comfy_jobs import until
from tests.fake_answers import Slow
from tests.runpod.calls import AGENT


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
