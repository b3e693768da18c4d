"""The studio's backend for an endpoint: what it hands over, what it makes of the answers, what it costs.

Workers are moved by hand here; tests/serverless/test_whole_way.py has real ones."""

import base64
import json
import threading

import pytest

from domain.errors import BackendUnreachable, JobFailed, JobRejected
from domain.events import Fact, Progress
from domain.job import Job
from domain.project import Project
from domain.serverless_orders import read_order
from infrastructure import fetching, runpod_backend, serverless_execution
from infrastructure.priced import Priced
from infrastructure.recipes import Ledger, Wanted
from infrastructure.runpod_backend import RunPodBackend
from infrastructure.serverless_api import ServerlessAPI
from infrastructure.serverless_chains import Link
from infrastructure.serverless_execution import Pace, ServerlessExecution
from tests.comfy_jobs import make_job, picture, until
from tests.fake_answers import HANG_UP, Answer
from tests.serverless import endpoints
from tests.serverless.hands import LONGEST, PNG, Hands, facts, heard, result

pytestmark = pytest.mark.usefixtures("looks_soon")


@pytest.fixture
def started(runpod, endpoint):
    """started() → the backend of a studio that was just started."""
    return lambda: RunPodBackend(endpoint.id, lambda: runpod.key)


@pytest.fixture
def backend(started):
    return started()


def test_a_picture_is_handed_over_made_and_brought_home(backend, endpoint, hand, tmp_path):
    start = tmp_path / "harbour.png"
    start.write_bytes(PNG)
    graph = picture()
    graph["1"]["inputs"]["image"] = start
    job = make_job(tmp_path, graph)
    worker = Hands(hand("w1"), result(PNG, seconds=1.5))
    said, files = heard(backend.run(job))

    assert [file.read_bytes() for file in files] == [PNG] and files[0].name == "001_v1.png"
    order = read_order(worker.orders[0])
    (given,) = order.inputs
    assert base64.b64decode(given.data) == PNG
    assert order.workflow["1"]["inputs"]["image"] == given.name, "the worker puts its file there"
    assert order.workflow["3"]["inputs"]["filename_prefix"].startswith(job.id[:13])
    told = facts(said)
    assert told["server"] == "ComfyUI 0.30.0" and told["machine"] == "w1"
    assert told["serverless"]["endpoint"] == endpoint.id and told["serverless"]["job"] in endpoint.jobs


def test_progress_and_previews_come_along(backend, hand, tmp_path):
    shown = {"progress": 0.4, "note": "step 4 of 10", "preview": base64.b64encode(PNG).decode()}
    taken = threading.Event()

    def work():
        job = hand("w1").take()
        hand("w1").says(job, {"status": "IN_PROGRESS", "output": shown})
        taken.wait(LONGEST)
        hand("w1").says(job, result(PNG))

    worker = threading.Thread(target=work)
    worker.start()
    seen = []
    for event in backend.run(make_job(tmp_path)):
        if isinstance(event, Progress) and event.preview:
            seen.append(event)
            taken.set()
    worker.join(LONGEST)
    assert (seen[0].fraction, seen[0].note, seen[0].preview) == (0.4, "step 4 of 10", PNG)


def test_closing_it_cancels_the_job_over_there(backend, endpoint, tmp_path):
    run = backend.run(make_job(tmp_path))
    while not endpoint.jobs:
        next(run)
    next(run)
    run.close()
    (job,) = endpoint.jobs.values()
    assert job.status == "CANCELLED"


def test_when_the_studio_ends_the_job_goes_on_and_the_next_start_brings_it_home(
    backend, started, endpoint, hand, tmp_path
):
    ledger, wanted = Ledger(Project(tmp_path)), Wanted("001", picture(), "", {})
    run = ledger.carry_out(backend, wanted)
    while not endpoint.jobs:
        next(run)
    next(run)
    backend.is_left = True
    run.close()
    (job,) = endpoint.jobs.values()
    assert job.status == "IN_QUEUE"
    Hands(hand("w1"), result(PNG)).join()

    said, take = heard(Ledger(Project(tmp_path)).carry_out(started(), wanted))
    assert take.path.read_bytes() == PNG and "sent" not in facts(said)
    assert len(endpoint.jobs) == 1


