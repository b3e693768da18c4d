"""The socket brings progress and previews; without it every job ends the same."""

import threading
import time

import pytest

from domain import VERSION
from infrastructure import comfy_execution, comfy_socket, patience
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.comfy_socket import Doorbell
from tests.comfy_jobs import aside, carried_out, make_job, picture, until
from tests.fake_answers import Slow
from tests.fake_comfy_nodes import preview
from tests.fake_websocket import BINARY, TEXT


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(comfy_execution, "QUIET", 0.05)
    monkeypatch.setattr(patience, "PAUSE", 0.02)


def same_as_ever(outcome):
    return outcome.files[0].name == "001_v1.png" and outcome.files[0].read_bytes().startswith(b"\x89PNG")


def test_previews_are_handed_on_as_they_come(fake, tmp_path):
    outcome = carried_out(ComfyBackend(fake.url), make_job(tmp_path))
    assert outcome.previews == [preview(1), preview(2), preview(3)]


def test_previews_without_a_name_belong_to_the_job_that_runs(fake, tmp_path):
    fake.when["execution_start"] = lambda: [
        setattr(one, "wants_metadata", False) for one in fake.sockets.values()
    ]
    outcome = carried_out(ComfyBackend(fake.url), make_job(tmp_path))
    assert outcome.previews == [preview(1), preview(2), preview(3)]


def test_each_job_sees_its_own_previews_only(fake, tmp_path):
    backend, outcomes = ComfyBackend(fake.url), {}
    fake.gate.clear()

    def run(name, steps):
        outcomes[name] = carried_out(backend, make_job(tmp_path, picture(steps, steps), name))

    lanes = [aside(lambda s=s: run(f"00{s}_v1", s)) for s in (3, 5)]
    until(lambda: fake.running and fake.pending, "both jobs")
    fake.gate.set()
    for lane in lanes:
        lane.join(20)
    assert outcomes["003_v1"].previews == [preview(n) for n in (1, 2, 3)]
    assert outcomes["005_v1"].previews == [preview(n) for n in (1, 2, 3, 4, 5)]


def test_the_socket_is_open_before_the_job_is_sent(fake, tmp_path):
    carried_out(ComfyBackend(fake.url), make_job(tmp_path))
    asked = [path for _, path, _ in fake.requests]
    assert asked.index("/ws") < asked.index("/prompt")


def test_a_server_without_sockets_brings_the_same_result(fake, tmp_path):
    fake.serves_sockets = False
    outcome = carried_out(ComfyBackend(fake.url), make_job(tmp_path))
    assert same_as_ever(outcome)
    assert outcome.previews == []


def test_a_socket_that_never_speaks_brings_the_same_result(fake, tmp_path):
    fake.is_silent = True
    assert same_as_ever(carried_out(ComfyBackend(fake.url), make_job(tmp_path)))


@pytest.mark.parametrize(
    "moment", ["execution_start", "executing", "progress", "executed", "execution_success"]
)
def test_a_socket_lost_on_the_way_brings_the_same_result(fake, tmp_path, moment):
    fake.when[moment] = fake.drop_sockets
    assert same_as_ever(carried_out(ComfyBackend(fake.url), make_job(tmp_path)))
    assert fake.asked("POST /prompt") == 1


def test_a_socket_lost_while_the_job_waits_costs_its_previews_and_nothing_else(fake, tmp_path):
    fake.gate.clear()

    def lose(event):
        if fake.running and not fake.gate.is_set():
            fake.drop_sockets()
            until(lambda: not fake.sockets or len(fake.sockets) == 1, "the loss")
            fake.gate.set()

    assert same_as_ever(carried_out(ComfyBackend(fake.url), make_job(tmp_path), lose))


def test_after_a_loss_the_next_job_has_previews_again(fake, tmp_path):
    backend = ComfyBackend(fake.url)
    fake.when["executing"] = fake.drop_sockets
    carried_out(backend, make_job(tmp_path))
    fake.when.clear()
    outcome = carried_out(backend, make_job(tmp_path, picture(2), "002_v1"))
    assert outcome.previews == [preview(1), preview(2), preview(3)]


def test_each_connection_has_an_id_of_its_own(fake, tmp_path):
    ids = []
    backend = ComfyBackend(fake.url)
    for seed in (1, 2):
        fake.when["executing"] = lambda: (ids.extend(fake.sockets), fake.drop_sockets())
        carried_out(backend, make_job(tmp_path, picture(seed), f"00{seed}_v1"))
    assert len(set(ids)) >= 2
    assert all(len(id) == 32 for id in ids)


