"""The studio with a pod: it waits for one that starts, says what is wrong with one that does not, and follows
one that moved. The account is emulated; the ComfyUI in the pod is the fake one."""

import json
import time
from dataclasses import replace

import pytest

from domain.errors import StudioError
from domain.pods import NewPod
from domain.settings import ComfySettings, Mode
from domain.spending import Limits
from infrastructure.secrets_file import SecretsFile
from services import backend_watch, pods, sample
from services.means import errand
from services.pod_start import PHASES
from services.studio import Studio
from tests.fake_comfy import FakeComfy
from tests.studios import facts, places, project, until_done

LONGEST = 60.0
KEYFRAME = "keyframe_sd15"


@pytest.fixture
def hurried(monkeypatch):
    """Looks as in life, only sooner one after another."""
    monkeypatch.setattr(pods, "SOON", 0.1)
    monkeypatch.setattr(pods, "EVERY", 0.3)
    monkeypatch.setattr(backend_watch, "EVERY", 0.2)
    monkeypatch.setattr(backend_watch, "FIRST", 0.1)
    monkeypatch.setattr(backend_watch, "LONGEST", 0.3)
    monkeypatch.setattr("services.standstill.FIRST", 0.1)


@pytest.fixture
def fake():
    with FakeComfy() as fake:
        fake.models["checkpoints"].append("v1-5-pruned-emaonly-fp16.safetensors")
        yield fake


@pytest.fixture
def studio(runpod, tmp_path, hurried):
    """With the account's key, and a page that is open."""
    where = places(tmp_path)
    where.settings.parent.mkdir(parents=True, exist_ok=True)
    SecretsFile(where.secrets).put("RUNPOD_API_KEY", runpod.key)
    studio = Studio(where)
    leave = studio.feed.listen(lambda: None)
    yield studio
    leave()
    studio.close()


def until(studio, is_so):
    end = time.monotonic() + LONGEST
    while not is_so(told := facts(studio)):
        studio.looking()
        assert time.monotonic() < end, {
            key: told.get(key) for key in ("doctor", "pod/start", "backend", "queue")
        }
        time.sleep(0.02)
    return facts(studio)


def listed(told):
    return told.get("pods", {}).get("list", [])


def a_keyframe(studio):
    studio.set(keyframe_workflow=KEYFRAME)
    folder = project(studio, "A harbour")
    return studio.ask([errand("keyframe", folder, "001", "r1", variant=1)])


def use(studio, pod):
    until(studio, lambda told: any(one["id"] == pod.id for one in listed(told)))
    studio.machines.choose(pod.id)


def test_the_pods_of_the_account_are_told(studio, runpod):
    runpod.add_pod(name="studio", cost=0.69)
    told = until(studio, lambda told: listed(told))
    (pod,) = listed(told)
    assert (pod["name"], pod["state"], pod["price"]) == ("studio", "running", 0.69)
    assert told["pods"]["balance"] == pytest.approx(100, abs=1)


def test_choosing_a_pod_takes_its_id_its_name_and_the_port_it_opens(studio, runpod):
    pod = runpod.add_pod(name="studio", port=3000)
    use(studio, pod)
    assert studio.settings.comfy == ComfySettings(Mode.runpod, pod_id=pod.id, port=3000, pod_name="studio")


def test_a_render_that_is_asked_for_while_the_pod_starts_waits_and_begins_by_itself(studio, runpod, fake):
    pod = runpod.add_pod(name="studio", server=fake, status="EXITED", starting=0.6, boot=0.6)
    use(studio, pod)
    until(studio, lambda told: (told.get("doctor") or {}).get("remedy") == "start")
    a_keyframe(studio)
    studio.machines.order(pod.id, "start")

    phases = []

    def is_done(told):
        start = told.get("pod/start")
        if start and start["phase"] not in phases:
            phases.append(start["phase"])
        return not told["queue"]["left"]

    until(studio, is_done)
    until_done(studio)
    (done,) = studio.runs.errands()
    assert done.state == "done", done.error
    recipe = json.loads((studio.desk.project.takes / "001_v1.json").read_text("utf-8"))
    assert recipe["price"] == pod.cost and 0 < recipe["cost"] < 0.01
    assert phases and phases == [one for one in PHASES if one in phases]
    told = until(studio, lambda told: told.get("pod/lacks"))
    assert "'UNETLoader', which this server lacks" in told["pod/lacks"]["said"], "what videos need"
    until(studio, lambda told: told["pod/start"] is None)

    pod.stop()
    until(studio, lambda told: (told.get("doctor") or {}).get("remedy") == "start")
    studio.machines.order(pod.id, "start")
    told = until(studio, lambda told: told.get("pod/start"))
    assert told["pod/start"]["usual"] is not None, "how long it took the last time"


def test_a_pod_that_moved_is_found_by_its_name_and_drawn_on(studio, runpod, fake):
    pod = runpod.add_pod(name="studio", server=fake)
    use(studio, pod)
    until(studio, lambda told: told.get("backend", {}).get("up"))
    pod.migrate()
    told = until(studio, lambda told: (told.get("doctor") or {}).get("remedy") == "find")
    assert "has another id now" in told["doctor"]["said"]
    studio.machines.choose(told["doctor"]["target"])
    until(studio, lambda told: told.get("backend", {}).get("up"))


