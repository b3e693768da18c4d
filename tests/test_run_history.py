"""Jobs from before: what the recipes of the open project tell, page by page, and no job twice."""

import json
import time

import pytest

from addons import runs as page
from addons.deeds import carry_out
from domain.errand import CANCELLED, DONE, FAILED, STOPPED, WAITING
from domain.errors import StudioError
from infrastructure.json_files import write_json
from services import shot_errands
from tests import studios
from tests.fakes import OUT_OF_MEMORY, FakeBackend
from tests.studios import until_done


@pytest.fixture
def backend():
    return FakeBackend(fails={"002_v1": OUT_OF_MEMORY})


@pytest.fixture
def studio(tmp_path, backend):
    studio = studios.studio(tmp_path, backend)
    yield studio
    studio.close()


@pytest.fixture
def folder(studio):
    return studios.project(studio, "A door", "A cat", "A harbour")


def ask(studio, deed, **arguments):
    return carry_out(page.DEEDS, deed, studio, arguments)


def history(studio, after="", count=200, **find):
    return ask(studio, "run.history", find=find, after=after, count=count)


def names(told):
    return [job["take"] for job in told["jobs"]]


def make(studio, *shots, deed="keyframe"):
    from services.means import errand

    studio.ask([errand(deed, studio.desk.project.folder, shot, "run") for shot in shots])
    until_done(studio)


def recipe(folder, name, n=0, **more):
    """A recipe as another studio wrote it, `n` minutes after noon."""
    when = f"2026-03-01T12:{n % 60:02d}:{n // 60:02d}.000+00:00"
    about = {
        "workflow": "small",
        "server": "ComfyUI 0.30.0",
        "started": when,
        "finished": when,
        "seconds": 2.5,
    }
    ids = {"name": name, "engine": "comfyui", "job": name, "state": "done", "error": "", "values": {}}
    write_json(folder / "takes" / f"{name}.json", {**ids, "files": [f"{name}.png"], **about, **more})


def from_before(studio, folder, *recipes):
    for n, (name, more) in enumerate(recipes):
        recipe(folder, name, n, **more)
    studio.desk.ledger.refresh()


def test_a_job_that_the_queue_lists_is_not_told_again(studio, folder):
    make(studio, "001", "002")
    assert [e.takes for e in studio.runs.errands()] == [("001_v1",), ("002_v1",)]
    assert history(studio) == {"jobs": [], "more": 0, "counts": {}, "cleared": 0}


def test_a_job_that_the_queue_forgot_is_told_by_its_recipe(studio, folder):
    make(studio, "001", "002")
    before = ask(studio, "run.forget")
    told = history(studio)
    assert [(job["shot"], job["deed"], job["state"]) for job in told["jobs"]] == [
        ("002", "keyframe", FAILED),
        ("001", "keyframe", DONE),
    ]
    failed, done = told["jobs"]
    assert failed["error"] == str(OUT_OF_MEMORY)
    assert done["files"] == ["takes/001_v1.png"]
    assert done["server"] == "fake"
    assert done["workflow"] == studio.means().keyframe_workflow.name
    assert abs(done["ended"] - time.time()) < 60
    assert done["seconds"] >= 0 and failed["ended"] >= failed["began"] > 0
    assert told["counts"] == {DONE: 1, FAILED: 1}
    assert history(studio, since=before)["cleared"] == 2
    assert names(history(studio, since=before)) == []


def test_another_projects_errands_hide_nothing(studio, folder):
    make(studio, "001")
    other = studios.project(studio, "Another door", name="other")
    from_before(studio, other, ("001_v1", {}))
    assert names(history(studio)) == ["001_v1"]


def test_the_newest_come_first_a_page_at_a_time(studio, folder):
    from_before(studio, folder, *((f"001_v{n}", {}) for n in range(1, 26)))
    first = history(studio, count=10)
    assert names(first) == [f"001_v{n}" for n in range(25, 15, -1)]
    assert (first["more"], first["counts"]) == (15, {DONE: 25})
    second = history(studio, after=names(first)[-1], count=10)
    assert names(second) == [f"001_v{n}" for n in range(15, 5, -1)]
    last = history(studio, after=names(second)[-1], count=10)
    assert (len(last["jobs"]), last["more"]) == (5, 0)


