"""A shot's segments as one job at an endpoint: made one after another where the model is warm.

Our worker in a thread, before a ComfyUI that behaves as it is told."""

import base64
import hashlib
import json
from argparse import Namespace
from dataclasses import replace
from fractions import Fraction

import pytest
from PIL import Image

from commands import setting
from domain.errors import StudioError
from domain.events import Fact, Failed, Progress
from domain.job import LAST_FRAME, Job
from domain.project import Project
from infrastructure import serverless_chains
from infrastructure.clip_frames import last_frame
from infrastructure.json_files import write_json
from infrastructure.priced import Priced
from infrastructure.recipes import Ledger
from infrastructure.runpod_backend import RunPodBackend
from services import videos
from services.film import Format
from services.videos import Maker
from tests import film_corpus
from tests.comfy_jobs import make_job, until
from tests.fake_comfy_nodes import NODES, NodeFailed, png
from tests.graphs import template
from tests.renders import PRESETS, a_board, a_shot
from tests.serverless.hands import PNG, facts, heard, result
from tests.serverless.puppets import Puppet

FPS = 16
FRAME, SECOND = png(1), png(2)


pytestmark = pytest.mark.usefixtures("looks_soon")


@pytest.fixture
def start(tmp_path):
    path = tmp_path / "start.png"
    Image.fromarray(film_corpus.picture(63, 7)).save(path)
    return path


@pytest.fixture
def shot_of_three(tmp_path, runpod, endpoint, start):
    """shot_of_three(backend, …) → the work of a shot of three segments, and the project it is made in."""
    project = Project(tmp_path / "film")

    def work(backend=None, **fields):
        backend = backend or RunPodBackend(endpoint.id, lambda: runpod.key)
        workflow = template("video_test")
        board = a_board(a_shot("001", seconds=1.4, **fields), longest=0.5)
        maker = Maker(backend, Ledger(project), workflow, board, PRESETS, Format(Fraction(FPS), (64, 64)), 5)
        plans = [videos.plan(workflow, board, shot, start) for shot in board.shots]
        assert len(plans[0].lengths) == 3
        return videos.make(maker, plans, {})

    work.project = project
    return work


def recipes(project):
    return [json.loads(path.read_text("utf-8")) for path in sorted(project.takes.glob("*.json"))]


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


FOLLOWS = {"1": {"class_type": "LoadImage", "inputs": {"image": LAST_FRAME}}}


@pytest.fixture
def backend(runpod, endpoint):
    return RunPodBackend(endpoint.id, lambda: runpod.key)


@pytest.fixture
def first(tmp_path):
    return replace(make_job(tmp_path), then=(FOLLOWS,))


def second(first, frame):
    """The job that is asked for once the first is home."""
    path = first.folder / "frame.png"
    path.write_bytes(frame)
    graph = {"1": {"class_type": "LoadImage", "inputs": {"image": path}}}
    return Job("001.02_v1", graph, first.folder, {path: hashlib.sha256(frame).hexdigest()})


def one_done(with_frame=True):
    """What a worker tells when the first of two workflows is done and the second goes on."""
    done = result(PNG)["output"]
    if with_frame:
        digest = hashlib.sha256(FRAME).hexdigest()
        picture = base64.b64encode(FRAME).decode()
        done["outputs"].append({"kind": "last_frame", "filename": "f.png", "sha256": digest, "data": picture})
    said = {"progress": 0.5, "note": "", "finished": [done]}
    return {"status": "IN_PROGRESS", "output": said}


def both_done():
    return {"output": {**one_done()["output"]["finished"][0], "chain": [result(SECOND)["output"]]}}


def told_of_the_first(backend, first, endpoint, worker, said):
    """Hand the first over, have the worker say this of it; returns what the worker got."""
    run = backend.run(first)
    while not endpoint.jobs:
        next(run)
    order = worker.take()
    worker.says(order, said)
    _, files = heard(run)
    assert files[0].read_bytes() == PNG
    return order


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


# --- at a limit


class Limited:
    """A backend at a dollar a second, whose first job that is paid for reaches the limit."""

    def __init__(self, backend):
        self.paid = []  # USD each
        self.backend = Priced(backend, lambda url: 3600.0, self._pay, self._allow)

    def _pay(self, folder, cost, seconds, url):
        self.paid.append(cost)

    def _allow(self, folder):
        if self.paid:
            raise StudioError("The limit is reached.")


def test_at_a_limit_the_segments_that_are_paid_for_come_home(shot_of_three, backend, endpoint, fake):
    limited = Limited(backend)
    with Puppet.of_ours(endpoint, fake.url, "w1"):
        said = list(shot_of_three(limited.backend))
    assert not [event for event in said if isinstance(event, Failed)]
    assert len(endpoint.jobs) == 1 and fake.asked("POST /prompt") == 3
    made = recipes(shot_of_three.project)
    assert [recipe["cost"] for recipe in made] == [pytest.approx(cost, abs=1e-5) for cost in limited.paid]
    assert len(limited.paid) == 3


def test_at_a_limit_what_an_answer_would_not_hold_is_not_made_anew(shot_of_three, backend, endpoint, fake):
    limited = Limited(backend)
    with Puppet.of_ours(endpoint, fake.url, "w1", MAX_INLINE_MB="0.004"):
        (failed,) = [event for event in shot_of_three(limited.backend) if isinstance(event, Failed)]
    assert "limit" in failed.reason
    assert len(endpoint.jobs) == len(limited.paid) == 1


def test_a_segment_whose_worker_is_lost_is_taken_back_at_a_limit_and_waits_for_nothing(
    backend, first, endpoint, hand
):
    limited = Limited(backend)
    told_of_the_first(limited.backend, first, endpoint, hand("w1"), one_done())
    endpoint.lose("w1")
    before, (there,) = len(limited.paid), endpoint.jobs.values()
    with pytest.raises(StudioError, match="limit"):
        heard(limited.backend.run(second(first, FRAME)))
    assert there.status == "CANCELLED" and len(limited.paid) == before, "nobody was at it"


def test_a_job_that_the_endpoint_forgot_is_not_handed_over_anew_at_a_limit(backend, first, endpoint):
    limited = Limited(backend)
    limited.paid.append(1.0)
    begun = replace(first, earlier={"serverless": {"endpoint": endpoint.id, "job": "long-gone"}})
    with pytest.raises(StudioError, match="limit"):
        heard(limited.backend.run(begun))
    assert not endpoint.jobs


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


def test_a_job_whose_worker_is_lost_costs_nothing_while_it_waits_again(
    backend, first, endpoint, hand, monkeypatch
):
    now = [100.0]
    monkeypatch.setattr("infrastructure.priced.monotonic", lambda: now[0])
    limited = Limited(backend)
    run = limited.backend.run(first)
    while not endpoint.jobs:
        next(run)
    hand("w1").take()
    while getattr(next(run), "key", "") != "sent":
        pass
    now[0] += 4
    endpoint.lose("w1")
    while not getattr(next(run), "is_queued", False):
        pass
    now[0] += 600
    hand("w2").take()
    while getattr(next(run), "key", "") != "sent":
        pass
    now[0] += 5
    run.close()
    assert limited.paid == [pytest.approx(4.0 + 5.0)]