def test_a_comfyui_that_crashed_is_told_with_what_its_log_says(studio, runpod):
    pod = runpod.add_pod(name="studio", server=None)
    pod.log("RuntimeError: No CUDA GPUs are available")
    runpod.clock = lambda: time.monotonic() + 3600
    pod.clock = runpod.clock
    use(studio, pod)
    told = until(studio, lambda told: told.get("doctor") and told["doctor"]["remedy"])
    assert told["doctor"]["remedy"] == "gpu" and "No CUDA GPUs" in told["doctor"]["said"]


def test_a_new_pod_is_made_and_drawn_on(studio, runpod, fake):
    runpod.server_of_new_pods = fake
    studio.machines.show_offers()
    told = until(studio, lambda told: told.get("pods/offers"))
    gpus = [offer["id"] for offer in told["pods/offers"]["list"]][:2]
    runpod.gpus[gpus[0]].availability = "NONE"
    studio.machines.make(NewPod("film", "cw3nka7d08", "", volume=40), gpus)
    until(studio, lambda told: told["settings"]["mode"] == "runpod" and told.get("backend", {}).get("up"))

    (pod,) = runpod.pods
    assert (pod.name, pod.gpu) == ("film", gpus[1])
    assert pod.mounts == {"persistent": {"size": 40, "path": "/workspace"}}
    until(studio, lambda told: pod.id in studio.machines.pods.costing())


def test_without_a_key_a_pasted_id_still_draws(runpod, fake, tmp_path, hurried):
    pod = runpod.add_pod(name="studio", server=fake)
    studio = Studio(places(tmp_path))
    try:
        studio.set(comfy=ComfySettings(Mode.runpod, pod_id=pod.id))
        a_keyframe(studio)
        until_done(studio)
        (done,) = studio.runs.errands()
        assert done.state == "done", done.error
        assert facts(studio)["pods"]["has_key"] is False
        assert not [seen for seen in runpod.requests if seen.host == "api.runpod.io"]
    finally:
        studio.close()


def test_a_limit_refuses_what_would_cost_and_lets_the_sketch_engine_draw(studio, runpod, fake):
    pod = runpod.add_pod(name="studio", server=fake, cost=3600.0)
    use(studio, pod)
    until(studio, lambda told: told.get("money", {}).get("per_hour"))
    studio.set(limits=Limits(day=0.5))
    until(studio, lambda told: told.get("money", {}).get("reached") == "day" and pod.status == "EXITED")
    with pytest.raises(StudioError, match="Today's limit is reached"):
        a_keyframe(studio)
    with pytest.raises(StudioError, match="Today's limit is reached"):
        studio.machines.order(pod.id, "start")
    studio.set(comfy=ComfySettings())
    studio.ask([errand("keyframe", studio.desk.project.folder, "001", "r2", variant=1)])
    until_done(studio)


def test_the_sample_is_sketched_also_at_a_limit(studio, runpod, fake):
    pod = runpod.add_pod(name="studio", server=fake, cost=3600.0)
    use(studio, pod)
    until(studio, lambda told: told.get("money", {}).get("per_hour"))
    studio.set(limits=Limits(day=0.5))
    folder = project(studio, "The sample")
    studio.runs.pause()
    studio.ask(sample.errands(folder, ["001"]))
    until(studio, lambda told: told.get("money", {}).get("reached") == "day" and pod.status == "EXITED")
    studio.runs.resume()
    until_done(studio)
    assert {errand.state for errand in studio.runs.errands()} == {"done"}


def test_of_several_pods_the_one_that_is_stopped_is_told_of(studio, runpod, fake):
    draws = runpod.add_pod(name="draws", server=fake)
    idles = runpod.add_pod(name="idles", server=fake, status="EXITED", starting=0.3, boot=0.3)
    use(studio, draws)
    studio.change(lambda kept: replace(kept, comfy=replace(kept.comfy, more=(idles.id,))))
    told = until(studio, lambda told: (told.get("doctor") or {}).get("remedy") == "start")
    assert told["doctor"]["pod"] == idles.id and "idles is stopped" in told["doctor"]["said"]
    assert told["backend"]["up"]

    studio.machines.order(idles.id, "start")
    told = until(studio, lambda told: told.get("pod/start"))
    assert told["pod/start"]["name"] == "idles"
    until(studio, lambda told: not told["doctor"] and (told.get("pod/lacks") or {}).get("pod") == idles.id)


def test_the_port_of_a_pod_that_draws_beside_others_is_changed_and_the_others_stay(studio, runpod, fake):
    draws = runpod.add_pod(name="draws", server=fake)
    beside = runpod.add_pod(name="beside", server=fake, port=3000)
    use(studio, draws)
    studio.change(lambda kept: replace(kept, comfy=replace(kept.comfy, more=(beside.id,))))
    told = until(studio, lambda told: (told.get("doctor") or {}).get("remedy") == "port")
    studio.machines.choose(beside.id, int(told["doctor"]["target"]))

    def are_up(told):
        machines = (told.get("lanes") or {}).get("machines", [])
        return not told["doctor"] and [machine["is_up"] for machine in machines] == [True, True]

    until(studio, are_up)
    assert studio.settings.comfy.pod_id == draws.id
    assert studio.settings.comfy.port_of(beside.id) == 3000