def test_what_comes_anew_shifts_no_page(studio, folder):
    from_before(studio, folder, *((f"001_v{n}", {}) for n in range(1, 5)))
    first = history(studio, count=2)
    recipe(folder, "001_v9", 50)
    studio.desk.ledger.refresh()
    assert names(history(studio, after=names(first)[-1], count=2)) == ["001_v2", "001_v1"]


def test_jobs_are_found_by_shot_kind_state_and_words(studio, folder):
    from_before(
        studio,
        folder,
        ("001_v1", {}),
        ("001_v2", {"state": "failed", "error": "out of memory", "files": []}),
        ("002.01_v1", {"workflow": "wan"}),
        ("003_v1", {"state": "cancelled", "files": []}),
        ("003_v2", {"state": "started", "files": [], "finished": None}),
    )
    assert names(history(studio, shot="001")) == ["001_v2", "001_v1"]
    assert names(history(studio, deed="video")) == ["002.01_v1"]
    assert names(history(studio, state=FAILED)) == ["001_v2"]
    assert names(history(studio, text="MEMORY")) == ["001_v2"]
    assert names(history(studio, text="wan")) == ["002.01_v1"]
    assert names(history(studio, state=STOPPED)) == ["003_v2"]
    assert history(studio, state=FAILED)["counts"] == {DONE: 2, FAILED: 1, CANCELLED: 1, STOPPED: 1}
    assert history(studio, shot="003")["counts"] == {CANCELLED: 1, STOPPED: 1}
    assert history(studio, text=3, since="x", shot=None)["counts"][DONE] == 2, "nonsense seeks nothing"


def test_a_picture_of_the_artists_own_is_no_job(studio, folder):
    from_before(studio, folder, ("001_v1", {"engine": "own"}))
    assert names(history(studio)) == []


def test_a_recipe_of_an_older_studio_is_told_without_what_it_does_not_say(studio, folder):
    words = {"name": "001_v1", "engine": "sketch", "job": "x", "state": "done", "files": ["001_v1.png"]}
    write_json(folder / "takes" / "001_v1.json", words)
    studio.desk.ledger.refresh()
    (job,) = history(studio)["jobs"]
    assert (job["server"], job["seconds"], job["began"], job["ended"]) == ("sketch", None, 0, 0)


def test_a_job_that_an_unfinished_errand_will_go_on_with_is_not_told_twice(studio, folder):
    from services.means import errand

    from_before(studio, folder, ("001_v1", {"state": "started", "files": []}))
    assert names(history(studio)) == ["001_v1"]
    studio.runs.pause()
    studio.ask([errand("keyframe", studio.desk.project.folder, "001")])
    assert studio.runs.errands()[0].state == WAITING
    assert names(history(studio)) == []


def test_a_job_from_before_is_made_again_with_its_seed(studio, folder, backend):
    from_before(studio, folder, ("001_v1", {"values": {"seed": 77}}), ("002.01_v1", {}))
    studio.runs.pause()
    ask(studio, "run.repeat", take="001_v1")
    ask(studio, "run.repeat", take="002.01_v1")
    assert [(e.deed, e.shot, dict(e.values)) for e in studio.runs.errands()] == [
        ("keyframe", "001", {"seed": 77}),
        ("video", "002", {}),
    ]


