"""Small copies: thumbnails of anything, and videos that a browser steps through frame by frame."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from domain.errors import BadFile, StudioError
from domain.events import Failed, Progress, Saved
from domain.project import Project
from infrastructure import ffmpeg
from infrastructure import proxies as files
from infrastructure.clip_probe import packets, probe
from infrastructure.part_files import writing
from infrastructure.project_files import leftovers_removed
from infrastructure.project_lock import locked
from services import proxies
from tests import film_corpus
from tests.film_corpus import KINDS, codes, make, of, picture
from tests.folders import aged
from tests.test_cut_film import a_project
from tests.test_film import finish, has_exact_times

FPS = Fraction(24)


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "film")


def saved(image, path, **options):
    image.save(path, **options)
    return path


def colour(path):
    """The mean of a picture's colours."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), float).mean((0, 1))


# --- thumbnails -----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".gif", ".bmp", ".tiff"])
def test_a_picture_becomes_a_small_webp_in_its_colours(project, tmp_path, suffix):
    source = saved(Image.fromarray(picture(1, 3)).resize((960, 640)), tmp_path / f"a{suffix}")
    small = proxies.thumbnail(project, source, 240)
    with Image.open(small) as image:
        assert (image.format, image.size) == ("WEBP", (240, 160))
    assert small.parent == project.cache / "thumbs"
    assert np.abs(colour(small) - colour(source)).max() < 3


@pytest.mark.parametrize("name", ["h264", "vp9", "animated webp", "rotated"])
def test_a_video_is_shown_by_its_first_frame(project, tmp_path, name):
    small = proxies.thumbnail(project, make(KINDS[name], 1, tmp_path), 96)
    assert np.abs(colour(small) - picture(1, 0).astype(float).mean((0, 1))).max() < 3


@pytest.mark.parametrize(
    ("source", "mean"), [("color=white:64x48,fade=in:0:20", 128), ("color=black:64x48", 0)]
)
def test_a_video_that_fades_in_is_shown_by_what_it_fades_to(project, tmp_path, source, mean):
    film = tmp_path / "film.mp4"
    ffmpeg.ask(["-f", "lavfi", "-i", source, "-frames:v", "30", "-pix_fmt", "yuv420p", film])
    shown = colour(proxies.thumbnail(project, film, 160)).mean()
    assert shown > mean if mean else shown < 5


def test_a_picture_is_not_made_larger(project, tmp_path):
    source = saved(Image.new("RGB", (40, 30), "red"), tmp_path / "a.png")
    assert Image.open(proxies.thumbnail(project, source, 320)).size == (40, 30)


@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_a_photograph_held_sideways_stands_upright(project, tmp_path, kind):
    exif = Image.Exif()
    exif[0x0112] = 6
    source = saved(Image.new("RGB", (800, 400), "red"), tmp_path / f"a.{kind}", exif=exif)
    assert Image.open(proxies.thumbnail(project, source, 100)).size == (100, 200)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_colours_can_be_shown(project, tmp_path, mode):
    grey = Image.new("I;16", (64, 64), 128 * 256) if mode == "I;16" else Image.new("RGB", (64, 64), "#808080")
    source = saved(grey.convert(mode), tmp_path / ("a.tiff" if mode == "CMYK" else "a.png"))
    assert colour(proxies.thumbnail(project, source, 32)) == pytest.approx([128] * 3, abs=6)


def test_transparency_stays(project, tmp_path):
    source = saved(Image.new("RGBA", (64, 64), (255, 0, 0, 0)), tmp_path / "a.png")
    with Image.open(proxies.thumbnail(project, source, 32)) as small:
        assert small.convert("RGBA").getpixel((5, 5))[3] == 0


def test_a_thumbnail_is_made_once_and_again_when_its_source_changes(project, tmp_path):
    source = saved(Image.new("RGB", (64, 64), "red"), tmp_path / "a.png")
    first = proxies.thumbnail(project, source, 32)
    stands_since = first.stat().st_mtime_ns
    assert proxies.thumbnail(project, source, 32) == first
    assert first.stat().st_mtime_ns == stands_since

    saved(Image.new("RGB", (64, 64), "blue"), source)
    os.utime(source, ns=(1, 1))
    assert colour(proxies.thumbnail(project, source, 32)) == pytest.approx([0, 0, 255], abs=6)
    assert proxies.thumbnail(project, source, 16) != proxies.thumbnail(project, source, 32)


def test_threads_that_want_the_same_thumbnail_get_the_same_whole_file(project, tmp_path, monkeypatch):
    source = saved(Image.fromarray(picture(1, 3)).resize((1920, 1280)), tmp_path / "a.png")
    made, whole = [], files._small
    monkeypatch.setattr(files, "_small", lambda *asked: made.append(asked) or whole(*asked))
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: proxies.thumbnail(project, source, 200).read_bytes(), range(64)))
    assert len(set(found)) == len(made) == 1
    assert [path.suffix for path in (project.cache / "thumbs").iterdir()] == [".webp"]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.png", b"no picture", "is not a picture that can be read"),
        ("a.png", b"", "is not a picture that can be read"),
        ("a.png", None, r"There is no file .*a\.png"),
        ("a.mp4", b"no video", r"a\.mp4 is not a video the studio can read"),
        ("a.mp4", b"", r"a\.mp4 is empty"),
        ("a.txt", b"words", r"a\.txt is not a video the studio can read"),
    ],
)
def test_a_bad_file_ends_in_a_sentence_and_leaves_nothing(project, tmp_path, name, content, sentence):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BadFile, match=sentence):
        proxies.thumbnail(project, tmp_path / name)
    assert not list(project.folder.rglob("*.*"))