def test_a_killed_studio_finds_its_jobs_by_what_their_recipes_say(backend, started, endpoint, hand, tmp_path):
    wanted = Wanted("001", picture(), "", {})
    run = Ledger(Project(tmp_path)).carry_out(backend, wanted)
    for event in run:
        if isinstance(event, Fact) and event.key == "serverless":
            break
    recipe = Ledger(Project(tmp_path)).recipe("001_v1")
    assert recipe["state"] == "started" and recipe["serverless"]["job"] in endpoint.jobs
    Hands(hand("w1"), result(PNG)).join()
    _, take = heard(Ledger(Project(tmp_path)).carry_out(started(), wanted))
    assert take.path.read_bytes() == PNG
    assert len(endpoint.jobs) == 1


def test_a_job_that_the_endpoint_has_forgotten_is_handed_over_again(backend, endpoint, hand, tmp_path):
    job = make_job(tmp_path)
    earlier = {"serverless": {"endpoint": endpoint.id, "job": "gone-u1"}}
    worker = Hands(hand("w1"), result(PNG))
    _, files = heard(backend.run(Job(job.name, job.graph, job.folder, {}, earlier)))
    assert files[0].read_bytes() == PNG
    worker.join()


def test_a_job_whose_worker_was_lost_too_often_is_given_to_another(backend, endpoint, hand, tmp_path):
    lost = {"error": "job timed out after 3 retries"}
    worker = Hands(hand("w1"), lost, result(PNG))
    _, files = heard(backend.run(make_job(tmp_path)))
    assert files and len(endpoint.jobs) == 2
    worker.join()


def test_one_that_is_always_lost_has_failed(backend, hand, tmp_path):
    lost = {"error": "job timed out after 3 retries"}
    Hands(hand("w1"), *[lost] * 3)
    with pytest.raises(JobFailed, match=r"handed over 3 times.*RunPod said: job timed out after 3 retries"):
        heard(backend.run(make_job(tmp_path)))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"output": {"status": "success_no_images", "images": []}}, "saved no file"),
        (
            {
                "output": {
                    "images": [{"filename": "a.png", "type": "s3_url", "data": "simulated_uploaded/a.png"}]
                }
            },
            "Are its keys for the bucket set",
        ),
        (
            {"output": {"images": [{"filename": "a.png", "data": "§§§"}]}},
            "^a.png arrived damaged. Try it again",
        ),
        ({"output": None}, "^The worker handed nothing back.$"),
        ({"output": {}}, "^The worker handed nothing back.$"),
        ({"output": "done"}, "^The studio cannot read what the worker handed back"),
        ({"error": "Node 4: no memory.", "output": {"details": []}}, "Node 4: no memory"),
        (
            {"error": "Job processing failed", "output": {"details": ["Workflow execution error: Node 4"]}},
            "Job processing failed Workflow execution error: Node 4",
        ),
        ({"error": '{"error_type": "E", "error_message": "it broke"}'}, "The worker says: it broke"),
    ],
)
def test_what_is_no_picture_is_a_failure_with_its_reason(backend, hand, tmp_path, answer, said):
    worker = Hands(hand("w1"), answer)
    with pytest.raises(JobFailed, match=said):
        heard(backend.run(make_job(tmp_path)))
    worker.join()


def test_the_answer_of_public_workers_before_5_0_is_a_picture(backend, hand, tmp_path):
    worker = Hands(hand("w1"), {"output": {"message": base64.b64encode(PNG).decode(), "status": "success"}})
    _, files = heard(backend.run(make_job(tmp_path)))
    assert files[0].read_bytes() == PNG
    worker.join()


def test_what_a_public_worker_drops_is_refused_once_it_is_known_for_one(backend, endpoint, hand, tmp_path):
    worker = Hands(
        hand("w1"), {"output": {"images": [{"filename": "a.png", "type": "base64", "data": "aGFsbG8="}]}}
    )
    heard(backend.run(make_job(tmp_path)))
    worker.join()
    graph = {"1": {"class_type": "VHS_VideoCombine", "inputs": {}}}
    with pytest.raises(JobRejected, match="VHS_VideoCombine"):
        heard(backend.run(make_job(tmp_path, graph)))
    assert len(endpoint.jobs) == 1


