"""The plan of a shot's video is what a render would run; segments are made anew, chosen, and gone on from."""

import json

import numpy as np
import pytest

from addons.deeds import carry_out
from addons.window import DEEDS
from domain.errors import StudioError
from domain.places import Places
from infrastructure.clip_probe import probe
from services import stale
from services.studio import Studio
from tests import film_corpus
from tests.fakes import FakeBackend

SIZE = {"width": 2 * film_corpus.WIDTH, "height": 2 * film_corpus.HEIGHT}  # boards have no smaller ones
BOARD = {
    "project": "Lamps",
    "fps": 24,
    "longest_segment": 0.4,  # nine frames
    "base_seed": 5,
    **SIZE,
    "shots": [
        {"shot_id": "001", "prompt": "A lamp is lit.", "duration": 1.0},
        {"shot_id": "002", "prompt": "A lamp goes out.", "duration": 0.5},
    ],
}


@pytest.fixture
def backend():
    return FakeBackend()


@pytest.fixture
def studio(tmp_path, backend):
    places = Places(tmp_path / "settings.json", tmp_path / "data", tmp_path / "projects", tmp_path / "cache")
    folder = tmp_path / "lamps"
    folder.mkdir()
    (folder / "storyboard.json").write_text(json.dumps(BOARD))
    studio = Studio(places, lambda settings: backend)
    studio.open(folder)
    yield studio
    studio.close()


@pytest.fixture
def do(studio):
    """Carries out a deed and comes back when all it asked for has ended; refuses what failed."""

    def done(name, **arguments):
        result = carry_out(DEEDS, name, studio, arguments)
        for thread in iter(lambda: next(iter(studio.runs._threads), None), None):
            thread.join()
        failed = [errand.error for errand in studio.runs.errands() if errand.error]
        assert not failed
        return result

    return done


@pytest.fixture
def clip(do):
    """A shot with a keyframe and its video of three segments."""
    do("keyframe.generate", shots=["001"], count=1)
    do("video.generate", shots=["001"])
    return "001"


def shown(file):
    """The codes of all frames, at the size in which they can be read."""
    small = ["-vf", f"scale={film_corpus.WIDTH}:{film_corpus.HEIGHT}:flags=area,format=rgb24"]
    raw = film_corpus.ffmpeg("-i", file, *small, "-f", "rawvideo", "-")
    frames = np.frombuffer(raw, np.uint8).reshape(-1, film_corpus.HEIGHT, film_corpus.WIDTH, 3)
    return [film_corpus.code(frame) for frame in frames]


def states(plan):
    return [segment["state"] for segment in plan["segments"]]


def used(plan):
    return [segment["take"] for segment in plan["segments"]]


def clips(backend):
    return [name for name in backend.names() if "." in name]


def test_a_plan_names_what_is_missing(do):
    plan = do("video.plan", shot="001")
    assert plan["lacks"] == ("keyframe",)
    assert sum(segment["used"] for segment in plan["segments"]) == plan["frames"] == 24
    assert states(plan) == ["runs", "follows", "follows"]
    do("shot.set", shots=["001"], field="prompt", value=" ")
    assert do("video.plan", shot="001")["lacks"] == ("prompt", "keyframe")


def test_a_plan_is_exactly_what_a_render_would_run(do, backend):
    do("keyframe.generate", shots=["001"], count=1)
    plan = do("video.plan", shot="001")
    assert (plan["lacks"], plan["runs"], plan["clip"]) == ((), 3, None)
    do("video.generate", shots=["001"])
    assert clips(backend) == ["001.01_v1", "001.02_v1", "001.03_v1"]
    plan = do("video.plan", shot="001")
    assert (plan["runs"], used(plan)) == (0, clips(backend))
    assert plan["clip"]["is_current"]
    do("video.generate", shots=["001"])
    assert len(clips(backend)) == 3


def test_joins_are_where_the_video_goes_over_from_one_clip_into_the_next(do, clip, studio):
    plan = do("video.plan", shot=clip)["clip"]
    codes = shown(studio.desk.project.video(clip))
    assert plan["frames"] == len(codes) == 24
    assert plan["rate"] == (24, 1)
    changes = [n for n in range(1, len(codes)) if codes[n][0] != codes[n - 1][0]]
    assert list(plan["joins"]) == changes


def test_new_words_make_every_segment_run_again(do, clip):
    do("shot.set", shots=[clip], field="prompt", value="A lantern is lit.")
    plan = do("video.plan", shot=clip)
    assert states(plan) == ["runs", "follows", "follows"]
    assert not plan["clip"]["is_current"]


def test_made_again_from_a_segment_on_only_the_later_ones_run(do, clip, backend, studio):
    do("video.again", shot=clip, segment=2, seed=77)
    assert clips(backend)[3:] == ["001.02_v2", "001.03_v2"]
    assert [backend.asked(name)["seed"] for name in clips(backend)[3:]] == [77, 78]
    plan = do("video.plan", shot=clip)
    assert used(plan) == ["001.01_v1", "001.02_v2", "001.03_v2"]
    assert [segment["is_chosen"] for segment in plan["segments"]] == [False, True, True]
    assert plan["clip"]["is_current"]
    seen = {number for number, _ in shown(studio.desk.project.video(clip))}
    assert seen == {backend.clip_of(name) for name in used(plan)}


