"""The film handed out: every form shows its frames, every version is kept, and nothing half is left."""

import os
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from domain.cut import Cut, Entry
from domain.errors import StudioError
from domain.events import Progress, Saved, Told
from infrastructure import film_exports
from infrastructure.clip_probe import packets, probe
from services import films
from services.cut import as_cut, save_cut
from services.films import PRESETS, Format, compare, render_film, versions
from tests.comfy_jobs import until
from tests.film_corpus import KINDS, code, codes, encode, make, of, picture
from tests.folders import aged
from tests.test_cut import cut_of
from tests.test_cut_film import SHOTS, a_project
from tests.test_film import AT_24, encoded, finish, has_exact_times

CUT = cut_of(Entry("001", trim_in=4, trim_out=2), Entry("003", hold=3))
SEEN = of(1, range(4, 28)) + of(2, range(20)) + of(3, [*range(10), 9, 9, 9])


def rendered(project, preset="h264", cut=CUT, wanted=AT_24, title="Low Tide – Post"):
    return finish(render_film(project, list(SHOTS), cut, wanted, preset, title))


def shown_codes(path):
    """The codes of an animation, which Pillow reads frame by frame, and how long it lasts."""
    found, milliseconds = [], 0
    with Image.open(path) as image:
        for number in range(image.n_frames):
            image.seek(number)
            pixels = np.asarray(image.convert("RGB"))
            found.append(code(pixels))
            milliseconds += image.info["duration"]
    return found, milliseconds


# --- forms ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", ["h264", "h264_share", "prores"])
def test_a_film_file_shows_exactly_the_frames_of_the_cut(tmp_path, preset):
    _, version = rendered(a_project(tmp_path), preset)
    made = probe(version.path)
    assert codes(version.path) == SEEN
    assert (version.frames, version.fps, version.size) == (made.frames, made.fps, (made.width, made.height))
    assert has_exact_times(version.path, 24)
    assert "tv, bt709, progressive" in packets(version.path).said
    assert made.pix_fmt == PRESETS[preset].pix_fmt


def test_the_mp4s_can_start_before_they_are_loaded(tmp_path):
    project = a_project(tmp_path)
    for preset in ("h264", "h264_share"):
        content = rendered(project, preset)[1].path.read_bytes()
        assert content.index(b"moov") < content.index(b"mdat")


def test_prores_is_422_hq_in_a_mov(tmp_path):
    _, version = rendered(a_project(tmp_path), "prores")
    assert version.path.name == "Low-Tide-Post_v001.mov"
    assert "prores (HQ) (apch" in packets(version.path).said


def test_a_gif_shows_every_second_frame_at_the_films_speed(tmp_path):
    _, version = rendered(a_project(tmp_path), "gif")
    found, milliseconds = shown_codes(version.path)
    assert found == SEEN[::2]
    assert (version.frames, version.fps) == (len(SEEN[::2]), 12)
    assert milliseconds == pytest.approx(len(found) / 12 * 1000, abs=10)


def test_a_webp_shows_every_frame(tmp_path):
    _, version = rendered(a_project(tmp_path), "webp")
    found, milliseconds = shown_codes(version.path)
    assert found == SEEN
    assert milliseconds == pytest.approx(len(SEEN) / 24 * 1000, abs=2)


def test_an_image_sequence_is_a_folder_of_all_frames_in_their_colours(tmp_path):
    project = a_project(tmp_path / "50% %03d 'x'")
    _, version = rendered(project, "png")
    pictures = sorted(version.path.iterdir())
    assert [path.name for path in pictures] == [f"{n:06}.png" for n in range(1, len(SEEN) + 1)]
    assert [code(np.asarray(Image.open(path))) for path in pictures] == SEEN
    meant = picture(1, 4).astype(float).mean((0, 1))
    assert np.abs(np.asarray(Image.open(pictures[0])).mean((0, 1)) - meant).max() < 1.5
    assert b"gAMA" not in pictures[0].read_bytes()[:200]


@pytest.mark.parametrize(
    ("preset", "size", "expected"),
    [
        ("h264_share", (1920, 1080), (1280, 720)),
        ("h264_share", (1080, 1920), (720, 1280)),
        ("h264_share", (1024, 1024), (720, 720)),
        ("h264_share", (640, 352), (640, 352)),
        ("gif", (1920, 1080), (480, 270)),
        ("prores", (3840, 2160), (3840, 2160)),
    ],
)
def test_forms_for_sharing_are_small_in_the_films_shape(preset, size, expected):
    assert PRESETS[preset].size(size) == expected


