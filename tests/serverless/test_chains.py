"""A shot's segments as one job at an endpoint: made one after another where the model is warm.

Our worker in a thread, before a ComfyUI that behaves as it is told."""

import json
from argparse import Namespace
from dataclasses import replace

import pytest

from commands import setting
from domain.errors import StudioError
from domain.events import Fact, Failed, Progress
from infrastructure import serverless_chains
from infrastructure.clip_frames import last_frame
from infrastructure.json_files import write_json
from infrastructure.runpod_backend import RunPodBackend
from tests.comfy_jobs import until
from tests.fake_comfy_nodes import NODES, NodeFailed
from tests.serverless.chains import FRAME, SECOND, both_done, one_done, recipes, second, told_of_the_first
from tests.serverless.hands import facts, heard
from tests.serverless.puppets import Puppet

pytestmark = pytest.mark.usefixtures("looks_soon")


def test_a_shots_segments_are_one_job_and_three_takes(shot_of_three, endpoint, fake):
    with Puppet.of_ours(endpoint, fake.url, "w1"):
        said = list(shot_of_three())
    assert not [event for event in said if isinstance(event, Failed)]
    (job,) = endpoint.jobs.values()
    assert fake.asked("POST /prompt") == 3
    made = recipes(shot_of_three.project)
    assert [recipe["name"] for recipe in made] == ["001.01_v1", "001.02_v1", "001.03_v1"]
    assert {recipe["serverless"]["job"] for recipe in made} == {job.id}
    assert [recipe["serverless"].get("step", 0) for recipe in made] == [0, 1, 2]
    assert all(recipe["state"] == "done" for recipe in made)
    assert all({"sent", "gpu_seconds"} <= recipe.keys() for recipe in made), "so each is paid for"


def test_each_segment_begins_with_the_true_last_frame_of_the_one_before(
    shot_of_three, endpoint, fake, tmp_path
):
    with Puppet.of_ours(endpoint, fake.url, "w1"):
        list(shot_of_three())
    takes = shot_of_three.project.takes
    for before, after in (("001.01_v1", "001.02_v1"), ("001.02_v1", "001.03_v1")):
        frame = takes / f"{before}_last.png"
        assert frame.read_bytes() == last_frame(takes / f"{before}.mp4", tmp_path / "own.png").read_bytes()
        recipe = json.loads((takes / f"{after}.json").read_text("utf-8"))
        assert f"takes/{before}_last.png" in recipe["inputs"]


def test_what_an_answer_would_not_hold_is_asked_for_by_itself(shot_of_three, endpoint, fake):
    with Puppet.of_ours(endpoint, fake.url, "w1", MAX_INLINE_MB="0.004"):
        said = list(shot_of_three())
    assert not [event for event in said if isinstance(event, Failed)]
    assert len(endpoint.jobs) > 1 and fake.asked("POST /prompt") == 3
    assert {recipe["state"] for recipe in recipes(shot_of_three.project)} == {"done"}


def test_what_is_made_is_home_although_a_later_segment_breaks(shot_of_three, endpoint, fake, monkeypatch):
    saves, made = NODES["SaveVideo"], []

    def run(*words):
        made.append(words)
        if len(made) >= 3:
            raise NodeFailed("no more paint", "ValueError")
        return saves.run(*words)

    monkeypatch.setitem(NODES, "SaveVideo", replace(saves, run=run))
    with Puppet.of_ours(endpoint, fake.url, "w1"):
        (failed,) = [event for event in shot_of_three() if isinstance(event, Failed)]
    assert "no more paint" in failed.reason
    states = [recipe["state"] for recipe in recipes(shot_of_three.project)]
    assert states == ["done", "done", "failed"]
    assert fake.asked("POST /prompt") == 4, "the one that broke, once more by itself"


def test_a_segment_that_somebody_chose_a_take_for_is_not_made_ahead(shot_of_three, endpoint, fake):
    with Puppet.of_ours(endpoint, fake.url, "w1"):
        list(shot_of_three())
        project, before = shot_of_three.project, len(endpoint.jobs)
        write_json(
            project.stand_ins("001"), {"comfyui/x": {"take": "001.02_v1", "for": {"prompt": "another"}}}
        )
        list(shot_of_three(prompt="Another lamp."))
    assert len(endpoint.jobs) - before == 3


# --- while it goes on, as with a bucket


