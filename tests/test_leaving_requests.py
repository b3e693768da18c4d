"""How requests leave the program: each under its own name, none to this machine by a proxy, and what is
said when the file of trusted certificates is not there."""

import socket
import threading
from contextlib import suppress

import pytest

from domain.errors import BackendUnreachable, BadFile, PlatformError
from domain.pods import NewPod
from infrastructure import comfy_execution, comfy_socket
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.comfy_server import ComfyServer
from infrastructure.http_line import USER_AGENT, is_here
from infrastructure.instance_file import InstanceFile
from infrastructure.json_files import write_json
from infrastructure.reference_files import reference
from infrastructure.runpod_api import RunPodAPI
from tests.comfy_jobs import carried_out, make_job, picture
from tests.fake_answers import Answer
from tests.fake_comfy_nodes import png
from tests.runpod.wire import is_route
from tests.test_workflows import runs_here

PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(comfy_execution, "QUIET", 0.05)
    monkeypatch.setattr(comfy_socket, "FIRST", 5.0)


def with_upload(folder):
    start = folder / "start.png"
    start.write_bytes(png())
    graph = picture() | {"4": {"class_type": "LoadImage", "inputs": {"image": start}}}
    return make_job(folder, graph)


# --- under our own name


def the_whole_account(runpod):
    """Every method of the account's interface; returns the routes that it asks for."""
    platform, pod = RunPodAPI(runpod.key), runpod.pods[0]
    platform.pods()
    platform.pod(pod.id)
    platform.logs(pod.id, seconds=0.1)
    platform.offers()
    platform.network_volumes()
    platform.balance()
    platform.create(NewPod("made", "cw3nka7d08", "NVIDIA GeForce RTX 4090", "SECURE", (8188,), 0, "", ()))
    platform.act(pod.id, "stop")
    return {
        "GET /v2/pods",
        "GET /v2/pods/{id}",
        "GET /v2/pods/{id}/logs",
        "GET /v2/catalog/gpus",
        "GET /v2/network-volumes",
        "POST /graphql",
        "POST /v2/pods",
        "POST /v2/pods/{id}/action",
    }


def the_whole_pod(pod, folder):
    """What is asked of a ComfyUI: what it can run, one job with a file there and one home, and its end."""
    backend, job = ComfyBackend(pod.url), with_upload(folder)
    backend.status()
    backend.check(picture())
    assert carried_out(backend, job).previews, "there was no socket"
    backend.holds()
    backend.drop(job.id)
    server = ComfyServer(pod.url)
    assert server.faults(runs_here(), server.object_info()) == []
    return {
        "GET /system_stats",
        "GET /object_info",
        "GET /ws",
        "GET /history/{id}",
        "GET /view",
        "HEAD /view",
        "POST /upload/image",
        "POST /prompt",
        "POST /api/jobs/{id}/cancel",
    }


def test_every_request_to_an_account_and_to_a_pod_says_who_asks(runpod, fake, tmp_path):
    pod = runpod.add_pod(name="studio", server=fake)
    runpod.server_of_new_pods = fake
    expected = the_whole_pod(pod, tmp_path) | the_whole_account(runpod)

    assert {seen.headers.get("User-Agent") for seen in runpod.requests} == {USER_AGENT}
    asked = {(seen.method, seen.path.partition("?")[0]) for seen in runpod.requests}
    missed = [
        route
        for route in expected
        if not any(method == route.split()[0] and is_route(route.split()[1], path) for method, path in asked)
    ]
    assert not missed, sorted(asked)


def test_a_fetched_reference_picture_is_asked_for_under_our_name_also_where_it_has_moved(fake, tmp_path):
    fake.files["output", "", "cat.png"] = png()
    to = f"{fake.url}/view?filename=cat.png&subfolder=&type=output"
    fake.instead["GET /cat.png"] = [Answer(302, b"", {"Location": to})]
    assert reference(f"{fake.url}/cat.png", tmp_path, tmp_path / "kept").read_bytes() == png()
    assert [headers.get("User-Agent") for _, _, headers in fake.requests] == [USER_AGENT] * 2


