"""Workflows on the Settings page: a dropped one is looked at, corrected, tried, kept, forgotten;
those that are chosen say what they need."""

import json
import time

import pytest

from domain.errors import BadFile, StudioError
from domain.places import Places
from domain.serverless_about import About
from domain.settings import ComfySettings, Mode
from domain.storyboard import Shot, Storyboard
from infrastructure.storyboard_files import write_storyboard
from infrastructure.workflow_files import SHIPPED, WorkflowFolder
from services import defaults, intakes
from services.studio import Studio
from tests.commands.typing import nobody
from tests.fake_comfy import FakeComfy
from tests.graphs import picture
from tests.test_workflows import runs_here, window


@pytest.fixture
def studio(tmp_path):
    places = Places(tmp_path / "settings.json", tmp_path, tmp_path / "projects", tmp_path / "cache")
    studio = Studio(places)
    yield studio
    studio.close()


def dropped(studio, content, name="My flow.json"):
    with studio.uploads.receiving(name) as received:
        received.write(content if isinstance(content, bytes) else json.dumps(content).encode())
    return received.id


def on(studio, fake):
    studio.set(comfy=ComfySettings(Mode.local, fake.url))


def on_all(studio, *urls):
    studio.set(comfy=several(*urls))


def several(first, *more):
    return ComfySettings(Mode.local, first, more=more)


@pytest.fixture
def poor():
    """A server without any checkpoint."""
    with FakeComfy() as server:
        server.models["checkpoints"].clear()
        yield server


def told(studio, key):
    return json.loads(studio.feed.since(0).changed[key])


def test_a_dropped_graph_is_shown_as_a_form_without_any_server(studio):
    found = studio.intakes.look(dropped(studio, picture()))

    assert (found["name"], found["kind"], found["origin"], found["met"]) == (
        "My-flow",
        "keyframe",
        "api",
        None,
    )
    rows = {row["slot"]: row for row in found["rows"]}
    assert rows["prompt"]["spots"][0]["input"] == "text"
    assert json.dumps(found)


def test_a_window_workflow_is_read_with_the_server_that_is_set(studio, fake):
    on(studio, fake)
    found = studio.intakes.look(dropped(studio, window()))
    assert (found["origin"], found["met"], found["may_be_kept"]) == ("window", True, True)
    assert found["models"][0]["there"] is True


def test_what_was_handed_over_does_not_stay_in_the_cache(studio):
    studio.intakes.look(dropped(studio, picture()))
    with pytest.raises(BadFile):
        studio.intakes.look(dropped(studio, b"nothing"))
    assert not list((studio.places.cache / "uploads").iterdir())


def test_a_place_chosen_by_hand_is_kept_with_the_workflow(studio):
    found = studio.intakes.look(dropped(studio, picture()))
    row = next(row for row in found["rows"] if row["slot"] == "negative")
    place = (row["others"] or row["spots"])[0]["place"]

    corrected = studio.intakes.correct(found["id"], {"negative": [place]})
    chosen = next(row for row in corrected["rows"] if row["slot"] == "negative")
    assert chosen["by_hand"] and chosen["spots"][0]["place"] == place

    assert studio.intakes.keep(found["id"], "mine", "My own") == "mine"
    about = json.loads((studio.places.workflows / "mine.about.json").read_text("utf-8"))
    assert about["title"] == "My own" and about["slots"]["negative"] == [place]


def test_a_kept_workflow_can_be_chosen_and_a_forgotten_one_is_in_the_bin(studio):
    found = studio.intakes.look(dropped(studio, picture()))
    studio.intakes.keep(found["id"], "mine")
    studio.tell_workflows()
    assert told(studio, "workflows")[0] | {"purpose": ""} == {
        "name": "mine",
        "own": True,
        "title": "My flow",
        "kind": "keyframe",
        "purpose": "",
    }
    assert "mine" in [name for _, name in defaults.choices(studio.workflows, "keyframe")]

    studio.intakes.forget("mine")
    assert list((studio.places.workflows / ".bin").iterdir())
    assert "mine" not in [name for _, name in defaults.choices(studio.workflows, "keyframe")]


