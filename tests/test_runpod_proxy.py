"""What RunPod's proxy says in ComfyUI's place becomes a sentence about the pod."""

import pytest

from domain.errors import BackendUnreachable, JobRejected
from domain.settings import ComfySettings, Mode
from infrastructure import comfy_answers, patience
from infrastructure.backends import connect
from infrastructure.comfy_answers import no_answer
from infrastructure.comfy_backend import ComfyBackend
from tests.comfy_jobs import carried_out, make_job, picture
from tests.fake_answers import Answer, page
from tests.fake_comfy import FakeComfy

POD = "https://abc123def456gh-8188.proxy.runpod.net"


@pytest.fixture
def fake(monkeypatch):
    """A pod: the same server, behind an address that counts as one."""
    monkeypatch.setattr(patience, "PAUSE", 0.01)
    with FakeComfy() as fake:
        monkeypatch.setattr(comfy_answers, "is_pod", lambda url: url == fake.url)
        yield fake


def said_of(fake, answer):
    fake.instead["GET /system_stats"] = [answer]
    with pytest.raises(BackendUnreachable) as raised:
        ComfyBackend(fake.url).check()
    assert "<" not in str(raised.value) and "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (
            page(502),
            "The pod is up, but ComfyUI does not answer in it yet. It may still be starting, or it has",
        ),
        (page(503), "The pod does not answer. It may still be starting"),
        (
            page(404, "Not found"),
            "The pod does not open this port, or it is stopped. Check the pod in RunPod",
        ),
        (Answer(404), "The pod does not open this port, or it is stopped"),
        (page(524, "A timeout occurred"), "The pod took longer than 100 seconds to answer"),
        (page(403, "error code: 1010"), "turned this program away (error 1010). Please report it."),
        (Answer(403, b"error code: 1010"), "turned this program away (error 1010). Please report it."),
        (page(403, "Forbidden"), "refuses this program (403)"),
        (Answer(401, b"Unauthorized"), "Something in front of ComfyUI asks for a login (401)"),
        (Answer(302, b"", {"Location": "https://login.example/"}), "asks for a login (302)"),
        (Answer(307, b"", {"Location": "/login"}), "asks for a login (307)"),
        (page(520), "What stands before ComfyUI at"),
        (page(200, "Welcome to JupyterLab"), "its answer is not what ComfyUI says"),
    ],
)
def test_each_answer_of_the_proxy_says_what_it_means_for_the_pod(fake, answer, meaning):
    assert meaning in said_of(fake, answer)


def test_the_sentence_names_the_address(fake):
    assert fake.url in said_of(fake, page(502))


def test_a_redirect_is_not_followed(fake):
    said_of(fake, Answer(302, b"", {"Location": "/queue"}))
    assert fake.asked("GET /queue") == 0


def test_a_file_that_is_too_large_says_what_to_do(fake, tmp_path):
    fake.max_upload = 100_000
    path = tmp_path / "start.png"
    path.write_bytes(b"x" * 3_000_000)
    graph = picture() | {"4": {"class_type": "LoadImage", "inputs": {"image": path}}}
    with pytest.raises(JobRejected, match=r"start\.png \(2\.9 MB\) is larger than the server takes"):
        carried_out(ComfyBackend(fake.url), make_job(tmp_path, graph))
    assert fake.asked("POST /prompt") == 0


def test_a_login_page_in_the_middle_of_a_run_is_not_a_lost_job(fake, tmp_path):
    fake.step_seconds = 0.05
    fake.instead["GET /history"] = [page(200, "Log in"), page(401), page(502), page(524)]
    assert carried_out(ComfyBackend(fake.url), make_job(tmp_path)).files[0].exists()
    assert fake.asked("POST /prompt") == 1


def test_a_job_whose_sending_timed_out_in_the_proxy_is_looked_for_before_it_is_sent_again(fake, tmp_path):
    fake.instead["POST /prompt"] = [page(524)]
    outcome = carried_out(ComfyBackend(fake.url), make_job(tmp_path))
    assert [sent["times"] for sent in outcome.facts("sent")] == [1, 2]
    first = next(
        n for n, (method, path, _) in enumerate(fake.requests) if (method, path) == ("POST", "/prompt")
    )
    assert ("GET", "/queue") in [(method, path) for method, path, _ in fake.requests[first:]]


def test_a_pod_that_answers_nothing_is_told_as_a_pod():
    assert no_answer(POD) == (
        f"The pod at {POD} is not reachable: nothing comes back from RunPod's proxy. "
        "Is the network up and the pod running?"
    )


def test_elsewhere_a_bad_gateway_is_not_told_as_a_pod(fake, monkeypatch):
    monkeypatch.setattr(comfy_answers, "is_pod", lambda url: False)
    assert (
        said_of(fake, page(502)) == f"What stands before ComfyUI at {fake.url} gets no answer from it (502)."
    )


def test_the_settings_of_a_pod_lead_to_its_proxy_and_nowhere_else():
    backend = connect(ComfySettings(Mode.runpod, pod_id="abc123def456gh", port=3000))
    assert isinstance(backend, ComfyBackend)
    assert backend._api.url == "https://abc123def456gh-3000.proxy.runpod.net"
    assert backend._doorbell._url == "wss://abc123def456gh-3000.proxy.runpod.net/ws?clientId="