def test_a_file_that_arrives_damaged_is_not_kept(backend, hand, tmp_path):
    answer = result(PNG)
    answer["output"]["images"][0]["data"] = base64.b64encode(PNG[:-3]).decode()
    worker = Hands(hand("w1"), answer)
    with pytest.raises(JobFailed, match="arrived damaged"):
        heard(backend.run(make_job(tmp_path)))
    worker.join()
    assert not list(tmp_path.rglob("*.png"))


def test_a_result_that_cannot_be_fetched_just_now_is_fetched_later(
    backend, endpoint, hand, fake, tmp_path, monkeypatch
):
    monkeypatch.setattr(fetching, "PAUSE", 0.01)
    fake.files["output", "", "a.png"] = PNG
    fake.instead["GET /view"] = [HANG_UP] * fetching.TRIES
    url = f"{fake.url}/view?filename=a.png&subfolder=&type=output"
    worker = Hands(hand("w1"), {"output": {"images": [{"filename": "a.png", "type": "s3_url", "data": url}]}})
    ledger, wanted = Ledger(Project(tmp_path)), Wanted("001", picture(), "", {})
    with pytest.raises(BackendUnreachable, match="cannot be fetched from"):
        heard(ledger.carry_out(backend, wanted))
    worker.join()
    assert ledger.recipe("001_v1")["state"] == "started"

    _, take = heard(Ledger(Project(tmp_path)).carry_out(backend, wanted))
    assert take.path.read_bytes() == PNG and len(endpoint.jobs) == 1


def test_a_result_that_is_refused_is_lost(backend, hand, hosted, tmp_path):
    image = {"filename": "a.png", "type": "s3_url", "data": f"{hosted({})}/a.png"}
    worker = Hands(hand("w1"), {"output": {"images": [image]}})
    with pytest.raises(JobFailed, match=r"did not arrive: .* it answers 404"):
        heard(backend.run(make_job(tmp_path)))
    worker.join()


def test_what_is_too_large_is_refused_before_it_is_sent(backend, endpoint, tmp_path):
    large = tmp_path / "large.png"
    large.write_bytes(b"\0" * 8_000_000)
    graph = picture()
    graph["1"]["inputs"]["image"] = large
    with pytest.raises(JobRejected, match="RunPod takes 10 MB"):
        heard(backend.run(make_job(tmp_path, graph)))
    assert not endpoint.jobs


def test_what_the_endpoint_does_is_told_at_a_glance(backend, runpod, endpoint, hand):
    endpoint.workers_max = 5
    hand("w1").stops()
    status = backend.status()
    assert status.is_up and status.gpu == endpoint.gpu and status.name == "cindergrace at RunPod Serverless"
    assert backend.lanes == 20
    assert "at most 5 workers" in backend.check(picture())


def test_a_look_tells_workers_by_state_their_price_and_their_limit(backend, runpod, endpoint, hand):
    hand("w1").stops()
    for _ in range(5):
        seen = backend.status().serverless
    assert (seen.endpoint.id, seen.endpoint.name, seen.endpoint.gpu) == (
        *(endpoint.id, "cindergrace", "NVIDIA GeForce RTX 4090"),
    )
    assert seen.endpoint.price == pytest.approx(1.116) and seen.endpoint.workers_max == 3
    assert seen.workers["idle"] == 1 and seen.workers["running"] == 0
    assert runpod.asked("GET /v2/{id}/health") == 5, "once a look"
    assert runpod.asked("GET /v2/serverless/{id}") == runpod.asked("GET /v2/catalog/gpus") == 1


def test_a_price_is_asked_for_once_and_again_for_another_gpu(backend, runpod, endpoint, monkeypatch):
    monkeypatch.setattr(runpod_backend, "KNOWN", 0.0)
    for _ in range(3):
        backend.status()
    assert runpod.asked("GET /v2/serverless/{id}") == 3 and runpod.asked("GET /v2/catalog/gpus") == 1
    endpoint.gpu = "NVIDIA L40S"
    assert backend.status().serverless.endpoint.price == pytest.approx(1.908)


