"""Several --url and --pod-id: all of them draw."""

import json

import pytest

from commands import parser
from commands.setting import comfy_settings
from domain.settings import ComfySettings, Mode
from tests.comfy_jobs import picture
from tests.commands.typing import WORKFLOWS, board, nobody, refused
from tests.fake_comfy import FakeComfy

POD, OTHER = "abc123def456gh", "xyz123def456gh"
KEPT = ComfySettings(Mode.sketch, "http://kept:8188", "kept1234kept", 3000, ("http://more:8188",))


@pytest.fixture
def two(fake):
    with FakeComfy() as other:
        yield fake, other


def asked(backend, urls=(), pods=()):
    words = ["check", "--backend", backend]
    words += [word for url in urls for word in ("--url", url)]
    words += [word for pod in pods for word in ("--pod-id", pod)]
    return comfy_settings(parser().parse_args(words), KEPT)


def test_each_url_is_a_machine_and_those_of_the_settings_are_not_asked():
    comfy = asked("local", ["a:8188", "http://b:8188/"])
    assert comfy.addresses == ("http://a:8188", "http://b:8188")
    assert asked("local", ["a:8188"]).addresses == ("http://a:8188",)


def test_without_any_the_settings_count():
    assert asked("local").addresses == ("http://kept:8188", "http://more:8188")


def test_each_pod_is_a_machine_at_its_own_port_or_that_of_the_settings():
    proxy = f"https://{OTHER}-8000.proxy.runpod.net"
    assert asked("runpod", pods=[POD, OTHER]).addresses == (
        f"https://{POD}-3000.proxy.runpod.net",
        f"https://{OTHER}-3000.proxy.runpod.net",
    )
    assert asked("runpod", pods=[POD, proxy]).addresses[1] == proxy


@pytest.mark.parametrize("backend", ["local", "runpod"])
def test_machines_here_and_pods_draw_together(backend):
    addresses = asked(backend, ["http://a:8188"], [POD]).addresses
    assert set(addresses) == {"http://a:8188", f"https://{POD}-3000.proxy.runpod.net"}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("http", ("--backend", "local", "--url", "http://a", "--url", "ftp://here")),
        ("pod id", ("--backend", "local", "--url", "http://a", "--pod-id", "evil.example/?x=")),
        ("pod id", ("--backend", "runpod", "--pod-id", POD, "--pod-id", "http://evil.example")),
        ("--backend", ("--url", "http://a", "--url", "http://b")),
    ],
)
def test_a_further_machine_that_is_none_is_refused(tmp_path, told, said, words):
    board(tmp_path)
    refused(tmp_path, told, said, "render", "board.json", *words)


def test_check_asks_all_of_them(told, two):
    urls = [word for fake in two for word in ("--url", fake.url)]
    code, out, _ = told("check", "--backend", "local", *urls)
    assert code == 0
    assert out.startswith("2 machines: ") and out.count("ComfyUI 0.33.0, Fake GPU") == 2

    code, out, _ = told("check", "--backend", "local", *urls, "--url", nobody())
    assert code == 0 and "is away: No ComfyUI answers" in out
    assert told("check", "--backend", "local", "--url", nobody(), "--url", nobody())[0] == 3


def test_a_batch_is_drawn_by_all_of_them(tmp_path, told, two):
    for fake in two:
        fake.step_seconds = 0.1
    shots = [{"shot_id": f"{n}", "prompt": f"A boat, {n}.", "width": 64, "height": 64} for n in range(8)]
    graph = picture() | {"4": {"class_type": "CLIPTextEncode", "inputs": {"text": "words"}}}
    graph["2"]["inputs"]["positive"] = ["4", 0]
    batch = {"shots_with_references": shots, "workflow": graph, "batch_size": 8}
    (tmp_path / "batch.json").write_text(json.dumps(batch))
    urls = [word for fake in two for word in ("--url", fake.url)]
    code, out, error = told("shots", "batch.json", "--backend", "local", *urls)

    assert code == 0, error
    assert len([line for line in out.splitlines() if line]) == 1
    assert all(fake.histories for fake in two)
    assert sum(len(fake.histories) for fake in two) == 8
    recipes = [json.loads(path.read_text()) for path in (tmp_path / "batch" / "takes").glob("*.json")]
    assert {recipe["url"] for recipe in recipes} == {fake.url for fake in two}


def test_the_test_bench_tries_one_of_them_and_says_how_all_are(told, two):
    urls = [word for fake in two for word in ("--url", fake.url)]
    code, out, _ = told("testbench", "--backend", "local", *urls, "--images", 1, *WORKFLOWS)
    assert "2 machines" in out
    assert code in (0, 1)