def test_a_larger_film_is_written_small(tmp_path):
    project = a_project(tmp_path, shots={})
    encode([np.full((480, 1000, 3), 90, np.uint8)] * 5, project.video("001"))
    for preset, size in (("gif", (480, 230)), ("webp", (640, 308))):
        wanted = Format(Fraction(24), (1000, 480))
        _, version = finish(render_film(project, ["001"], Cut(), wanted, preset))
        assert Image.open(version.path).size == version.size == size


def test_every_form_says_what_it_is_for():
    assert list(PRESETS) == ["h264", "h264_share", "prores", "gif", "webp", "png"]
    assert all(preset.label and preset.about for preset in PRESETS.values())


def test_an_unknown_form_is_refused_with_those_there_are(tmp_path):
    with pytest.raises(StudioError, match=r"no preset avi\. There are: h264, "):
        rendered(a_project(tmp_path), "avi")


# --- versions -------------------------------------------------------------------------------------


def test_every_version_is_kept_and_the_newest_h264_is_the_film(tmp_path):
    project = a_project(tmp_path)
    told, first = rendered(project, cut=Cut())
    rendered(project, "gif")
    _, third = rendered(project)

    assert [v.path.name for v in versions(project)] == [
        "Low-Tide-Post_v001.mp4",
        "Low-Tide-Post_v002.gif",
        "Low-Tide-Post_v003.mp4",
    ]
    assert versions(project)[0] == first
    assert [event for event in told if isinstance(event, Saved)] == [Saved(first.path), Saved(project.film)]
    assert codes(first.path) == of(1, range(30)) + of(2, range(20)) + of(3, range(10))
    assert project.film.read_bytes() == third.path.read_bytes()


def test_a_film_no_edit_touches_is_rendered_without_encoding(tmp_path):
    project = a_project(tmp_path)
    rendered(project, cut=Cut())
    assert not encoded(project.cache)


def test_what_a_render_encoded_for_its_film_is_not_encoded_again_for_a_version(tmp_path):
    project = a_project(tmp_path)
    save_cut(project, CUT)
    finish(as_cut(project, {shot: project.video(shot) for shot in SHOTS}, AT_24))
    before = encoded(project.cache)
    rendered(project)
    rendered(project, "gif")
    assert before
    assert set(encoded(project.cache)) == set(before)


def test_a_note_says_when_and_of_what_a_version_was_made(tmp_path):
    project = a_project(tmp_path)
    _, version = rendered(project)
    (read,) = versions(project)
    assert read == version
    assert (read.title, read.preset, read.frames, read.seconds) == ("Low Tide – Post", "h264", 57, 57 / 24)
    assert [shown.span.shot for shown in read.shots] == ["001", "002", "003"]
    assert read.cut["tracks"][0]["entries"][0] == {"shot": "001", "trim_in": 4, "trim_out": 2}
    assert read.made.startswith("20")


@pytest.mark.parametrize("preset", ["h264", "gif", "png"])
def test_an_equal_film_is_not_made_twice(tmp_path, preset):
    project = a_project(tmp_path)
    _, first = rendered(project, preset)
    told, again = rendered(project, preset)
    assert again == first
    assert told == [Saved(first.path, reused=True), Progress(1, "done")]
    assert len(versions(project)) == 1


def test_an_older_version_becomes_the_film_again(tmp_path):
    project = a_project(tmp_path)
    _, first = rendered(project)
    rendered(project, cut=Cut())
    told, _ = rendered(project)
    assert Saved(project.film) in told
    assert project.film.read_bytes() == first.path.read_bytes()


@pytest.mark.parametrize("lost", ["film", "note"])
def test_a_version_that_was_deleted_is_made_again_under_another_number(tmp_path, lost):
    project = a_project(tmp_path)
    _, first = rendered(project)
    (first.path if lost == "film" else first.path.with_suffix(".json")).unlink()
    assert versions(project) == []
    assert rendered(project)[1].number == 2


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"file": 3}'])
def test_a_note_that_does_not_read_hides_no_other_version(tmp_path, content):
    project = a_project(tmp_path)
    _, version = rendered(project)
    (project.films / "x_v007.json").write_text(content)
    assert versions(project) == [version]


def test_a_note_leads_to_no_file_outside_its_folder(tmp_path):
    project = a_project(tmp_path)
    _, version = rendered(project)
    note = version.path.with_suffix(".json")
    note.write_text(note.read_text("utf-8").replace(version.path.name, "../film.mp4"), "utf-8")
    assert versions(project) == []


