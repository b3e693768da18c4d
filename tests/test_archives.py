"""A project as a zip file: it comes back the same, and no zip from elsewhere does harm."""

import json
import os
import stat
import struct
import zipfile
from contextlib import nullcontext

import pytest

from domain.errors import BadFile, StudioError
from domain.events import Progress, Told
from infrastructure import archives
from infrastructure.project_folders import Found
from services import projects
from tests.folders import done, everything, filled, picture

LEFT = {"cache/recipes.json", ".lock", "takes/002_v2.png.part"}


def zipped(path, *entries):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (("storyboard.json", b'{"shots": []}'), *entries):
            archive.writestr(name, content)
    return path


def test_a_project_comes_back_from_its_zip_as_it_was(tmp_path):
    project = filled(tmp_path / "Відплив 🎬")
    (project.bin / "x").mkdir(parents=True)
    (project.bin / "x" / "old.png").write_bytes(b"x")
    before = everything(project.folder)
    path, said = done(projects.archive(project, tmp_path / "out" / "film.zip"))
    back, _ = done(projects.unarchive(path, tmp_path / "home"))

    assert back.folder == tmp_path / "home" / "film"
    assert everything(back.folder) == {
        name: content for name, content in before.items() if name not in LEFT and not name.startswith(".bin/")
    }
    fractions = [event.fraction for event in said if isinstance(event, Progress)]
    assert fractions == sorted(fractions)
    assert everything(project.folder) == before


def test_media_are_stored_and_texts_are_packed_under_relative_names(tmp_path):
    project = filled(tmp_path / "film")
    path, _ = done(projects.archive(project, project.folder / "film.zip"))
    with zipfile.ZipFile(path) as archive:
        packing = {info.filename: info.compress_type for info in archive.infolist()}
    assert packing["film/takes/001_v1.png"] == packing["film/film.mp4"] == zipfile.ZIP_STORED
    assert packing["film/storyboard.json"] == zipfile.ZIP_DEFLATED
    assert all(name.startswith("film/") for name in packing)
    assert "film/film.zip" not in packing
    done(projects.archive(project, path))
    with zipfile.ZipFile(path) as archive:
        assert "film/film.zip" not in archive.namelist()


def test_a_file_with_a_name_no_zip_should_hold_is_told_and_left_out(tmp_path):
    project = filled(tmp_path / "film")
    odd = [picture(project.takes / name) for name in ("a:b.png", os.fsdecode(b"\xff.png"))]
    path, said = done(projects.archive(project, tmp_path / "film.zip"))
    assert len([e for e in said if isinstance(e, Told)]) == len(odd)
    done(projects.unarchive(path, tmp_path / "home"))


def test_an_archive_that_is_given_up_leaves_nothing(tmp_path):
    work = projects.archive(filled(tmp_path / "film"), tmp_path / "film.zip")
    next(work), next(work)
    work.close()
    assert [path.name for path in tmp_path.iterdir()] == ["film"]


def test_pictures_that_lie_elsewhere_are_told(tmp_path):
    project, far = filled(tmp_path / "film"), picture(tmp_path / "far.png")
    shot = {"shot_id": "001", "prompt": "x", "references": [str(far)], "start_image": str(far)}
    project.storyboard.write_text(json.dumps({"shots": [shot]}))
    _, said = done(projects.archive(project, tmp_path / "film.zip"))
    assert [e.sentence for e in said if isinstance(e, Told)] == [
        f"{far} lies outside the project and is not in the zip file."
    ]


@pytest.mark.parametrize(
    "name",
    [
        "../evil.txt",
        "takes/../../evil.txt",
        "/tmp/evil.txt",
        "C:/evil.txt",
        "takes\\..\\..\\evil.txt",
        "takes/NUL.png",
        "com1",
        "takes/dot.",
        "takes//x.png",
        "takes/a\nb.png",
        "takes/" + "x" * 300,
        "takes/" + "邮" * 100,
    ],
)
def test_a_name_that_leads_out_or_breaks_a_system_is_refused(tmp_path, name):
    path = zipped(tmp_path / "evil.zip", (name, b"x"))
    with pytest.raises(BadFile, match="not safe"):
        done(projects.unarchive(path, tmp_path / "home"))
    assert not list((tmp_path / "home").iterdir())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["evil.zip", "home"]


