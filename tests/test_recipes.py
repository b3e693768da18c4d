"""The ledger: what a recipe says, and that nothing is made twice or written over."""

import json
import shutil
import sys
import threading
from contextlib import closing

import pytest
from PIL import Image

from domain.errors import BackendUnreachable, CannotWrite, StudioError
from domain.events import Progress
from domain.project import Project
from infrastructure.recipes import Ledger, Wanted
from tests.fakes import OUT_OF_MEMORY, FakeBackend
from tests.graphs import node
from tests.renders import keyframe_workflow

LONGEST = 60.0


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "film")


def wanted(stem="001", **values):
    workflow = keyframe_workflow()
    values = {"prompt": "A red kite.", "seed": 1, **values}
    graph, changes = workflow.filled(**values)
    return Wanted(stem, graph, workflow.name, values, changes)


def wanted_from(picture, stem="001"):
    """A take that needs a file."""
    graph = {
        "load": node("LoadImage", image=picture),
        "save": node("SaveImage", images=["load", 0], filename_prefix="out"),
    }
    return Wanted(stem, graph, "copy", {"start_image": picture})


def made(project, backend, want):
    """Carried out by a program that has just been started."""
    work = Ledger(project).carry_out(backend, want)
    while True:
        try:
            next(work)
        except StopIteration as stop:
            return stop.value


def recipe(project, name="001_v1"):
    return json.loads((project.takes / f"{name}.json").read_text("utf-8"))


def a_picture(path, colour="red"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), colour).save(path)
    return path


# --- what a recipe says ---------------------------------------------------------------------------


def test_a_recipe_is_written_before_the_job_is_sent(project):
    class Looking(FakeBackend):
        def run(self, job):
            self.seen = recipe(project)
            return (yield from super().run(job))

    backend = Looking()
    made(project, backend, wanted())
    assert backend.seen["state"] == "started"
    assert backend.seen["job"] == backend.jobs[0].id
    assert backend.seen["files"] == []


def test_a_recipe_is_finished_when_the_file_is_home(project):
    take = made(project, FakeBackend(), wanted())
    said = recipe(project)
    assert (said["state"], said["files"], said["error"]) == ("done", ["001_v1.png"], "")
    assert said["finished"] >= said["started"]
    assert said["seconds"] >= 0
    assert take.path == project.takes / "001_v1.png"


def test_a_recipe_says_what_the_backend_told_of_the_job(project):
    made(project, FakeBackend(), wanted())
    assert recipe(project)["server"] == "fake"


def test_a_recipe_holds_the_graph_the_values_and_each_change_with_its_reason(project):
    want = wanted()
    made(project, FakeBackend(), want)
    said = recipe(project)
    assert said["graph"] == want.graph
    assert said["values"] == {"prompt": "A red kite.", "seed": 1}
    assert said["workflow"] == "keyframe_small"
    changed = {(c["node"], c["input"]): (c["old"], c["new"]) for c in said["changes"]}
    assert changed[("words", "text")] == ("a hill", "A red kite.")
    assert changed[("sampler", "seed")] == (7, 1)
    assert all(c["why"] for c in said["changes"])


def test_every_value_that_differs_from_the_template_is_listed(project):
    workflow, want = keyframe_workflow(), wanted(width=320, height=192, negative="mud", steps=4, cfg=2.5)
    made(project, FakeBackend(), want)
    differing = {
        (id, name)
        for id, item in want.graph.items()
        for name, value in item["inputs"].items()
        if workflow.graph[id]["inputs"][name] != value
    }
    assert {(c["node"], c["input"]) for c in recipe(project)["changes"]} >= differing
    assert len(differing) == 7


def test_a_recipe_names_its_input_files_with_their_hashes(project, tmp_path):
    outside, inside = a_picture(tmp_path / "outside.png"), a_picture(project.keyframes / "001.png", "blue")
    made(project, FakeBackend(), wanted_from(inside))
    made(project, FakeBackend(), wanted_from(outside, "002"))
    assert list(recipe(project)["inputs"]) == ["keyframes/001.png"]
    assert list(recipe(project, "002_v1")["inputs"]) == [str(outside)]
    assert all(len(digest) == 64 for digest in recipe(project)["inputs"].values())


