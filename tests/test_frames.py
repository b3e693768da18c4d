"""The frame that was asked for is the frame that comes, out of every kind of file."""

from fractions import Fraction

import numpy as np
import pytest

from infrastructure.clip_frames import first_frame, frame, last_frame
from infrastructure.clip_probe import packets, packets_at_end, probe
from tests import film_corpus
from tests.film_corpus import KINDS, code, make, pixels_of


@pytest.fixture(params=KINDS, scope="module")
def sample(request, tmp_path_factory):
    """One clip of each kind, with how it was made."""
    kind = KINDS[request.param]
    return make(kind, 5, tmp_path_factory.mktemp("corpus")), kind


def seen(png, kind):
    return code(np.rot90(pixels_of(png), -kind.quarter_turns))


def test_frames_are_counted_as_they_are_shown(sample):
    clip, kind = sample
    assert probe(clip).frames == len(kind.shown)


def test_first_middle_and_last_frame_are_the_true_ones(sample, tmp_path):
    clip, kind = sample
    middle = len(kind.shown) // 2

    assert seen(first_frame(clip, tmp_path / "first.png"), kind) == (5, kind.shown[0])
    assert seen(frame(clip, middle, tmp_path / "middle.png"), kind) == (5, kind.shown[middle])
    assert seen(last_frame(clip, tmp_path / "last.png"), kind) == (5, kind.shown[-1])
    assert not list(tmp_path.glob("*.part"))


def test_rates_are_exact_and_uneven_ones_are_noticed(sample):
    clip, kind = sample
    found = probe(clip)

    assert found.is_even == (not kind.durations)
    if found.is_even:
        assert abs(found.fps / kind.fps - 1) < Fraction(1, 1000)
    if clip.suffix in (".mp4", ".mov") and found.is_even:
        assert found.fps == kind.fps


def test_only_a_plain_clip_counts_as_plain(sample):
    clip, kind = sample
    has_plain_container = clip.suffix in (".mp4", ".mov")
    is_odd = kind.durations or kind.first or kind.quarter_turns

    assert probe(clip).has_audio == bool(kind.sound)
    assert probe(clip).is_plain == bool(has_plain_container and not is_odd and not kind.sound)


def test_every_frame_can_be_asked_for(tmp_path):
    clip = make(KINDS["h264 with open groups"], 9, tmp_path)
    found = [code(pixels_of(frame(clip, n, tmp_path / "one.png"))) for n in range(-30, 30, 3)]
    assert found == [(9, n % 30) for n in range(-30, 30, 3)]


def test_the_end_of_a_long_clip_is_read_without_the_rest(tmp_path):
    clip = make(KINDS["h264 with open groups"], 3, tmp_path)
    end, all_of_it = packets_at_end(clip), packets(clip)
    assert end.shown[-1] == all_of_it.shown[-1]
    assert len(end.packets) < len(all_of_it.packets) / 2


def test_a_turned_clip_has_the_size_it_is_seen_in(tmp_path):
    turned = probe(make(KINDS["rotated"], 1, tmp_path))
    assert (turned.width, turned.height) == (film_corpus.HEIGHT, film_corpus.WIDTH)


def test_a_cover_picture_is_not_taken_for_the_film(tmp_path):
    clip = make(KINDS["h264"], 2, tmp_path)
    cover = film_corpus.animation([film_corpus.picture(60, 60)], tmp_path / "cover.png", 40)
    both = tmp_path / "both.mp4"
    film_corpus.ffmpeg(
        *(
            "-i",
            cover,
            "-i",
            clip,
            "-map",
            0,
            "-map",
            1,
            "-c",
            "copy",
            "-disposition:v:0",
            "attached_pic",
            both,
        )
    )
    assert code(pixels_of(last_frame(both, tmp_path / "last.png"))) == (2, 29)


def test_odd_names_are_only_names(tmp_path):
    folder = tmp_path / "it's 50% – [a:b] ünï"
    clip = make(KINDS["h264"], 4, folder).rename(folder / "-clip %03d 'x';$HOME.mp4")
    assert code(pixels_of(last_frame(clip, folder / "%d.png"))) == (4, 29)


def test_a_picture_carries_no_hidden_gamma(tmp_path):
    png = last_frame(make(KINDS["h264"], 1, tmp_path), tmp_path / "last.png").read_bytes()
    assert b"gAMA" not in png
    assert b"cHRM" not in png


def test_ten_generations_from_picture_to_clip_to_picture_keep_their_colours(tmp_path):
    first = film_corpus.picture(7, 0)
    pixels = first
    for generation in range(10):
        clip = film_corpus.encode([pixels] * 5, tmp_path / f"{generation}.mp4")
        pixels = pixels_of(last_frame(clip, tmp_path / f"{generation}.png"))
    shift = pixels.astype(float).mean((0, 1)) - first.astype(float).mean((0, 1))
    assert np.abs(shift).max() <= 1
