"""Writing storyboards: nothing a file held is lost, and an older board stays a board of its generation."""

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from domain.errors import StudioError
from domain.storyboard import Motion, Sampling, Shot, Storyboard
from infrastructure.storyboard_files import read_storyboard, write_storyboard
from tests.boards import PROMPT, board_with, shot, written

DATA = Path(__file__).parent / "data"
EXAMPLES = Path(__file__).parent.parent / "examples"
BOARDS = [DATA / "tram_depot_v21.json", *sorted(EXAMPLES.glob("*.json"))]


def rewritten(tmp_path: Path, board: Storyboard) -> tuple[dict[str, Any], Storyboard]:
    """What the file holds after writing, and the board that is read from it."""
    path = tmp_path / "rewritten.json"
    write_storyboard(path, board)
    again, notes = read_storyboard(path)
    assert notes == []
    return json.loads(path.read_text("utf-8")), again


def older_app_loads(document: dict[str, Any]) -> list[tuple[str, str, float, dict[str, Any]]]:
    """As strictly as the older app reads: everything of the type it expects, or it breaks."""
    shots = []
    for entry in document["shots"]:
        assert isinstance(entry["shot_id"], str)
        assert isinstance(entry["prompt"], str)
        assert isinstance(entry.get("presets", {}), dict)
        assert isinstance(entry.get("wan_motion") or {}, dict)
        duration, _, _ = (float(entry["duration"]), int(entry.get("width", 1)), int(entry.get("height", 1)))
        shots.append((entry["shot_id"], entry["prompt"], duration, entry.get("presets", {})))
    return shots


@pytest.mark.parametrize("path", BOARDS, ids=lambda p: p.stem)
def test_reading_writing_and_reading_again_gives_the_same_board(tmp_path: Path, path: Path) -> None:
    board, _ = read_storyboard(path)
    document, again = rewritten(tmp_path, board)
    original = json.loads(path.read_text("utf-8"))
    original.pop("storyboard_file", None)

    assert again == board
    assert document == original
    assert [list(s) for s in document["shots"]] == [list(s) for s in original["shots"]]


def test_an_imported_board_loads_in_the_older_format(tmp_path: Path) -> None:
    path = DATA / "tram_depot_v21.json"
    document, _ = rewritten(tmp_path, read_storyboard(path)[0])
    assert older_app_loads(document) == older_app_loads(json.loads(path.read_text("utf-8")))


def test_a_repaired_board_loads_in_the_older_format_and_keeps_what_it_said(tmp_path: Path) -> None:
    board, notes = board_with(
        tmp_path, shot(shot_id="a b", duration="3s", width="832", wan_motion="pan"), {"prompt": "Rain."}
    )
    document, again = rewritten(tmp_path, board)

    assert len(notes) == 5
    assert older_app_loads(document) == [("a_b", PROMPT, 3.0, {}), ("002", "Rain.", 3.0, {})]
    assert document["shots"][0]["as_imported"] == {
        "shot_id": "a b",
        "duration": "3s",
        "width": "832",
        "wan_motion": "pan",
    }
    assert again.shots[0].seconds == 3.0


def test_what_was_repaired_twice_keeps_its_first_words(tmp_path: Path) -> None:
    board, _ = board_with(tmp_path, shot(duration="99s"))
    assert board.shots[0].raw["as_imported"] == {"duration": "99s"}


def test_unknown_fields_survive_at_every_level(tmp_path: Path) -> None:
    document = {
        "project": "Deep",
        "mine": {"a": [1, {"b": None}]},
        "generation_settings": {"variants_per_shot": 2, "mine": True},
        "video_settings": {"mine": "x"},
        "shots": [
            {
                "shot_id": "001",
                "prompt": PROMPT,
                "duration": 3,
                "mine": [0, False, None, "", {}],
                "presets": {"style": "noir", "mine": {"deep": 1}, "mood": None},
                "flux": {"seed": 1, "mine": 2.5},
                "wan_motion": {"type": "macro_pan", "mine": "y"},
                "references": [],
            }
        ],
    }
    board, _ = read_storyboard(written(tmp_path, document))
    path = tmp_path / "again.json"
    write_storyboard(path, board)
    assert json.loads(path.read_text("utf-8")) == document