def test_one_that_was_left_has_to_be_dropped_again(studio):
    found = studio.intakes.look(dropped(studio, picture()))
    studio.intakes.leave(found["id"])
    with pytest.raises(StudioError, match="Drop it again"):
        studio.intakes.keep(found["id"], "mine")


def test_only_the_newest_few_are_held(studio):
    ids = [studio.intakes.look(dropped(studio, picture()))["id"] for _ in range(10)]
    with pytest.raises(StudioError):
        studio.intakes.correct(ids[0], {})
    assert studio.intakes.correct(ids[-1], {})


def test_a_trial_runs_once_and_leaves_the_project_as_it_was(studio, fake, tmp_path):
    on(studio, fake)
    folder = tmp_path / "projects" / "film"
    write_storyboard(folder / "storyboard.json", Storyboard("Film", shots=(Shot("001", "a hill"),)))
    studio.open(folder)
    found = studio.intakes.look(dropped(studio, runs_here()))

    (id,) = studio.try_workflow(found["id"])
    end = time.monotonic() + 30
    while (run := told(studio, f"run/{id}"))["state"] not in ("done", "failed") and time.monotonic() < end:
        time.sleep(0.05)

    assert run["state"] == "done", run
    assert (folder / run["files"][0]).is_file()
    assert not (folder / "takes").exists()


def test_only_the_newest_tried_workflows_are_kept(studio, monkeypatch):
    monkeypatch.setattr(intakes, "TRIED", 2)
    found = studio.intakes.look(dropped(studio, picture()))
    tried = [studio.intakes.to_try(found["id"]) for _ in range(4)]
    assert [path.exists() for path in tried] == [False, False, True, True]
    assert len(list(studio.places.tries.glob("*.json"))) == 4


def test_a_trial_needs_an_open_project(studio):
    found = studio.intakes.look(dropped(studio, picture()))
    with pytest.raises(StudioError, match="No project is open"):
        studio.try_workflow(found["id"])


# --- the workflows that are set


@pytest.mark.parametrize("name", WorkflowFolder(SHIPPED).names())
def test_every_template_says_what_it_needs(name):
    about = defaults.about(WorkflowFolder(SHIPPED).load(name))
    assert about["title"] and about["purpose"]
    assert about["gib"] == pytest.approx(sum(model["gib"] for model in about["models"]), abs=0.1)
    assert (about["fps"] is not None) == (about["kind"] == "video")


def test_the_sketch_engine_needs_nothing(studio):
    flow = studio.workflows.load("keyframe_sdxl")
    assert defaults.checked(flow, ComfySettings())["check"] == {"asked": ""}


def test_everything_a_server_lacks_is_told_at_once(fake):
    flow = WorkflowFolder(SHIPPED).load("keyframe_sdxl")
    shown = defaults.checked(flow, ComfySettings(Mode.local, fake.url))
    assert shown["check"]["met"] is False and shown["check"]["asked"] == fake.url
    assert shown["check"]["lacks"] or any(model["there"] is False for model in shown["models"])


def test_of_an_endpoint_counts_what_its_worker_said_when_it_was_asked_last():
    flow = WorkflowFolder(SHIPPED).load("keyframe_sdxl")
    comfy = ComfySettings(Mode.serverless, endpoint="abc123def456gh")
    lists = {"CheckpointLoaderSimple": {"input": {"optional": {"ckpt_name": [["other.safetensors"]]}}}}
    some = {node["class_type"]: {"input": {"optional": {}}} for node in flow.graph.values()} | lists
    worker = {"name": "cindergrace", "version": "0"}

    def checked(word):
        return defaults.checked(flow, comfy, lambda endpoint: word)

    lacking = checked(About(worker, object_info=some))
    assert lacking["check"]["asked"] == comfy.address and lacking["check"]["met"] is False
    assert [model["there"] for model in lacking["models"]] == [False]
    (file,) = (model["file"] for model in lacking["models"])
    lists["CheckpointLoaderSimple"]["input"]["optional"]["ckpt_name"][0].append(file)
    assert checked(About(worker, object_info=some))["check"]["met"] is True
    assert "KSampler" in " ".join(checked(About(worker, object_info=lists))["check"]["lacks"])
    assert "Test the connection" in checked(None)["check"]["said"]
    assert "public worker does not say" in checked(About({}))["check"]["said"]


