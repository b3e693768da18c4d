"""The main job, told with a backend that writes real files: what is made, and what is said of it."""

import errno
import os
import threading
from contextlib import closing

import pytest
from PIL import Image

from domain.errors import BackendUnreachable, JobRejected, StudioError
from domain.job import files_in
from domain.storyboard import Sampling
from domain.workflow import Workflow
from infrastructure import project_lock
from infrastructure.project_lock import locked
from services import picks
from services.render import render
from tests import film_corpus
from tests.fakes import OUT_OF_MEMORY, FakeBackend
from tests.graphs import node
from tests.renders import Rendered, a_board, a_shot, keyframe_workflow, video_workflow

ONE, TWO, THREE = a_shot("001"), a_shot("002", seconds=1.0), a_shot("003")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "film"


def own_picture(path, number=7):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(film_corpus.picture(60, number)).save(path)
    return path


def start_of(backend, name):
    """Which picture a clip was made from."""
    return film_corpus.code(film_corpus.pixels_of(backend.asked(name)["start_image"]))


# --- from a board to a film -----------------------------------------------------------------------


def test_a_board_becomes_a_film_in_board_order_exact_to_the_frame(folder):
    backend = FakeBackend(lanes=2)
    made = Rendered(backend, folder, a_board(TWO, ONE, THREE))
    clips = {name: backend.clip_of(name) for name in backend.names()}
    assert made.failed == {}
    assert made.film == [
        *film_corpus.of(clips["002.01_v1"], range(9)),
        *film_corpus.of(clips["002.02_v1"], range(1, 8)),
        *film_corpus.of(clips["001.01_v1"], range(8)),
        *film_corpus.of(clips["003.01_v1"], range(8)),
    ]


@pytest.mark.parametrize("fps", [16, 24, 25, 23.976])
def test_the_film_has_the_frames_of_its_shots_at_every_rate(folder, fps):
    board = a_board(a_shot("001", seconds=0.7), a_shot("002", seconds=1.1))
    made = Rendered(FakeBackend(), folder, board, fps=fps)
    assert len(made.film) == round(0.7 * fps) + round(1.1 * fps)


def test_all_keyframes_come_before_the_first_clip(folder):
    made = Rendered(FakeBackend(), folder, a_board(ONE, THREE), variants=2)
    assert made.ran == ["001_v1", "001_v2", "003_v1", "003_v2", "001.01_v1", "003.01_v1"]


def test_takes_keyframes_videos_and_film_stand_where_they_belong(folder):
    made = Rendered(FakeBackend(), folder, a_board(ONE), variants=2)
    (shot,) = made.outcome.as_json(made.order.board)
    assert shot == {
        "id": "001",
        "takes": [str(folder / "takes" / "001_v1.png"), str(folder / "takes" / "001_v2.png")],
        "keyframe": str(folder / "keyframes" / "001.png"),
        "clips": [str(folder / "takes" / "001.01_v1.mp4")],
        "video": str(folder / "videos" / "001.mp4"),
    }
    assert made.outcome.film == folder / "film.mp4"


def test_nothing_half_written_is_left(folder):
    Rendered(FakeBackend(), folder, a_board(ONE, TWO))
    assert not list(folder.rglob("*.part*"))


@pytest.mark.parametrize("pick", [1, 2])
def test_the_picked_variant_is_the_one_the_clip_starts_from(folder, pick):
    backend = FakeBackend()
    Rendered(backend, folder, a_board(ONE), variants=2, pick=pick)
    assert start_of(backend, "001.01_v1") == (pick - 1, 0)


@pytest.mark.parametrize(("asked", "board", "count"), [(3, 4, 3), (None, 4, 4), (None, None, 2)])
def test_variants_are_as_many_as_asked_for_else_the_boards_else_two(folder, asked, board, count):
    made = Rendered(FakeBackend(), folder, a_board(ONE, variants=board), variants=asked)
    assert len(made.outcome.takes["001"]) == count


def test_a_board_with_a_base_seed_gives_the_same_seeds_everywhere(tmp_path):
    backend = FakeBackend()
    for folder in ("here", "there"):
        Rendered(backend, tmp_path / folder, a_board(ONE, base_seed=0))
    assert [job.id for job in backend.jobs[:1]] == [job.id for job in backend.jobs[2:3]]


def test_a_project_without_a_base_seed_draws_one_and_keeps_it(tmp_path):
    backend, board = FakeBackend(), a_board(ONE, base_seed=None)
    for folder in ("here", "here", "there"):
        Rendered(backend, tmp_path / folder, board)
    assert backend.names() == ["001_v1", "001.01_v1"] * 2
    assert backend.jobs[0].id != backend.jobs[2].id


