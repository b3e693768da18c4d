"""An emulator of RunPod: its REST API, its balance, the proxy before its pods, its serverless endpoints.

Built from documentation; proves nothing about the platform; not verified against the live service.

It is an HTTPS proxy on this machine, so the program under test needs no hook: given
`RunPod.environment` it talks to api.runpod.io, api.runpod.ai and *.proxy.runpod.net as it would in
life, and this answers in their place, with certificates of an authority of its own. Whatever else is
asked for is refused and remembered in `elsewhere`.

    with FakeComfy() as fake, RunPod() as runpod:
        runpod.used_by(monkeypatch)
        pod = runpod.add_pod(name="studio", server=fake)
        ComfyBackend(pod.url).check()
    assert not runpod.elsewhere and not runpod.leaks
"""

import re
import socket
import ssl
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.runpod.accounts import Account
from tests.runpod.catalog import Gpu, gpus
from tests.runpod.pods import EmulatedPod, Served, cut
from tests.runpod.proxy import PodProxy
from tests.runpod.relay import relay
from tests.runpod.rest import Api
from tests.runpod.wire import Seen, is_route
from tests.serverless.api import ServerlessApi
from tests.serverless.endpoints import EmulatedEndpoint
from tests.serverless.worker_side import WorkerSide

API, SERVERLESS = "api.runpod.io", "api.runpod.ai"
KEY = "rpa_EMULATED0KEY0THAT0OPENS0NOTHING0"
_POD = re.compile(r"([a-z0-9]+)-(\d+)\.proxy\.runpod\.net")

_EARLIER: set[str] = set()  # ids of pods of emulators that are closed: somebody may still ask for them


class _Authority:
    """Of all emulators in this process; its file stays as long as the process."""

    def __init__(self) -> None:
        self._signs = trustme.CA(organization_name="Emulated RunPod")
        self._folder = tempfile.TemporaryDirectory()
        self.bundle = Path(self._folder.name) / "authority.pem"
        self._signs.cert_pem.write_to_path(str(self.bundle))
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._signs.issue_cert(API, SERVERLESS, "*.proxy.runpod.net", "*.runpod.io").configure_cert(self.tls)


_authority = cache(_Authority)


