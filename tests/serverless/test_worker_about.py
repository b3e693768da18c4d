"""A worker is asked what it is and has, and what it cannot do is refused before it is paid for."""

import base64
import time

import pytest

from domain import VERSION
from domain.errors import BackendUnreachable, BadFile, JobFailed, JobRejected
from domain.events import Fact
from domain.serverless_about import About, read_about
from infrastructure import serverless_asking
from infrastructure.priced import Priced
from infrastructure.runpod_backend import RunPodBackend
from tests.comfy_jobs import make_job, picture
from tests.serverless.hands import LONGEST, PNG, Hands, heard, result
from tests.serverless.puppets import Puppet, public

pytestmark = pytest.mark.usefixtures("looks_soon")


@pytest.fixture
def backend(runpod, endpoint):
    return RunPodBackend(endpoint.id, lambda: runpod.key)


@pytest.fixture
def asked(backend, endpoint, fake):
    """What a worker of ours at the fake ComfyUI said."""
    with Puppet.of_ours(endpoint, fake.url):
        return heard(backend.ask())[1]


def test_our_worker_says_what_it_is_has_and_can_return_without_drawing(asked, fake, backend):
    assert asked.worker == {"name": "cindergrace", "version": VERSION}
    assert asked.server == "ComfyUI 0.33.0" and asked.gpu
    assert (asked.delivery, asked.most) == ("base64", 14 << 20)
    assert "KSampler" in asked.object_info and asked.models == 2
    assert not [body for body in fake.bodies if b"prompt" in body], "nothing was drawn"
    assert backend.status().serverless.about["nodes"] == len(asked.object_info)


def test_a_workers_bucket_is_told(backend, endpoint, fake):
    with Puppet.of_ours(endpoint, fake.url, S3_BUCKET_NAME="films"):
        assert heard(backend.ask())[1].delivery == "s3"


def test_what_the_worker_lacks_is_refused_before_anything_is_handed_over(asked, backend, endpoint, tmp_path):
    graph = {**picture(), "9": {"class_type": "NobodysNode", "inputs": {}}}
    graph["1"]["inputs"]["ckpt_name"] = "huge.safetensors"
    before = len(endpoint.jobs)
    with pytest.raises(JobRejected) as refused:
        heard(backend.run(make_job(tmp_path, graph)))
    for word in ("NobodysNode", "huge.safetensors", "models/checkpoints", "Test the connection again"):
        assert word in str(refused.value)
    with pytest.raises(JobRejected, match="huge"):
        backend.check(graph)
    assert len(endpoint.jobs) == before
    backend.check(picture())


def test_an_old_word_refuses_nothing(asked, backend, monkeypatch):
    monkeypatch.setattr(serverless_asking, "FRESH", -1.0)
    graph = picture()
    graph["1"]["inputs"]["ckpt_name"] = "huge.safetensors"
    backend.check(graph)


def test_a_word_about_other_workers_refuses_nothing(asked, backend, runpod, endpoint):
    endpoint.gpu = next(gpu for gpu in runpod.gpus if gpu != endpoint.gpu)
    backend.account.raise_workers(3)
    graph = picture()
    graph["1"]["inputs"]["ckpt_name"] = "huge.safetensors"
    backend.check(graph)


def test_a_public_worker_is_known_by_its_answer_and_its_losses_are_refused(backend, endpoint, tmp_path):
    with Puppet(endpoint, public(lambda input: result(PNG))):
        assert heard(backend.ask())[1].worker == {}
    graph = {"1": {"class_type": "VHS_VideoCombine", "inputs": {}}}
    with pytest.raises(JobRejected, match="VHS_VideoCombine"):
        backend.check(graph)
    assert len(endpoint.jobs) == 1


def test_an_older_worker_of_ours_says_what_to_do(backend, hand):
    Hands(hand("w1"), {"error": "The job has no workflow: give one as workflow, or its address as …"})
    with pytest.raises(JobFailed, match="Build its image anew"):
        heard(backend.ask())


def test_a_worker_whose_comfyui_is_gone_says_so(backend, endpoint):
    with Puppet.of_ours(endpoint, "http://127.0.0.1:9"), pytest.raises(JobFailed, match="The worker says: "):
        heard(backend.ask())


def test_a_question_that_nobody_answers_is_taken_back(backend, endpoint):
    with pytest.raises(BackendUnreachable, match="No worker answered"):
        heard(backend.ask(0.3))
    (job,) = endpoint.jobs.values()
    assert job.status == "CANCELLED"


def test_a_question_that_is_given_up_is_taken_back(backend, endpoint):
    asking, end = backend.ask(), time.monotonic() + LONGEST
    while not endpoint.jobs:
        assert time.monotonic() < end
        next(asking)
    next(asking)
    asking.close()
    (job,) = endpoint.jobs.values()
    assert endpoint.wait(lambda: job.status == "CANCELLED", LONGEST)


def test_a_question_costs_what_the_worker_took(backend, endpoint, clock, runpod, hand, tmp_path):
    paid = []
    priced = Priced(backend, lambda _: 3.6, lambda project, cost, *_: paid.append(round(cost, 4)))
    said = {"output": About({"name": "cindergrace", "version": "1"}).said()}
    endpoint.clock = clock
    Hands(hand("w1"), [lambda: clock.forward(20), said])
    events, about = heard(priced.billed(make_job(tmp_path), backend.ask()))
    assert paid == [0.02] and about.worker["version"] == "1"
    assert [event.value for event in events if isinstance(event, Fact) and event.key == "cost"] == [0.02]


@pytest.mark.parametrize("has", ["", "eJw=", "bm90IHppcHBlZA==", "%%%"])
def test_lists_that_arrive_damaged_are_refused(has):
    with pytest.raises(BadFile):
        read_about({"about": {"has": has}, "worker": {}})


def test_lists_that_are_cut_short_are_refused_also_where_only_their_end_is_missing(asked):
    said = asked.said()
    whole = base64.b64decode(said["about"]["has"])
    said["about"]["has"] = base64.b64encode(whole[:-4]).decode()
    with pytest.raises(BadFile, match="cut short"):
        read_about(said)


@pytest.mark.parametrize("question", [{"about": True}, '{"about": true}', '{"about": true'])
def test_a_question_may_be_json_in_a_string_as_every_order(counter, question):
    answer = counter().order(question)
    assert ("about" in answer) is (question != '{"about": true'), answer


def test_lists_survive_the_way(asked):
    assert read_about(asked.said()) == asked
