"""comic art, pages and export: a plan is drawn, lettered and handed out, and what is missing is told."""

import json
import zipfile

import pytest
from PIL import Image

from commands import comic_words
from services import comic_export
from tests.commands.typing import planned


def drawn(told, *words):
    code, out, error = told("comic", "art", *words)
    return code, json.loads(out) if out else None, error


def test_a_script_is_drawn_once_and_a_changed_panel_alone_again(told, tmp_path):
    people = "CHARACTER Ida: tall\n"
    (tmp_path / "rain.txt").write_text(f"{people}PAGE 1\nPANEL 1\nIda runs.\nPANEL 2\nRain.\n", "utf-8")
    code, summary, _ = drawn(told, "rain.txt", "--json")
    assert code == 0 and summary["jobs"] == {"run": 3, "reused": 0, "failed": 0}
    assert list(summary["characters"]) == ["char-1"] and list(summary["panels"]) == [
        "ch1-p1-pan1",
        "ch1-p1-pan2",
    ]
    for paths in summary["panels"].values():
        with Image.open(paths[0]) as image:
            assert image.width > image.height, "two panels one above the other are wide"
    (tmp_path / "rain.txt").write_text(f"{people}PAGE 1\nPANEL 1\nIda runs.\nPANEL 2\nSnow.\n", "utf-8")
    _, summary, _ = drawn(told, "rain.txt", "--json")
    assert summary["jobs"] == {"run": 1, "reused": 2, "failed": 0}


def test_pictures_go_where_they_are_asked_to_go_with_the_workflow_that_is_named(told, script, tmp_path):
    words = "--keyframe-workflow", "keyframe_test", "--panel-workflow", "keyframe_test", "--variants", "2"
    code, out, error = told("comic", "art", script, "--project", "here", *words)
    assert (code, out) == (0, f"{tmp_path / 'here'}\n")
    assert "line 5" in error and "2 jobs run" in error, "it takes no portraits, so none is drawn"
    recipes = [json.loads(path.read_text("utf-8")) for path in (tmp_path / "here" / "takes").glob("*.json")]
    assert {recipe["workflow"] for recipe in recipes} == {"keyframe_test"}


@pytest.mark.parametrize(
    "words", [("--panel-workflow", "nope"), ("--keyframe-workflow", "nope"), ("--variants", "0")]
)
def test_art_that_cannot_be_is_refused_before_anything_is_written(told, script, tmp_path, words):
    before = sorted(tmp_path.iterdir())
    code, out, error = told("comic", "art", script, *words)
    assert (code, out) == (2, "") and error
    assert sorted(tmp_path.iterdir()) == before


# --- pages


def test_a_script_becomes_pages_and_a_book(told, tmp_path):
    (tmp_path / "rain.txt").write_text(
        "PAGE 1\nPANEL 1\nRain.\nCAPTION: Late.\nPAGE 2\nPANEL 1\nSun.\n", "utf-8"
    )
    code, out, error = told("comic", "pages", "rain.txt")
    assert (code, out) == (2, "") and "Run comic art first" in error
    drawn(told, "rain.txt", "--json")
    code, out, error = told("comic", "pages", "rain.txt", "--dpi", "72", "--json")
    assert code == 0 and error == "" and json.loads(out)["pages"] == 2
    for file in json.loads(out)["files"]:
        with Image.open(file) as image:
            assert image.size == (595, 842)
    code, out, _ = told("comic", "pages", "rain.txt", "--out", "rain.cbz")
    assert (code, out) == (0, f"{tmp_path / 'rain.cbz'}\n")
    assert zipfile.is_zipfile(tmp_path / "rain.cbz")


def test_pages_with_a_picture_missing_are_made_and_told(told, tmp_path):
    (tmp_path / "rain.txt").write_text("PAGE 1\nPANEL 1\nRain.\nPANEL 2\nSun.\n", "utf-8")
    drawn(told, "rain.txt", "--json")
    for file in (tmp_path / "rain").glob("*/ch1-p1-pan2*"):
        file.unlink()
    code, _, error = told("comic", "pages", "rain.txt")
    assert code == 1 and "ch1-p1-pan2: It has no picture yet." in error
    assert (tmp_path / "rain" / "pages" / "001.png").exists()