def test_every_field_that_is_changed_is_written_and_the_rest_stays(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    path = DATA / "tram_depot_v21.json"
    board, _ = read_storyboard(path)
    changed = replace(
        board.shots[0],
        id="001b",
        prompt="Rain.",
        negative="",
        label="rain",
        description="Wet.",
        scene="Depot, night",
        notes="Second unit.",
        seconds=2.5,
        width=640,
        height=None,
        tags={"camera": "pan_left"},
        motion=Motion("orbit", 0.0, ""),
        characters=("cg_sleeper", "cg_new"),
        lora="",
        keyframe=Sampling(7, 20, 7.0),
        video=Sampling(),
        references=(tmp_path / "a.png",),
        start_image=tmp_path / "a.png",
        end_image=tmp_path / "a.png",
    )
    document, again = rewritten(tmp_path, replace(board, shots=(changed, *board.shots[1:])))
    original = json.loads(path.read_text("utf-8"))

    assert replace(again.shots[0], raw={}) == replace(changed, raw={})
    assert again.shots[1:] == board.shots[1:]
    assert document["shots"][0]["script"] == original["shots"][0]["script"]
    assert document["shots"][0]["references"] == ["a.png"]


def test_every_field_of_a_board_that_is_changed_is_written(tmp_path: Path) -> None:
    board, _ = read_storyboard(DATA / "tram_depot_v21.json")
    changed = replace(
        board,
        title="Depot",
        description="",
        notes="Slow.",
        width=1280,
        height=704,
        fps=16.0,
        variants=None,
        base_seed=None,
        longest=5.0,
        tags={"style": "noir"},
    )
    document, again = rewritten(tmp_path, changed)

    assert replace(again, raw={}) == replace(changed, raw={})
    assert document["video_settings"]["default_fps"] == 16.0
    assert document["lens_kit"]["focal_lengths"] == [32, 50, 75]


def test_what_a_board_leaves_open_can_be_left_open_again(tmp_path: Path) -> None:
    board, _ = read_storyboard(DATA / "tram_depot_v21.json")
    opened = replace(board, fps=None, variants=None, base_seed=None, longest=None)
    _, again = rewritten(tmp_path, opened)
    assert (again.fps, again.variants, again.base_seed, again.longest) == (None, None, None, None)


def test_a_v20_boards_camera_and_seed_can_be_changed_and_cleared(tmp_path: Path) -> None:
    board, _ = board_with(tmp_path, shot(camera_movement="dolly", seed=5, steps=9, cfg_scale=3))
    cleared = replace(board.shots[0], tags={}, keyframe=Sampling())
    _, again = rewritten(tmp_path, replace(board, shots=(cleared,)))

    assert board.shots[0].tags == {"camera": "dolly_in"}
    assert again.shots[0].tags == {}
    assert again.shots[0].keyframe == Sampling()


@pytest.mark.parametrize(
    ("before", "after"), [(["cg_mara"], ("Tom",)), (["Tom"], ("cg_mara",)), ([], ("cg_mara",))]
)
def test_a_shot_keeps_its_lora_when_its_characters_change(
    tmp_path: Path, before: list[str], after: tuple[str, ...]
) -> None:
    """A board that names none has it from the first character."""
    board, _ = board_with(tmp_path, shot(characters=before))
    changed = replace(board.shots[0], characters=after)
    _, again = rewritten(tmp_path, replace(board, shots=(changed,)))

    assert (again.shots[0].characters, again.shots[0].lora) == (after, board.shots[0].lora)


def test_a_board_made_here_is_read_back_as_it_was(tmp_path: Path) -> None:
    made = Shot("001", PROMPT, seconds=3.0, tags={"lighting": "neon"}, keyframe=Sampling(0), lora="cg_mara")
    board = Storyboard("New", (made, Shot("002", "Rain.", video=Sampling(steps=20, cfg=7.0))), fps=25.0)
    document, again = rewritten(tmp_path, board)

    bare = replace(again, raw={}, shots=tuple(replace(s, raw={}) for s in again.shots))
    assert bare == board
    assert older_app_loads(document)[0] == ("001", PROMPT, 3.0, {"lighting": "neon"})


def test_a_board_written_elsewhere_still_finds_its_pictures(tmp_path: Path) -> None:
    (tmp_path / "refs").mkdir()
    (tmp_path / "refs" / "a.png").write_bytes(b"x")
    board, _ = board_with(
        tmp_path, shot(start_image="refs/a.png", references=[{"url": "refs/a.png", "reference_id": "r"}])
    )
    project = tmp_path / "elsewhere" / "project"
    write_storyboard(project / "storyboard.json", board)
    again, notes = read_storyboard(project / "storyboard.json")
    kept = json.loads((project / "storyboard.json").read_text("utf-8"))["shots"][0]["references"]

    assert notes == []
    assert again.shots[0].start_image == tmp_path / "refs" / "a.png"
    assert kept == [{"url": str(tmp_path / "refs" / "a.png"), "reference_id": "r"}]


def test_shots_can_be_added_removed_and_reordered(tmp_path: Path) -> None:
    board, _ = read_storyboard(DATA / "tram_depot_v21.json")
    shots = (board.shots[2], Shot("new", "Rain."), board.shots[0], Shot("end", "Dark."))
    document, again = rewritten(tmp_path, replace(board, shots=shots))

    assert [s.id for s in again.shots] == ["003-night", "new", "001", "end"]
    assert document["total_shots"] == 4


def test_writing_changes_neither_the_board_nor_its_source(tmp_path: Path) -> None:
    path = DATA / "tram_depot_v21.json"
    before = path.read_bytes()
    board, _ = read_storyboard(path)
    raw = deepcopy(board.shots[0].raw)
    write_storyboard(tmp_path / "x.json", replace(board, shots=(replace(board.shots[0], tags={}),)))

    assert board.shots[0].raw == raw
    assert path.read_bytes() == before


def test_a_second_import_changes_nothing(tmp_path: Path) -> None:
    board, _ = board_with(tmp_path, shot(duration="3s", shot_id="ä"), shot(shot_id="ä"))
    once, again = rewritten(tmp_path, board)
    twice, _ = rewritten(tmp_path, again)
    assert once == twice


def test_a_failed_writing_leaves_the_board_that_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "board.json"
    board, _ = read_storyboard(DATA / "tram_depot_v21.json")
    write_storyboard(path, board)
    before = path.read_bytes()

    def full(self: Path, *_: Any) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises((OSError, StudioError), match="No space left"):
        write_storyboard(path, replace(board, title="Other"))
    assert path.read_bytes() == before