def test_nobody_there_is_told_in_a_sentence():
    flow = WorkflowFolder(SHIPPED).load("keyframe_sdxl")
    assert (
        "No ComfyUI answers" in defaults.checked(flow, ComfySettings(Mode.local, nobody()))["check"]["said"]
    )


def test_a_pod_without_an_id_is_told_in_a_sentence():
    flow = WorkflowFolder(SHIPPED).load("keyframe_sdxl")
    assert "pod id" in defaults.checked(flow, ComfySettings(Mode.runpod))["check"]["said"]


# --- several machines


def given_all_of(fake, flow):
    """Gives a server every model file that a workflow names."""
    for model in defaults.about(flow)["models"]:
        fake.models.setdefault(model["folder"], []).append(model["file"])


@pytest.fixture
def flow():
    """It needs a checkpoint."""
    return WorkflowFolder(SHIPPED).load("keyframe_sd15")


def test_a_workflow_is_fine_when_any_machine_can_run_it(flow, fake, poor):
    given_all_of(fake, flow)
    shown = defaults.checked(flow, several(poor.url, fake.url))
    assert shown["check"] == {"asked": fake.url, "lacks": [], "met": True, "others": []}
    assert {model["there"] for model in shown["models"]} == {True}


def test_a_machine_that_is_away_is_told_beside_the_one_that_can_run_it(flow, fake):
    away = nobody()
    given_all_of(fake, flow)
    check = defaults.checked(flow, several(away, fake.url))["check"]
    assert (check["asked"], check["met"]) == (fake.url, True)
    (other,) = check["others"]
    assert other["lacks"] == [] and f"No ComfyUI answers at {away}" in other["said"]


def test_when_none_can_run_it_each_says_what_it_lacks_and_who_is_away_is_told(flow, fake, poor):
    away = nobody()
    check = defaults.checked(flow, several(away, poor.url, fake.url))["check"]
    assert (check["asked"], check["met"]) == (poor.url, False)
    lacks, silent = check["others"]
    assert lacks["address"] == fake.url and lacks["lacks"] == check["lacks"]
    assert "it belongs in models/checkpoints" in check["lacks"][0]
    assert away in silent["said"]


def test_when_nobody_answers_all_are_named(flow):
    silent = [nobody(), nobody()]
    said = defaults.checked(flow, several(*silent))["check"]["said"]
    assert said.startswith("None of 2 machines answers.") and all(url in said for url in silent)


def test_a_dropped_workflow_is_read_with_the_machine_that_can_run_it(studio, fake, poor):
    on_all(studio, poor.url, fake.url)
    for content in (window(), runs_here()):
        found = studio.intakes.look(dropped(studio, content))
        assert (found["asked"], found["met"], found["others"]) == (fake.url, True, [])
        assert found["models"][0]["there"] is True


def test_a_dropped_workflow_that_none_can_run_says_what_each_lacks(studio, fake, poor):
    fake.models["checkpoints"][:] = ["other.safetensors"]
    away = nobody()
    on_all(studio, poor.url, fake.url, away)
    found = studio.intakes.look(dropped(studio, runs_here()))
    assert (found["asked"], found["met"]) == (poor.url, False)
    lacks, silent = found["others"]
    assert lacks["address"] == fake.url
    assert lacks["lacks"] == ["tiny.safetensors is missing; it belongs in models/checkpoints"]
    assert away in silent["said"]


def test_a_dropped_workflow_is_looked_at_also_when_all_machines_are_away(studio):
    on_all(studio, nobody(), nobody())
    found = studio.intakes.look(dropped(studio, runs_here()))
    assert found["met"] is None
    assert found["unsure"][0].startswith("The server was not asked: None of 2 machines answers.")
    with pytest.raises(StudioError, match="None of 2 machines answers"):
        studio.intakes.look(dropped(studio, window()))


def test_what_no_machine_can_read_is_told_once(studio, fake, poor):
    on_all(studio, poor.url, fake.url)
    content = window()
    content["nodes"][0]["type"] = "MagicLoader"
    with pytest.raises(BadFile) as raised:
        studio.intakes.look(dropped(studio, content))
    assert str(raised.value).count("MagicLoader") == 1
