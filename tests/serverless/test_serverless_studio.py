"""The studio with a serverless endpoint: what it costs, what a limit ends, what goes on without the studio.

The endpoint is emulated; its workers are moved by hand."""

import json
from dataclasses import replace

import pytest

from addons import testbench
from domain.errors import StudioError
from domain.serverless_about import About
from domain.settings import ComfySettings, Mode
from domain.spending import Limits
from infrastructure import serverless_account, serverless_execution
from infrastructure.secrets_file import SecretsFile
from services import backend_watch, pods
from services.means import errand
from services.studio import Studio
from tests.comfy_jobs import make_job
from tests.fake_answers import Answer
from tests.serverless.conftest import Hand
from tests.serverless.hands import PNG, Hands, heard, result
from tests.studios import facts, places, project, until_done
from tests.test_machines import until

KEYFRAME = "keyframe_sd15"


@pytest.fixture(autouse=True)
def hurried(looks_soon, monkeypatch):
    """So does the studio around it."""
    monkeypatch.setattr(serverless_account, "KNOWN", 0.2)
    monkeypatch.setattr(pods, "SOON", 0.1)
    monkeypatch.setattr(pods, "EVERY", 0.3)
    monkeypatch.setattr(backend_watch, "EVERY", 0.2)
    monkeypatch.setattr(backend_watch, "FIRST", 0.1)
    monkeypatch.setattr(backend_watch, "LONGEST", 0.3)


@pytest.fixture
def start(runpod, endpoint, tmp_path):
    """start() → a studio whose pictures are made at the endpoint; again, the next start of the same."""
    where = places(tmp_path)
    where.settings.parent.mkdir(parents=True, exist_ok=True)
    SecretsFile(where.secrets).put("RUNPOD_API_KEY", runpod.key)
    open_ones = []

    def started():
        studio = Studio(where)
        open_ones.append(studio)
        studio.set(comfy=ComfySettings(Mode.serverless, endpoint=endpoint.id), keyframe_workflow=KEYFRAME)
        studio.feed.listen(lambda: None)
        return studio

    yield started
    for studio in open_ones:
        studio.close()


def keyframes(studio, *shots):
    folder = studio.desk.project.folder
    return studio.ask([errand("keyframe", folder, shot, "r1", variant=1) for shot in shots])


def recipe(studio, name):
    return json.loads((studio.desk.project.takes / f"{name}.json").read_text("utf-8"))


def test_a_keyframe_is_made_at_the_endpoint_and_costs_what_the_worker_took(start, clock, runpod, hand):
    endpoint = runpod.add_endpoint(pause=0.3)
    studio = start()
    studio.set(comfy=ComfySettings(Mode.serverless, endpoint=endpoint.id))
    project(studio, "A harbour")
    keyframes(studio, "001")
    worker = Hands.of(runpod, endpoint, "w1", [lambda: clock.forward(36), result(PNG)])
    until_done(studio)
    worker.join()
    (done,) = studio.runs.errands()
    assert done.state == "done", done.error
    made = recipe(studio, "001_v1")
    assert made["price"] == pytest.approx(1.116) and made["cost"] == pytest.approx(1.116 / 100)
    told = until(studio, lambda told: told["money"]["today"])
    assert told["money"]["today"] == told["money"]["project"] == pytest.approx(0.011)
    assert told["money"]["is_least"], "what starting and idling cost is not billed yet"


def test_a_limit_takes_back_what_waits_and_refuses_what_would_cost_more(start, clock, runpod):
    endpoint = runpod.add_endpoint(pause=0.3)
    studio = start()
    studio.set(
        comfy=ComfySettings(Mode.serverless, endpoint=endpoint.id), limits=Limits(project=0.01, day=0.0)
    )
    project(studio, "A harbour", "A mast", "A gull")
    keyframes(studio, "001", "002", "003")
    until(studio, lambda told: len(endpoint.jobs) == 3)
    worker = Hands.of(runpod, endpoint, "w1", [lambda: clock.forward(36), result(PNG)])
    told = until(studio, lambda told: told.get("money", {}).get("reached") == "project")
    worker.join()
    until_done(studio)
    assert sorted(job.status for job in endpoint.jobs.values()) == ["CANCELLED", "CANCELLED", "COMPLETED"]
    states = [errand.state for errand in studio.runs.errands()]
    assert sorted(states) == ["cancelled", "cancelled", "done"], "what reached the limit was paid for"
    made = next(errand for errand in studio.runs.errands() if errand.state == "done")
    assert recipe(studio, made.takes[0])["cost"] > 0.01
    assert "This project's limit is reached" in facts(studio)["told"]["text"]
    with pytest.raises(StudioError, match="This project's limit is reached"):
        keyframes(studio, "002")
    assert told["money"]["project"] >= 0.01