def test_a_board_that_changes_its_base_seed_is_drawn_anew(folder):
    assert len(Rendered(FakeBackend(), folder, a_board(ONE, base_seed=5)).ran) == 2
    made = Rendered(FakeBackend(), folder, a_board(ONE, base_seed=6))
    assert (made.error, made.ran) == (None, ["001_v2", "001.01_v2"])


def test_two_equal_shots_are_one_job_and_both_in_the_film(folder):
    twins = [
        a_shot(id, prompt="A lamp.", keyframe=Sampling(seed=3), video=Sampling(seed=4)) for id in ("a", "b")
    ]
    made = Rendered(FakeBackend(lanes=2), folder, a_board(*twins))
    assert made.failed == {}
    assert len(made.ran) == 2
    assert len(made.film) == 16


# --- the artist's own pictures and choices --------------------------------------------------------


def test_a_picture_laid_into_keyframes_is_used_and_kept_and_none_is_drawn(folder):
    mine = own_picture(folder / "keyframes" / "001.png")
    content = mine.read_bytes()
    backend = FakeBackend()
    made = Rendered(backend, folder, a_board(ONE))
    assert made.ran == ["001.01_v1"]
    assert start_of(backend, "001.01_v1") == (60, 7)
    assert mine.read_bytes() == content


def test_a_choice_of_the_artist_survives_a_render_and_only_its_clip_is_made_anew(folder):
    backend = FakeBackend()
    made = Rendered(backend, folder, a_board(ONE, THREE), variants=2)
    picks.choose(made.project, "003", folder / "takes" / "003_v2.png")
    again = Rendered(backend, folder, a_board(ONE, THREE), variants=2)
    assert again.ran == ["003.01_v2"]
    assert start_of(backend, "003.01_v2") == (backend.clip_of("003_v2"), 0)
    assert Rendered(backend, folder, a_board(ONE, THREE), variants=2).ran == []


def test_a_boards_start_image_is_the_keyframe_and_nothing_is_drawn_for_the_shot(folder, tmp_path):
    mine = own_picture(tmp_path / "mine.jpg")
    backend = FakeBackend()
    made = Rendered(backend, folder, a_board(a_shot("001", start_image=mine)))
    assert made.ran == ["001.01_v1"]
    assert start_of(backend, "001.01_v1") == (60, 7)
    assert Rendered(backend, folder, a_board(a_shot("001", start_image=mine))).ran == []


def test_references_reach_the_graph_as_files(folder, tmp_path):
    mine = own_picture(tmp_path / "a.png")
    words = node("TextEncodeQwenImageEditPlus", prompt="a", clip=["model", 1], image1=["load", 0])
    workflow = keyframe_workflow(load=node("LoadImage", image="1.png"), words=words)
    backend = FakeBackend()
    Rendered(backend, folder, a_board(a_shot("001", references=(mine,))), keyframe_workflow=workflow)
    assert files_in(backend.jobs[0].graph) == [mine]


def test_what_has_no_place_in_a_workflow_is_told_with_its_shots(folder, tmp_path):
    mine = own_picture(tmp_path / "a.png")
    board = a_board(a_shot("001", references=(mine,), lora="cg_anna"), a_shot("002", end_image=mine))
    told = Rendered(FakeBackend(), folder, board).told
    assert "All reference pictures have no place in keyframe_small; left out in shot 001." in told
    assert "End images have no place in video_small; left out in shot 002." in told
    assert "A LoRA has no place in keyframe_small; left out in shot 001." in told


# --- shots that cannot be made --------------------------------------------------------------------


def test_a_failed_keyframe_is_named_with_its_reason_and_there_is_no_film(folder):
    made = Rendered(FakeBackend(fails={"003_v1": OUT_OF_MEMORY}), folder, a_board(ONE, THREE))
    assert made.failed == {"shot 003, variant 1": str(OUT_OF_MEMORY)}
    assert made.outcome.film is None
    assert sorted(made.outcome.videos) == ["001"]


def test_a_failed_clip_is_named_with_its_reason_and_there_is_no_film(folder):
    made = Rendered(FakeBackend(fails={"003.01_v1": OUT_OF_MEMORY}), folder, a_board(ONE, THREE))
    assert made.failed == {"shot 003": str(OUT_OF_MEMORY)}
    assert made.outcome.film is None


def test_an_old_film_is_not_passed_off_as_this_one(folder):
    backend = FakeBackend()
    Rendered(backend, folder, a_board(ONE, THREE))
    backend.fails = {"003_v2": OUT_OF_MEMORY}
    assert Rendered(backend, folder, a_board(ONE, a_shot("003", prompt="Else."))).outcome.film is None


