"""Choosing a picture: chosen = it stands in keyframes/, and what is the artist's stays."""

import json

import pytest
from PIL import Image

from domain.errors import BadFile, StudioError
from domain.project import Project
from infrastructure.hashes import sha256
from services import picks
from services.picks import STUDIO, Note


@pytest.fixture
def project(tmp_path):
    made = Project(tmp_path / "film")
    made.takes.mkdir(parents=True)
    return made


def picture(path, colour="red", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(options.pop("mode", "RGB"), options.pop("size", (8, 6)), colour).save(path, **options)
    return path


def take(project, number, colour):
    return picture(project.takes / f"003_v{number}.png", colour)


def colour_of(path):
    with Image.open(path) as image:
        return image.convert("RGB").getpixel((0, 0))


RED, GREEN, BLUE = (255, 0, 0), (0, 128, 0), (0, 0, 255)


def test_the_chosen_take_stands_in_keyframes_and_stays_a_take(project):
    red = take(project, 1, "red")
    assert picks.choose(project, "003", red) == project.keyframes / "003.png"
    assert picks.chosen(project, "003").read_bytes() == red.read_bytes()


def test_a_shot_without_a_keyframe_has_none(project):
    assert picks.chosen(project, "003") is None
    assert picks.artists_choice(project, "003") is None


def test_the_studio_may_change_its_own_choice(project):
    picks.choose_for_now(project, "003", take(project, 1, "red"))
    assert colour_of(picks.choose_for_now(project, "003", take(project, 2, "blue"))) == BLUE


def test_the_studio_never_changes_the_artists_choice(project):
    picks.choose(project, "003", take(project, 2, "blue"))
    assert colour_of(picks.choose_for_now(project, "003", take(project, 1, "red"))) == BLUE


def test_the_artist_may_change_their_choice(project):
    picks.choose(project, "003", take(project, 2, "blue"))
    assert colour_of(picks.choose(project, "003", take(project, 1, "red"))) == RED


def test_a_picture_put_there_by_hand_is_the_artists_own_and_stays(project):
    own = picture(project.keyframe("003"), "green")
    assert picks.is_artists_own(project, "003")
    assert colour_of(picks.choose_for_now(project, "003", take(project, 1, "red"))) == GREEN
    assert picks.artists_choice(project, "003") == own


def test_a_keyframe_painted_over_is_the_artists_own_and_its_take_is_untouched(project):
    red = take(project, 1, "red")
    keyframe = picks.choose_for_now(project, "003", red)
    with keyframe.open("r+b") as file:  # in place, as some editors save
        file.write(picture(project.folder / "painted.png", "green").read_bytes())
        file.truncate()
    assert picks.is_artists_own(project, "003")
    assert colour_of(picks.choose_for_now(project, "003", take(project, 2, "blue"))) == GREEN
    assert colour_of(red) == RED


def test_an_own_picture_is_kept_aside_when_the_artist_chooses_a_take(project):
    picture(project.keyframe("003"), "green")
    picks.choose(project, "003", take(project, 1, "red"))
    picture(project.keyframe("003"), "blue")
    picks.choose(project, "003", take(project, 1, "red"))
    aside = [colour_of(path) for path in sorted(project.keyframes.glob("003.own*.png"))]
    assert aside == [GREEN, BLUE]


def test_choosing_the_same_again_touches_nothing(project):
    jpeg = picture(project.folder / "mine.jpg", "red")
    for chosen in (take(project, 1, "red"), jpeg):
        keyframe = picks.choose_for_now(project, "003", chosen)
        before = keyframe.stat()
        after = picks.choose_for_now(project, "003", chosen).stat()
        assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".bmp", ".gif"])
def test_a_keyframe_is_a_png_whatever_the_picture_was(project, suffix):
    keyframe = picks.choose(project, "003", picture(project.folder / f"mine{suffix}", "red"))
    with Image.open(keyframe) as image:
        assert image.format == "PNG"


def test_a_jpeg_that_calls_itself_png_becomes_one(project):
    keyframe = picks.choose(project, "003", picture(project.folder / "mine.png", "red", format="JPEG"))
    with Image.open(keyframe) as image:
        assert image.format == "PNG"


def test_a_picture_in_printing_colours_becomes_one_for_screens(project):
    keyframe = picks.choose(
        project, "003", picture(project.folder / "mine.jpg", (0, 255, 255, 0), mode="CMYK")
    )
    with Image.open(keyframe) as image:
        assert image.mode == "RGB"


