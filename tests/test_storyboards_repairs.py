"""Reading storyboards: what can mean one thing only is mended, told, and kept as it was."""

import json
from pathlib import Path
from typing import Any

import pytest

from domain.storyboard import Motion, Sampling
from infrastructure.storyboard_files import read_storyboard
from tests.boards import PROMPT, board_with, shot, written


@pytest.mark.parametrize(
    ("field", "given", "read", "note"),
    [
        ("duration", "3s", 3.0, 'Shot 001: duration "3s" read as 3.0 seconds.'),
        ("duration", "3.5", 3.5, 'Shot 001: duration "3.5" read as 3.5 seconds.'),
        ("duration", "3,5 sec", 3.5, 'Shot 001: duration "3,5 sec" read as 3.5 seconds.'),
        ("duration", "1500ms", 1.5, 'Shot 001: duration "1500ms" read as 1.5 seconds.'),
        ("duration", 99, 30.0, "Shot 001: duration 99 became 30.0 seconds, the most there may be."),
        ("duration", -2, 0.1, "Shot 001: duration -2 became 0.1 seconds, the least there may be."),
        ("duration", 0, 0.1, "Shot 001: duration 0 became 0.1 seconds, the least there may be."),
        ("width", "1024", 1024, 'Shot 001: width "1024" read as 1024 pixels.'),
        ("width", "1024 px", 1024, 'Shot 001: width "1024 px" read as 1024 pixels.'),
        ("width", 9999, 2048, "Shot 001: width 9999 became 2048 pixels, the most there may be."),
        ("height", 12, 256, "Shot 001: height 12 became 256 pixels, the least there may be."),
        ("width", 832.4, 832, "Shot 001: width 832.4 read as 832."),
        ("prompt", 1984, "1984", 'Shot 001: prompt 1984 read as "1984".'),
        ("prompt", ["A tram", "at night"], "A tram, at night", None),
    ],
)
def test_a_field_that_can_mean_one_thing_only_is_mended_and_told(
    tmp_path: Path, field: str, given: Any, read: Any, note: str | None
) -> None:
    board, notes = board_with(tmp_path, shot(**{field: given}))
    only = board.shots[0]
    values = {"duration": only.seconds, "width": only.width, "height": only.height, "prompt": only.prompt}

    assert values[field] == read
    assert len(notes) == 1
    assert note is None or notes == [note]
    assert only.raw[field] == read
    assert only.raw["as_imported"][field] == given


def test_a_motion_given_as_a_word_is_its_type(tmp_path: Path) -> None:
    board, notes = board_with(tmp_path, shot(wan_motion="pan"))
    assert board.shots[0].motion.kind == "pan"
    assert notes == ['Shot 001: wan_motion "pan" read as its type.']


def test_sampler_values_out_of_range_are_clamped_by_name(tmp_path: Path) -> None:
    board, notes = board_with(
        tmp_path, shot(flux={"cfg": 99, "steps": 0}, wan_motion={"type": "macro_tilt", "strength": 1.5})
    )
    assert board.shots[0].keyframe == Sampling(None, 1, 30.0)
    assert board.shots[0].motion == Motion("tilt", 1.0)
    assert [n.split(" became")[0] for n in notes] == [
        "Shot 001: wan_motion.strength 1.5",
        "Shot 001: flux.steps 0",
        "Shot 001: flux.cfg 99",
    ]


def test_a_settings_object_that_is_none_is_left_aside(tmp_path: Path) -> None:
    board, notes = board_with(tmp_path, shot(flux=5), video_settings="fast")
    assert board.shots[0].keyframe == Sampling()
    assert notes == [
        "Shot 001: flux 5 is not an object and was left aside.",
        'The board: video_settings "fast" is not an object and was left aside.',
    ]
    assert board.raw["as_imported"] == {"video_settings": "fast"}


def test_what_is_left_aside_does_not_hide_the_older_field(tmp_path: Path) -> None:
    board, _ = board_with(
        tmp_path, shot(keyframe="fast", flux={"steps": 9}), shot(keyframe={}, flux={"steps": 9})
    )
    assert [s.keyframe.steps for s in board.shots] == [9, 9]
    again, notes = board_with(tmp_path, *[dict(s.raw) for s in board.shots])
    assert (again, notes) == (board, [])


