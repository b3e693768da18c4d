"""What is wrong with a pod's ComfyUI: one sentence and one button for everything that is seen."""

import pytest

from domain.pods import Pod, PodState
from domain.status import Status
from services.doctor import BOOTING, CHOOSE, FIND, GPU, LOGS, PORT, RESTART, START, diagnose, needs_logs

LONG = BOOTING + 60


def pod(state=PodState.running, uptime=LONG, ports=(8188,), **more):
    return Pod("abc123def456gh", "studio", state, uptime=uptime, ports=ports, is_up=True, **more)


def status(symptom):
    return Status(False, "ComfyUI", said="a sentence", symptom=symptom)


CASES = {
    "stopped": (status("404"), pod(PodState.stopped), "is stopped", START, ""),
    "looked for": (status("404"), pod(PodState.provisioning), "looks for a machine", "", ""),
    "starting": (status("404"), pod(PodState.starting), "is starting", "", ""),
    "broken": (status("404"), pod(PodState.broken), "broke", LOGS, ""),
    "terminated": (status("404"), pod(PodState.gone), "terminated", CHOOSE, ""),
    "unknown": (status("404"), None, "no pod of this id", CHOOSE, ""),
    "booting": (status("502"), pod(uptime=100), "about 4 minutes", "", ""),
    "booting, no route yet": (status("404"), pod(uptime=20), "about 4 minutes", "", ""),
    "crashed": (status("502"), pod(), "crashed", LOGS, ""),
    "503": (status("503"), pod(), "crashed", LOGS, ""),
    "another port": (status("404"), pod(ports=(3000,)), "does not open port 8188", PORT, "3000"),
    "no port at all": (status("404"), pod(ports=()), "opens no port", GPU, ""),
    "another port although new": (status("404"), pod(uptime=5, ports=(3000,)), "8188", PORT, "3000"),
    "524": (status("524"), pod(), "100 seconds", LOGS, ""),
    "1010": (status("1010"), pod(), "1010", "", ""),
    "login": (status("login"), pod(), "asks for a login", LOGS, ""),
    "login, other port": (status("login"), pod(ports=(8188, 3000)), "asks for a login", PORT, "3000"),
    "a page of something else": (status("stranger"), pod(), "not ComfyUI", LOGS, ""),
    "no network": (status("silence"), pod(), "network", "again", ""),
    "something new": (status("418"), pod(), "a sentence", LOGS, ""),
}


@pytest.mark.parametrize(("seen", "of", "said", "remedy", "target"), CASES.values(), ids=CASES)
def test_one_sentence_and_one_button(seen, of, said, remedy, target):
    found = diagnose(seen, of, 8188)
    assert said in found.said
    assert (found.remedy, found.target) == (remedy, target)


def test_a_pod_that_moved_is_offered_under_its_new_id():
    found = diagnose(status("404"), None, 8188, moved=pod())
    assert (found.remedy, found.target) == (FIND, "abc123def456gh")


LOG_LINES = {
    "RuntimeError: No CUDA GPUs are available": ("without a working GPU", GPU),
    "AssertionError: Torch not compiled with CUDA enabled": ("without a working GPU", GPU),
    "OSError: [Errno 28] No space left on device": ("disk is full", LOGS),
    "torch.cuda.OutOfMemoryError: CUDA out of memory": ("out of memory", RESTART),
    "start.sh: line 4: 77 Killed python main.py": ("out of memory", RESTART),
    "OSError: [Errno 98] address already in use": ("holds ComfyUI's port", RESTART),
    "ModuleNotFoundError: No module named 'sqlalchemy'": ("lacks a Python module", LOGS),
}


@pytest.mark.parametrize(("line", "means"), LOG_LINES.items(), ids=LOG_LINES)
def test_a_telling_line_of_the_log_says_more(line, means):
    found = diagnose(status("502"), pod(), 8188, logs=["Starting server", line, "Bye."])
    assert means[0] in found.said and line in found.said
    assert found.remedy == means[1]


def test_the_log_is_only_asked_for_where_it_tells_more():
    assert needs_logs(pod(), status("502"))
    assert needs_logs(pod(PodState.broken), status("404"))
    assert not needs_logs(pod(uptime=10), status("502"))
    assert not needs_logs(pod(PodState.stopped), status("404"))
    assert not needs_logs(None, status("502"))
