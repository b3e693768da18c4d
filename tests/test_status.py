"""How a backend is, at a glance: told within seconds, whatever it says, and without anybody's secrets."""

import pytest

from domain.addresses import without_secrets
from infrastructure import comfy_backend
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.comfy_stats import graphics_card
from infrastructure.sketch import ENGINE
from infrastructure.sketch_backend import SketchBackend
from tests.comfy_jobs import picture, until
from tests.commands.typing import nobody
from tests.fake_answers import HANG_UP, Slow, page


def test_a_server_tells_its_version_its_gpu_and_its_memory(fake):
    status = ComfyBackend(fake.url).status()
    assert status.is_up and not status.said
    assert (status.name, status.address, status.gpu) == ("ComfyUI 0.33.0", fake.url, "Fake GPU")
    assert (status.vram_used, status.vram_total) == (4 << 30, 24 << 30)


def test_the_queue_counts_the_jobs_of_everybody(fake):
    fake.gate.clear()
    for seed in range(3):
        fake.queue({"prompt": picture(seed)})
    until(lambda: fake.running, "the first job")
    status = ComfyBackend(fake.url).status()
    assert (status.running, status.waiting) == (1, 2)


def test_nobody_there_is_a_state_with_a_sentence():
    address = nobody()
    status = ComfyBackend(address).status()
    assert not status.is_up
    assert status.name == "ComfyUI" and status.address == address
    assert status.said == f"No ComfyUI answers at {address}. Is it running?"


def test_a_server_that_goes_away_keeps_its_name(fake):
    backend = ComfyBackend(fake.url)
    backend.status()
    fake.crash()
    status = backend.status()
    assert not status.is_up and status.name == "ComfyUI 0.33.0"


@pytest.mark.parametrize("what", ["GET /system_stats", "GET /queue"])
@pytest.mark.parametrize(
    "answer", [HANG_UP, page(502), page(200), page(401), {"x": 1}, ["a"], {"system": None}]
)
def test_no_answer_whatever_makes_it_raise(fake, what, answer):
    fake.instead[what] = [answer] * 2
    status = ComfyBackend(fake.url).status()
    assert not status.is_up and status.said


@pytest.mark.parametrize("what", ["GET /system_stats", "GET /queue"])
def test_a_connection_that_broke_is_no_server_that_is_down(fake, what):
    fake.instead[what] = [HANG_UP]
    assert ComfyBackend(fake.url).status().is_up


@pytest.mark.parametrize("what", ["GET /system_stats", "GET /queue"])
def test_a_server_that_does_not_answer_soon_does_not_answer(fake, monkeypatch, what):
    monkeypatch.setattr(comfy_backend, "GLANCE", (0.05, 0.05))
    fake.instead[what] = [Slow(1.0)] * 2
    assert not ComfyBackend(fake.url).status().is_up


def test_name_password_and_token_of_an_address_are_not_told(fake):
    secret = fake.url.replace("http://", "http://kim:s3cret@") + "/?token=t0ken"
    status = ComfyBackend(secret.replace(str(fake.port), "1")).status()
    assert status.address == "http://127.0.0.1:1/"
    assert not status.is_up
    for word in ("kim", "s3cret", "t0ken"):
        assert word not in str(status)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Is http://a:b@host:8188/x?token=1#y up?", "Is http://host:8188/x up?"),
        ("https://kim:p@ss@host and http://other", "https://host and http://other"),
        (
            "No ComfyUI answers at http://127.0.0.1:8188. Is it?",
            "No ComfyUI answers at http://127.0.0.1:8188. Is it?",
        ),
        ("mail kim@host", "mail kim@host"),
    ],
)
def test_a_sentence_loses_what_its_addresses_should_not_carry(said, shown):
    assert without_secrets(said) == shown


@pytest.mark.parametrize(
    ("device", "name"),
    [
        (
            {"name": "cuda:0 NVIDIA GeForce RTX 4090 : cudaMallocAsync", "type": "cuda"},
            "NVIDIA GeForce RTX 4090",
        ),
        ({"name": "cuda:1 AMD Radeon RX 7900 XTX : native", "type": "cuda"}, "AMD Radeon RX 7900 XTX"),
        ({"name": "mps", "type": "mps"}, "mps"),
        ({"name": "cpu", "type": "cpu", "vram_total": 25 << 30, "vram_free": 1}, "no GPU"),
        ({"name": ["odd"], "type": 3, "vram_total": "much"}, "['odd']"),
        ("none", "no GPU"),
    ],
)
def test_a_card_is_called_what_it_is_called_on_the_box(device, name):
    card = graphics_card({"devices": [device]})
    assert card.name == name
    assert (card.used, card.total) == (None, None)


def test_the_sketch_engine_is_always_up_on_this_computer():
    status = SketchBackend().status()
    assert status.is_up and status.name == f"Sketch engine {ENGINE}"
    assert "this computer" in status.gpu and status.vram_total is None
    assert (status.running, status.waiting) == (0, 0)


@pytest.mark.real
def test_a_real_server_tells_how_it_is(real_comfy):
    status = ComfyBackend(real_comfy.url).status()
    assert status.is_up and status.name == "ComfyUI 0.30.0"
    assert status.gpu == "no GPU" and status.vram_total is None
    assert (status.running, status.waiting) == (0, 0)
