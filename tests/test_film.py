"""Shots into a film: every frame once, in order, and nothing encoded that need not be."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from domain.errors import BadFile, StudioError
from domain.events import Progress, Told
from infrastructure import clip_parts
from infrastructure.clip_probe import packets, probe
from services.film import Film, Format, join
from tests import film_corpus
from tests.film_corpus import HEIGHT, KINDS, NTSC, WIDTH, X264, Kind, code, codes, make, of

SIZE = (WIDTH, HEIGHT)
AT_24 = Format(Fraction(24), SIZE)


def finish(work):
    """All a piece of work told, and what it made."""
    told = []
    while True:
        try:
            told.append(next(work))
        except StopIteration as end:
            return told, end.value


def encoded(cache):
    """The pieces that were encoded into a cache."""
    pieces = cache.rglob("parts/*/*.mp4")
    return [path for path in pieces if not path.name.startswith("black") and ".silent" not in path.name]


def has_exact_times(film, fps):
    table = packets(film)
    steps = {b - a for a, b in zip(table.shown, table.shown[1:], strict=False)}
    return table.shown[0] == 0 and steps == {1 / (fps * table.time_base)}


AGREEING = ("h264", "h264 without b-frames", "h264 with open groups", "untagged colours", "full range")
UNLIKE = (
    "4:4:4 in 10 bits",
    "sound longer than picture",
    "hevc",
    "prores",
    "vp9",
    "av1",
    "matroska",
    "late start",
)


@pytest.mark.parametrize("fps", [Fraction(24), NTSC, Fraction(30000, 1001)], ids=str)
def test_a_film_of_unlike_clips_shows_every_frame_once_in_order(tmp_path, fps):
    kinds = [replace(KINDS[name], fps=fps, frames=13) for name in (*AGREEING, *UNLIKE, "one frame")]
    clips = [make(kind, number, tmp_path / str(number)) for number, kind in enumerate(kinds)]

    _, film = finish(join(clips, tmp_path / "film.mp4", Format(fps, SIZE), tmp_path / "cache"))

    expected = [seen for number in range(len(kinds)) for seen in of(number, range(13))]
    assert codes(film.path) == expected
    assert film == Film(tmp_path / "film.mp4", len(expected), reused=False)
    assert has_exact_times(film.path, fps)


@pytest.mark.parametrize(
    "name", ["gif", "animated webp", "animated png", "edit list", "rotated", "uneven mp4"]
)
def test_any_kind_of_clip_can_go_into_a_film(tmp_path, name):
    kind = KINDS[name]
    clips = [make(KINDS["h264"], 1, tmp_path), make(kind, 2, tmp_path), make(KINDS["h264"], 3, tmp_path)]

    _, film = finish(join(clips, tmp_path / "film.mp4", AT_24, tmp_path / "cache"))

    between = film.frames - 60
    assert abs(between - probe(clips[1]).seconds * 24) <= 0.5
    if not kind.quarter_turns:
        assert codes(film.path)[30 : 30 + between] == sorted(codes(film.path)[30 : 30 + between])
        assert codes(film.path)[30] == (2, kind.first)
        assert codes(film.path)[-31] == (2, 29)
        assert codes(film.path)[-30:] == of(3, range(30))


@pytest.mark.parametrize(("source", "film_fps"), [(16, 24), (30, 24), (24, 30), (25, 24)])
def test_another_rate_keeps_its_real_speed(tmp_path, source, film_fps):
    clip = make(Kind(fps=Fraction(source), frames=81), 1, tmp_path)

    _, film = finish(
        join([clip], tmp_path / "film.mp4", Format(Fraction(film_fps), SIZE), tmp_path / "cache")
    )

    assert film.frames == int(81 * film_fps / source + 0.5)
    shown = [number for _, number in codes(film.path)]
    expected = np.minimum(np.arange(film.frames) * source / film_fps, 80)
    assert np.abs(shown - expected).max() <= 0.75
    assert shown == sorted(shown)
    assert has_exact_times(film.path, film_fps)


def test_short_clips_of_nearly_the_same_rate_go_frame_by_frame(tmp_path):
    clips = [make(Kind(fps=NTSC), 1, tmp_path), make(Kind(fps=Fraction(2997, 125)), 2, tmp_path)]
    _, film = finish(join(clips, tmp_path / "film.mp4", AT_24, tmp_path / "cache"))
    assert codes(film.path) == of(1, range(30)) + of(2, range(30))


def test_agreeing_clips_are_joined_without_encoding(tmp_path):
    clips = [make(KINDS["h264"], number, tmp_path) for number in (1, 2, 3)]

    _, film = finish(join(clips, tmp_path / "film.mp4", AT_24, tmp_path / "cache"))

    assert not encoded(tmp_path / "cache")
    assert codes(film.path) == of(1, range(30)) + of(2, range(30)) + of(3, range(30))
    assert pixels(film.path) == b"".join(map(pixels, clips))


def pixels(video):
    return film_corpus.ffmpeg("-i", video, "-f", "rawvideo", "-")


@pytest.mark.parametrize("lengths", [(49, 20, 10), (1, 30, 2, 30, 1, 1)], ids=str)
def test_clips_of_any_length_are_joined_so_that_every_reader_counts_the_same_frames(tmp_path, lengths):
    """20 frames are no whole number of milliseconds, and 1 or 2 frames are decoded in another order."""
    clips = [make(Kind(frames=frames), n, tmp_path) for n, frames in enumerate(lengths)]

    _, film = finish(join(clips, tmp_path / "film.mp4", AT_24, tmp_path / "cache"))

    assert not encoded(tmp_path / "cache")
    assert has_exact_times(film.path, 24)
    assert codes(film.path) == [seen for n, frames in enumerate(lengths) for seen in of(n, range(frames))]
    assert len(pixels(film.path)) == sum(lengths) * SIZE[0] * SIZE[1] * 3 // 2  # by the clock


def test_clips_that_differ_only_in_sound_are_joined_without_encoding(tmp_path):
    clips = [make(KINDS["h264"], 1, tmp_path), make(KINDS["sound longer than picture"], 2, tmp_path)]

    told, film = finish(join(clips, tmp_path / "film.mp4", AT_24, tmp_path / "cache"))

    assert not encoded(tmp_path / "cache")
    assert codes(film.path) == of(1, range(30)) + of(2, range(30))
    assert Told("The sound of 1 clip is not in the film yet.") in told
    assert not probe(film.path).has_audio


def test_sound_is_told_of_once_for_all_clips(tmp_path):
    clips = [make(KINDS["sound shorter than picture"], number, tmp_path) for number in (1, 2)]
    told, _ = finish(join(clips, tmp_path / "film.mp4", AT_24, tmp_path / "cache"))
    assert [e for e in told if isinstance(e, Told)] == [Told("The sound of 2 clips is not in the film yet.")]


def test_only_the_clip_that_does_not_agree_is_encoded(tmp_path):
    cache = tmp_path / "cache"
    foreign = [make(KINDS["vp9"], number, tmp_path) for number in (1, 2, 3)]
    house_made = [finish(join([c], tmp_path / f"{c.stem}.mp4", AT_24, cache))[1].path for c in foreign[:2]]
    before = set(encoded(cache))

    _, film = finish(join([*house_made, foreign[2]], tmp_path / "film.mp4", AT_24, cache))

    assert len(set(encoded(cache)) - before) == 1
    assert codes(film.path) == of(1, range(30)) + of(2, range(30)) + of(3, range(30))


def test_an_equal_film_is_not_made_again(tmp_path):
    clips = [make(KINDS["h264"], number, tmp_path) for number in (1, 2)]
    to, cache = tmp_path / "film.mp4", tmp_path / "cache"
    _, first = finish(join(clips, to, AT_24, cache))
    stands_since = to.stat().st_mtime_ns

    told, again = finish(join(clips, to, AT_24, cache))

    assert (first.reused, again.reused) == (False, True)
    assert again.frames == first.frames
    assert not told
    assert to.stat().st_mtime_ns == stands_since


@pytest.mark.parametrize("change", ["content", "order", "rate", "size", "film", "film gone", "cache gone"])
def test_a_film_is_made_again_when_anything_changed(tmp_path, change):
    clips = [make(KINDS["h264"], number, tmp_path) for number in (1, 2)]
    to, cache, wanted = tmp_path / "film.mp4", tmp_path / "cache", AT_24
    finish(join(clips, to, wanted, cache))

    match change:
        case "content":
            clips[1].write_bytes(make(KINDS["h264"], 9, tmp_path / "new").read_bytes())
        case "order":
            clips.reverse()
        case "rate":
            wanted = replace(wanted, fps=Fraction(30))
        case "size":
            wanted = replace(wanted, size=(96, 64))
        case "film":
            to.write_bytes(clips[0].read_bytes())
        case "film gone":
            to.unlink()
        case "cache gone":
            for path in (cache / "made").glob("*"):
                path.unlink()
    _, film = finish(join(clips, to, wanted, cache))

    assert not film.reused
    if change != "size":
        first_of_each = [c for c, number in codes(to) if number == 0]
        assert list(dict.fromkeys(first_of_each)) == [probe_code(clip) for clip in clips]


def probe_code(clip):
    return codes(clip)[0][0]


def test_progress_rises_to_the_end(tmp_path):
    clips = [make(KINDS[name], 1, tmp_path / name) for name in ("vp9", "hevc", "prores")]
    told, _ = finish(join(clips, tmp_path / "film.mp4", AT_24, tmp_path / "cache"))
    fractions = [event.fraction for event in told if isinstance(event, Progress)]
    fitting = fractions[:-1]
    assert fitting == sorted(fitting)
    assert fractions[-1] == 1


@pytest.mark.parametrize(("shape", "has_bars"), [((128, 192), False), ((124, 192), False), ((96, 192), True)])
def test_another_shape_is_cropped_a_little_or_gets_bars(tmp_path, shape, has_bars):
    bright = [np.full((*shape, 3), 200, np.uint8)] * 5
    clip = film_corpus.encode(bright, tmp_path / "a.mp4")

    _, film = finish(join([clip], tmp_path / "film.mp4", AT_24, tmp_path / "cache"))

    made = probe(film.path)
    assert (made.width, made.height) == SIZE
    raw = film_corpus.ffmpeg("-i", film.path, "-frames:v", 1, "-pix_fmt", "rgb24", "-f", "rawvideo", "-")
    edge = np.frombuffer(raw, np.uint8).reshape(HEIGHT, WIDTH, 3)[:6]
    assert edge.mean() == pytest.approx(0 if has_bars else 200, abs=5)


def test_stretched_pixels_are_shown_as_they_are_meant(tmp_path):
    narrow = film_corpus.encode([np.full((128, 96, 3), 200, np.uint8)] * 3, tmp_path / "a.mp4")
    wide = tmp_path / "wide.mp4"
    film_corpus.ffmpeg("-i", narrow, "-vf", "setsar=2", *X264, wide)

    _, film = finish(join([wide], tmp_path / "film.mp4", AT_24, tmp_path / "cache"))

    raw = film_corpus.ffmpeg("-i", film.path, "-frames:v", 1, "-pix_fmt", "rgb24", "-f", "rawvideo", "-")
    assert np.frombuffer(raw, np.uint8).min() > 180


def test_an_odd_size_becomes_the_even_one_below(tmp_path):
    clip = make(KINDS["h264"], 1, tmp_path)
    wanted = Format(Fraction(24), (WIDTH + 1, HEIGHT + 1))
    _, film = finish(join([clip], tmp_path / "film.mp4", wanted, tmp_path / "cache"))
    assert (probe(film.path).width, probe(film.path).height) == SIZE


def test_names_with_quotes_and_percents_can_be_joined(tmp_path):
    folder = tmp_path / "it's 50% – [a:b] ünï"
    clips = [make(KINDS["h264"], number, folder) for number in (1, 2)]
    clips = [clip.rename(folder / f"-{clip.stem} 'x' \\ %d.mp4") for clip in clips]
    _, film = finish(join(clips, folder / "the film's.mp4", AT_24, folder / "cache"))
    assert codes(film.path) == of(1, range(30)) + of(2, range(30))


def test_no_videos_make_no_film(tmp_path):
    with pytest.raises(StudioError, match=r"no videos to join into film\.mp4"):
        finish(join([], tmp_path / "film.mp4", AT_24, tmp_path / "cache"))


@pytest.mark.parametrize("content", [b"", b"not a video"])
def test_a_broken_video_is_named_and_the_old_film_stays(tmp_path, content):
    clip, broken, to = make(KINDS["h264"], 1, tmp_path), tmp_path / "002.mp4", tmp_path / "film.mp4"
    broken.write_bytes(content)
    to.write_bytes(b"the old film")
    with pytest.raises(BadFile, match=r"002\.mp4 is "):
        finish(join([clip, broken], to, AT_24, tmp_path / "cache"))
    assert to.read_bytes() == b"the old film"


def test_a_film_that_lost_a_frame_does_not_stand(tmp_path, monkeypatch):
    clips = [make(KINDS["h264"], number, tmp_path) for number in (1, 2)]
    whole = clip_parts.put_together
    monkeypatch.setattr(clip_parts, "put_together", lambda parts, to, fps: whole(parts[:1], to, fps))

    with pytest.raises(StudioError, match=r"30 frames .* instead of 60"):
        finish(join(clips, tmp_path / "film.mp4", AT_24, tmp_path / "cache"))

    assert not (tmp_path / "film.mp4").exists()
    assert not list(tmp_path.rglob("*.part"))


def test_the_film_can_start_before_it_is_loaded(tmp_path):
    clips = [make(KINDS["h264"], number, tmp_path) for number in (1, 2)]
    _, film = finish(join(clips, tmp_path / "film.mp4", AT_24, tmp_path / "cache"))
    content = film.path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


@pytest.mark.parametrize("name", ["h264", "untagged colours", "full range", "animated png"])
def test_the_film_says_which_colours_it_means(tmp_path, name):
    clips = [make(KINDS[name], 1, tmp_path), make(KINDS["vp9"], 2, tmp_path)]
    _, film = finish(join(clips, tmp_path / "film.mp4", AT_24, tmp_path / "cache"))
    assert "yuv420p(tv, bt709, progressive)" in packets(film.path).said


def test_colours_stay_what_they_were(tmp_path):
    """Whatever the clip was written in, the film shows it as the picture was painted."""
    names = ("h264", "untagged colours", "full range", "4:4:4 in 10 bits", "vp9", "prores", "animated png")
    wanted = film_corpus.picture(1, 29).astype(float)
    for name in names:
        clip = make(KINDS[name], 1, tmp_path / name)
        _, film = finish(join([clip], tmp_path / name / "film.mp4", AT_24, tmp_path / "cache"))
        filters = "scale=flags=lanczos+accurate_rnd+full_chroma_int+full_chroma_inp"
        show = ["-vf", filters, "-pix_fmt", "rgb24", "-f", "rawvideo", "-"]
        last = np.frombuffer(film_corpus.ffmpeg("-i", film.path, *show), np.uint8).reshape(
            -1, HEIGHT, WIDTH, 3
        )[-1]
        assert code(last)[0] == 1
        assert np.abs(last.astype(float).mean((0, 1)) - wanted.mean((0, 1))).max() < 1.5, name