def test_a_failure_is_written_down(project):
    with pytest.raises(StudioError):
        made(project, FakeBackend(fails={"001_v1": OUT_OF_MEMORY}), wanted())
    assert (recipe(project)["state"], recipe(project)["error"]) == ("failed", str(OUT_OF_MEMORY))


def test_a_job_whose_server_went_away_did_not_fail_and_goes_on_under_its_name(project):
    with pytest.raises(BackendUnreachable):
        made(project, FakeBackend(fails={"001_v1": BackendUnreachable("Nobody answers.")}), wanted())
    assert (recipe(project)["state"], recipe(project)["error"]) == ("started", "Nobody answers.")
    assert made(project, FakeBackend(), wanted()).name == "001_v1"
    assert (recipe(project)["state"], recipe(project)["error"]) == ("done", "")


def test_a_cancelled_job_is_closed_and_written_down(project):
    backend = FakeBackend()
    with closing(Ledger(project).carry_out(backend, wanted())) as work:
        next(work)
        next(work)
    assert backend.closed == ["001_v1"]
    assert recipe(project)["state"] == "cancelled"


def test_a_job_that_goes_on_elsewhere_still_does_when_it_is_closed_before_it_is_asked_after(project):
    made(project, FakeBackend(), wanted()).path.unlink()
    remote = {"endpoint": "abc123def456gh", "job": "1-u1"}
    said = {**recipe(project), "state": "started", "files": [], "serverless": remote}
    (project.takes / "001_v1.json").write_text(json.dumps(said))
    backend = FakeBackend()
    with closing(Ledger(project).carry_out(backend, wanted())) as work:
        next(work)
    assert backend.jobs == []
    assert (recipe(project)["state"], recipe(project)["serverless"]) == ("started", remote)


# --- nothing is made twice ------------------------------------------------------------------------


def test_an_equal_job_that_is_done_is_not_run_again(project):
    first = made(project, FakeBackend(), wanted())
    backend = FakeBackend()
    again = made(project, backend, wanted())
    assert (backend.jobs, again.reused, again.path) == ([], True, first.path)


def test_another_value_is_another_take_and_the_first_one_stays(project):
    first = made(project, FakeBackend(), wanted())
    content = first.path.read_bytes()
    backend = FakeBackend()
    backend.jobs += [None] * 3
    second = made(project, backend, wanted(seed=2))
    assert second.path.name == "001_v2.png"
    assert first.path.read_bytes() == content != second.path.read_bytes()


def test_a_file_that_changed_makes_another_job_though_its_name_stayed(project, tmp_path):
    picture = a_picture(tmp_path / "a.png")
    made(project, FakeBackend(), wanted_from(picture))
    a_picture(picture, "blue")
    backend = FakeBackend()
    made(project, backend, wanted_from(picture))
    assert backend.names() == ["001_v2"]


def test_an_equal_file_elsewhere_is_the_same_job(project, tmp_path):
    made(project, FakeBackend(), wanted_from(a_picture(tmp_path / "a.png")))
    backend = FakeBackend()
    assert made(project, backend, wanted_from(a_picture(tmp_path / "elsewhere" / "b.png"))).reused


def test_a_sketch_take_is_never_taken_for_one_of_comfyui(project):
    made(project, FakeBackend(engine="sketch"), wanted())
    backend = FakeBackend(engine="comfyui")
    take = made(project, backend, wanted())
    assert (take.reused, take.name) == (False, "001_v2")
    assert made(project, FakeBackend(engine="sketch"), wanted()).name == "001_v1"


def test_a_take_whose_file_is_gone_is_made_again_under_its_name(project):
    made(project, FakeBackend(), wanted()).path.unlink()
    take = made(project, FakeBackend(), wanted())
    assert (take.name, take.reused) == ("001_v1", False)


@pytest.mark.parametrize("error", [OUT_OF_MEMORY, BackendUnreachable("nobody answers")])
def test_a_job_that_broke_goes_on_under_the_name_it_has(project, error):
    with pytest.raises(StudioError):
        made(project, FakeBackend(fails={"001_v1": error}), wanted())
    assert made(project, FakeBackend(), wanted()).name == "001_v1"
    assert recipe(project)["error"] == ""


