"""The way to a pod as the studio goes it: the ComfyUI client behind the emulated proxy, good and bad.

Nothing in the client knows of the emulator: it is met by the environment alone.
"""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
import requests
from PIL import Image

from domain.errors import BackendUnreachable, JobRejected
from infrastructure import comfy_execution, comfy_socket, downloads, patience
from infrastructure.comfy_api import ComfyAPI
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.comfy_history import RemoteFile
from infrastructure.downloads import download
from tests.comfy_jobs import aside, carried_out, make_job, parts, picture, until
from tests.fake_answers import Slow
from tests.runpod.emulator import RunPod
from tests.runpod.pods import Clock
from tests.test_real_comfy import picture_graph

HOUSE = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(comfy_execution, "QUIET", 0.05)
    monkeypatch.setattr(comfy_execution, "QUEUE_LOOK", 0.1)
    monkeypatch.setattr(comfy_socket, "BACKOFF", (0.01,))
    monkeypatch.setattr(patience, "PAUSE", 0.01)
    monkeypatch.setattr(downloads, "PAUSE", 0.001)


@pytest.fixture
def pod(runpod, fake):
    return runpod.add_pod(name="studio", server=fake)


def with_upload(tmp_path, size=300_000):
    start = tmp_path / "start.png"
    start.write_bytes(os.urandom(size))
    graph = picture(steps=4) | {"4": {"class_type": "LoadImage", "inputs": {"image": start}}}
    return start, make_job(tmp_path, graph)


def sockets(runpod):
    """How many were asked for."""
    return sum(seen.path.startswith("/ws?") for seen in runpod.requests)


# --- a good line


def test_a_job_goes_up_is_watched_and_comes_home_through_the_proxy(runpod, fake, pod, tmp_path):
    start, job = with_upload(tmp_path)
    outcome = carried_out(ComfyBackend(pod.url), job)

    (up,) = [content for (kind, *_), content in fake.files.items() if kind == "input"]
    (down,) = [content for (kind, *_), content in fake.files.items() if kind == "output"]
    assert up == start.read_bytes()
    assert [file.read_bytes() for file in outcome.files] == [down]
    assert len(outcome.previews) == 4 and "Paint: 4 of 4" in outcome.notes
    assert {seen.host for seen in runpod.requests} == {pod.host()} and sockets(runpod) == 1
    assert all(seen.headers["User-Agent"].startswith("CindergraceStudio/") for seen in runpod.requests)


def test_another_process_needs_nothing_but_the_environment(runpod, pod):
    says = "from infrastructure.comfy_backend import ComfyBackend; print(ComfyBackend({!r}).check())"
    asked = subprocess.run(
        [sys.executable, "-c", says.format(pod.url)],
        cwd=HOUSE,
        env={**os.environ, **runpod.environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (asked.stdout.strip(), asked.stderr) == ("ComfyUI 0.33.0 on Fake GPU", "")


# --- a pod that is not ready, or no more


def test_a_pod_that_boots_is_told_as_one_and_then_is_ready(runpod, fake):
    runpod.clock = clock = Clock()
    pod = runpod.add_pod(server=fake, boot=240)
    backend = ComfyBackend(pod.url)
    with pytest.raises(BackendUnreachable, match="It may still be starting"):
        backend.check()
    assert not backend.status().is_up
    clock.forward(240)
    assert backend.check() == "ComfyUI 0.33.0 on Fake GPU"


def test_a_job_waits_while_the_proxy_gets_no_answer_and_is_sent_once(runpod, fake, tmp_path):
    runpod.clock = clock = Clock()
    pod = runpod.add_pod(server=fake)
    backend = ComfyBackend(pod.url)
    backend.check()
    pod.proxy.bad(502, seconds=240)
    waits = []

    def forward(event):
        if "does not answer; waiting for it" in getattr(event, "note", ""):
            waits.append(event)
            clock.forward(50)

    outcome = carried_out(backend, make_job(tmp_path), forward)
    assert len(waits) >= 5 and outcome.files[0].exists()
    assert len(fake.bodies) == 1


def test_a_pod_that_dies_under_a_job_is_told_after_a_while(runpod, fake, pod, tmp_path, monkeypatch):
    monkeypatch.setattr(patience, "SECONDS", 0.1)
    fake.gate.clear()

    def die(event):
        if "Paint" in getattr(event, "note", ""):
            pod.die()

    with pytest.raises(BackendUnreachable, match="does not open this port, or it is stopped"):
        carried_out(ComfyBackend(pod.url), make_job(tmp_path), die)
    assert not parts(tmp_path)


def test_a_pod_that_moves_is_found_under_its_new_address_only(pod):
    old = ComfyBackend(pod.url)
    old.check()
    pod.migrate()
    with pytest.raises(BackendUnreachable):
        old.check()
    assert ComfyBackend(pod.url).check()


def test_a_server_that_is_replaced_under_a_job_gets_it_anew(runpod, fake, pod, tmp_path):
    """As after a restart of the pod: another ComfyUI, which remembers nothing."""
    fake.gate.clear()
    swapped = []

    def swap(event):
        if not swapped and "Paint" in getattr(event, "note", ""):
            swapped.append(True)
            fake.restart()
            fake.gate.set()

    outcome = carried_out(ComfyBackend(pod.url), make_job(tmp_path), swap)
    assert [sent["times"] for sent in outcome.facts("sent")] == [1, 2]


# --- a bad line


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (302, "asks for a login (302)"),
        (401, "asks for a login (401)"),
        (403, "turned this program away (error 1010)"),
        (404, "does not open this port, or it is stopped"),
        (502, "ComfyUI does not answer in it yet"),
        (503, "It may still be starting"),
        (524, "took longer than 100 seconds"),
    ],
)
def test_what_the_proxy_says_in_the_pod_s_place_becomes_a_sentence(fake, pod, status, said):
    pod.proxy.bad(status)
    with pytest.raises(BackendUnreachable) as raised:
        ComfyBackend(pod.url).check()
    assert said in str(raised.value) and "<" not in str(raised.value)
    assert fake.requests == []