def test_a_studio_that_may_be_open_is_asked_under_our_name(fake, tmp_path):
    write_json(tmp_path / "instance.json", {"address": f"{fake.url}/"})
    fake.instead["GET /studio/alive"] = [{"studio": "here"}]
    assert InstanceFile(tmp_path / "instance.json").running() == f"{fake.url}/"
    assert [headers.get("User-Agent") for _, _, headers in fake.requests] == [USER_AGENT]


# --- to this machine


@pytest.fixture
def proxy(monkeypatch):
    """A proxy that the environment names, and all that it was asked for."""
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def listen():
            with suppress(OSError):
                while True:
                    line, _ = listening.accept()
                    with line:
                        first = line.recv(1000).split(b"\r\n")[0]
                        if b".proxy.runpod.net" not in first:  # a socket of an earlier test's comes again
                            asked.append(first)
                        line.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")

        threading.Thread(target=listen, daemon=True).start()
        for name in PROXIES:
            monkeypatch.setenv(name, f"http://127.0.0.1:{listening.getsockname()[1]}")
        yield asked


@pytest.fixture(params=["", "example.com"])
def excepted(request, monkeypatch):
    """What the environment excepts from the proxy."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        if request.param:
            monkeypatch.setenv(name, request.param)


@pytest.mark.usefixtures("excepted")
def test_nothing_to_this_machine_goes_by_a_proxy(proxy, fake, tmp_path):
    fake.files["output", "", "cat.png"] = png()
    fake.instead["GET /studio/alive"] = [{"studio": "here"}]
    write_json(tmp_path / "instance.json", {"address": f"{fake.url}/"})

    assert carried_out(ComfyBackend(fake.url), with_upload(tmp_path)).previews, "there was no socket"
    assert ComfyServer(fake.url).object_info()
    assert InstanceFile(tmp_path / "instance.json").running()
    url = f"{fake.url}/view?filename=cat.png&subfolder=&type=output"
    assert reference(url, tmp_path, tmp_path / "kept").exists()
    assert proxy == []


@pytest.mark.usefixtures("excepted")
def test_what_is_elsewhere_goes_by_the_proxy_that_is_named(proxy, tmp_path):
    with pytest.raises(BackendUnreachable):
        ComfyBackend("http://gpu.invalid:8188", 0.1).check()
    with pytest.raises(BadFile):
        reference("http://pictures.invalid/cat.png", tmp_path, tmp_path / "kept")
    assert [line.split()[1] for line in proxy] == [
        b"http://gpu.invalid:8188/system_stats",
        b"http://pictures.invalid/cat.png",
    ]


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("http://127.0.0.1:8188", True),
        ("ws://127.0.0.1:8188/ws?clientId=1", True),
        ("http://127.8.0.1", True),
        ("http://[::1]:8188", True),
        ("https://LOCALHOST/", True),
        ("http://127.0.0.1.example", False),
        ("http://localhost.example", False),
        ("http://192.168.0.20:8188", False),
        ("https://api.runpod.io", False),
        ("http://[", False),
    ],
)
def test_this_machine_is_known_by_its_address(url, answer):
    assert is_here(url) is answer


# --- certificates


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize(
    "file", [(None, "is not there"), ("", "holds none"), ("-----BEGIN CERTIFICATE-----\nno", "holds none")]
)
def test_a_file_of_certificates_that_is_none_is_told_with_the_variable_that_names_it(
    runpod, fake, tmp_path, monkeypatch, name, file
):
    pod, bundle, (content, fault) = runpod.add_pod(server=fake), tmp_path / "company.pem", file
    if content is not None:
        bundle.write_text(content)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.delenv("CURL_CA_BUNDLE")
    monkeypatch.setenv(name, str(bundle))
    said = f"The variable {name} names a file of certificates that {fault}: {bundle}."
    with pytest.raises(BackendUnreachable) as raised:
        ComfyBackend(pod.url).check()
    assert str(raised.value).startswith(said)
    with pytest.raises(PlatformError) as refused:
        RunPodAPI(runpod.key).pods()
    assert str(refused.value).startswith(said)
    with pytest.raises(BadFile) as unread:
        reference(f"{pod.url}/cat.png", tmp_path, tmp_path / "kept")
    assert said in str(unread.value)
    assert runpod.requests == []


def test_without_certificates_a_server_on_this_machine_is_reached_all_the_same(fake, tmp_path, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone.pem"))
    assert ComfyBackend(fake.url).check()
