"""Seams between segments: drift is seen and taken back, and where there is none nothing is touched."""

import numpy as np
import pytest

from infrastructure import colour
from services.film import Segment, shot_video
from tests import film_corpus
from tests.film_corpus import HEIGHT, WIDTH, X264, Kind
from tests.test_film import AT_24, encoded, finish

FRAMES, SEGMENTS = 9, 6


def scene(number, seed=0):
    """Many colours, a slow move and grain, as a model would paint it."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    rng = np.random.default_rng(seed)
    pixels = np.zeros((HEIGHT, WIDTH, 3))
    for _ in range(24):
        at_x, at_y, size = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT), rng.uniform(8, 40)
        spot = np.exp(-(((x - at_x - number * 0.5) ** 2 + (y - at_y) ** 2) / size**2))
        pixels += spot[..., None] * rng.uniform(20, 150, 3)
    grain = np.random.default_rng(number + 1000).normal(0, 2, pixels.shape)
    return np.clip(pixels * 0.6 + 25 + grain, 0, 255)


def drifted(pixels, strength):
    """What a model adds on each pass: a little contrast, warmth and saturation."""
    grey = pixels.mean(-1, keepdims=True)
    warm = np.array([1 + 0.02 * strength, 1.0, 1 - 0.02 * strength])
    return np.clip(((pixels - grey) * (1 + 0.03 * strength) + grey) * warm + 1.5 * strength, 0, 255)


def drifting_chain(folder, per_segment, crf=19):
    folder.mkdir(exist_ok=True)
    segments = []
    for n in range(SEGMENTS):
        pictures = [
            drifted(scene(n * (FRAMES - 1) + k), n * per_segment).astype(np.uint8) for k in range(FRAMES)
        ]
        path = film_corpus.encode(pictures, folder / f"{n}.mp4", Kind(encoder=(*X264, "-crf", str(crf))))
        segments.append(Segment(path, FRAMES - bool(n), first=int(n > 0)))
    return segments


def shot_of(segments, folder, **options):
    frames = sum(segment.frames for segment in segments)
    return finish(shot_video(segments, folder / "shot.mp4", AT_24, frames, folder / "cache", **options))[1]


def distances(video):
    """ΔE of each frame to the scene as it was meant, on an eighth of the size."""
    show = [
        "-vf",
        "scale=flags=accurate_rnd+full_chroma_int+full_chroma_inp",
        "-pix_fmt",
        "rgb24",
        "-f",
        "rawvideo",
    ]
    raw = np.frombuffer(film_corpus.ffmpeg("-i", video, *show, "-"), np.uint8).reshape(-1, HEIGHT, WIDTH, 3)
    return [colour.difference(small(frame), small(scene(n))) for n, frame in enumerate(raw)]


def small(pixels):
    return pixels.reshape(HEIGHT // 8, 8, WIDTH // 8, 8, 3).mean((1, 3)) / 255


def test_a_drift_that_grows_from_segment_to_segment_is_taken_back(tmp_path):
    segments = drifting_chain(tmp_path, per_segment=2)

    as_it_came = shot_of(segments, tmp_path / "raw", match_colour=False)
    matched = shot_of(segments, tmp_path / "matched")

    assert distances(as_it_came.path)[-1] > 8
    assert max(distances(matched.path)) < 2.5
    assert len(matched.drift) == SEGMENTS - 1
    assert np.mean(matched.drift_left) < np.mean(matched.drift) / 2
    assert as_it_came.drift == []


@pytest.mark.parametrize("crf", [15, 28])
def test_without_drift_nothing_is_touched(tmp_path, crf):
    segments = drifting_chain(tmp_path, per_segment=0, crf=crf)

    shot = shot_of(segments, tmp_path)
    shot_of(segments, tmp_path / "plain", match_colour=False)

    assert shot.drift == shot.drift_left
    assert not list(tmp_path.rglob("*.cube"))
    assert {path.name for path in encoded(tmp_path / "cache")} == {
        path.name for path in encoded(tmp_path / "plain" / "cache")
    }


def test_a_single_jump_is_carried_through_the_segments_after_it(tmp_path):
    """Segments 2 and 3 agree with each other; both are off, so both are corrected."""
    for n, strength in enumerate((0, 4, 4)):
        pictures = [drifted(scene(n * 8 + k), strength).astype(np.uint8) for k in range(FRAMES)]
        film_corpus.encode(pictures, tmp_path / f"{n}.mp4")
    segments = [Segment(tmp_path / f"{n}.mp4", FRAMES - bool(n), first=int(n > 0)) for n in range(3)]

    shot = shot_of(segments, tmp_path)

    assert max(distances(shot.path)) < 2
    assert shot.drift[0] > 3
    assert shot.drift[1] > 3  # against the corrected side, which is what is seen
    assert max(shot.drift_left) < 1.5


def test_different_pictures_are_never_matched(tmp_path):
    for n in range(2):
        pictures = [drifted(scene(k, seed=n), 3 * n).astype(np.uint8) for k in range(FRAMES)]
        film_corpus.encode(pictures, tmp_path / f"{n}.mp4")
    shot = shot_of([Segment(tmp_path / f"{n}.mp4", FRAMES) for n in range(2)], tmp_path)
    assert shot.drift == shot.drift_left
    assert not list(tmp_path.rglob("*.cube"))


def test_a_fade_to_black_is_no_drift(tmp_path):
    for n in range(2):
        pictures = [np.full((HEIGHT, WIDTH, 3), 2 + 2 * n, np.uint8)] * FRAMES
        film_corpus.encode(pictures, tmp_path / f"{n}.mp4")
    shot = shot_of([Segment(tmp_path / f"{n}.mp4", FRAMES) for n in range(2)], tmp_path)
    assert max(shot.drift_left) < 2


def test_matching_equal_pictures_changes_nothing():
    one = small(scene(3))
    assert colour.difference(colour.corrected(one, colour.match(one, one)), one) < 0.01


def test_matching_finds_what_was_done_to_a_picture_though_something_moved():
    before = small(scene(3))
    after = small(drifted(scene(3), 4))
    after[:4, :5] = 1  # something bright came in
    correction = colour.match(after, before)
    assert colour.difference(colour.corrected(after, correction)[4:], before[4:]) < 0.3


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [((1, 1, 1), (0, 0, 0), 100), ((1, 0, 0), (0, 1, 0), 170.58), ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5), 0)],
)
def test_distances_are_those_of_the_books(one, other, distance):
    """White to black, sRGB red to green: known distances in Lab, D65."""
    assert colour.difference(
        np.full((2, 2, 3), one, float), np.full((2, 2, 3), other, float)
    ) == pytest.approx(distance, abs=0.05)


def test_a_cube_file_does_what_the_correction_does(tmp_path):
    correction = np.array([[0.9, 0.02, 0], [0.05, 1.05, 0], [0, 0, 0.85], [0.01, -0.02, 0.03]])
    cube = colour.write_cube(correction, tmp_path / "m.cube")
    pixels = scene(5).astype(np.uint8)
    lut = ["-vf", f"format=gbrp,lut3d={cube.name},format=rgb24"]
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-i", "-"]
    raw = film_corpus.ffmpeg(
        *source,
        *(lut[0], lut[1].replace(cube.name, str(cube))),
        "-f",
        "rawvideo",
        "-",
        stdin=pixels.tobytes(),
    )
    mended = np.frombuffer(raw, np.uint8).reshape(HEIGHT, WIDTH, 3) / 255
    assert np.abs(mended - colour.corrected(pixels / 255, correction)).max() < 1.6 / 255