def test_what_was_made_again_stays_when_the_video_is_asked_for_later(do, clip, backend):
    do("video.again", shot=clip, segment=3)
    before = len(backend.jobs)
    do("video.generate", shots=[clip])
    assert len(backend.jobs) == before
    assert used(do("video.plan", shot=clip))[2] == "001.03_v2"


def test_what_comes_before_stays_as_it_is_though_the_words_are_others_now(do, clip, backend, studio):
    do("shot.set", shots=[clip], field="prompt", value="A lantern is lit.")
    do("video.again", shot=clip, segment=2)
    assert clips(backend)[3:] == ["001.02_v2", "001.03_v2"]
    plan = do("video.plan", shot=clip)
    assert used(plan) == ["001.01_v1", "001.02_v2", "001.03_v2"]
    assert [segment["has_other_words"] for segment in plan["segments"]] == [True, False, False]
    assert stale.of_shot(studio.today(), studio.desk.shot(clip)).video == "fresh"
    assert "words" in [note["word"] for note in plan["notes"]]


def test_a_choice_ends_with_what_it_was_made_for_and_is_back_when_that_is_undone(do, clip):
    do("video.again", shot=clip, segment=2)
    do("shot.set", shots=[clip], field="negative", value="fog")
    assert do("video.plan", shot=clip)["runs"] == 3
    do("undo")
    assert used(do("video.plan", shot=clip)) == ["001.01_v1", "001.02_v2", "001.03_v2"]


def test_a_take_is_chosen_for_a_segment_and_undone(do, clip):
    do("video.again", shot=clip, segment=3)
    assert do("video.choose", shot=clip, segment=3, take="001.03_v1")
    plan = do("video.plan", shot=clip)
    assert (used(plan)[2], plan["clip"]["is_current"]) == ("001.03_v1", True)
    do("undo")
    assert used(do("video.plan", shot=clip))[2] == "001.03_v2"


def test_another_take_in_the_middle_leaves_what_follows_to_run(do, clip, backend):
    do("video.again", shot=clip, segment=2)
    assert do("video.choose", shot=clip, segment=2, take="001.02_v1")  # what followed on it is there still
    assert used(do("video.plan", shot=clip)) == ["001.01_v1", "001.02_v1", "001.03_v1"]
    do("video.again", shot=clip, segment=1)
    with pytest.raises(StudioError, match="does not fit"):
        do("video.choose", shot=clip, segment=2, take="001.02_v1")


def test_another_keyframe_makes_a_choice_void(do, clip):
    do("video.again", shot=clip, segment=1)
    do("keyframe.again", shot=clip, seed=9, choose=True)
    plan = do("video.plan", shot=clip)
    assert plan["runs"] == 3
    assert not any(take["fits"] for take in plan["segments"][0]["takes"])


def test_a_shot_goes_on_where_another_ends_as_one_step(do, clip, studio):
    id = do("video.continue", shot=clip)
    board = studio.desk.board
    assert [shot.id for shot in board.shots] == ["001", id, "002"]
    start = studio.desk.shot(id).start_image
    assert start.parent == studio.desk.project.folder / "references"
    assert shown(start)[-1] == shown(studio.desk.project.video(clip))[-1]
    do("undo")
    assert [shot.id for shot in studio.desk.board.shots] == ["001", "002"]


def test_a_shot_that_goes_on_needs_a_video_to_go_on_from(do):
    with pytest.raises(StudioError, match="has no video yet"):
        do("video.continue", shot="001")


def test_a_shot_that_goes_on_is_rendered_from_the_last_frame(do, clip, backend, studio):
    id = do("video.continue", shot=clip)
    do("shot.set", shots=[id], field="prompt", value="Moths come.")
    plan = do("video.plan", shot=id)
    assert (plan["lacks"], plan["start"].split("/")[0]) == ((), "references")
    do("video.generate", shots=[id])
    assert do("video.plan", shot=id)["clip"]["is_current"]
    assert probe(studio.desk.project.video(id)).frames == 24


def test_an_end_image_without_a_place_is_told_with_the_workflows_that_have_one(do, clip, studio):
    end = studio.desk.project.keyframe(clip)
    do("shot.set", shots=[clip], field="end_image", value=str(end))
    note = next(note for note in do("video.plan", shot=clip)["notes"] if note["word"] == "end")
    assert "first and last frame" in note["values"]["others"]
    studio.set(video_workflow="video_wan22_first_last")
    plan = do("video.plan", shot=clip)
    assert plan["takes_end"] and not plan["notes"]


def test_made_again_is_refused_where_there_is_no_such_segment(do, clip):
    with pytest.raises(StudioError, match="no segment 4"):
        do("video.again", shot=clip, segment=4)


def test_a_video_made_twice_at_once_is_made_one_after_the_other(studio, do, clip):
    first = carry_out(DEEDS, "video.again", studio, {"shot": clip, "segment": 1, "seed": 1})
    second = carry_out(DEEDS, "video.again", studio, {"shot": clip, "segment": 1, "seed": 2})
    waits = {errand.id: errand.after for errand in studio.runs.errands()}
    assert waits[second[0]] in ((first[0],), ())  # nothing to wait for when the first was quick
    do("video.plan", shot=clip)
    assert do("video.plan", shot=clip)["clip"]["is_current"]