def test_a_list_at_the_top_is_read_as_the_shots(tmp_path: Path) -> None:
    board, notes = read_storyboard(written(tmp_path, [shot()]))
    assert [s.id for s in board.shots] == ["001"]
    assert notes == ["The file is a list; its entries are read as the shots."]


def test_missing_double_and_impossible_ids_are_repaired(tmp_path: Path) -> None:
    given = ["001", "001", None, "../../etc", "CON", "Größe ä", 7, "", "a" * 80, "A", "a", "001_2"]
    shots = [{"prompt": PROMPT, **({} if id is None else {"shot_id": id})} for id in given]
    board, notes = board_with(tmp_path, *shots)
    ids = [s.id for s in board.shots]

    assert ids == [
        "001",
        "001_3",
        "003",
        "etc",
        "CON_",
        "Grosse_a",
        "7",
        "008",
        "a" * 64,
        "A",
        "a_2",
        "001_2",
    ]
    assert len({id.lower() for id in ids}) == len(ids)
    assert notes[0] == 'Shot 001_3: shot_id "001" is there more than once; this one is called 001_3.'
    assert notes[1] == "Shot 003: It had no shot_id and is called 003."
    assert 'Shot etc: shot_id "../../etc" cannot be a file name everywhere; it is called etc.' in notes
    assert board.shots[3].raw["as_imported"]["shot_id"] == "../../etc"


def test_good_ids_stay_when_a_bad_one_before_them_wants_their_name(tmp_path: Path) -> None:
    board, _ = board_with(tmp_path, {"prompt": PROMPT}, shot(shot_id="001"))
    assert [s.id for s in board.shots] == ["001_2", "001"]


def test_an_empty_prompt_is_told_and_stops_only_its_shot(tmp_path: Path) -> None:
    board, notes = board_with(tmp_path, shot(), shot(shot_id="002", prompt="  "), {"shot_id": "003"})
    assert [s.is_renderable for s in board.shots] == [True, False, False]
    assert notes == [
        "Shot 002: There is no prompt, so it cannot be rendered.",
        "Shot 003: There is no prompt, so it cannot be rendered.",
    ]


def test_an_empty_entry_among_the_shots_is_left_out(tmp_path: Path) -> None:
    board, notes = board_with(tmp_path, None, shot())
    assert [s.id for s in board.shots] == ["001"]
    assert notes == ["shots[0] is empty and was left out."]


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("gone.png", 'The reference 1 "gone.png" was not found'),
        ("https://example.org/a.png", "is a web address"),
        ({"reference_id": "r1"}, "names no file"),
        ("notes.txt", "is not a picture"),
        ("a\x00b.png", "was not found"),
        ("x" * 5000, "was not found"),
        (42, "names no file"),
    ],
)
def test_a_picture_that_cannot_be_used_is_told_and_stops_only_its_shot(
    tmp_path: Path, entry: Any, reason: str
) -> None:
    (tmp_path / "notes.txt").write_text("x")
    board, notes = board_with(tmp_path, shot(references=[entry]), shot(shot_id="002"))

    assert reason in board.shots[0].problems[0]
    assert notes == [f"Shot 001: {board.shots[0].problems[0]}"]
    assert [s.is_renderable for s in board.shots] == [False, True]


def test_paths_written_on_windows_are_found(tmp_path: Path) -> None:
    (tmp_path / "refs").mkdir()
    (tmp_path / "refs" / "mara.png").write_bytes(b"x")
    board, notes = board_with(tmp_path, shot(references="refs\\mara.png"))
    assert board.shots[0].references[0].is_file()
    assert notes == []


def test_half_a_character_becomes_a_mark_that_can_be_written(tmp_path: Path) -> None:
    path = written(tmp_path, '{"shots": [{"shot_id": "1", "prompt": "A tram \\ud83d"}]}')
    assert read_storyboard(path)[0].shots[0].prompt == "A tram \ufffd"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_files_saved_with_a_byte_order_mark_are_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "board.json"
    path.write_text(json.dumps({"shots": [shot(prompt="Straße")]}, ensure_ascii=False), encoding)
    assert read_storyboard(path)[0].shots[0].prompt == "Straße"
