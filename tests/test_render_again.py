"""Rendering again: what is there stays, and only what must be is made anew."""

import dataclasses
import os
import shutil

import pytest

from domain.storyboard import Motion, Sampling
from tests import film_corpus
from tests.fakes import FakeBackend
from tests.folders import aged
from tests.renders import Rendered, a_board, a_shot, copy_of, finished_project, stamps

ONE, TWO, THREE = a_shot("001"), a_shot("002", seconds=1.0), a_shot("003")
BOARD = a_board(ONE, TWO, THREE)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return finished_project(tmp_path_factory.mktemp("finished"), BOARD)


@pytest.fixture
def folder(finished, tmp_path):
    return copy_of(finished, tmp_path)


def again(folder, board=BOARD, **fields):
    return Rendered(FakeBackend(), folder, board, **{"variants": 2, **fields})


def with_shot(shot):
    return a_board(*(shot if shot.id == old.id else old for old in BOARD.shots))


def test_a_finished_board_runs_no_job_and_touches_no_file(folder):
    before = stamps(folder)
    made = again(folder)
    assert made.ran == [] and made.saved == []
    assert stamps(folder) == before
    assert made.outcome.film == folder / "film.mp4"


def test_a_finished_board_needs_no_backend(folder):
    made = Rendered(FakeBackend(leaves_after=0), folder, BOARD, variants=2)
    assert made.error is None
    assert made.backend.checked == []
    assert made.outcome.film


def test_changing_one_prompt_makes_that_shot_anew_and_joins_the_film_and_nothing_else(folder):
    before = stamps(folder / "takes", folder / "keyframes", folder / "videos")
    made = again(folder, with_shot(a_shot("003", prompt="A lamp goes out.")))
    after = stamps(folder / "takes", folder / "keyframes", folder / "videos")
    assert made.ran == ["003_v3", "003_v4", "003.01_v2"]
    changed = {path.name for path in before if after.get(path) != before[path]}
    assert changed == {"003.png", "003.json", "003.mp4"}
    assert made.saved[-1] == folder / "film.mp4"
    assert made.film[-8:] == film_corpus.of(2, range(8))


def test_changing_it_back_needs_no_job(folder):
    again(folder, with_shot(a_shot("003", prompt="A lamp goes out.")))
    made = again(folder)
    assert made.ran == []
    assert made.outcome.keyframes["003"].read_bytes() == (folder / "takes" / "003_v1.png").read_bytes()


@pytest.mark.parametrize(
    ("fields", "ran"),
    [
        ({"motion": Motion("pan", 1.0)}, ["003.01_v2"]),
        ({"video": Sampling(steps=5)}, ["003.01_v2"]),
        ({"video": Sampling(seed=0)}, ["003.01_v2"]),
        ({"label": "another name", "description": "new"}, []),
        ({"seconds": 0.4}, []),
        ({"seconds": 0.8}, ["003.01_v2", "003.02_v1"]),
        ({"seconds": 0.2}, ["003.01_v2"]),
    ],
)
def test_a_change_makes_anew_only_what_depends_on_it(folder, fields, ran):
    assert again(folder, with_shot(dataclasses.replace(THREE, **fields))).ran == ran


def test_a_shorter_shot_is_cut_from_the_clips_there_are(folder):
    made = again(folder, with_shot(dataclasses.replace(TWO, seconds=0.9)))
    assert made.ran == []
    assert len(made.film) == 8 + 14 + 8


def test_another_pick_makes_only_the_clips_anew(folder):
    made = again(folder, pick=2)
    assert made.ran == ["001.01_v2", "002.01_v2", "002.02_v2", "003.01_v2"]
    assert again(folder, pick=1).ran == []


def test_more_variants_make_only_the_new_ones(folder):
    made = again(folder, variants=3)
    assert made.ran == ["001_v3", "002_v3", "003_v3"]
    assert folder / "film.mp4" not in made.saved


