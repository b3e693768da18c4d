"""The test bench as the window has it: told through the feed, one at a time, remembered."""

import json
from dataclasses import replace

import pytest

from domain.errors import BackendUnreachable, BadFile, StudioError
from domain.places import Places
from infrastructure import comfy_execution, patience
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.sketch_backend import SketchBackend
from services import bench_runs, media
from services.bench_runs import BenchRuns
from services.feed import Feed
from services.means import Means
from services.studio import Studio
from services.testbench import PARTS
from tests.comfy_jobs import until
from tests.graphs import template
from tests.test_testbench import keyframe

NAMES = [part.name for part in PARTS]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(comfy_execution, "QUIET", 0.05)
    monkeypatch.setattr(patience, "PAUSE", 0.02)
    monkeypatch.setattr(patience, "SECONDS", 0.1)


@pytest.fixture
def means(fake):
    return Means(ComfyBackend(fake.url), keyframe(), template("video_test"), {})


@pytest.fixture
def opened(tmp_path, means):
    """Opens the bench as the program does at its start."""
    made = []

    def open(with_means=lambda: means):
        feed = Feed()
        made.append(BenchRuns(with_means, feed, tmp_path / "bench.json", tmp_path / "cache"))
        return made[-1], lambda key="bench": json.loads(feed.since(0).changed[key])

    yield open
    for bench in made:
        bench.close()


def over(fact):
    until(lambda: fact()["state"] not in ("running", "cancelling"), "the end of the bench")
    return fact()


def states(fact):
    return [stage["state"] for stage in fact()["stages"]]


def test_before_the_first_bench_its_stages_are_known(opened):
    _, fact = opened()
    assert fact()["state"] == "never"
    assert [stage["name"] for stage in fact()["stages"]] == NAMES
    assert set(states(fact)) == {"waiting"}


def test_a_bench_is_told_as_it_goes_and_its_report_at_the_end(opened, fake):
    bench, fact = opened()
    fake.gate.clear()
    bench.start(2, 5)
    until(lambda: fake.running, "the first picture")
    assert fact()["state"] == "running"
    assert states(fact) == [*["ok"] * 5, "running", *["waiting"] * 4]
    fake.gate.set()

    told = over(fact)
    assert told["state"] == "done" and set(states(fact)) == {"ok"}
    assert (told["images"], told["seed"]) == (2, 5)
    assert told["text"].splitlines()[-1].startswith("10 ok, in ")
    for file in (*told["pictures"], told["clip"], told["last_frame"]):
        assert media.file_in(bench.folder, file).is_file()


def test_the_picture_as_it_forms_is_there_while_it_forms(opened, fake):
    bench, fact = opened()
    fake.step_seconds = 0.1
    bench.start(1, 1)
    until(lambda: bench.preview, "a preview")
    assert bench.preview.startswith(b"\xff\xd8")
    until(lambda: fact("bench/now")["preview"] >= 1, "the page to be told of it")
    over(fact)


def test_what_was_measured_is_kept_to_compare_with_another_backend(opened, means):
    bench, fact = opened()
    bench.start(3, 1)
    over(fact)
    slow = replace(means, backend=SketchBackend())
    other, fact = opened(lambda: slow)
    other.start(1, 1)
    over(fact)

    sketch, comfy = fact("bench/reports")
    assert (sketch["name"][:6], comfy["name"]) == ("Sketch", "ComfyUI 0.33.0")
    assert comfy["gpu"] == "Fake GPU" and comfy["workflows"] == ["keyframe_mine", "video_test"]
    assert all(rate > 0 for rate in comfy["rates"].values())
    assert sketch["rates"]["image"] > 0 and sketch["rates"]["upload"] is None


def test_it_does_not_run_twice_at_once(opened, fake):
    bench, fact = opened()
    fake.gate.clear()
    bench.start(1, 1)
    with pytest.raises(StudioError, match="running already"):
        bench.start(1, 1)
    fake.gate.set()
    over(fact)
    bench.start(1, 1)
    assert over(fact)["state"] == "done"


