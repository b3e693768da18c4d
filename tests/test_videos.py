"""Videos of shots: how they are divided, chained by the true last frame, and joined to the frame."""

import threading
from fractions import Fraction

import pytest
from PIL import Image

from domain.errors import BackendUnreachable
from domain.events import Failed
from domain.project import Project
from domain.storyboard import Motion, Sampling
from domain.workflow import Workflow
from infrastructure.recipes import Ledger
from services import videos
from services.film import Format
from services.videos import Maker
from tests import film_corpus
from tests.fakes import OUT_OF_MEMORY, FakeBackend
from tests.graphs import node
from tests.renders import PRESETS, SIZE, a_board, a_shot, video_workflow


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "film")


@pytest.fixture
def start(tmp_path):
    path = tmp_path / "start.png"
    Image.fromarray(film_corpus.picture(63, 7)).save(path)
    return path


class Made:
    """The videos of some shots, and what was said while they were made."""

    def __init__(self, project, backend, start, *shots, workflow=None, fps=None, **board):
        before = len(backend.jobs)
        self.project, self.backend = project, backend
        workflow, board = workflow or video_workflow(), a_board(*shots, **board)
        wanted = Format(videos.film_rate(workflow, board, fps), SIZE)
        maker = Maker(backend, Ledger(project), workflow, board, PRESETS, wanted, 5)
        plans = [videos.plan(workflow, board, shot, start) for shot in shots]
        self.lengths = {plan.shot.id: plan.lengths for plan in plans}
        self.videos, self.events, self.error = {}, [], None
        try:
            self.events.extend(videos.make(maker, plans, self.videos))
        except BackendUnreachable as error:
            self.error = error
        self.ran = backend.names()[before:]

    def frames(self, id):
        return film_corpus.codes(self.videos[id].path)

    @property
    def failed(self):
        return {event.what: event.reason for event in self.events if isinstance(event, Failed)}


def code_of(picture):
    return film_corpus.code(film_corpus.pixels_of(picture))


# --- how a shot is divided ------------------------------------------------------------------------

RULES = [(1, 81), (4, 81), (4, 121), (8, 97), (8, 121), (4, 9)]


@pytest.mark.parametrize(("step", "longest"), RULES)
def test_lengths_obey_the_models_rule_and_its_longest_clip(step, longest):
    workflow = video_workflow(step=step, longest=longest)
    for frames in range(1, 500):
        lengths = videos.segment_lengths(frames, longest, workflow)
        assert all((length - 1) % step == 0 and length <= longest for length in lengths), frames
        assert frames <= sum(lengths) - (len(lengths) - 1) < frames + max(step, 2), frames


@pytest.mark.parametrize(("step", "longest"), RULES)
def test_segments_are_as_even_as_the_rule_allows(step, longest):
    workflow = video_workflow(step=step, longest=longest)
    for frames in range(1, 500):
        lengths = videos.segment_lengths(frames, longest, workflow)
        assert max(lengths) - min(lengths) <= step, frames


@pytest.mark.parametrize("longest", [22, 25, 73, 81, 362])
def test_a_model_whose_shortest_clip_is_not_one_frame_loses_none_along_the_chain(longest):
    """Lengths of 17k + 5."""
    latent = node("EmptyMiniMaxH3LatentAV", width=64, height=64, length=5, batch_size=1)
    graph = {
        "latent": latent,
        "decode": node("VAEDecode", samples=["latent", 0], vae=["model", 2]),
        "model": node("CheckpointLoaderSimple", ckpt_name="m.safetensors"),
        "video": node("CreateVideo", images=["decode", 0], fps=24),
        "save": node("SaveVideo", video=["video", 0], filename_prefix="out"),
    }
    workflow = Workflow("video_odd", graph)
    assert [workflow.frames_for(n) for n in (1, 6, 23)] == [5, 22, 39]
    for frames in range(1, 900):
        lengths = videos.segment_lengths(frames, longest, workflow)
        assert all(length % 17 == 5 and length <= longest for length in lengths), frames
        assert frames <= sum(lengths) - (len(lengths) - 1) < frames + 17, frames


@pytest.mark.parametrize(("seconds", "lengths"), [(3.0, [73]), (3.1, [77]), (5.0, [121]), (5.2, [61, 65])])
def test_a_shot_a_little_too_long_becomes_two_halves_and_no_stub(seconds, lengths):
    workflow = video_workflow(fps=24, longest=121)
    assert videos.segment_lengths(round(seconds * 24), 121, workflow) == lengths


def test_a_board_may_ask_for_shorter_segments(project, start):
    made = Made(project, FakeBackend(), start, a_shot("001", seconds=1.0), longest=0.35)
    assert made.lengths["001"] == (5, 5, 5, 5)