class RunPod:
    """`with RunPod() as runpod:` serves on this machine; every attribute may be set at any time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self.clock = clock
        self.key = KEY
        self.account = Account(self)
        self.pods: list[EmulatedPod] = []  # also those that were terminated
        self.endpoints: dict[str, EmulatedEndpoint] = {}
        self.gpus: dict[str, Gpu] = gpus()
        self.network_volumes: list[dict[str, Any]] = []
        self.templates: list[dict[str, Any]] = [
            {"id": "cw3nka7d08", "name": "ComfyUI", "image": "runpod/comfyui:latest"},
            {"id": "2lv7ev3wfp", "name": "ComfyUI CUDA 13", "image": "runpod/comfyui:cuda13"},
        ]
        self.server_of_new_pods: Served | None = None
        self.provisioning, self.starting, self.boot = 0.0, 0.0, 0.0  # seconds of new pods
        self.page_size = 100
        self.per_minute: int | None = None  # requests before 429, when it is enforced
        self.graphql_status = 200
        self.instead: dict[str, list[Any]] = defaultdict(list)
        self.requests: list[Seen] = []
        self.leaks: list[Seen] = []  # requests that carried the key to a pod
        self.relayed: dict[str, str] = {}  # further hosts, and where on this machine they answer
        self.elsewhere: list[str] = []  # other hosts that were asked for
        self.connections = 0  # that were opened to its hosts
        self.is_over = threading.Event()
        self.lock = threading.RLock()
        self.times: list[float] = []  # of the last minute's requests
        self._open: set[socket.socket] = set()
        self._workers: dict[str, WorkerSide] = {}  # where the workers of each endpoint ask
        self._rates: dict[tuple[str, str], list[float]] = defaultdict(list)

    # --- its life

    def __enter__(self) -> "RunPod":
        handler = type("Handler", (_Connect,), {"runpod": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        _EARLIER.update(id for pod in self.pods for id in pod.ids)
        self._server.shutdown()
        self._server.server_close()
        for side in self._workers.values():
            side.close()
        for one in list(self._open):
            cut(one)

    @property
    def bundle(self) -> Path:
        """Whom to trust."""
        return _authority().bundle

    @property
    def url(self) -> str:
        """Of the proxy."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What makes a program meet this RunPod instead of the other."""
        proxies = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), self.url)
        near = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")
        return {
            **proxies,
            **near,
            **dict.fromkeys(("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), str(self.bundle)),
        }

    def used_by(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)

    def opened(self, line: socket.socket) -> None:
        self.connections += 1
        self._open.add(line)

    def closed(self, line: socket.socket) -> None:
        self._open.discard(line)

    def saw(self, request: Seen) -> None:
        """Keep a request in mind, unless it is a straggler of an earlier test."""
        if request.host.partition("-")[0] not in _EARLIER:
            self.requests.append(request)

    # --- what is in it

    def add_pod(self, status: str = "RUNNING", **given: Any) -> EmulatedPod:
        """A pod with whatever fields of EmulatedPod; without more it runs and is ready."""
        times = {"provisioning": self.provisioning, "starting": self.starting, "boot": self.boot}
        pod = EmulatedPod(**{"clock": self.clock, "begins": status, **times, **given})
        with self.lock:
            self.pods.append(pod)
        return pod

    def pod(self, id: str) -> EmulatedPod | None:
        """One that is not terminated."""
        with self.lock:
            return next((one for one in self.pods if one.id == id and one.status != "TERMINATED"), None)

    def add_endpoint(self, **given: Any) -> EmulatedEndpoint:
        """A serverless endpoint without workers, with whatever attributes of EmulatedEndpoint."""
        endpoint = EmulatedEndpoint(self.clock)
        for name, value in given.items():
            setattr(endpoint, name, value)
        self.endpoints[endpoint.id] = endpoint
        self._workers[endpoint.id] = WorkerSide(endpoint)
        return endpoint

    def endpoint(self, id: str) -> EmulatedEndpoint | None:
        return self.endpoints.get(id)

    def worker_environment(self, endpoint: EmulatedEndpoint, worker: str) -> dict[str, str]:
        """What the platform sets for a worker of this endpoint."""
        return self._workers[endpoint.id].environment(worker)

    def rate_of(self, endpoint: str, operation: str) -> list[float]:
        """The moments at which this was asked lately."""
        return self._rates[endpoint, operation]

    def add_network_volume(self, name: str, size: int = 100, data_center: str = "EU-RO-1") -> dict[str, Any]:
        id = f"vol{len(self.network_volumes):07}"
        place = {"dataCenter": data_center, "type": "STANDARD"}
        self.network_volumes.append({"id": id, "name": name, "size": size, **place})
        return self.network_volumes[-1]

    # --- what tests ask of it

    def asked(self, what: str) -> int:
        """How often a route of the API was asked: asked("POST /v2/pods/{id}/action")."""
        method, _, path = what.partition(" ")
        hosts = API, SERVERLESS
        calls = [seen for seen in self.requests if seen.host in hosts and seen.method == method]
        return sum(is_route(path, seen.path.partition("?")[0]) for seen in calls)

    def answer_instead(self, method: str, path: str) -> Any:
        """The next bad answer for a request, if there is one."""
        for what, answers in self.instead.items():
            its_method, _, its_path = what.partition(" ")
            if answers and method == its_method and is_route(its_path, path):
                return answers.pop(0)
        return None


class _Connect(BaseHTTPRequestHandler):
    """The side of the proxy that everybody knocks at."""

    protocol_version = "HTTP/1.1"
    wbufsize = 0
    runpod: Any = None

    def do_CONNECT(self) -> None:
        self.close_connection = True
        host, _, port = self.path.rpartition(":")
        is_pod = _POD.fullmatch(host)
        if port != "443" or not (host in (API, SERVERLESS, *self.runpod.relayed) or is_pod):
            return self._refuse()
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with suppress(OSError):
            self.connection.settimeout(30)
            line = _authority().tls.wrap_socket(self.connection, server_side=True)
            line.settimeout(None)
            if there := self.runpod.relayed.get(host):
                return relay(line, there)
            side = PodProxy if is_pod else ServerlessApi if host == SERVERLESS else Api
            side(line, host, self.runpod)
        return None

    def _refuse(self) -> None:
        self.close_connection = True
        if not self.path.startswith("/"):  # else a straggler of a server that had this port before
            self.runpod.elsewhere.append(self.path)
        self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _refuse

    def log_message(self, *_: object) -> None:
        pass