def test_a_photograph_held_upright_stands_upright(project):
    turned = Image.Exif()
    turned[0x0112] = 6  # hold it turned by a quarter
    keyframe = picks.choose(project, "003", picture(project.folder / "phone.jpg", size=(8, 6), exif=turned))
    with Image.open(keyframe) as image:
        assert image.size == (6, 8)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n broken"])
def test_what_is_no_picture_is_refused_and_the_keyframe_stays(project, content):
    picks.choose(project, "003", take(project, 1, "red"))
    broken = project.folder / "broken.png"
    broken.write_bytes(content)
    with pytest.raises(BadFile, match=r"broken\.png is not a picture"):
        picks.choose(project, "003", broken)
    assert colour_of(project.keyframe("003")) == RED


def test_a_cut_off_take_is_refused(project):
    whole = picture(project.folder / "whole.png", size=(300, 300)).read_bytes()
    cut = project.takes / "003_v1.png"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadFile, match="not a picture"):
        picks.choose_for_now(project, "003", cut)


def test_an_own_picture_stays_where_it_is_when_the_one_chosen_does_not_read(project):
    picture(project.keyframe("003"), "green")
    with pytest.raises(BadFile):
        picks.choose(project, "003", project.takes / "gone.png")
    assert [path.name for path in project.keyframes.iterdir()] == ["003.png"]


def test_the_own_picture_that_stands_there_may_be_chosen(project):
    own = picture(project.keyframe("003"), "green")
    assert colour_of(picks.choose(project, "003", own)) == GREEN
    assert sorted(path.name for path in project.keyframes.iterdir()) == ["003.json", "003.png"]


def test_a_missing_picture_is_named(project):
    with pytest.raises(BadFile, match=r"There is no picture .*gone\.png"):
        picks.choose(project, "003", project.takes / "gone.png")


def test_a_choice_cut_off_by_a_crash_is_not_taken_for_the_artists_own(project):
    """The note is written first; the picture that stood before still does."""
    picks.choose_for_now(project, "003", take(project, 1, "red"))
    before = project.keyframe("003").read_bytes()
    picks.choose_for_now(project, "003", take(project, 2, "blue"))
    project.keyframe("003").write_bytes(before)
    assert not picks.is_artists_own(project, "003")
    assert colour_of(picks.choose_for_now(project, "003", project.takes / "003_v2.png")) == BLUE


@pytest.mark.parametrize("note", ["", "[]", "{broken", '{"sha256": 7}'])
def test_a_damaged_note_makes_the_picture_the_artists_own(project, note):
    picks.choose(project, "003", take(project, 1, "red"), STUDIO)
    (project.keyframes / "003.json").write_text(note)
    assert picks.is_artists_own(project, "003")


def test_the_note_says_which_take_was_chosen_and_by_whom(project):
    blue = take(project, 2, "blue")
    place = picks.choose(project, "003", blue)
    note = json.loads((project.keyframes / "003.json").read_text())
    assert (note["take"], note["chosen_by"]) == ("003_v2.png", "artist")
    assert picks.note(project, "003") == Note("003_v2.png", sha256(blue), sha256(place), "", "artist")
    assert picks.note(project, "004") == Note()


def test_a_new_take_that_came_out_the_same_is_the_chosen_one(project):
    keyframe = picks.choose_for_now(project, "003", take(project, 1, "red"))
    before = keyframe.stat()
    picks.choose_for_now(project, "003", take(project, 2, "red"))
    after = keyframe.stat()
    assert picks.note(project, "003").take == "003_v2.png"
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_folder_that_cannot_be_made_is_one_sentence(project):
    project.keyframes.write_text("a file where the folder should be")
    with pytest.raises(StudioError, match=r"003\.png cannot be written"):
        picks.choose(project, "003", take(project, 1, "red"))


def test_no_half_written_file_is_left(project):
    picks.choose(project, "003", take(project, 1, "red"))
    assert not list(project.folder.rglob("*.part"))


def test_a_look_at_a_picture_needs_no_room(project, tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    good = picture(tmp_path / "good.jpg")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    monkeypatch.setattr("shutil.copyfile", full)
    monkeypatch.setattr("tempfile.mkdtemp", full)
    picks.check_picture(good)
    for bad in (tmp_path / "bad.png", tmp_path / "gone.png", tmp_path / ("x" * 300), tmp_path):
        with pytest.raises(BadFile):
            picks.check_picture(bad)
