"""The studio's backend for an endpoint: what it hands over and what it makes of the answers.

Workers are moved by hand here; tests/serverless/test_whole_way.py has real ones."""

import base64
import threading
from dataclasses import replace

import pytest

from domain.errors import BackendUnreachable, JobFailed, JobRejected
from domain.events import Fact, Progress
from domain.job import Job
from domain.project import Project
from domain.serverless_orders import read_order
from infrastructure import fetching
from infrastructure.recipes import Ledger, Wanted
from tests.comfy_jobs import make_job, picture
from tests.fake_answers import HANG_UP
from tests.serverless.hands import LONGEST, PNG, Hands, facts, heard, result

pytestmark = pytest.mark.usefixtures("looks_soon")


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


def test_a_job_that_was_taken_back_and_is_asked_for_again_is_handed_over_anew(
    backend, endpoint, hand, tmp_path
):
    ledger, wanted = Ledger(Project(tmp_path)), Wanted("001", picture(), "", {})
    run = ledger.carry_out(backend, wanted)
    first = next(event.value["job"] for event in run if isinstance(event, Fact) and event.key == "serverless")
    backend.is_left = True
    run.close()
    backend.is_left = False
    assert backend.take_back(first)
    assert ledger.recipe("001_v1")["state"] == "started", "that is noted a moment later"
    worker = Hands(hand("w1"), result(PNG))
    _, take = heard(Ledger(Project(tmp_path)).carry_out(backend, wanted))
    assert take.name == "001_v1" and take.path.read_bytes() == PNG
    worker.join()
    assert [job.status for job in endpoint.jobs.values()] == ["CANCELLED", "COMPLETED"]


def test_a_job_is_handed_over_anew_when_it_is_taken_back_while_it_is_asked_for(
    backend, endpoint, hand, tmp_path
):
    job = make_job(tmp_path)
    there = endpoint.add({"input": {}})
    run = backend.run(replace(job, earlier={"serverless": {"endpoint": endpoint.id, "job": there.id}}))
    while not isinstance(next(run), Progress):  # it was seen to wait over there
        pass
    assert backend.take_back(there.id)
    worker = Hands(hand("w1"), result(PNG))
    _, files = heard(run)
    assert files[0].read_bytes() == PNG and len(endpoint.jobs) == 2
    worker.join()


def test_what_somebody_else_cancelled_is_not_handed_over_anew(backend, endpoint, tmp_path):
    job = make_job(tmp_path)
    there = endpoint.add({"input": {}})
    endpoint.cancel(there)
    earlier = {"serverless": {"endpoint": endpoint.id, "job": there.id}}
    with pytest.raises(JobFailed, match="was cancelled at RunPod"):
        heard(backend.run(replace(job, earlier=earlier)))
    assert len(endpoint.jobs) == 1


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