def test_two_versions_are_told_apart_shot_by_shot(tmp_path):
    project = a_project(tmp_path)
    _, before = rendered(project)
    make(replace(KINDS["h264"], frames=20), 9, tmp_path).replace(project.video("002"))
    cut = CUT.with_entry(Entry("001", trim_in=4, dissolve=2))
    _, after = finish(render_film(project, ["001", "002"], cut, AT_24))

    told = {difference.shot: difference.what for difference in compare(before, after)}
    assert told == {"001": ("cut",), "002": ("video", "cut"), "003": ("gone",)}
    assert [d.sentence for d in compare(after, before)] == [
        "Shot 001 is cut otherwise.",
        "Shot 002 has another video and is cut otherwise.",
        "Shot 003 was not in it.",
    ]
    assert compare(before, before) == []


def test_the_one_shot_that_moved_is_told_and_not_all_after_it(tmp_path):
    project = a_project(tmp_path)
    _, before = finish(render_film(project, ["001", "002", "003"], Cut(), AT_24))
    _, after = finish(render_film(project, ["002", "003", "001"], Cut(), AT_24))
    assert [(d.shot, d.what) for d in compare(before, after)] == [("001", ("place",))]


# --- progress, stopping, breaking -----------------------------------------------------------------


@pytest.mark.parametrize("preset", list(PRESETS))
def test_progress_rises_to_the_end(tmp_path, preset):
    told, _ = rendered(a_project(tmp_path, "vp9"), preset)
    fractions = [event.fraction for event in told if isinstance(event, Progress)]
    assert fractions[-1] == 1
    assert all(0 <= fraction <= 1 for fraction in fractions)


@pytest.mark.parametrize("moment", ["Fitting", "Joining", "Writing"])
@pytest.mark.parametrize("preset", list(PRESETS))
def test_stopping_at_any_moment_leaves_no_version_and_nothing_half(tmp_path, preset, moment):
    if (preset, moment) == ("h264", "Writing"):
        return  # it is the joined film itself
    project = a_project(tmp_path)
    project.film.write_bytes(b"the film as it was")
    work = render_film(project, list(SHOTS), CUT, AT_24, preset)
    assert next(e for e in work if isinstance(e, Progress) and e.note.startswith(moment))
    until(lambda: list(project.folder.rglob("*.part")), "writing")  # ffmpeg may begin a little later
    work.close()

    assert not list(project.folder.rglob("*.part"))
    assert versions(project) == []
    assert not (project.films.exists() and list(project.films.iterdir()))
    assert project.film.read_bytes() == b"the film as it was"


def test_a_film_that_lost_frames_is_not_kept(tmp_path, monkeypatch):
    project = a_project(tmp_path)
    monkeypatch.setattr(films, "export", lambda form, film, to: film_exports.export(form, replaced(film), to))
    short = make(replace(KINDS["h264"], frames=9), 9, tmp_path)

    def replaced(film):
        return replace(film, path=short)

    for preset in ("prores", "gif", "png"):
        with pytest.raises(StudioError, match=r"came out with \d+ frames instead of \d+, so it was not kept"):
            rendered(project, preset)
    assert not list(project.films.iterdir())


def test_what_a_killed_render_left_half_written_is_removed(tmp_path):
    project = a_project(tmp_path)
    project.films.mkdir()
    (project.films / "x_v001.part").mkdir()
    (project.films / "x_v001.part" / "000001.png").write_bytes(b"half")
    (project.films / "x_v002.mp4.part").write_bytes(b"half")
    for part in project.films.iterdir():
        aged(part)
    (project.films / "notes.txt").write_text("mine")
    _, version = rendered(project)
    assert sorted(path.name for path in project.films.iterdir()) == [
        version.path.with_suffix(".json").name,
        version.path.name,
        "notes.txt",
    ]


def test_shots_without_video_are_told_and_a_film_of_none_is_refused(tmp_path):
    project = a_project(tmp_path)
    told, _ = finish(render_film(project, ["001", "009"], Cut(), AT_24))
    assert Told("Shot 009 has no video yet and is left out.") in told
    with pytest.raises(StudioError, match="no videos to join"):
        finish(render_film(project, ["009"], Cut(), AT_24))


def test_where_there_are_no_links_the_film_is_a_copy_and_stays_one(tmp_path, monkeypatch):
    def refuse(source, to):
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    project = a_project(tmp_path)
    _, version = rendered(project)
    assert project.film.read_bytes() == version.path.read_bytes()
    told, _ = rendered(project)
    assert told == [Saved(version.path, reused=True), Progress(1, "done")]