def test_what_was_under_way_when_the_studio_was_closed_is_home_after_the_next_start(start, endpoint, hand):
    studio = start()
    folder = project(studio, "A harbour", "A mast")
    keyframes(studio, "001", "002")
    until(studio, lambda told: len(endpoint.jobs) == 2)
    studio.close()
    assert {job.status for job in endpoint.jobs.values()} == {"IN_QUEUE"}
    Hands(hand("w1"), result(PNG), result(PNG)).join()

    studio = start()
    studio.begin(folder / "storyboard.json")
    until(studio, lambda told: [errand.state for errand in studio.runs.errands()] == ["done", "done"])
    assert len(endpoint.jobs) == 2, "nothing was handed over twice"
    assert "cost" in recipe(studio, "001_v1")


def test_what_was_stopped_without_being_under_way_waits_to_be_told(start, endpoint):
    studio = start()
    folder = project(studio, "A harbour")
    studio.runs.pause()
    keyframes(studio, "001")
    studio.close()
    studio = start()
    studio.begin(folder / "storyboard.json")
    assert [errand.state for errand in studio.runs.errands()] != ["running"] and not endpoint.jobs


def test_an_endpoint_without_workers_is_told_with_what_helps(start, endpoint):
    endpoint.workers_max = 0
    studio = start()
    told = until(studio, lambda told: told.get("doctor"))
    assert told["doctor"]["remedy"] == "workers" and "may start no workers" in told["doctor"]["said"]
    studio.machines.raise_workers(5)
    told = until(studio, lambda told: told["backend"]["up"] and not told["doctor"])
    assert endpoint.workers_max == told["backend"]["serverless"]["endpoint"]["workers_max"] == 5


def test_trouble_is_told_of_what_draws_now_without_waiting_for_the_next_look_at_the_account(
    start, endpoint, runpod, monkeypatch
):
    monkeypatch.setattr(pods, "EVERY", 600.0)
    pod = runpod.add_pod(name="film", status="EXITED")
    endpoint.workers_max = 0
    studio = start()
    studio.set(comfy=ComfySettings(Mode.runpod, pod_id=pod.id))
    until(studio, lambda told: (told.get("doctor") or {}).get("remedy") == "start")
    studio.set(comfy=ComfySettings(Mode.serverless, endpoint=endpoint.id))
    until(studio, lambda told: (told.get("doctor") or {}).get("remedy") == "workers")
    runpod.key = "rpa_ANOTHER0KEY0THAT0OPENS0NOTHING0"
    until(studio, lambda told: (told.get("doctor") or {}).get("remedy") == "settings")


def test_workers_that_come_and_go_are_told_although_nothing_else_changed(start, endpoint, hand):
    studio = start()
    told = until(studio, lambda told: told.get("backend", {}).get("serverless"))
    assert told["backend"]["serverless"]["workers"]["idle"] == 0
    hand("w1").stops()
    until(studio, lambda told: told["backend"]["serverless"]["workers"]["idle"] == 1)


def test_a_raise_that_runpod_refuses_is_told_in_its_words(start, endpoint, runpod):
    studio = start()
    until(studio, lambda told: told.get("backend", {}).get("up"))
    runpod.instead["PATCH /v2/serverless/{id}"] = [Answer(403, b'{"detail": "this key only reads"}')]
    studio.machines.raise_workers(5)
    told = until(studio, lambda told: told.get("told"))
    assert "may not do this in RunPod: this key only reads" in told["told"]["text"]
    assert endpoint.workers_max == 3


def test_only_an_endpoint_that_draws_has_its_workers_raised(start, endpoint):
    studio = start()
    studio.set(comfy=ComfySettings())
    with pytest.raises(StudioError, match="No endpoint draws now"):
        studio.machines.raise_workers(5)


def test_a_key_that_is_entered_later_is_used_at_once(start, endpoint, runpod):
    studio = start()
    studio.secrets.clear("RUNPOD_API_KEY")
    studio.tell_keys()
    told = until(studio, lambda told: (told.get("doctor") or {}).get("remedy") == "settings")
    assert "no API key" in told["doctor"]["said"]
    studio.secrets.put("RUNPOD_API_KEY", runpod.key)
    studio.tell_keys()
    until(studio, lambda told: told["backend"]["up"])


def test_what_the_endpoint_has_forgotten_is_not_drawn_by_merely_opening_the_studio(start, runpod, endpoint):
    studio = start()
    folder = project(studio, "A harbour")
    keyframes(studio, "001")
    until(studio, lambda told: len(endpoint.jobs) == 1)
    studio.close()
    endpoint.jobs.clear()
    runpod.requests.clear()
    studio = start()
    studio.begin(folder / "storyboard.json")
    until(studio, lambda told: runpod.asked(f"GET /v2/{endpoint.id}/status/{{id}}"))
    until(studio, lambda told: told.get("backend", {}).get("up"))
    assert [errand.state for errand in studio.runs.errands()] == ["stopped"] and not endpoint.jobs