def test_no_limit_of_a_board_makes_a_clip_longer_than_the_model_can(project, start):
    made = Made(project, FakeBackend(), start, a_shot("001", seconds=1.0), longest=60)
    assert made.lengths["001"] == (9, 9)


# --- the chain ------------------------------------------------------------------------------------


def test_each_segment_starts_from_the_true_last_frame_of_the_one_before(project, start):
    backend = FakeBackend()
    Made(project, backend, start, a_shot("001", seconds=1.5))
    starts = [code_of(backend.asked(name)["start_image"]) for name in backend.names()]
    assert backend.names() == ["001.01_v1", "001.02_v1", "001.03_v1"]
    assert starts == [(63, 7), (0, 8), (1, 8)]


def test_the_shared_frame_is_seen_once_and_the_last_segment_is_cut_to_the_frame(project, start):
    made = Made(project, FakeBackend(), start, a_shot("001", seconds=1.25))
    assert made.lengths["001"] == (5, 9, 9)
    first, second, third = range(5), range(1, 9), range(1, 8)
    shown = [film_corpus.of(clip, numbers) for clip, numbers in enumerate((first, second, third))]
    assert made.frames("001") == [*shown[0], *shown[1], *shown[2]]


def test_the_start_image_is_the_keyframe_and_the_end_image_only_the_last_segments(project, start, tmp_path):
    end = tmp_path / "end.png"
    Image.fromarray(film_corpus.picture(62, 3)).save(end)
    graph = dict(video_workflow().graph)
    canvas = dict(graph["canvas"]["inputs"], end_image=["end", 0])
    workflow = video_workflow(
        end=node("LoadImage", image="end.png"), canvas=node("WanFirstLastFrameToVideo", **canvas)
    )
    backend = FakeBackend()
    made = Made(project, backend, start, a_shot("001", seconds=1.0, end_image=end), workflow=workflow)
    assert made.failed == {}
    assert backend.asked("001.01_v1")["start_image"] == start
    assert "end_image" not in backend.asked("001.01_v1")
    assert backend.asked("001.02_v1")["end_image"] == end
    Made(project, backend, start, a_shot("002"), workflow=workflow)
    assert "end_image" not in backend.asked("002.01_v1")


def test_a_clip_the_server_cut_short_is_chained_from_the_frame_it_has(project, start):
    class Short(FakeBackend):
        def _made(self, job, clip):
            job.graph["canvas"]["inputs"]["length"] -= 2
            return super()._made(job, clip)

    backend = Short()
    Made(project, backend, start, a_shot("001", seconds=1.0))
    assert code_of(backend.asked("001.02_v1")["start_image"]) == (0, 6)


# --- what is asked for ----------------------------------------------------------------------------


def test_words_and_movement_reach_the_prompt_and_the_negative_its_own_place(project, start):
    backend = FakeBackend()
    shot = a_shot("001", prompt="A kite.", negative="mud", motion=Motion("pan", 0.9, "past the pier"))
    Made(project, backend, start, shot)
    values = backend.asked("001.01_v1")
    assert all(word in values["prompt"] for word in ("A kite.", "very strong pan", "Past the pier"))
    assert values["negative"] == "mud" and "mud" not in values["prompt"]


def test_each_segment_has_its_own_seed_and_the_artists_counts_on(project, start):
    backend = FakeBackend()
    Made(project, backend, start, a_shot("1", seconds=1.0), a_shot("2", seconds=1.0, video=Sampling(seed=0)))
    seeds = {name: backend.asked(name)["seed"] for name in backend.names()}
    assert (seeds["2.01_v1"], seeds["2.02_v1"]) == (0, 1)
    assert len(set(seeds.values())) == 4


def test_sampling_of_the_shot_reaches_the_video(project, start):
    backend = FakeBackend()
    Made(project, backend, start, a_shot("001", video=Sampling(steps=3, cfg=0.0)))
    assert (backend.asked("001.01_v1")["steps"], backend.asked("001.01_v1")["cfg"]) == (3, 0.0)


# --- frames of the film ---------------------------------------------------------------------------


@pytest.mark.parametrize("own", [16, 24, 25])
@pytest.mark.parametrize("fps", [16, 24, 25, 23.976])
def test_a_shot_has_exactly_its_frames_at_the_films_rate(project, start, own, fps):
    shot = a_shot("001", seconds=0.79)
    made = Made(project, FakeBackend(), start, shot, workflow=video_workflow(fps=own, longest=13), fps=fps)
    assert made.failed == {}
    assert len(made.frames("001")) == round(0.79 * fps)