def test_another_order_of_the_shots_joins_anew_and_runs_nothing(folder):
    made = again(folder, a_board(THREE, ONE, TWO))
    assert made.ran == []
    assert made.saved == [folder / "film.mp4"]


def test_a_shot_that_was_taken_out_leaves_the_film_and_keeps_its_takes(folder):
    made = again(folder, a_board(ONE, THREE))
    assert made.ran == []
    assert len(made.film) == 16
    assert (folder / "takes" / "002_v1.png").exists()


def test_a_new_shot_runs_alone(folder):
    made = again(folder, a_board(ONE, a_shot("001b"), TWO, THREE))
    assert made.ran == ["001b_v1", "001b_v2", "001b.01_v1"]


def test_another_rate_joins_anew_from_the_clips_there_are(folder):
    made = again(folder, fps=24)
    assert made.ran == []
    assert len(made.film) == 12 + 24 + 12


def test_a_folder_that_is_moved_still_needs_no_job(folder, tmp_path):
    moved = tmp_path / "deep" / "renamed"
    shutil.copytree(folder, moved)
    shutil.rmtree(folder)
    assert again(moved).ran == []


def test_a_cache_that_is_deleted_costs_no_job(folder):
    shutil.rmtree(folder / "cache")
    assert again(folder).ran == []


@pytest.mark.parametrize("lost", ["takes/002.02_v1.mp4", "takes/001_v2.png"])
def test_a_take_that_was_deleted_is_made_again(folder, lost):
    (folder / lost).unlink()
    made = again(folder)
    assert made.ran == [lost.split("/")[1].rpartition(".")[0]]
    assert made.outcome.film


@pytest.mark.parametrize("lost", ["film.mp4", "videos/002.mp4", "keyframes/002.png"])
def test_what_was_deleted_and_needs_no_backend_is_put_there_again(folder, lost):
    (folder / lost).unlink()
    assert again(folder).ran == []
    assert (folder / lost).exists()


def test_what_a_killed_render_left_half_written_is_removed_and_the_artists_files_are_not(folder):
    ours = ["takes/004_v1.png.part", "cache/parts/x.mp4.part", "film.mp4.part", "keyframes/001.json.part"]
    ours += ["film.mp4.list.part", "videos/001.mp4.list.part"]
    for name in ours:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"half")
        aged(folder / name)
    (folder / "my download.part").write_bytes(b"theirs")
    again(folder)
    assert [path.name for path in folder.rglob("*.part")] == ["my download.part"]


def test_a_clip_that_was_deleted_is_made_again_and_what_was_chained_to_it(folder):
    (folder / "takes" / "002.01_v1.mp4").unlink()  # the new one ends in another frame
    assert again(folder).ran == ["002.01_v1", "002.02_v2"]


def test_a_take_is_not_confused_by_files_the_artist_lays_beside_it(folder):
    for name in ("001_v1.txt", "notes.json", "001_v9.png"):
        (folder / "takes" / name).write_text("mine")
    made = again(folder, variants=3)
    assert made.ran == ["001_v3", "002_v3", "003_v3"]
    assert (folder / "takes" / "001_v9.png").read_text() == "mine"


def test_a_project_that_cannot_be_locked_says_so_in_one_sentence(folder):
    (folder / ".lock").unlink()
    (folder / ".lock").mkdir()
    made = again(folder)
    assert "cannot be used: " in str(made.error)


@pytest.mark.parametrize("engine", ["sketch"])
def test_takes_of_another_engine_are_made_anew_beside_the_old_ones(folder, engine):
    made = Rendered(FakeBackend(engine=engine), folder, BOARD, variants=2)
    assert len(made.ran) == 10
    assert len(list((folder / "takes").glob("001_v*.png"))) == 4
    assert again(folder).ran == []


def test_an_index_from_before_does_not_hide_what_changed(folder):
    os.utime(folder / "takes" / "001_v1.json")
    assert again(folder).ran == []