def test_a_job_that_was_killed_goes_on_under_the_name_it_has(project):
    made(project, FakeBackend(), wanted()).path.unlink()
    said = recipe(project)
    (project.takes / "001_v1.json").write_text(json.dumps({**said, "state": "started", "files": []}))
    assert made(project, FakeBackend(), wanted()).name == "001_v1"


def test_two_who_want_the_same_at_once_get_one_job(project):
    backend, ledger, takes = FakeBackend(beats=3, seconds=0.05), Ledger(project), []

    def work():
        steps = ledger.carry_out(backend, wanted())
        while True:
            try:
                next(steps)
            except StopIteration as stop:
                takes.append(stop.value)
                return

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST)
    assert backend.names() == ["001_v1"]
    assert [take.name for take in takes] == ["001_v1"] * 4


def test_who_waits_for_an_equal_job_goes_on_yielding_and_can_be_closed(project):
    ledger = Ledger(project)
    with closing(ledger.carry_out(FakeBackend(), wanted())) as first:
        next(first)
        with closing(ledger.carry_out(FakeBackend(), wanted())) as second:
            assert isinstance(next(second), Progress)
    assert made(project, FakeBackend(), wanted()).name == "001_v1"


# --- names and files of the artist's --------------------------------------------------------------


@pytest.mark.parametrize("name", ["001_v1.png", "001_v1.jpg", "001_v1.json", "001_v1.mp4"])
def test_a_take_never_takes_the_name_of_a_file_that_is_there(project, name):
    theirs = project.takes / name
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"mine")
    assert made(project, FakeBackend(), wanted()).name == "001_v2"
    assert theirs.read_bytes() == b"mine"


def test_takes_count_on_after_the_highest_even_if_one_is_gone(project):
    for seed in range(1, 13):
        made(project, FakeBackend(), wanted(seed=seed))
    (project.takes / "001_v3.json").unlink()
    (project.takes / "001_v3.png").unlink()
    assert made(project, FakeBackend(), wanted(seed=99)).name == "001_v13"


def test_a_shot_whose_id_looks_like_a_take_gets_takes_of_its_own(project):
    assert made(project, FakeBackend(), wanted("001_v1")).name == "001_v1_v1"
    assert made(project, FakeBackend(), wanted("001", seed=2)).name == "001_v1"


# --- what lies on disk ----------------------------------------------------------------------------


def test_a_project_that_is_moved_knows_its_takes(project, tmp_path):
    want = wanted_from(a_picture(project.keyframes / "001.png"))
    made(project, FakeBackend(), want)
    moved = Project(tmp_path / "elsewhere" / "renamed")
    moved.folder.parent.mkdir()
    shutil.move(project.folder, moved.folder)
    backend = FakeBackend()
    take = made(moved, backend, wanted_from(moved.keyframes / "001.png"))
    assert (backend.jobs, take.path) == ([], moved.takes / "001_v1.png")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"format": 1}', '{"name": 1, "job": null}', "\x00"]
)
def test_a_damaged_recipe_is_named_and_passed_over(project, content):
    made(project, FakeBackend(), wanted())
    (project.takes / "001_v1.json").write_text(content)
    assert Ledger(project).skipped == ["001_v1.json"]
    assert made(project, FakeBackend(), wanted()).name == "001_v2"


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_to_nowhere_among_the_recipes_hides_none(project):
    for number in range(4):
        made(project, FakeBackend(), wanted(seed=number))
    for number in range(20):
        (project.takes / f"link{number}.json").symlink_to(project.takes / "gone")
    backend = FakeBackend()
    assert all(made(project, backend, wanted(seed=number)).reused for number in range(4))


def test_a_file_that_cannot_be_read_is_one_sentence(project, tmp_path):
    with pytest.raises(StudioError, match=r"gone\.png cannot be read"):
        made(project, FakeBackend(), wanted_from(tmp_path / "gone.png"))