def test_a_partial_film_is_made_when_asked_for_and_only_then(folder):
    backend = FakeBackend(fails={"002_v1": OUT_OF_MEMORY})
    made = Rendered(backend, folder, a_board(ONE, TWO, THREE), is_partial=True)
    assert list(made.failed) == ["shot 002, variant 1"]
    assert len(made.film) == 16


def test_a_shot_without_a_prompt_is_named_and_leaves_no_hole_unsaid(folder):
    made = Rendered(FakeBackend(), folder, a_board(ONE, a_shot("002", prompt=" ")))
    assert made.failed == {"shot 002": "It has no prompt."}
    assert made.outcome.film is None


def test_a_shots_problem_is_its_reason(folder):
    made = Rendered(FakeBackend(), folder, a_board(ONE, a_shot("002", problems=("Its picture is gone.",))))
    assert made.failed == {"shot 002": "Its picture is gone."}


def test_another_variant_is_never_taken_silently_for_the_one_that_failed(folder):
    backend = FakeBackend(fails={"001_v1": OUT_OF_MEMORY})
    made = Rendered(backend, folder, a_board(ONE), variants=3, pick=1)
    assert made.ran == ["001_v1", "001_v2", "001_v3"]
    assert made.outcome.keyframes == {}
    picked = Rendered(backend, folder, a_board(ONE), variants=3, pick=3)
    assert start_of(backend, "001.01_v1") == (backend.clip_of("001_v3"), 0)
    assert picked.outcome.film


def test_after_failures_the_same_command_makes_what_is_missing(folder):
    backend = FakeBackend(fails={"001_v1": OUT_OF_MEMORY, "003.01_v1": OUT_OF_MEMORY})
    Rendered(backend, folder, a_board(ONE, THREE))
    backend.fails = {}
    made = Rendered(backend, folder, a_board(ONE, THREE))
    assert made.ran == ["001_v1", "001.01_v1", "003.01_v1"] or made.ran == [
        "001_v1",
        "003.01_v1",
        "001.01_v1",
    ]
    assert len(made.film) == 16


# --- before anything is spent ---------------------------------------------------------------------


def refused(folder, backend=None, board=None, **fields):
    made = Rendered(backend or FakeBackend(), folder, board or a_board(ONE), **fields)
    assert made.error is not None
    assert made.ran == []
    assert not folder.exists()
    return str(made.error)


def test_picking_a_variant_that_will_not_be_is_refused(folder):
    assert "each shot gets 2" in refused(folder, variants=2, pick=3)
    assert "each shot gets 2" in refused(folder, variants=None, pick=3)


def test_a_workflow_without_a_place_for_the_words_is_refused(folder):
    wordless = Workflow("keyframe_mute", {"a": node("EmptyImage"), "s": node("SaveImage", images=["a", 0])})
    assert "keyframe_mute has no place for a prompt" in refused(folder, keyframe_workflow=wordless)


def test_a_video_workflow_without_a_start_image_is_refused(folder):
    assert "start image" in refused(folder, video_workflow=keyframe_workflow())


def test_a_workflow_that_makes_clips_is_no_keyframe_workflow(folder):
    assert "makes clips" in refused(folder, keyframe_workflow=video_workflow())


def test_a_backend_that_does_not_answer_leaves_nothing_behind(folder):
    refused(folder, FakeBackend(leaves_after=0))


def test_that_holds_for_a_board_that_needs_no_keyframes_as_well(folder, tmp_path):
    mine = own_picture(tmp_path / "mine.png")
    refused(folder, FakeBackend(leaves_after=0), a_board(a_shot("001", start_image=mine)))


def test_what_a_server_lacks_is_told_before_anything_is_written(folder):
    assert refused(folder, FakeBackend(missing=JobRejected("It lacks a model."))) == "It lacks a model."


def test_both_workflows_are_checked_before_the_first_job(folder):
    made = Rendered(FakeBackend(), folder, a_board(ONE))
    kinds = {node["class_type"] for graph in made.backend.checked[0] for node in graph.values()}
    assert {"KSampler", "WanImageToVideo"} <= kinds


def test_who_answers_is_told_once(folder):
    assert Rendered(FakeBackend(), folder, a_board(ONE)).told == ["Fake on no GPU"]


def test_every_lora_of_the_board_is_checked_before_the_first_job(folder):
    loader = node("LoraLoader", "[lora]", model=["model", 0], clip=["model", 1], lora_name="none.safetensors")
    workflow = keyframe_workflow(lora=loader)
    workflow.graph["sampler"]["inputs"]["model"] = ["lora", 0]
    board = a_board(a_shot("1", lora="cg_anna"), a_shot("2", lora="cg_bo"), a_shot("3", lora="cg_bo"))
    backend = Rendered(FakeBackend(), folder, board, keyframe_workflow=workflow).backend
    loras = [graph["lora"]["inputs"]["lora_name"] for graph in backend.checked[0] if "lora" in graph]
    assert loras == ["cg_anna.safetensors", "cg_bo.safetensors"]