def test_a_link_in_a_zip_is_refused(tmp_path):
    link = zipfile.ZipInfo("takes")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = zipped(tmp_path / "evil.zip", (link, b"/etc"))
    with pytest.raises(BadFile, match="no plain file"):
        done(projects.unarchive(path, tmp_path / "home"))


@pytest.mark.parametrize("other", ["TAKES/a.png", "takes/a.png"])
def test_two_files_of_one_name_are_refused(tmp_path, other):
    with pytest.warns(UserWarning) if other.islower() else nullcontext():
        path = zipped(tmp_path / "evil.zip", ("takes/a.png", b"1"), (other, b"2"))
    with pytest.raises(BadFile, match="two files of one name"):
        done(projects.unarchive(path, tmp_path / "home"))


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "_UNSUSPICIOUS", 1 << 20)
    path = zipped(tmp_path / "bomb.zip", ("takes/a.png", bytes(30 << 20)))
    with pytest.raises(BadFile, match="would grow to 30 MB"):
        done(projects.unarchive(path, tmp_path / "home"))


def test_a_bomb_that_lies_about_its_size_is_cut_off(tmp_path):
    path = zipped(tmp_path / "bomb.zip", ("takes/a.png", bytes(5 << 20)))
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<L", 5 << 20), struct.pack("<L", 100)))
    with pytest.raises(BadFile, match="damaged"):
        done(projects.unarchive(path, tmp_path / "home"))
    assert not list((tmp_path / "home").iterdir())


def test_a_zip_larger_than_the_disk_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "_SPARE", 1 << 60)
    with pytest.raises(StudioError, match="not so much room"):
        done(projects.unarchive(zipped(tmp_path / "a.zip"), tmp_path / "home"))


@pytest.mark.parametrize("content", [b"", b"PK\3\4 no zip", b"{}" * 100])
def test_what_is_no_zip_is_refused(tmp_path, content):
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    with pytest.raises(BadFile, match="no zip file"):
        done(projects.unarchive(path, tmp_path / "home"))
    with pytest.raises(BadFile, match="There is no file"):
        done(projects.unarchive(tmp_path / "gone.zip", tmp_path / "home"))


def test_a_zip_without_a_board_is_no_project(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("holiday/photo.png", b"x")
    with pytest.raises(BadFile, match="holds no project"):
        done(projects.unarchive(path, tmp_path / "home"))
    assert not list((tmp_path / "home").iterdir())


def test_neither_cache_nor_bin_is_taken_from_a_zip(tmp_path):
    path = zipped(tmp_path / "a.zip", ("cache/recipes.json", b"{}"), (".bin/x/manifest.json", b"{}"))
    back, _ = done(projects.unarchive(path, tmp_path / "home"))
    assert everything(back.folder).keys() == {"storyboard.json"}


def test_a_damaged_name_in_a_zip_is_one_sentence(tmp_path):
    path = zipped(tmp_path / "a.zip", ("übung.png", b"x"))
    path.write_bytes(path.read_bytes().replace("ü".encode(), b"\xc3("))
    with pytest.raises(BadFile, match="damaged"):
        done(projects.unarchive(path, tmp_path / "home"))


def test_damage_in_what_another_program_packed_is_one_sentence(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("storyboard.json", b"{}" * 500)
    whole = bytearray(path.read_bytes())
    whole[30 + len("storyboard.json") + 4] = 255  # the first of LZMA's own properties
    path.write_bytes(whole)
    with pytest.raises(BadFile, match="damaged"):
        done(projects.unarchive(path, tmp_path / "home"))


def test_a_file_that_cannot_be_read_is_told_and_left_out(tmp_path):
    (tmp_path / "odd.png").mkdir()
    good = picture(tmp_path / "good.png")
    files = [Found(tmp_path / "odd.png", ("odd.png",), 1), Found(good, ("good.png",), 1)]
    path, said = done(archives.pack(files, tmp_path / "a.zip", "film"))
    told = [event.sentence for event in said if isinstance(event, Told)]
    assert len(told) == 1 and "film/odd.png cannot be read" in told[0]
    assert zipfile.ZipFile(path).namelist() == ["film/good.png"]