@pytest.mark.parametrize(
    ("asked", "board", "rate"),
    [
        (None, None, Fraction(16)),
        (None, 25.0, Fraction(25)),
        (24.0, 25.0, Fraction(24)),
        (23.976, None, Fraction(24000, 1001)),
        (29.97, None, Fraction(30000, 1001)),
        (12.5, None, Fraction(25, 2)),
    ],
)
def test_the_films_rate_is_the_one_asked_for_else_the_boards_else_the_workflows(asked, board, rate):
    assert videos.film_rate(video_workflow(fps=16), a_board(fps=board), asked) == rate


# --- going on -------------------------------------------------------------------------------------


def test_a_finished_shot_runs_nothing_and_touches_nothing(project, start):
    shot, backend = a_shot("001", seconds=1.0), FakeBackend()
    before = Made(project, backend, start, shot).videos["001"].path.stat()
    again = Made(project, backend, start, shot)
    after = again.videos["001"].path.stat()
    assert again.ran == []
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_duration_that_needs_no_other_clips_only_cuts_anew(project, start):
    backend = FakeBackend()
    Made(project, backend, start, a_shot("001", seconds=1.0))
    made = Made(project, backend, start, a_shot("001", seconds=0.95))
    assert made.ran == []
    assert len(made.frames("001")) == 15


def test_a_segment_that_failed_is_made_alone_and_those_after_it(project, start):
    backend = FakeBackend(fails={"001.02_v1": OUT_OF_MEMORY})
    made = Made(project, backend, start, a_shot("001", seconds=1.5))
    assert made.ran == ["001.01_v1", "001.02_v1"]
    assert made.failed == {"shot 001": str(OUT_OF_MEMORY)}
    backend.fails = {}
    assert Made(project, backend, start, a_shot("001", seconds=1.5)).ran == ["001.02_v1", "001.03_v1"]


def test_a_shot_that_failed_stops_no_other(project, start):
    backend = FakeBackend(fails={"002.01_v1": OUT_OF_MEMORY}, lanes=2)
    made = Made(project, backend, start, a_shot("001"), a_shot("002"), a_shot("003"))
    assert list(made.failed) == ["shot 002"]
    assert sorted(made.videos) == ["001", "003"]


def test_another_start_image_makes_the_clips_anew_and_another_prompt_too(project, start):
    backend = FakeBackend()
    Made(project, backend, start, a_shot("001"))
    Image.fromarray(film_corpus.picture(61, 1)).save(start)
    assert Made(project, backend, start, a_shot("001")).ran == ["001.01_v2"]
    assert Made(project, backend, start, a_shot("001", prompt="Else.")).ran == ["001.01_v3"]


def test_a_lost_chain_frame_is_taken_again_and_is_the_same(project, start):
    backend = FakeBackend()
    Made(project, backend, start, a_shot("001", seconds=1.0))
    (frame,) = project.takes.glob("*_last.png")
    frame.unlink()
    assert Made(project, backend, start, a_shot("001", seconds=1.0)).ran == []


def test_shots_run_side_by_side_and_a_shots_segments_one_after_another(project, start):
    together = threading.Barrier(2)
    backend = FakeBackend(lanes=2, gate=together)
    made = Made(project, backend, start, a_shot("001", seconds=1.0), a_shot("002", seconds=1.0))
    assert backend.most_at_once == 2
    assert sorted(made.ran[:2]) == ["001.01_v1", "002.01_v1"]


def test_a_backend_that_went_away_ends_it_and_keeps_what_there_is(project, start):
    made = Made(project, FakeBackend(leaves_after=1), start, a_shot("001", seconds=1.0))
    assert isinstance(made.error, BackendUnreachable)
    assert (project.takes / "001.01_v1.mp4").exists()


def test_a_workflow_that_saves_no_video_is_told(project, start):
    class Pictures(FakeBackend):
        def _made(self, job, clip):
            to = job.folder / f"{job.name}.png"
            Image.new("RGB", (8, 8)).save(to)
            return [to]

    made = Made(project, Pictures(), start, a_shot("001"))
    assert "saved no video" in made.failed["shot 001"]


def test_a_damaged_clip_fails_its_shot_alone(project, start):
    class Cut(FakeBackend):
        def _made(self, job, clip):
            (path,) = super()._made(job, clip)
            if job.name == "001.01_v1":
                path.write_bytes(path.read_bytes()[:300])
            return [path]

    made = Made(project, Cut(), start, a_shot("001"), a_shot("002"))
    assert list(made.failed) == ["shot 001"]
    assert list(made.videos) == ["002"]


def test_a_workflows_own_longest_clip_is_known_without_its_sidecar():
    assert Workflow("mine", video_workflow().graph).longest == 33