def test_only_what_was_under_way_comes_home_by_itself(start, endpoint, hand):
    studio = start()
    folder = project(studio, "A harbour")
    picture = errand("keyframe", folder, "001", "r1", variant=1)
    clip = replace(errand("video", folder, "001", "r1"), after=(picture.id,))
    studio.ask([picture, clip])
    until(studio, lambda told: len(endpoint.jobs) == 1)
    studio.close()
    Hands(hand("w1"), result(PNG)).join()
    studio = start()
    studio.begin(folder / "storyboard.json")
    until(studio, lambda told: studio.runs.errands()[0].state == "done")
    until_done(studio)
    assert [errand.state for errand in studio.runs.errands()] == ["done", "stopped"]
    assert len(endpoint.jobs) == 1


def test_a_job_that_is_cancelled_under_way_is_paid_for(start, clock, runpod, hand):
    endpoint = runpod.add_endpoint(pause=0.3)
    studio = start()
    studio.set(comfy=ComfySettings(Mode.serverless, endpoint=endpoint.id))
    runpod.gpus[endpoint.gpu].serverless = 36_000.0
    project(studio, "A harbour")
    (id,) = keyframes(studio, "001")
    until(studio, lambda told: told[f"run/{id}"]["queued"])
    Hand(runpod.worker_environment(endpoint, "w1")).take()
    until(studio, lambda told: "a worker is at it" in told[f"run/{id}"]["note"])
    assert not facts(studio)[f"run/{id}"]["queued"]
    studio.runs.cancel([id])
    until_done(studio)
    until(studio, lambda told: told["money"]["today"] > 0)


def test_what_is_cancelled_after_the_next_start_is_taken_back_over_there(start, endpoint, runpod):
    studio = start()
    folder = project(studio, "A harbour")
    (id,) = keyframes(studio, "001")
    until(studio, lambda told: endpoint.jobs)
    studio.close()
    studio = start()
    studio.secrets.clear("RUNPOD_API_KEY")  # nobody can be asked just now
    studio.begin(folder / "storyboard.json")
    studio.secrets.put("RUNPOD_API_KEY", runpod.key)
    until(studio, lambda told: told.get("backend", {}).get("up"))
    studio.runs.cancel([id])
    until(studio, lambda told: [job.status for job in endpoint.jobs.values()] == ["CANCELLED"])
    until(studio, lambda told: recipe(studio, "001_v1")["state"] == "cancelled")
    until_done(studio)
    studio.runs.again([id])
    until(studio, lambda told: len(endpoint.jobs) == 2)


def test_what_goes_on_and_is_cancelled_before_its_turn_is_taken_back_over_there(start, endpoint):
    studio = start()
    folder = project(studio, "A harbour")
    (id,) = keyframes(studio, "001")
    until(studio, lambda told: endpoint.jobs)
    studio.close()
    studio = start()
    studio.runs.pause()
    studio.begin(folder / "storyboard.json")
    studio.runs.again([id])
    studio.runs.cancel([id])
    until(studio, lambda told: [job.status for job in endpoint.jobs.values()] == ["CANCELLED"])


def test_what_is_cancelled_just_before_the_studio_is_closed_does_not_go_on_over_there(
    start, endpoint, monkeypatch
):
    monkeypatch.setattr(serverless_execution, "WORD", 0.5)
    studio = start()
    project(studio, "A harbour", "A mast")
    ids = keyframes(studio, "001", "002")
    until(studio, lambda told: len(endpoint.jobs) == 2 and all(told[f"run/{id}"]["note"] for id in ids))
    studio.runs.cancel(ids[:1])
    studio.close()
    assert sorted(job.status for job in endpoint.jobs.values()) == ["CANCELLED", "IN_QUEUE"]
    assert [errand.state for errand in studio.runs.errands()] == ["cancelled", "stopped"]


def test_a_question_is_paid_for_and_a_limit_that_is_reached_refuses_the_next(start, clock, runpod):
    endpoint = runpod.add_endpoint(pause=0.3)
    studio = start()
    studio.set(comfy=ComfySettings(Mode.serverless, endpoint=endpoint.id), limits=Limits(day=0.01))
    said = {"output": About({"name": "cindergrace", "version": "1"}).said()}
    worker = Hands.of(runpod, endpoint, "w1", [lambda: clock.forward(36), said])
    assert heard(studio.machines.drawing.ask(endpoint.id))[1].worker["version"] == "1"
    worker.join()
    with pytest.raises(StudioError, match="Today's limit is reached"):
        heard(studio.machines.drawing.ask(endpoint.id))
    assert len(endpoint.jobs) == 1


def test_pictures_of_the_test_bench_are_paid_for(start, clock, runpod, tmp_path):
    endpoint = runpod.add_endpoint(pause=0.3)
    studio = start()
    studio.set(comfy=ComfySettings(Mode.serverless, endpoint=endpoint.id))
    worker = Hands.of(runpod, endpoint, "w1", [lambda: clock.forward(36), result(PNG)])
    list(studio.backend.probe().draw(make_job(tmp_path)))
    worker.join()
    until(studio, lambda told: told.get("money", {}).get("today", 0) > 0.01)
    studio.set(limits=Limits(day=0.01))
    with pytest.raises(StudioError, match="Today's limit is reached"):
        testbench.run(studio)