def test_a_price_that_was_not_told_is_asked_for_again_when_a_job_needs_it(backend, runpod, endpoint):
    runpod.instead["GET /v2/catalog/gpus"] = [Answer(503)]
    assert backend.status().serverless.endpoint.price == 0
    assert backend.price() == pytest.approx(1.116)
    assert backend.status().serverless.endpoint.price == pytest.approx(1.116)


@pytest.mark.parametrize(
    ("answer", "worker"),
    [
        (result(PNG), {"name": "cindergrace", "version": "1"}),
        (result(PNG, worker={"name": "W" * 500, "version": "2"}), {"name": "W" * 40, "version": "2"}),
        ({"output": {"message": base64.b64encode(PNG).decode()}}, {}),
    ],
)
def test_who_works_there_is_known_after_its_first_job(backend, hand, tmp_path, answer, worker):
    assert backend.status().serverless.worker is None
    hands = Hands(hand("w1"), answer)
    heard(backend.run(make_job(tmp_path)))
    hands.join()
    assert backend.status().serverless.worker == worker


def test_an_endpoint_that_does_not_answer_keeps_what_was_known_of_it(backend, runpod, endpoint):
    backend.status()
    runpod.instead[f"GET /v2/{endpoint.id}/health"] = [Answer(500)]
    status = backend.status()
    assert not status.is_up and status.serverless.workers is None
    assert status.serverless.endpoint.name == "cindergrace"


def test_an_endpoint_that_may_start_no_worker_is_told_and_raised(backend, endpoint):
    endpoint.workers_max = 0
    status = backend.status()
    assert not status.is_up and status.symptom == "workers" and "may start no workers" in status.said
    with pytest.raises(BackendUnreachable, match="may start no workers"):
        backend.check()
    backend.raise_workers()
    assert endpoint.workers_max == 3 and backend.status().is_up


@pytest.mark.parametrize(
    ("endpoint_id", "key", "said"), [("", "wrong", "401"), ("nobody12345678", "", "404")]
)
def test_a_wrong_key_and_a_wrong_endpoint_are_told_apart(runpod, endpoint, endpoint_id, key, said):
    status = RunPodBackend(endpoint_id or endpoint.id, lambda: key or runpod.key).status()
    assert not status.is_up and status.symptom == said and said in status.said


def test_without_a_key_nobody_is_asked(runpod, endpoint):
    status = RunPodBackend(endpoint.id, lambda: "").status()
    assert not status.is_up and "no API key" in status.said
    assert not runpod.requests


def test_429_and_5xx_are_waited_out(backend, runpod, endpoint, hand, tmp_path):
    for path in (f"POST /v2/{endpoint.id}/run", f"GET /v2/{endpoint.id}/status/{{id}}"):
        runpod.instead[path] = [Answer(429, b"{}"), Answer(502, b"<html>")]
    worker = Hands(hand("w1"), result(PNG))
    said, files = heard(backend.run(make_job(tmp_path)))
    assert files and len(endpoint.jobs) == 1
    assert any("waiting for it" in event.note for event in said if isinstance(event, Progress))
    worker.join()


def test_the_policy_allows_for_the_queue_and_for_the_run(backend, endpoint, hand, tmp_path):
    worker = Hands(hand("w1"), result(PNG))
    heard(backend.run(make_job(tmp_path)))
    worker.join()
    (job,) = endpoint.jobs.values()
    assert job.policy["executionTimeout"] == 1_800_000
    assert job.policy["ttl"] == job.policy["executionTimeout"] + 6 * 3_600_000


