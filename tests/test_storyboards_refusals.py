"""Reading storyboards: what cannot be used is refused with its file, its line and its field."""

import json
from pathlib import Path
from typing import Any

import pytest

from domain.errors import BadFile
from infrastructure.storyboard_files import open_storyboard, read_storyboard
from tests.boards import refusal, shot, written

TWO_SHOTS = """{"shots": [
{"shot_id": "001", "prompt": "x"},
{"shot_id": "002", "prompt": "x",
"FIELD": GIVEN}]}"""


@pytest.mark.parametrize(
    ("field", "given", "said"),
    [
        ("width", "abc", 'shots[1].width: "abc" is not a number of pixels.'),
        ("duration", "long", 'shots[1].duration: "long" is not a number of seconds.'),
        ("duration", "3 m", 'shots[1].duration: "3 m" is not a number of seconds.'),
        ("duration", True, "shots[1].duration: true is not a number of seconds."),
        ("duration", {"s": 3}, "shots[1].duration: an object is not a number of seconds."),
        ("prompt", {"text": "x"}, "shots[1].prompt: an object is not a text."),
        ("prompt", ["x", 3], "shots[1].prompt: a list is not a text."),
        ("duration", "nan", 'shots[1].duration: "nan" is not a number of seconds.'),
        ("duration", "1e999", 'shots[1].duration: "1e999" is not a number of seconds.'),
    ],
)
def test_a_field_that_can_mean_anything_is_refused_with_file_line_and_field(
    tmp_path: Path, field: str, given: Any, said: str
) -> None:
    text = TWO_SHOTS.replace('"002", "prompt": "x"', '"002"') if field == "prompt" else TWO_SHOTS
    message = refusal(tmp_path, text.replace("FIELD", field).replace("GIVEN", json.dumps(given)))

    assert message == f"{tmp_path / 'board.json'} cannot be used. Line 4, {said}"


def test_a_nested_field_is_refused_by_its_full_name(tmp_path: Path) -> None:
    assert 'shots[0].flux.steps: "many" is not a number.' in refusal(
        tmp_path, {"shots": [shot(flux={"steps": "many"})]}
    )


def test_all_refusals_are_named_up_to_five(tmp_path: Path) -> None:
    message = refusal(tmp_path, {"shots": [shot(shot_id=str(n), width="abc") for n in range(7)]})
    assert "shots[0].width" in message
    assert "shots[4].width" in message
    assert "shots[5].width" not in message
    assert message.endswith("And 2 more.")


@pytest.mark.parametrize("token", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 400])
def test_what_is_no_number_in_json_is_refused_with_its_place(tmp_path: Path, token: str) -> None:
    text = '{"shots": [\n {"shot_id": "NaN Infinity",\n  "duration": TOKEN}]}'.replace("TOKEN", token)
    message = refusal(tmp_path, text)
    assert message.startswith(f"{tmp_path / 'board.json'}, line 3, column 15: {token[:9]}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not valid JSON: Expecting value at line 1, column 1."),
        ('{"shots": [\n{"prompt": "x",}]}', "at line 2, column"),
        ('{"shots": [', "is not valid JSON"),
        ("[" * 100_000, "is nested too deeply"),
        ('{"shots": [{"prompt": "x", "a": ' + "[" * 200 + "]" * 200 + "}]}", "is nested too deeply"),
        ("42", "holds 42 where a storyboard should be."),
        ("null", "holds nothing where a storyboard should be."),
        ('{"shots": {"001": {"prompt": "x"}}}', "shots is an object and should be a list of shots."),
        ('{"shots": "none"}', 'shots is "none" and should be a list of shots.'),
        ('{"shots": ["A tram"]}', 'Line 1, shots[0]: "A tram" is not a shot'),
        ('{"shots_with_references": []}', "is a batch, not a storyboard."),
    ],
)
def test_what_is_no_storyboard_is_refused(tmp_path: Path, text: str, said: str) -> None:
    message = refusal(tmp_path, text)
    assert str(tmp_path / "board.json") in message
    assert said in message


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "has no shots; there is nothing to render."),
        ({"shots": None}, "has no shots; there is nothing to render."),
        ({"shots": []}, "has no shots; there is nothing to render."),
        ([], "has no shots; there is nothing to render."),
        ({"shots": [{}]}, "shots[0].prompt is empty, and so are the others."),
        ({"shots": [{"prompt": "x", "start_image": "gone.png"}]}, "Shot 001: The start image"),
    ],
)
def test_a_board_in_which_nothing_can_be_rendered_is_refused(
    tmp_path: Path, document: Any, said: str
) -> None:
    assert said in refusal(tmp_path, document)


def test_a_board_to_work_on_may_be_empty(tmp_path: Path) -> None:
    board, notes = open_storyboard(written(tmp_path, {"project": "New", "shots": None}))
    assert (board.title, board.shots, notes) == ("New", (), [])


def test_missing_unreadable_and_huge_files_are_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadFile, match=r"There is no file .*gone\.json\."):
        read_storyboard(tmp_path / "gone.json")
    with pytest.raises(BadFile, match="cannot be read"):
        read_storyboard(tmp_path)
    (tmp_path / "latin.json").write_bytes('{"project": "Straße"}'.encode("latin-1"))
    with pytest.raises(BadFile, match="is not text in UTF-8"):
        read_storyboard(tmp_path / "latin.json")
    with (tmp_path / "huge.json").open("wb") as file:
        file.truncate(20_000_001)
    with pytest.raises(BadFile, match="is larger than 20 MB"):
        read_storyboard(tmp_path / "huge.json")
    assert "10000 are the most" in refusal(tmp_path, {"shots": [{}] * 10_001})