def test_the_program_says_who_it_is_on_every_line(fake, tmp_path):
    path = tmp_path / "start.png"
    path.write_bytes(b"start")
    graph = picture() | {"4": {"class_type": "LoadImage", "inputs": {"image": path}}}
    carried_out(ComfyBackend(fake.url), make_job(tmp_path, graph))

    assert {"/ws", "/prompt", "/view", "/upload/image"} <= {path for _, path, _ in fake.requests}
    assert {headers.get("User-Agent") for _, _, headers in fake.requests} == {f"CindergraceStudio/{VERSION}"}


NONSENSE = [
    (TEXT, b"not json"),
    (TEXT, b"[1, 2]"),
    (TEXT, b'"a word"'),
    (TEXT, b"\xff\xfe"),
    (TEXT, b'{"type": 3, "data": null}'),
    (TEXT, b'{"type": "executing", "data": {"node": [], "prompt_id": ["x"]}}'),
    (TEXT, b'{"type": "progress", "data": {"node": "2", "value": "many", "max": 0, "prompt_id": null}}'),
    (BINARY, b""),
    (BINARY, b"\0\0\0\4\0\0\xff\xff{}"),
    (BINARY, b"\0\0\0\4\0\0\0\2[]picture"),
    (BINARY, b"\0\0\0\x63unknown"),
]


@pytest.mark.parametrize(("opcode", "content"), NONSENSE)
def test_nonsense_on_the_socket_harms_no_job(fake, tmp_path, opcode, content):
    backend = ComfyBackend(fake.url)
    fake.when["executing"] = lambda: [one.send(opcode, content) for one in list(fake.sockets.values())]
    assert same_as_ever(carried_out(backend, make_job(tmp_path)))
    fake.when.clear()
    again = carried_out(backend, make_job(tmp_path, picture(2), "002_v1"))
    assert again.previews == [preview(1), preview(2), preview(3)]


@pytest.mark.parametrize("data", [{"value": 1, "max": 0}, {"value": -5, "max": 3}, {"value": 9.5, "max": 3}])
def test_odd_progress_stays_a_share_between_nothing_and_all(fake, tmp_path, data):
    fake.when["executing"] = lambda: (
        fake.running and fake.say(fake.running, "progress", {**data, "node": "2"})
    )
    outcome = carried_out(ComfyBackend(fake.url), make_job(tmp_path))
    fractions = [event.fraction for event in outcome.events if hasattr(event, "fraction")]
    assert all(0 <= fraction <= 1 for fraction in fractions)
    assert fractions == sorted(fractions)


def test_a_server_that_closes_every_socket_at_once_is_not_hammered(fake, tmp_path, monkeypatch):
    original = fake.status
    fake.status = lambda sid="": (fake.drop_sockets(), original(sid))[1] if sid else original()
    fake.step_seconds = 0.3
    assert same_as_ever(carried_out(ComfyBackend(fake.url), make_job(tmp_path)))
    assert fake.asked("GET /ws") < 8


def test_a_socket_nobody_needs_is_closed_and_opened_again_for_the_next_job(fake, tmp_path, monkeypatch):
    monkeypatch.setattr(comfy_socket, "IDLE", 0.1)
    backend = ComfyBackend(fake.url)
    carried_out(backend, make_job(tmp_path))
    until(lambda: not fake.sockets, "the socket's end")

    outcome = carried_out(backend, make_job(tmp_path, picture(2), "002_v1"))
    assert outcome.previews == [preview(1), preview(2), preview(3)]


def test_a_job_that_comes_as_the_socket_closes_still_has_its_previews(fake, tmp_path, monkeypatch):
    """Whoever comes too late for the old socket waits for the new one."""
    monkeypatch.setattr(comfy_socket, "IDLE", 0.02)
    backend = ComfyBackend(fake.url)
    for number in range(1, 25):
        job = make_job(tmp_path, picture(number), f"{number:03}_v1")
        assert carried_out(backend, job).previews, number
        time.sleep(0.001 * number)


def test_many_ears_hear_each_its_own_and_none_is_left_behind(fake):
    doorbell, heard = Doorbell(fake.url), []

    def listen(id):
        for _ in range(20):
            with doorbell.listen(id) as ear:
                heard.append(bool(ear.client_id))

    threads = [threading.Thread(target=listen, args=(f"job {n % 3}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert heard == [True] * 120
    assert fake.asked("GET /ws") == 1
    assert doorbell._listeners == {}


def test_a_socket_that_hangs_while_it_opens_holds_no_job_up(fake, tmp_path, monkeypatch):
    monkeypatch.setattr(comfy_socket, "FIRST", 0.05)
    fake.instead["GET /ws"] = [Slow(3)]
    assert same_as_ever(carried_out(ComfyBackend(fake.url), make_job(tmp_path)))
    assert not fake.sockets  # it is still opening