@pytest.mark.parametrize("dpi", ["0", "49", "601", "many"])
def test_a_resolution_that_no_page_has_is_refused(told, script, dpi):
    code, _, error = told("comic", "pages", script, "--dpi", dpi)
    assert code == 2 and "--dpi" in error


# --- export


@pytest.fixture
def rain(tmp_path):
    text = "CHARACTER Ida: tall\nPAGE 1\nPANEL 1\nRain.\nIDA: Go!\nPANEL 2\nSun.\nPAGE 2\nPANEL 1\nSea.\n"
    (tmp_path / "rain.txt").write_text(text, "utf-8")
    (tmp_path / "rain" / "keyframes").mkdir(parents=True)
    for panel in ("ch1-p1-pan1", "ch1-p1-pan2", "ch1-p2-pan1"):
        Image.new("RGB", (60, 40), "#204060").save(tmp_path / "rain" / "keyframes" / f"{panel}.png")
    return tmp_path / "rain.txt"


@pytest.mark.parametrize("format", ["pdf", "cbz", "epub"])
def test_a_comic_becomes_a_file_and_how_far_it_is_is_told(told, rain, tmp_path, format):
    words = "--format", format, "--dpi", "60", "--out", f"out/rain.{format}", "--json"
    code, out, error = told("comic", "export", rain.name, *words)
    assert code == 0 and error == "page 1 of 2\npage 2 of 2\n"
    file = tmp_path / "out" / f"rain.{format}"
    assert json.loads(out) == {"format": format, "pages": 2, "files": [str(file)], "findings": []}
    code, out, _ = told("comic", "export", rain.name, "--format", format, "--dpi", "60")
    assert (code, out) == (0, f"{tmp_path / 'rain' / f'rain.{format}'}\n")
    assert (tmp_path / "rain" / f"rain.{format}").read_bytes() == file.read_bytes()


def test_a_comic_goes_to_an_editor_and_comes_back_with_its_pictures(told, rain, tmp_path):
    code, out, _ = told("comic", "export", rain.name, "--format", "editor")
    assert (code, out) == (0, f"{tmp_path / 'rain' / 'rain.editor.json'}\n")
    code, summary, error = planned(told, tmp_path / "rain" / "rain.editor.json", "--out", "back.json")
    assert (code, error, summary["panels"], summary["changed"]) == (0, "", 3, [])
    assert "data:" not in (tmp_path / "back.json").read_text("utf-8")
    code, out, error = told("comic", "export", "back.json", "--format", "cbz", "--dpi", "60", "--json")
    assert code == 0 and json.loads(out)["findings"] == []


def test_every_format_there_is_can_be_asked_for():
    assert {*comic_words.FORMATS} == {*comic_export.FORMATS}


def test_an_export_with_a_picture_missing_is_made_and_told(told, rain, tmp_path):
    (tmp_path / "rain" / "keyframes" / "ch1-p1-pan2.png").unlink()
    code, _, error = told("comic", "export", rain.name, "--format", "pdf", "--dpi", "60")
    assert code == 1 and "ch1-p1-pan2: It has no picture yet." in error


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--format", "doc"), "--format"),
        (("--format", "pdf", "--bleed", "21"), "--bleed"),
        (("--format", "cbz", "--bleed", "3"), "for print, and cbz is for screens"),
        (("--format", "pdf", "--out", "rain.txt"), "is the plan itself"),
        (("--format", "pdf", "--out", "rain"), "is a folder"),
        (("--format", "png", "--out", "other.txt"), "is a file"),
        (("--format", "pdf", "--project", "empty"), "Run comic art first"),
        (("--format", "pdf", "--paper", "leter"), "There is no paper called leter. Did you mean Letter?"),
    ],
)
def test_an_export_that_cannot_be_is_refused_before_anything_is_written(told, rain, tmp_path, words, said):
    (tmp_path / "other.txt").write_text("my own", "utf-8")
    before = sorted(tmp_path.rglob("*"))
    code, out, error = told("comic", "export", rain.name, *words)
    assert (code, out) == (2, "") and said in error
    assert sorted(tmp_path.rglob("*")) == before and rain.read_text("utf-8").startswith("CHARACTER")
