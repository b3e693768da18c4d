"""Segments into a shot: exactly the frames asked for, the shared one only once."""

import os
from fractions import Fraction

import pytest

from domain.errors import StudioError
from domain.events import Told
from infrastructure.clip_probe import probe
from services.film import Format, Segment, shot_video
from tests import film_corpus
from tests.film_corpus import HEIGHT, KINDS, WIDTH, Kind, codes, make, of, picture
from tests.test_film import AT_24, encoded, finish, has_exact_times


def chain(folder, count, frames=17, fps=Fraction(24)):
    """Clips that go on from each other: the first frame of one is the last of the one before."""
    clips = []
    for number in range(count):
        start = number * (frames - 1)
        pictures = [picture(1, start + n) for n in range(frames)]
        clips.append(film_corpus.encode(pictures, folder / f"001.{number + 1:02}.mp4", Kind(fps=fps)))
    return clips


def chained(clips, frames=17):
    return [Segment(clip, frames - bool(n), first=int(n > 0)) for n, clip in enumerate(clips)]


def test_the_frame_two_segments_share_is_shown_once(tmp_path):
    segments = chained(chain(tmp_path, 3))
    _, shot = finish(shot_video(segments, tmp_path / "001.mp4", AT_24, 49, tmp_path / "cache"))
    assert codes(shot.path) == of(1, range(49))
    assert (shot.frames, shot.reused) == (49, False)
    assert has_exact_times(shot.path, 24)


def test_a_shot_is_cut_to_the_frame(tmp_path):
    segments = chained(chain(tmp_path, 3))
    for frames in (1, 16, 17, 18, 40):
        _, shot = finish(shot_video(segments, tmp_path / "001.mp4", AT_24, frames, tmp_path / "cache"))
        assert codes(shot.path) == of(1, range(frames))


def test_a_shot_that_runs_out_holds_its_last_frame_and_says_so(tmp_path):
    segments = chained(chain(tmp_path, 2))
    told, shot = finish(shot_video(segments, tmp_path / "001.mp4", AT_24, 40, tmp_path / "cache"))
    assert codes(shot.path) == of(1, [*range(33), *[32] * 7])
    assert Told("001.02.mp4 is too short for its shot: its last frame is held for 7 frames.") in told


def test_a_clip_shorter_than_planned_gives_what_it_has(tmp_path):
    first, second = chain(tmp_path, 2)
    segments = [Segment(first, 99), Segment(second, 99, first=1)]
    told, shot = finish(shot_video(segments, tmp_path / "001.mp4", AT_24, 33, tmp_path / "cache"))
    assert codes(shot.path) == of(1, range(33))
    assert not [event for event in told if isinstance(event, Told)]


@pytest.mark.parametrize("fps", [16, 25, 30])
def test_segments_of_another_rate_keep_their_speed_over_the_seams(tmp_path, fps):
    segments = chained(chain(tmp_path, 4, fps=Fraction(fps)))
    frames = round(65 * 24 / fps)

    _, shot = finish(shot_video(segments, tmp_path / "001.mp4", AT_24, frames, tmp_path / "cache"))

    shown = [number for _, number in codes(shot.path)]
    assert len(shown) == frames
    assert shown == sorted(shown)
    assert max(abs(number - n * fps / 24) for n, number in enumerate(shown)) <= 1.5
    assert has_exact_times(shot.path, 24)


def test_a_single_clip_that_fits_is_linked_as_it_is(tmp_path):
    clip = make(KINDS["h264"], 1, tmp_path)
    to = tmp_path / "videos" / "001.mp4"

    for _ in range(2):  # the second time over a link to the very same file
        _, shot = finish(shot_video([Segment(clip, 30)], to, AT_24, 30, tmp_path / "cache"))
        (tmp_path / "cache" / "made").rename(tmp_path / f"forgotten_{os.urandom(4).hex()}")
        assert to.samefile(clip)
        assert not shot.reused

    assert not encoded(tmp_path / "cache")
    assert not list(tmp_path.rglob("*.part"))


def test_where_links_cannot_be_made_the_clip_is_copied(tmp_path, monkeypatch):
    def refuse(source, to):
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    clip, to = make(KINDS["h264"], 1, tmp_path), tmp_path / "videos" / "001.mp4"
    finish(shot_video([Segment(clip, 30)], to, AT_24, 30, tmp_path / "cache"))
    assert not to.samefile(clip)
    assert to.read_bytes() == clip.read_bytes()


@pytest.mark.parametrize("why", ["part of it", "another size", "another rate", "another container"])
def test_a_single_clip_that_does_not_fit_is_encoded(tmp_path, why):
    clip = make(KINDS["matroska" if why == "another container" else "h264"], 1, tmp_path)
    frames = 20 if why == "part of it" else 30
    size = (96, 64) if why == "another size" else (WIDTH, HEIGHT)
    fps = Fraction(30 if why == "another rate" else 24)

    _, shot = finish(
        shot_video(
            [Segment(clip, frames)], tmp_path / "001.mp4", Format(fps, size), frames, tmp_path / "cache"
        )
    )

    made = probe(shot.path)
    assert (made.frames, made.fps, (made.width, made.height)) == (frames, fps, size)
    assert made.is_plain
    assert len(encoded(tmp_path / "cache")) == 1


def test_an_equal_shot_is_not_made_again_and_a_changed_one_is(tmp_path):
    clips = chain(tmp_path, 2)
    to, cache = tmp_path / "001.mp4", tmp_path / "cache"
    _, first = finish(shot_video(chained(clips), to, AT_24, 33, cache))
    _, again = finish(shot_video(chained(clips), to, AT_24, 33, cache))
    _, shorter = finish(shot_video(chained(clips), to, AT_24, 30, cache))
    clips[1].write_bytes(clips[0].read_bytes())
    _, changed = finish(shot_video(chained(clips), to, AT_24, 30, cache))

    assert [shot.reused for shot in (first, again, shorter, changed)] == [False, True, False, False]
    assert (again.drift, again.drift_left) == (first.drift, first.drift_left)
    assert len(first.drift) == 1


def test_what_was_encoded_once_is_not_encoded_again(tmp_path):
    clips = chain(tmp_path, 3)
    to, cache = tmp_path / "001.mp4", tmp_path / "cache"
    finish(shot_video(chained(clips), to, AT_24, 49, cache))
    before = set(encoded(cache))
    finish(shot_video(chained(clips), to, AT_24, 45, cache))
    assert len(set(encoded(cache)) - before) == 1  # the one that is shorter now


def test_a_segment_without_frames_is_refused(tmp_path):
    clip = make(KINDS["one frame"], 1, tmp_path)
    with pytest.raises(StudioError, match="has 1 frames, and none from 1 on"):
        finish(shot_video([Segment(clip, 1, first=1)], tmp_path / "x.mp4", AT_24, 1, tmp_path / "cache"))


def test_sound_of_a_shot_is_told_of(tmp_path):
    clip = make(KINDS["sound shorter than picture"], 1, tmp_path)
    told, shot = finish(shot_video([Segment(clip, 30)], tmp_path / "001.mp4", AT_24, 30, tmp_path / "cache"))
    assert Told("The sound of 1 clip is not in the film yet.") in told
    assert codes(shot.path) == of(1, range(30))
    assert not probe(shot.path).has_audio