def test_the_index_of_recipes_makes_no_difference(project):
    for seed in range(60):
        made(project, FakeBackend(beats=0), wanted(seed=seed))
    ledger = Ledger(project)
    ledger.keep_index()
    index = project.cache / "recipes.json"
    assert index.exists()
    backend = FakeBackend()
    assert made(project, backend, wanted(seed=30)).name == "001_v31"
    (project.takes / "001_v31.json").unlink()
    assert made(project, backend, wanted(seed=30)).name == "001_v61"
    said = recipe(project, "001_v5")
    (project.takes / "001_v5.json").write_text(json.dumps({**said, "state": "failed"}))
    assert not made(project, backend, wanted(seed=4)).reused
    index.write_text("[1, 2")
    assert made(project, backend, wanted(seed=12)).reused


@pytest.mark.parametrize("is_older", [False, True])
def test_how_long_a_worker_was_at_a_take_is_known_where_it_is_paid_for(project, is_older):
    for seed in range(60):
        made(project, FakeBackend(beats=0), wanted(seed=seed))
    remote = {"serverless": {"endpoint": "abc123def456gh", "job": "1-u1"}}
    for name, more in (("001_v5", {**remote, "gpu_seconds": 12.5}), ("001_v6", {"gpu_seconds": 3})):
        file = project.takes / f"{name}.json"
        file.write_text(json.dumps({**recipe(project, name), **more}))
    Ledger(project).keep_index()
    if is_older:  # an index of a studio that did not know it
        index = project.cache / "recipes.json"
        index.write_text(json.dumps({k: row[:-1] for k, row in json.loads(index.read_text()).items()}))
    known = {take.name: take.worked for take in Ledger(project).takes_of("001")}
    assert known["001_v5"] == 12.5
    assert known["001_v6"] is None, "that machine is paid for by time"


def test_a_ledger_reads_anew_what_another_program_wrote(project):
    ledger = Ledger(project)
    made(project, FakeBackend(), wanted())
    assert ledger.done(FakeBackend(), wanted()) is None
    ledger.refresh()
    assert ledger.done(FakeBackend(), wanted()).name == "001_v1"


def test_reading_the_ledger_writes_nothing(project):
    Ledger(project)
    assert not project.folder.exists()


def test_a_folder_that_takes_no_files_is_one_sentence_and_nothing_is_sent(project):
    project.folder.mkdir()
    project.takes.write_text("a file where the folder should be")
    backend = FakeBackend()
    with pytest.raises(StudioError, match="takes cannot be read: Not a directory"):
        made(project, backend, wanted())
    assert backend.jobs == []


def test_a_picture_that_could_not_be_brought_in_can_be_brought_in_later(project, tmp_path, monkeypatch):
    def full(source, to):
        raise OSError(28, "No space left on device")

    own = a_picture(tmp_path / "own.png")
    ledger = Ledger(project)
    with monkeypatch.context() as patched:
        patched.setattr("infrastructure.recipes.shutil.copyfile", full)
        with pytest.raises(CannotWrite):
            ledger.bring_in("001", own)
    assert ledger.bring_in("001", own).name == "001_v1.png"
    assert ledger.bring_in("001", own).name == "001_v1.png"


def test_what_is_done_is_known_while_the_ledger_is_read_anew(project):
    backend, ledger = FakeBackend(), Ledger(project)
    wants = [wanted(seed=number) for number in range(30)]
    for want in wants:
        for _ in ledger.carry_out(backend, want):
            pass
    over = threading.Event()

    def read_anew():
        while not over.is_set():
            ledger.refresh()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    reading = threading.Thread(target=read_anew)
    reading.start()
    lost = [want for _ in range(100) for want in wants if ledger.done(backend, want) is None]
    few = [1 for _ in range(100) if len(ledger.takes_of("001")) != 30]
    over.set()
    reading.join()
    sys.setswitchinterval(interval)
    assert not lost and not few


def test_a_name_that_was_given_stays_given_while_the_ledger_is_read_anew(project):
    ledger = Ledger(project)
    first, second = wanted(seed=1), wanted(seed=2)
    ledger._begin(("fake", first.job.id))
    name = ledger._name(("fake", first.job.id), "001")
    ledger.refresh()
    assert ledger._name(("fake", second.job.id), "001") != name
    assert ledger._name(("fake", first.job.id), "001") == name