def test_a_picture_cut_off_in_the_middle_ends_in_a_sentence(project, tmp_path):
    for suffix in (".png", ".jpg", ".webp"):
        source = saved(Image.fromarray(picture(1, 3)), tmp_path / f"a{suffix}")
        content = source.read_bytes()
        source.write_bytes(content[: len(content) // 2])
        with pytest.raises(BadFile, match=f"a{suffix} "):
            proxies.thumbnail(project, source)


@pytest.mark.filterwarnings("ignore:Image size")
def test_a_picture_too_large_for_memory_is_refused_unread(project, tmp_path):
    source = saved(Image.new("1", (20_000, 8_000)), tmp_path / "a.png")
    with pytest.raises(BadFile, match="20000×8000 pixels, which are too many"):
        proxies.thumbnail(project, source)


# --- small videos ---------------------------------------------------------------------------------


def test_a_small_video_has_the_shots_frames_on_the_films_clock(tmp_path):
    project = a_project(tmp_path, "vp9")
    _, made = finish(proxies.make(project, ["001", "002", "009"], FPS))
    assert list(made) == ["001", "002"]
    assert codes(made["001"]) == of(1, range(30))
    assert codes(made["002"]) == of(2, range(20))
    assert has_exact_times(made["001"], FPS)


def test_a_shot_of_another_rate_is_small_at_the_films(tmp_path):
    project = a_project(tmp_path, fps=Fraction(16), shots={"001": 32})
    _, made = finish(proxies.make(project, ["001"], FPS))
    assert (probe(made["001"]).frames, probe(made["001"]).fps) == (48, 24)


def test_a_small_video_is_quick_to_seek_and_starts_before_it_is_loaded(tmp_path):
    project = a_project(tmp_path, shots={"001": 60})
    _, made = finish(proxies.make(project, ["001"], FPS))
    keys = [n for n, packet in enumerate(packets(made["001"]).packets) if packet.is_key]
    assert keys == [0, 12, 24, 36, 48]
    found, content = probe(made["001"]), made["001"].read_bytes()
    assert (found.codec, found.pix_fmt, found.delay) == ("h264", "yuv420p", 0)
    assert content.index(b"moov") < content.index(b"mdat")


@pytest.mark.parametrize(
    ("shape", "size"), [((720, 1280), (640, 360)), ((1280, 720), (640, 1138)), ((96, 160), (160, 96))]
)
def test_a_small_video_is_at_most_640_wide_in_its_own_shape(tmp_path, shape, size):
    project = a_project(tmp_path, shots={})
    film_corpus.encode([np.full((*shape, 3), 90, np.uint8)] * 3, project.video("001"))
    _, made = finish(proxies.make(project, ["001"], FPS))
    assert (probe(made["001"]).width, probe(made["001"]).height) == size


def test_small_videos_are_made_on_demand_once_and_anew_for_another_video(tmp_path):
    project = a_project(tmp_path, shots={"001": 30, "001_2": 20})
    assert proxies.proxy(project, "001", FPS) is None
    _, made = finish(proxies.make(project, ["001", "001_2"], FPS))
    told, again = finish(proxies.make(project, ["001", "001_2"], FPS))
    assert again == made
    assert told == [*(Saved(path, reused=True) for path in made.values()), Progress(1, "done")]
    assert proxies.proxy(project, "001", FPS) == made["001"]

    make(replace(KINDS["h264"], frames=7), 9, tmp_path).replace(project.video("001"))
    assert proxies.proxy(project, "001", FPS) is None
    _, anew = finish(proxies.make(project, ["001"], FPS))
    assert codes(anew["001"]) == of(9, range(7))
    assert not made["001"].exists()
    assert made["001_2"].exists()


def test_a_video_that_does_not_read_is_told_and_the_others_are_made(tmp_path):
    project = a_project(tmp_path)
    project.video("001").write_bytes(b"no video")
    told, made = finish(proxies.make(project, ["001", "002"], FPS))
    assert list(made) == ["002"]
    (failed,) = [event for event in told if isinstance(event, Failed)]
    assert failed.what == "shot 001"
    assert "is not a video the studio can read" in failed.reason


def test_stopping_leaves_no_half_video(tmp_path):
    project = a_project(tmp_path)
    work = proxies.make(project, ["001"], FPS)
    next(work)
    work.close()
    assert [path.name for path in (project.cache / "proxies").iterdir()] == [".lock"]


def test_what_a_killed_studio_left_of_a_thumbnail_goes_and_what_is_being_made_stays(project):
    thumbs = project.cache / "thumbs"
    with writing(thumbs / "b.webp") as ours:
        ours.write_bytes(b"half")
        for name in ("a.webp.0a1b2c-3d4e.part", "c.webp.part"):
            (thumbs / name).write_bytes(b"half")
            aged(thumbs / name)
        proxies.clear_thumbnails(project)
        assert list(thumbs.iterdir()) == [ours]


def test_a_render_at_work_does_not_remove_what_is_being_made(tmp_path):
    project = a_project(tmp_path)
    names = ["thumbs/a.webp.part", "proxies/a.mp4.part", "film/parts/a.mp4.part"]
    for name in names:
        (project.cache / name).parent.mkdir(parents=True)
        (project.cache / name).write_bytes(b"half")
        aged(project.cache / name)
    leftovers_removed(project)
    assert all((project.cache / name).exists() for name in names)


def test_small_videos_of_a_project_are_made_by_one_at_a_time(tmp_path):
    project = a_project(tmp_path)
    with locked(project.cache / "proxies"), pytest.raises(StudioError, match="at work"):
        finish(proxies.make(project, ["001"], FPS))
