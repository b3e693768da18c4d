"""A pod whose ComfyUI is still starting is waited for; nothing else is."""

import json

import pytest

from domain.errors import BackendUnreachable
from infrastructure import booting
from infrastructure.booting import booted
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.pool import Pool
from tests.commands.typing import SMALL, WORKFLOWS
from tests.fakes import FakeBackend


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    monkeypatch.setattr(booting, "LOOK", 0.02)


def test_a_pod_that_answers_502_is_waited_for_and_said_to_be_starting(runpod, fake):
    pod = runpod.add_pod(server=fake)
    pod.proxy.bad(502, count=5)
    backend = ComfyBackend(pod.url)
    notes = [progress.note for progress in booted(backend)]
    assert notes and all("is starting in the pod" in note for note in notes)
    assert backend.status().is_up


def test_several_pods_are_waited_for_as_long_as_all_of_them_start(runpod, fake):
    pods = [runpod.add_pod(server=fake) for _ in range(2)]
    for pod in pods:
        pod.proxy.bad(502, count=4)
    pool = Pool({pod.id: ComfyBackend(pod.url, 1.0) for pod in pods})
    assert list(booted(pool))
    assert pool.status().is_up


def test_it_is_not_waited_for_ever(runpod):
    pod = runpod.add_pod(server=None)
    with pytest.raises(BackendUnreachable, match="waited for 0 minutes"):
        list(booted(ComfyBackend(pod.url), longest=0.1))


def test_whoever_answers_or_is_no_pod_that_starts_is_not_waited_for(runpod, fake):
    stopped = runpod.add_pod(status="EXITED")
    assert list(booted(ComfyBackend(stopped.url))) == []
    assert list(booted(ComfyBackend(fake.url))) == []
    assert list(booted(ComfyBackend("http://127.0.0.1:9"))) == []
    assert list(booted(FakeBackend())) == []


def test_a_render_begins_by_itself_once_the_pod_has_booted(runpod, fake, tmp_path, monkeypatch, capsys):
    import main

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    fake.models["checkpoints"].append("v1-5-pruned-emaonly-fp16.safetensors")
    pod = runpod.add_pod(server=fake)
    pod.proxy.bad(502, count=4)
    batch = tmp_path / "board.json"
    batch.write_text(json.dumps({**SMALL, "shots": SMALL["shots"][:1]}))
    words = ["render", str(batch), "--backend", "runpod", "--pod-id", pod.id]
    main.main([*words, "--keyframe-workflow", "keyframe_sd15", *WORKFLOWS[2:]])
    said = capsys.readouterr().err
    assert "ComfyUI is starting in the pod" in said
