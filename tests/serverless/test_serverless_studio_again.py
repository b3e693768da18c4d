"""The studio that was closed while an endpoint was at work, and started again: what goes on, what comes home.

The endpoint is emulated; its workers are moved by hand."""

from dataclasses import replace

import pytest

from infrastructure import serverless_execution
from services.means import errand
from tests.serverless.hands import PNG, Hands, result
from tests.serverless.studios import keyframes, recipe
from tests.studios import project, until_done
from tests.test_machines import until

pytestmark = pytest.mark.usefixtures("hurried")


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