def test_cancelled_it_leaves_no_file_and_nothing_on_the_server(opened, fake):
    bench, fact = opened()
    fake.gate.clear()
    bench.start(1, 1)
    until(lambda: fake.running, "the first picture")
    bench.cancel()
    told = over(fact)

    assert told["state"] == "cancelled" and "text" not in told
    assert states(fact) == [*["ok"] * 5, "cancelled", *["waiting"] * 4]
    assert not fake.running and not fake.pending
    assert list(bench.folder.iterdir()) == []
    assert fact("bench/reports") == []


def test_the_last_report_is_there_after_a_restart_and_what_was_cancelled_is_not(opened, fake):
    bench, fact = opened()
    bench.start(1, 1)
    report = over(fact)
    fake.gate.clear()
    bench.start(1, 1)
    bench.cancel()
    over(fact)
    (bench.folder / "of_a_killed_bench").mkdir()

    again, fact = opened()
    assert fact() == report == json.loads(json.dumps(again.report(report["id"])))
    assert [folder.name for folder in again.folder.iterdir()] == [report["id"]]


def test_a_cache_that_was_emptied_costs_the_pictures_and_nothing_else(opened):
    bench, fact = opened()
    bench.start(1, 1)
    report = over(fact)
    media.file_in(bench.folder, report["pictures"][0]).unlink()
    _, fact = opened()
    assert fact() == {**report, "pictures": []}


def test_only_the_last_reports_are_kept_with_their_files(opened, monkeypatch, means):
    monkeypatch.setattr(bench_runs, "KEPT", 2)
    bench, fact = opened()
    ids = []
    for _ in range(3):
        bench.start(1, 1)
        ids.append(over(fact)["id"])
    assert [row["id"] for row in fact("bench/reports")] == ids[:0:-1]
    assert {folder.name for folder in bench.folder.iterdir()} == {*ids[1:]}
    with pytest.raises(StudioError, match="not remembered"):
        bench.report(ids[0])


def test_what_keeps_it_from_beginning_is_told(opened):
    def means():
        raise BackendUnreachable("No pod is set. Choose one in the settings.")

    bench, fact = opened(means)
    bench.start(1, 1)
    told = over(fact)
    assert (told["state"], told["error"]) == ("broken", "No pod is set. Choose one in the settings.")


def test_where_nothing_can_be_written_it_says_so(opened, tmp_path):
    bench, fact = opened()
    (tmp_path / "cache").write_text("in the way")
    bench.start(1, 1)
    told = over(fact)
    assert told["state"] == "broken" and "cannot be written" in told["error"]


@pytest.mark.parametrize(("images", "seed"), [(0, 1), (17, 1), (1, -1), (1, 2**53)])
def test_numbers_that_make_no_sense_are_refused(opened, images, seed):
    bench, fact = opened()
    with pytest.raises(StudioError):
        bench.start(images, seed)
    assert fact()["state"] == "never"


@pytest.mark.parametrize("content", ["{", "3", '[3, {}, {"id": "a"}]', '[{"id": 3, "at": "x"}]'])
def test_a_broken_file_of_reports_is_passed_over(opened, tmp_path, content):
    (tmp_path / "bench.json").write_text(content)
    bench, fact = opened()
    assert fact()["state"] == "never"
    bench.start(1, 1)
    over(fact)
    assert len(json.loads((tmp_path / "bench.json").read_text("utf-8"))) == 1


@pytest.mark.parametrize("path", ["../bench.json", "..\\x.png", "a/../../x.png", "", "/x.png", "C:/x.png"])
def test_nothing_but_the_benchs_own_pictures_is_served(tmp_path, path):
    (tmp_path / "x.png").write_bytes(b"not the bench's")
    folder = tmp_path / "cache"
    folder.mkdir()
    with pytest.raises(BadFile):
        media.file_in(folder, path)


def test_a_studio_that_ends_ends_its_bench(fake, tmp_path):
    places = Places(tmp_path / "settings.json", tmp_path, tmp_path / "projects", tmp_path / "cache")
    studio = Studio(places, lambda comfy: ComfyBackend(fake.url))
    fake.gate.clear()
    studio.bench.start(1, 1)
    until(lambda: fake.running, "the first picture")
    studio.close()
    assert not fake.running and not fake.pending
    assert list(places.bench.iterdir()) == []