def test_a_segment_is_home_while_the_next_is_made(backend, first, endpoint, hand):
    worker = hand("w1")
    order = told_of_the_first(backend, first, endpoint, worker, one_done())
    (there,) = endpoint.jobs.values()
    assert there.status == "IN_PROGRESS"
    worker.says(order, both_done())
    said, files = heard(backend.run(second(first, FRAME)))
    assert files[0].read_bytes() == SECOND and len(endpoint.jobs) == 1
    assert facts(said)["serverless"] == {"endpoint": endpoint.id, "job": there.id, "step": 1}


def test_a_studio_that_was_killed_finds_the_segment_it_waited_for(backend, first, endpoint, hand, runpod):
    worker = hand("w1")
    order = told_of_the_first(backend, first, endpoint, worker, one_done())
    worker.says(order, both_done())
    earlier = {"serverless": {"endpoint": endpoint.id, "job": order["id"], "step": 1}}
    later = RunPodBackend(endpoint.id, lambda: runpod.key)
    _, files = heard(later.run(replace(second(first, FRAME), earlier=earlier)))
    assert files[0].read_bytes() == SECOND and len(endpoint.jobs) == 1


def test_a_next_segment_that_begins_with_another_picture_is_a_job_of_its_own(backend, first, endpoint, hand):
    worker = hand("w1")
    order = told_of_the_first(backend, first, endpoint, worker, one_done())
    worker.says(order, both_done())
    run = backend.run(second(first, SECOND))
    while len(endpoint.jobs) < 2:
        next(run)
    run.close()


def test_what_nobody_asks_for_is_cancelled(backend, first, endpoint, hand, monkeypatch):
    monkeypatch.setattr(serverless_chains, "LEASE", 0.2)
    told_of_the_first(backend, first, endpoint, hand("w1"), one_done())
    (there,) = endpoint.jobs.values()
    until(lambda: there.status == "CANCELLED", "it is cancelled")


def test_what_nobody_can_ask_for_is_cancelled_at_once(backend, first, endpoint, hand):
    told_of_the_first(backend, first, endpoint, hand("w1"), one_done(with_frame=False))
    (there,) = endpoint.jobs.values()
    assert there.status == "CANCELLED"


def test_closing_the_next_segment_cancels_it(backend, first, endpoint, hand):
    told_of_the_first(backend, first, endpoint, hand("w1"), one_done())
    run = backend.run(second(first, FRAME))
    for event in run:
        if isinstance(event, Progress):
            break
    run.close()
    (there,) = endpoint.jobs.values()
    assert there.status == "CANCELLED"


def test_closing_a_segment_on_its_way_home_cancels_what_follows(backend, first, endpoint, hand):
    worker = hand("w1")
    run = backend.run(first)
    while not endpoint.jobs:
        next(run)
    worker.says(worker.take(), one_done())
    for event in run:
        if isinstance(event, Fact) and event.key == "server":
            break
    run.close()
    (there,) = endpoint.jobs.values()
    assert there.status == "CANCELLED"


def test_closing_the_next_segment_before_it_was_asked_after_cancels_it(backend, first, endpoint, hand):
    told_of_the_first(backend, first, endpoint, hand("w1"), one_done())
    run = backend.run(second(first, FRAME))
    while getattr(next(run), "key", "") != "serverless":
        pass
    run.close()
    (there,) = endpoint.jobs.values()
    assert there.status == "CANCELLED"


def test_closing_a_begun_job_before_it_was_asked_after_cancels_it(backend, first, endpoint, hand):
    order = told_of_the_first(backend, first, endpoint, hand("w1"), one_done())
    begun = replace(
        second(first, FRAME), earlier={"serverless": {"endpoint": endpoint.id, "job": order["id"]}}
    )
    run = RunPodBackend(endpoint.id, backend._key).run(begun)
    next(run)
    run.close()
    (there,) = endpoint.jobs.values()
    assert there.status == "CANCELLED"


def test_a_command_that_ends_leaves_no_segment_that_nobody_asks_for(
    first, endpoint, hand, runpod, monkeypatch
):
    monkeypatch.setenv("RUNPOD_API_KEY", runpod.key)

    @setting.told_plainly
    def command(asked):
        told_of_the_first(setting.backend(asked), first, endpoint, hand("w1"), one_done())
        raise StudioError("The disk is full.")

    unsaid = dict.fromkeys(("url", "pod_id", "version_id"))
    asked = {"backend": "serverless", "endpoint": endpoint.id, **unsaid}
    assert command(Namespace(**asked)) == setting.BAD_INPUT
    (there,) = endpoint.jobs.values()
    assert there.status == "CANCELLED"