# --- ends -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", range(6))
def test_a_backend_that_goes_away_at_any_job_ends_it_and_the_next_render_goes_on(folder, jobs):
    board, backend = a_board(ONE, TWO), FakeBackend(leaves_after=jobs)
    made = Rendered(backend, folder, board)
    assert isinstance(made.error, BackendUnreachable) == (jobs < 5)
    backend.leaves_after = None
    again = Rendered(backend, folder, board)
    assert len(again.film) == 24
    assert sorted(backend.done) == ["001.01_v1", "001_v1", "002.01_v1", "002.02_v1", "002_v1"]


def test_what_stands_is_known_when_it_ends_early(folder):
    made = Rendered(FakeBackend(leaves_after=3), folder, a_board(ONE, TWO))
    assert {id: list(takes) for id, takes in made.outcome.takes.items()} == {"001": [1], "002": [1]}
    assert list(made.outcome.videos) == ["001"]
    early = Rendered(FakeBackend(leaves_after=1), folder.with_name("other"), a_board(ONE, TWO))
    assert list(early.outcome.takes) == ["001"]


def test_closing_a_render_closes_its_jobs_and_the_next_one_goes_on(folder):
    backend = FakeBackend(lanes=2, beats=10_000, seconds=0.01)
    made = Rendered(FakeBackend(), folder.with_name("whole"), a_board(ONE, TWO))
    order = made.order.__class__(
        **{**vars(made.order), "backend": backend, "project": made.project.__class__(folder)}
    )
    with closing(render(order)) as work:
        while backend.at_once < 2:
            next(work)
    assert sorted(backend.closed) == ["001_v1", "002_v1"]
    assert not list(folder.rglob("*.part*"))
    assert len(Rendered(FakeBackend(), folder, a_board(ONE, TWO)).film) == 24


def test_a_disk_that_knows_no_locks_is_not_taken_for_another_render(folder, monkeypatch):
    def knows_none(handle):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(project_lock, "take", knows_none)
    made = Rendered(FakeBackend(), folder, a_board(ONE))
    assert str(made.error).startswith(f"{folder} cannot be locked: ")


def test_two_renders_in_one_project_do_not_run_at_once(folder):
    with locked(folder):
        made = Rendered(FakeBackend(), folder, a_board(ONE))
    assert str(made.error) == f"Another render is at work in {folder}. Wait for it, or stop it first."
    assert made.ran == []
    assert Rendered(FakeBackend(), folder, a_board(ONE)).error is None


def test_a_render_that_broke_lets_go_of_the_project(folder):
    Rendered(FakeBackend(leaves_after=1), folder, a_board(ONE))
    with locked(folder):
        pass


@pytest.mark.parametrize("name", ["takes", "keyframes", "videos", "cache"])
def test_where_nothing_can_be_written_one_sentence_ends_it(folder, name):
    folder.mkdir()
    (folder / name).write_text("in the way")
    made = Rendered(FakeBackend(), folder, a_board(ONE, TWO, THREE))
    assert isinstance(made.error, StudioError)
    assert str(folder / name) in str(made.error)
    assert (made.failed, made.outcome.film) == ({}, None)


def test_a_project_that_is_a_file_is_one_sentence(folder):
    folder.write_text("in the way")
    assert isinstance(Rendered(FakeBackend(), folder, a_board(ONE)).error, StudioError)


def test_jobs_run_in_as_many_lanes_as_the_backend_has(folder):
    backend = FakeBackend(lanes=2, gate=threading.Barrier(2))
    assert Rendered(backend, folder, a_board(ONE, THREE)).failed == {}
    assert backend.most_at_once == 2


def test_a_damaged_recipe_is_told_and_its_take_made_anew(folder):
    Rendered(FakeBackend(), folder, a_board(ONE))
    (folder / "takes" / "001_v1.json").write_text("{")
    made = Rendered(FakeBackend(), folder, a_board(ONE))
    assert "The recipe 001_v1.json does not read and is passed over." in made.told
    assert made.ran[0] == "001_v2"


def test_a_video_workflow_of_another_rate_still_gives_the_films_frames(folder):
    made = Rendered(FakeBackend(), folder, a_board(TWO, fps=24.0), video_workflow=video_workflow(25, 8, 17))
    assert len(made.film) == 24
