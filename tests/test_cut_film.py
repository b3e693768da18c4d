"""The film as it is cut: every frame where the cut says, and nothing encoded that no edit touches."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from domain.cut import Cut, Entry
from domain.errors import BadFile, StudioError
from domain.events import Told
from domain.project import Project
from infrastructure.clip_probe import probe
from services import cut as cuts
from services.film import Format, join
from tests import film_corpus
from tests.fakes import FakeBackend
from tests.film_corpus import HEIGHT, KINDS, NTSC, WIDTH, code, codes, make, of, picture
from tests.renders import Rendered, a_board, a_shot
from tests.test_cut import cut_of
from tests.test_film import AT_24, SIZE, encoded, finish, has_exact_times, pixels

SHOTS = {"001": 30, "002": 20, "003": 10}


def a_project(folder, kind="h264", fps=Fraction(24), shots=SHOTS):
    """A project whose shots' frames say who they are: shot 002's carry the number 2."""
    project = Project(folder / "film")
    project.videos.mkdir(parents=True)
    for number, (shot, frames) in enumerate(shots.items(), 1):
        made = make(replace(KINDS[kind], frames=frames, fps=fps), number, folder / "made")
        made.rename(project.video(shot))
    return project


def cut_film(project, cut, wanted=AT_24, shots=SHOTS):
    plan = cuts.plan(project, list(shots), cut, wanted)
    _, film = finish(cuts.assemble(plan, project.film, project.cache))
    assert film.frames == plan.timeline.frames
    assert has_exact_times(film.path, wanted.fps)
    return film.path


def seen(video):
    """The frames as pictures."""
    show = ["-vf", "scale=flags=lanczos+accurate_rnd+full_chroma_int+full_chroma_inp", "-pix_fmt", "rgb24"]
    raw = np.frombuffer(film_corpus.ffmpeg("-i", video, *show, "-f", "rawvideo", "-"), np.uint8)
    return raw.reshape(-1, HEIGHT, WIDTH, 3).astype(float)


# --- trims and holds ------------------------------------------------------------------------------


@pytest.mark.parametrize("fps", [Fraction(24), NTSC, Fraction(30000, 1001), Fraction(16)], ids=str)
def test_trims_and_holds_are_exact_to_the_frame(tmp_path, fps):
    project = a_project(tmp_path, fps=fps)
    cut = cut_of(
        Entry("001", trim_in=7, trim_out=5), Entry("002", trim_out=3, hold=6), Entry("003", trim_in=9)
    )
    film = cut_film(project, cut, Format(fps, SIZE))
    expected = of(1, range(7, 25)) + of(2, [*range(17), *[16] * 6]) + of(3, [9])
    assert codes(film) == expected


def test_a_hold_alone_holds_the_last_frame(tmp_path):
    film = cut_film(a_project(tmp_path), cut_of(Entry("003", hold=5)))
    assert codes(film)[-8:] == of(3, [7, 8, 9, 9, 9, 9, 9, 9])


@pytest.mark.parametrize(
    "kind", ["vp9", "prores", "matroska", "untagged colours", "sound longer than picture"]
)
def test_any_kind_of_video_can_be_cut(tmp_path, kind):
    project = Project(tmp_path / "film")
    project.videos.mkdir(parents=True)
    for number, frames in enumerate((30, 20), 1):
        made = make(replace(KINDS[kind], frames=frames), number, tmp_path / "made")
        made.rename(project.video(f"00{number}"))
    cut = cut_of(Entry("001", trim_in=2, trim_out=2), Entry("002", hold=3))
    film = cut_film(project, cut, shots=("001", "002"))
    assert codes(film) == of(1, range(2, 28)) + of(2, [*range(20), 19, 19, 19])


def test_a_shot_of_another_rate_is_trimmed_on_the_films_clock(tmp_path):
    """16 frames a second in a film of 24: three frames of the film for two of the shot."""
    project = a_project(tmp_path, fps=Fraction(16), shots={"001": 32})
    whole = codes(cut_film(project, Cut(), shots=("001",)))
    trimmed = codes(cut_film(project, cut_of(Entry("001", trim_in=9, trim_out=6)), shots=("001",)))
    assert len(whole) == 48
    assert trimmed == whole[9:-6]


# --- dissolves and fades --------------------------------------------------------------------------


@pytest.mark.parametrize("fps", [Fraction(24), NTSC, Fraction(25)], ids=str)
@pytest.mark.parametrize("shared", [1, 7, 20])
def test_a_dissolve_mixes_exactly_the_frames_it_shares(tmp_path, fps, shared):
    film = seen(
        cut_film(a_project(tmp_path, fps=fps), cut_of(Entry("001", dissolve=shared)), Format(fps, SIZE))
    )

    assert len(film) == 60 - shared
    assert [code(frame) for frame in film[: 30 - shared]] == of(1, range(30 - shared))
    assert [code(frame) for frame in film[30:]] == of(2, range(shared, 20)) + of(3, range(10))
    for n, frame in enumerate(film[30 - shared : 30]):
        share = (n + 1) / (shared + 1)
        meant = picture(1, 30 - shared + n) * (1 - share) + picture(2, n) * share
        assert np.abs(frame - meant).mean() < 3, n


def test_a_shot_between_two_dissolves_is_seen_to_its_frame(tmp_path):
    film = seen(cut_film(a_project(tmp_path), cut_of(Entry("001", dissolve=8), Entry("002", dissolve=6))))
    assert [code(frame) for frame in film[30:36]] == of(2, range(8, 14))
    assert [code(frame) for frame in film[42:]] == of(3, range(6, 10))


def test_a_shot_may_lie_in_its_two_dissolves_with_all_its_frames(tmp_path):
    film = seen(cut_film(a_project(tmp_path), cut_of(Entry("001", dissolve=12), Entry("002", dissolve=8))))
    assert len(film) == 40
    assert [code(frame) for frame in film[38:]] == of(3, [8, 9])


def test_trims_and_holds_count_inside_a_dissolve(tmp_path):
    cut = cut_of(Entry("001", trim_out=4, hold=6, dissolve=9), Entry("002", trim_in=3))
    film = seen(cut_film(a_project(tmp_path), cut))
    for n, frame in enumerate(film[23:32]):
        meant = picture(1, min(23 + n, 25)) * (1 - (n + 1) / 10) + picture(2, 3 + n) * ((n + 1) / 10)
        assert np.abs(frame - meant).mean() < 3, n
    assert code(film[32]) == (2, 12)


def test_fades_begin_and_end_in_black_and_reach_only_as_far_as_they_say(tmp_path):
    film = seen(cut_film(a_project(tmp_path), cut_of(Entry("001", fade_in=6), Entry("003", fade_out=4))))
    light = film.mean((1, 2, 3)) / np.array([picture(n, k).mean() for n, k in of_all()])
    assert light[:7] == pytest.approx([0, 1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1], abs=0.03)
    assert light[-5:] == pytest.approx([1, 3 / 4, 2 / 4, 1 / 4, 0], abs=0.03)
    assert [code(frame) for frame in film[6:-4]] == of_all()[6:-4]


def of_all():
    return of(1, range(30)) + of(2, range(20)) + of(3, range(10))


def test_a_shot_may_be_all_fade(tmp_path):
    film = seen(cut_film(a_project(tmp_path), cut_of(Entry("003", trim_in=2, fade_in=3, fade_out=5))))
    light = film[50:].mean((1, 2, 3)) / np.array([picture(3, k).mean() for k in range(2, 10)])
    assert light == pytest.approx([0, 1 / 3, 2 / 3, 4 / 5, 3 / 5, 2 / 5, 1 / 5, 0], abs=0.03)


def test_a_fade_in_and_a_dissolve_out_do_not_get_into_each_other(tmp_path):
    film = seen(cut_film(a_project(tmp_path), cut_of(Entry("001", fade_in=20, dissolve=10))))
    last = picture(1, 29) / 11 + picture(2, 9) * (10 / 11)
    assert np.abs(film[29] - last).mean() < 3
    assert film[0].mean() < 3


# --- what is encoded, and what is told ------------------------------------------------------------


def test_a_film_no_edit_touches_is_joined_as_it_always_was(tmp_path):
    project = a_project(tmp_path)
    film = cut_film(project, cut_of(Entry("009", hold=5)))
    _, plain = finish(join([project.video(s) for s in SHOTS], tmp_path / "p.mp4", AT_24, tmp_path / "c"))
    assert film.read_bytes() == plain.path.read_bytes()
    assert not encoded(project.cache)


def test_only_pieces_an_edit_touches_are_encoded_where_the_studio_made_the_videos(tmp_path):
    project, cache = a_project(tmp_path, "vp9"), tmp_path / "cache"
    for shot in SHOTS:
        finish(join([project.video(shot)], project.video(shot), AT_24, cache))

    film = cut_film(project, cut_of(Entry("002", trim_in=5)))
    assert codes(film) == of(1, range(30)) + of(2, range(5, 20)) + of(3, range(10))
    assert len(encoded(project.cache)) == 1
    assert pixels(film).startswith(pixels(project.video("001")))

    cut_film(project, cut_of(Entry("001", hold=2), Entry("002", trim_in=5)))
    assert len(encoded(project.cache)) == 2


def test_a_piece_is_not_encoded_twice(tmp_path):
    project = a_project(tmp_path)
    cut = cut_of(Entry("001", dissolve=5), Entry("002", hold=2))
    cut_film(project, cut)
    before = set(encoded(project.cache))
    cut_film(project, cut_of(Entry("001", dissolve=5), Entry("002", hold=3)))
    assert len(before) == 4  # 001, the dissolve, 002 and 003
    assert len(set(encoded(project.cache)) - before) == 1


def test_an_equal_cut_is_not_made_again_and_another_is(tmp_path):
    project, cut = a_project(tmp_path), cut_of(Entry("001", trim_in=5))

    def made(cut):
        return finish(
            cuts.assemble(cuts.plan(project, list(SHOTS), cut, AT_24), project.film, project.cache)
        )[1]

    assert [made(cut).reused, made(cut).reused, made(cut_of(Entry("001", trim_in=4))).reused] == [
        False,
        True,
        False,
    ]


def test_shots_without_a_video_are_left_out_and_told(tmp_path):
    plan = cuts.plan(a_project(tmp_path), ["000", *SHOTS], cut_of(Entry("003", dissolve=2)), AT_24)
    assert plan.told == [
        "Shot 000 has no video yet and is left out.",
        "Shot 003 is the last one: there is nothing it could dissolve into. It ends without.",
    ]


# --- the strip ------------------------------------------------------------------------------------


def test_the_strip_shows_videos_pictures_and_gaps_in_board_order(tmp_path):
    project = a_project(tmp_path, shots={"002": 20})
    project.keyframes.mkdir()
    Image.new("RGB", SIZE).save(project.keyframe("001"))
    project.video("004").write_bytes(b"no video")
    board = a_board(a_shot("001", seconds=2), a_shot("002"), a_shot("003"), a_shot("004"))

    shown = cuts.materials(project, board, Fraction(24))

    assert [(m.shot.id, m.kind, m.frames) for m in shown] == [
        ("001", "still", 48),
        ("002", "video", 20),
        ("003", "missing", 12),
        ("004", "missing", 12),
    ]
    assert "004.mp4 is not a video the studio can read" in shown[3].problem
    line = cuts.preview(cut_of(Entry("001", trim_out=8, dissolve=4)), shown, Fraction(24))
    assert [(span.shot, span.start, span.end) for span in line.spans] == [
        ("001", 0, 40),
        ("002", 36, 56),
        ("003", 56, 68),
        ("004", 68, 80),
    ]


# --- the render command's film --------------------------------------------------------------------


def test_a_render_makes_the_film_as_film_json_has_it_cut(tmp_path):
    board = a_board(a_shot("001", seconds=1.0), a_shot("002", seconds=1.0))
    plain = Rendered(FakeBackend(), tmp_path / "film", board, fps=16).film
    cuts.save_cut(Project(tmp_path / "film"), cut_of(Entry("001", trim_in=5), Entry("002", hold=2)))

    made = Rendered(FakeBackend(), tmp_path / "film", board, fps=16)

    assert made.ran == []
    assert made.film == [*plain[5:], plain[-1], plain[-1]]


def test_edits_counted_in_another_rate_last_as_long(tmp_path):
    project = a_project(tmp_path)
    cuts.save_cut(project, cut_of(Entry("001", trim_in=15)).at(Fraction(30)))
    finish(cuts.as_cut(project, {shot: project.video(shot) for shot in SHOTS}, AT_24))
    assert codes(project.film)[0] == (1, 12)


def test_a_film_json_that_does_not_read_stops_a_render_before_anything_is_spent(tmp_path):
    (tmp_path / "film").mkdir()
    (tmp_path / "film" / "film.json").write_text("{")
    backend = FakeBackend()
    made = Rendered(backend, tmp_path / "film", a_board(a_shot("001")))
    assert isinstance(made.error, BadFile)
    assert not backend.jobs
    assert (tmp_path / "film" / "film.json").read_text() == "{"


def test_what_does_not_fit_is_told_while_the_film_is_made(tmp_path):
    project = a_project(tmp_path)
    cuts.save_cut(project, cut_of(Entry("002", dissolve=11)))
    told, _ = finish(cuts.as_cut(project, {shot: project.video(shot) for shot in SHOTS}, AT_24))
    assert [e.sentence for e in told if isinstance(e, Told)] == [
        "A dissolve of 11 frames from shot 002 into 003 does not fit: 10 are the most. It has 10."
    ]
    assert probe(project.film).frames == 50


def test_one_film_of_a_project_is_made_at_a_time(tmp_path):
    project = a_project(tmp_path)
    with (
        cuts.film_cache(project),
        pytest.raises(StudioError, match="Another render is at work"),
        cuts.film_cache(project),
    ):
        pass
