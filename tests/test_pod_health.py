"""How several pods are that draw together: all are looked at, and what can be mended is told first."""

import json

import pytest

from domain.addresses import pod_url
from domain.pods import Pod, PodState
from domain.settings import ComfySettings, Mode
from domain.status import Status
from services.pod_health import PodHealth
from services.pods import Seen

A, B = "aaaaaaaaaaaaaa", "bbbbbbbbbbbbbb"
COMFY = ComfySettings(Mode.runpod, pod_id=A, more=(pod_url(B),))
UP, DOWN = Status(True, "ComfyUI 0.30.0"), Status(False, "", said="It is down.", symptom="502")


def pods(a, b):
    """The account with two pods in these states."""
    both = {
        id: Pod(id, name, state, ports=(8188,), uptime=3.0, is_up=state is PodState.running)
        for id, name, state in ((A, "A", a), (B, "B", b))
    }
    return Seen(has_key=True, is_known=True, pods=both)


@pytest.fixture
def health(tmp_path):
    return PodHealth(tmp_path / "starts.json", lambda pod, lines: [])


@pytest.fixture
def began(health, monkeypatch):
    """Both were asked to start a minute ago."""
    monkeypatch.setattr("services.pod_health.time.time", lambda: 100.0)
    for id in (A, B):
        health.began(id, 40.0)


def test_of_two_pods_that_start_at_once_both_starts_are_remembered(health, began, tmp_path):
    health.look(pods(PodState.starting, PodState.starting), COMFY, {A: DOWN, B: DOWN})
    health.look(pods(PodState.running, PodState.running), COMFY, {A: UP, B: UP})
    assert json.loads((tmp_path / "starts.json").read_text("utf-8")) == {A: [60.0], B: [60.0]}


@pytest.mark.parametrize("first", [A, B])
def test_a_start_that_is_over_is_told_also_beside_one_that_goes_on(health, began, first):
    health.look(pods(PodState.starting, PodState.starting), COMFY, {A: DOWN, B: DOWN})
    states = {id: PodState.running if id == first else PodState.starting for id in (A, B)}
    statuses = {id: UP if id == first else DOWN for id in (A, B)}
    start, _ = health.look(pods(*states.values()), COMFY, statuses)
    assert (start["pod"], start["phase"]) == (first, "models")


def test_a_pod_that_starts_does_not_hide_one_that_broke(health):
    _, trouble = health.look(pods(PodState.starting, PodState.broken), COMFY, {A: DOWN, B: DOWN})
    assert trouble["pod"] == B and "the pod B broke" in trouble["said"]


def test_where_only_waiting_helps_the_first_is_told(health):
    _, trouble = health.look(pods(PodState.starting, PodState.provisioning), COMFY, {A: DOWN, B: DOWN})
    assert trouble["pod"] == A and not trouble["remedy"]