def test_a_program_without_a_name_would_be_turned_away(pod, monkeypatch):
    monkeypatch.setattr("infrastructure.http_line.USER_AGENT", "Python-urllib/3.11")
    with pytest.raises(BackendUnreachable, match="error 1010"):
        ComfyBackend(pod.url).check()


def test_a_large_file_comes_home_whole_over_a_line_that_breaks_five_times(fake, pod, tmp_path):
    content = os.urandom(1 << 20) * 200
    fake.files["output", "", "clip.mp4"] = content
    pod.proxy.cut_downloads_after = 33 << 20, 5
    to = tmp_path / "clip.mp4"
    list(download(ComfyAPI(pod.url), RemoteFile("clip.mp4", "", "output"), to))

    assert to.read_bytes() == content
    assert pod.proxy.cuts == 5
    ranges = [headers.get("Range") for _, path, headers in fake.requests if path == "/view"]
    assert ranges == [None, *(f"bytes={n * 33 << 20}-" for n in range(1, 6))]


def test_a_socket_that_is_cut_again_and_again_costs_no_job(runpod, fake, pod, tmp_path):
    fake.gate.clear()
    pod.proxy.drop_sockets_every = 0.05
    aside(lambda: (until(lambda: pod.proxy.drops >= 3), fake.gate.set()))
    outcome = carried_out(ComfyBackend(pod.url), make_job(tmp_path))
    assert outcome.files[0].exists() and outcome.facts("sent") == [{"times": 1}]
    assert sockets(runpod) >= 3


def test_a_socket_on_which_nobody_speaks_is_cut_and_opened_again(runpod, fake, pod, tmp_path):
    fake.gate.clear()
    pod.proxy.idle_cut = 0.1
    aside(lambda: (until(lambda: sockets(runpod) >= 2), fake.gate.set()))
    outcome = carried_out(ComfyBackend(pod.url), make_job(tmp_path))
    assert pod.proxy.drops >= 1 and outcome.files[0].exists()


def test_a_socket_that_pings_outlives_the_proxy_s_patience(runpod, fake, pod, tmp_path, monkeypatch):
    monkeypatch.setattr(comfy_socket, "PING", 0.05)
    fake.gate.clear()
    pod.proxy.idle_cut = 0.5
    looks = []

    def is_enough(event):
        looks.append(event)
        if len(looks) == 25:
            fake.gate.set()

    outcome = carried_out(ComfyBackend(pod.url), make_job(tmp_path), is_enough)
    assert outcome.files[0].exists() and pod.proxy.drops == 0


def test_jobs_get_through_though_every_third_request_fails(runpod, fake, pod, tmp_path):
    backend = ComfyBackend(pod.url)
    backend.check()
    pod.proxy.fail_share = 0.3
    for seed in range(6):
        job = make_job(tmp_path, picture(seed=seed), f"{seed:03}_v1")
        assert carried_out(backend, job).files[0].exists()
        assert fake.histories[job.id]["status"]["completed"]
    assert len(fake.histories) == 6
    assert not parts(tmp_path)


@pytest.mark.parametrize("status", [502, 524])
def test_a_job_of_whose_sending_nobody_hears_is_not_sent_again(fake, pod, tmp_path, status):
    pod.proxy.bad(status, count=1, only="POST /prompt", is_done=True)
    outcome = carried_out(ComfyBackend(pod.url), make_job(tmp_path))
    assert outcome.files[0].exists()
    assert len(fake.bodies) == 1


def test_a_job_that_the_pod_still_looks_through_is_not_sent_again(fake, pod, tmp_path):
    pod.proxy.patience = 0.2
    fake.instead["POST /prompt"] = [Slow(1.0)]
    outcome = carried_out(ComfyBackend(pod.url), make_job(tmp_path))
    assert outcome.files[0].exists()
    assert outcome.facts("sent") == [{"times": 1}]


def test_a_file_that_the_pod_does_not_take_is_named(fake, pod, tmp_path):
    fake.max_upload = 100_000
    start, job = with_upload(tmp_path, 3_000_000)
    with pytest.raises(JobRejected, match=rf"{start.name} \(2\.9 MB\) is larger than the server takes"):
        carried_out(ComfyBackend(pod.url), job)


def test_two_studios_meet_two_emulators(monkeypatch, fake):
    """Nothing is kept between them but the authority."""
    for _ in range(2):
        with RunPod() as runpod:
            runpod.used_by(monkeypatch)
            pod = runpod.add_pod(server=fake)
            assert ComfyBackend(pod.url).check()
            assert len(runpod.requests) == 1
        with pytest.raises(requests.ConnectionError):
            requests.get(pod.url, timeout=10)


# --- the real thing behind it


@pytest.mark.real
def test_a_real_comfyui_behind_the_proxy_can_be_watched_and_its_picture_comes_home(
    runpod, real_comfy, tmp_path
):
    pod = runpod.add_pod(server=real_comfy)
    outcome = carried_out(
        ComfyBackend(pod.url), make_job(tmp_path, picture_graph(seed=uuid.uuid4().int % (1 << 32)))
    )
    with Image.open(outcome.files[0]) as home:
        assert home.size == (128, 128)
    assert len(set(outcome.previews)) == 8 and "KSampler: 8 of 8" in outcome.notes
    assert outcome.facts("server") == ["ComfyUI 0.30.0"]
    assert {seen.host for seen in runpod.requests} == {pod.host()}
