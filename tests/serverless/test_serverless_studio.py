"""The studio with a serverless endpoint: what it costs, what a limit ends, what is told of it.

The endpoint is emulated; its workers are moved by hand."""

import pytest

from addons import testbench
from domain.errors import StudioError
from domain.serverless_about import About
from domain.settings import ComfySettings, Mode
from domain.spending import Limits
from services import pods
from tests.comfy_jobs import make_job
from tests.fake_answers import Answer
from tests.serverless.conftest import Hand
from tests.serverless.hands import PNG, Hands, heard, result
from tests.serverless.studios import keyframes, recipe
from tests.studios import facts, project, until_done
from tests.test_machines import until

pytestmark = pytest.mark.usefixtures("hurried")


def test_a_keyframe_is_made_at_the_endpoint_and_costs_what_the_worker_took(start, clock, runpod):
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


def test_a_job_that_is_cancelled_under_way_is_paid_for(start, clock, runpod):
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
