"""`pods` as somebody types it, against an emulator of RunPod."""

import json

import pytest

from tests.fake_answers import HANG_UP, Answer


@pytest.fixture(autouse=True)
def key(runpod, monkeypatch):
    monkeypatch.setenv("RUNPOD_API_KEY", runpod.key)


def test_the_pods_are_listed_with_what_they_cost(runpod, told):
    runpod.add_pod(name="studio", cost=0.69)
    runpod.add_pod(name="old", cost=1.64, status="EXITED")
    code, out, error = told("pods", "list")

    assert code == 0
    head, *rows = out.splitlines()
    assert head.split() == ["NAME", "ID", "STATE", "GPU", "USD/H", "UP"]
    assert [row.split()[0] for row in rows] == ["studio", "old"]
    assert "running" in rows[0] and "0.69" in rows[0] and "stopped" in rows[1]
    assert "running for 0.69 USD an hour" in error


def test_programs_are_told_in_json(runpod, told):
    pod = runpod.add_pod(name="studio")
    code, out, _ = told("pods", "list", "--json")
    (said,) = json.loads(out)["pods"]
    assert code == 0
    assert (said["id"], said["state"], said["can"]) == (pod.id, "running", ["restart", "stop", "terminate"])


def test_a_pod_is_stopped_and_started_by_its_name_or_id(runpod, told):
    pod = runpod.add_pod(name="studio")
    assert told("pods", "stop", "studio")[0] == 0
    assert pod.status == "EXITED"
    assert told("pods", "start", pod.id)[0] == 0
    assert pod.status == "RUNNING"


def test_all_that_run_are_stopped_at_once(runpod, told):
    pods = [runpod.add_pod(name=name) for name in ("a", "b")]
    code, _, error = told("pods", "stop", "--all")
    assert code == 0 and "a (" in error and "b (" in error
    assert [pod.status for pod in pods] == ["EXITED", "EXITED"]


def test_terminating_asks_twice(runpod, told):
    pod = runpod.add_pod(name="studio")
    code, _, error = told("pods", "terminate", "studio")
    assert code == 2 and "--yes" in error and pod.status == "RUNNING"
    assert told("pods", "terminate", "studio", "--yes")[0] == 0
    assert pod.status == "TERMINATED"


def test_the_log_is_printed(runpod, told):
    pod = runpod.add_pod(name="studio")
    pod.log("To see the GUI go to: http://0.0.0.0:8188")
    code, out, _ = told("pods", "logs", "studio", "--tail", 1)
    assert (code, out) == (0, "To see the GUI go to: http://0.0.0.0:8188\n")


REFUSED = {
    "nobody of that name": (("stop", "gone"), "has no pod gone. It has: studio, twin, twin"),
    "two of that name": (("stop", "twin"), "2 pods are called twin"),
    "no name": (("stop",), "Which pod?"),
    "all at once": (("terminate", "--all", "--yes"), "--all only goes with stop"),
}


@pytest.mark.parametrize(("words", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_clear_is_not_done(runpod, told, words, said):
    pods = [runpod.add_pod(name=name) for name in ("studio", "twin", "twin")]
    code, _, error = told("pods", *words)
    assert code == 2 and said in error
    assert {pod.status for pod in pods} == {"RUNNING"}


def test_without_a_key_it_is_said_where_one_goes(monkeypatch, told):
    monkeypatch.delenv("RUNPOD_API_KEY", raising=False)
    code, _, error = told("pods", "list")
    assert code == 2 and "RUNPOD_API_KEY" in error


@pytest.mark.parametrize(("answer", "code"), [(HANG_UP, 3), (Answer(503), 3), (Answer(401), 2)])
def test_silence_is_3_and_a_refusal_2_and_the_key_is_in_neither(runpod, told, answer, code):
    runpod.instead["GET /v2/pods"] = [answer]
    got, out, error = told("pods", "list")
    assert (got, out) == (code, "")
    assert error.startswith("error: ") and runpod.key not in error