def test_what_was_made_for_a_batch_or_a_comic_is_called_so(studio, folder):
    plan = {"chapters": [{"pages": [{"panels": [{"id": "p-1", "action": "A cat"}]}]}]}
    write_json(folder / "comic.json", {**plan, "characters": [{"id": "ida", "name": "Ida"}]})
    from_before(
        studio, folder, ("001_v1", {}), ("001.01_v1", {}), ("p-1_v1", {}), ("ida_v2", {}), ("7_v1", {})
    )
    write_json(folder / "batch.json", {"shots_with_references": [{"shot_id": 7, "prompt": "A dog"}]})
    told = {job["take"]: job["deed"] for job in history(studio)["jobs"]}
    kinds = {"001_v1": "keyframe", "001.01_v1": "video", "p-1_v1": "panel", "ida_v2": "portrait"}
    assert told == {**kinds, "7_v1": "picture"}
    assert names(history(studio, deed="picture")) == ["7_v1"]
    studio.runs.pause()
    ask(studio, "run.repeat", take="7_v1")
    assert [(e.deed, e.shot, dict(e.values)) for e in studio.runs.errands()] == [
        ("picture", "7", {"number": 0})
    ]


def test_of_shots_of_a_batch_that_are_called_alike_the_one_that_was_drawn_is_made_again(studio, folder):
    rows = [{"shot_id": "A/1", "prompt": "A dog"}, {"shot_id": "A 1", "prompt": "A cat"}]
    graph = studio.workflows.load("keyframe_sdxl").graph
    write_json(folder / "batch.json", {"shots_with_references": rows, "workflow": graph})
    job = shot_errands.kept(studio.desk.project, studio.workflows).job(1)
    from_before(studio, folder, ("A-1_v1", {"job": job}), ("A-1_v2", {"job": "of another batch"}))
    studio.runs.pause()
    ask(studio, "run.repeat", take="A-1_v1")
    assert [(e.shot, dict(e.values)) for e in studio.runs.errands()] == [("A-1", {"number": 1})]
    with pytest.raises(StudioError, match="no such shot"):
        ask(studio, "run.repeat", take="A-1_v2")


def test_what_cannot_be_made_again_is_told(studio, folder):
    from_before(studio, folder, ("009_v1", {"values": {"seed": 1}}), ("001_v1", {"values": 3}))
    for take in ("009_v1", "001_v1", "../settings", "none_v1"):
        with pytest.raises(StudioError):
            ask(studio, "run.repeat", take=take)
    assert studio.runs.errands() == []


def test_the_deeds_of_the_page_reach_the_queue(studio, folder):
    ask(studio, "run.pause")
    make_ids = [ask(studio, "run.repeat", take=name) for name in recipes_of(studio, folder)]
    one, two = (ids[0] for ids in make_ids)
    ask(studio, "run.move", id=two, before=one)
    assert [e.id for e in studio.runs.errands()] == [two, one]
    ask(studio, "run.cancel", ids=[one])
    assert [e.state for e in studio.runs.errands()] == [WAITING, CANCELLED]
    ask(studio, "run.again", ids=[one])
    ask(studio, "run.cancel_all")
    assert {e.state for e in studio.runs.errands()} == {CANCELLED}
    ask(studio, "run.forget_stopped")
    assert len(studio.runs.errands()) == 2
    ask(studio, "run.again", ids=[one, two])
    ask(studio, "run.go_on")
    until_done(studio)
    assert {e.state for e in studio.runs.errands()} == {DONE}
    ask(studio, "run.forget")
    ask(studio, "run.resume")
    assert studio.runs.errands() == []


def recipes_of(studio, folder):
    from_before(studio, folder, ("001_v1", {"values": {"seed": 1}}), ("003_v1", {"values": {"seed": 2}}))
    return "001_v1", "003_v1"


def test_where_and_when_it_ran_is_kept_in_the_index(studio, folder):
    """Opening the project again must not read thousands of recipes."""
    from_before(studio, folder, *((f"001_v{n}", {}) for n in range(1, 61)))
    studio.desk.ledger.keep_index()
    index = json.loads((folder / "cache" / "recipes.json").read_text("utf-8"))
    assert "ComfyUI 0.30.0" in index["001_v1.json"]
    (folder / "cache" / "recipes.json").write_text(
        json.dumps({name: row[:6] for name, row in index.items()}), "utf-8"
    )  # as an older studio wrote it
    studio.desk.ledger.__init__(studio.desk.project)
    assert history(studio, count=1)["jobs"][0]["server"] == "ComfyUI 0.30.0"