@pytest.mark.timeout(30)
def test_a_job_is_looked_at_when_it_should_be_over(runpod, endpoint, hand, monkeypatch):
    monkeypatch.setattr(serverless_execution, "SOON", 1000.0)
    monkeypatch.setattr(serverless_execution, "SELDOM", 1000.0)
    worker = hand("w1")
    api, pace = ServerlessAPI(endpoint.id, lambda: runpod.key), Pace()
    pace.took(0.5)
    execution = ServerlessExecution(api, endpoint.id, pace, lambda: False)
    work = execution.carried_out(lambda: json.dumps({"input": {}}).encode(), Link())
    run = threading.Thread(target=lambda: worker.says(worker.take(), result(PNG)))
    for event in work:
        if isinstance(event, Fact) and event.key == "serverless":
            run.start()
            assert endpoint.wait(lambda: any(job.taken for job in endpoint.jobs.values()), LONGEST)
    run.join(LONGEST)
    assert runpod.asked(f"GET /v2/{endpoint.id}/status/{{id}}") <= 3


@pytest.mark.timeout(30)
def test_a_job_that_waits_is_looked_at_when_a_worker_came_free(
    backend, runpod, endpoint, hand, monkeypatch, tmp_path
):
    monkeypatch.setattr(serverless_execution, "SELDOM", 1000.0)
    monkeypatch.setattr(serverless_execution, "SLOWER", 1e6)
    run = backend.run(make_job(tmp_path, picture(2), "002_v1"))
    waits = threading.Thread(target=heard, args=(run,), daemon=True)
    waits.start()
    until(lambda: runpod.asked(f"GET /v2/{endpoint.id}/status/{{id}}") == 2, "it looks seldom by now")
    for event in backend.run(make_job(tmp_path, picture(1), "001_v1")):
        if isinstance(event, Fact) and event.key == "serverless":
            Hands(hand("w1"), result(PNG), result(PNG)).join()  # before it is looked at: that is seldom, too
    waits.join(LONGEST)
    assert not waits.is_alive() and list(tmp_path.rglob("002_v1.png"))


def test_a_job_is_taken_back_however_busy_runpod_is(backend, runpod, endpoint, tmp_path, monkeypatch):
    monkeypatch.setattr(serverless_execution, "CANCELS", (0.01, 0.01, 0.01))
    run = backend.run(make_job(tmp_path))
    while not endpoint.jobs:
        next(run)
    runpod.instead[f"POST /v2/{endpoint.id}/cancel/{{id}}"] = [Answer(429, b"{}"), Answer(502, b"<html>")]
    run.close()
    (job,) = endpoint.jobs.values()
    assert job.status == "CANCELLED"


def test_what_may_have_been_handed_over_is_handed_over_once_more_and_no_more(
    backend, runpod, endpoint, tmp_path
):
    runpod.instead[f"POST /v2/{endpoint.id}/run"] = [Answer(502, b"<html>")] * 5
    with pytest.raises(BackendUnreachable):
        heard(backend.run(make_job(tmp_path)))
    assert runpod.asked(f"POST /v2/{endpoint.id}/run") == 2


def test_a_job_that_takes_too_long_is_tried_twice_and_paid_for_each_time(
    clock, runpod, tmp_path, monkeypatch
):
    monkeypatch.setattr(endpoints, "SILENCE", 1e9)
    endpoint = runpod.add_endpoint(pause=0.1)
    backend = RunPodBackend(endpoint.id, lambda: runpod.key)
    late = [lambda: clock.forward(1801)]
    worker = Hands.of(runpod, endpoint, "w1", late, late)
    paid = []
    priced = Priced(backend, lambda url: 3600.0, lambda project, cost: paid.append(cost))
    with pytest.raises(JobFailed, match="ended it after 30 minutes, twice"):
        list(priced.run(make_job(tmp_path)))
    worker.join()
    assert runpod.asked(f"POST /v2/{endpoint.id}/run") == 2
    assert paid[0] >= 3602, "at a dollar a second"


def test_a_workflows_own_trouble_with_time_is_no_lost_worker(backend, endpoint, hand, tmp_path):
    worker = Hands(hand("w1"), {"error": "Node 4: LoadImageFromURL: Read timed out."})
    with pytest.raises(JobFailed, match="Read timed out"):
        heard(backend.run(make_job(tmp_path)))
    worker.join()
    assert len(endpoint.jobs) == 1
