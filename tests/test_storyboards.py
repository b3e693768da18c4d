"""Reading storyboards: every generation of the format becomes the same shots."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from domain.storyboard import Motion, Sampling, Shot, Storyboard, advice
from infrastructure.storyboard_files import read_storyboard
from tests.boards import PROMPT, board_with, shot, written

DATA = Path(__file__).parent / "data"
EXAMPLES = Path(__file__).parent.parent / "examples"


def test_a_v21_board_is_read_in_full() -> None:
    board, notes = read_storyboard(DATA / "tram_depot_v21.json")
    first, second, third = board.shots

    assert notes == []
    assert (board.title, board.fps, board.longest) == ("Tram Depot", 24.0, 3.0)
    assert (board.variants, board.base_seed) == (4, 0)
    assert (board.width, board.height) == (1024, 576)
    assert (first.id, first.label, first.seconds) == ("001", "arrival", 4.5)
    assert first.negative == "people, text"
    assert (first.scene, first.notes) == ("depot", "")
    assert first.tags["camera"] == "slow_push"
    assert "color_grade" not in first.tags
    assert first.motion == Motion("push", 0.25, "Stop when the light stops.")
    assert first.keyframe == Sampling(seed=0, steps=28, cfg=3.5)
    assert first.video == Sampling(seed=None, steps=30, cfg=5.0)
    assert (first.characters, first.lora) == (("cg_driver",), "cg_driver")
    assert second.motion.strength == 0.0
    assert second.tags["texture"] == "fogged glass"
    assert (third.width, third.height, third.motion.kind) == (832, 480, "")


def generation_20() -> dict[str, Any]:
    return {
        "project": "Three ways",
        "version": "2.0",
        "generation_settings": {"variants_per_shot": 3, "base_seed": 5},
        "video_settings": {"default_fps": 16, "max_duration": 4},
        "shots": [
            {
                **SAME,
                "presets": {"lighting": "neon", "style": "noir"},
                "camera_movement": "slow_push",
                "wan_motion": {"type": "macro_dolly", "strength": 0.3, "notes": ""},
                "seed": 0,
                "cfg_scale": 4.0,
                "steps": 24,
                "characters": ["cg_mara"],
            }
        ],
    }


def generation_21() -> dict[str, Any]:
    return {
        "project": "Three ways",
        "version": "2.1",
        "generation_settings": {"variants_per_shot": 3, "base_seed": 5},
        "video_settings": {"default_fps": 16, "max_segment_duration": 4.0},
        "shots": [
            {
                **SAME,
                "presets": {"lighting": "neon", "style": "noir", "camera": "slow_push", "mood": None},
                "flux": {"seed": 0, "cfg": 4.0, "steps": 24},
                "wan": {"seed": -1, "cfg": 7.0, "steps": 20, "motion_strength": 0.3},
                "wan_motion": {"type": "macro_dolly"},
                "characters": [{"id": "cg_mara"}],
            }
        ],
    }


def generation_22() -> dict[str, Any]:
    document = generation_21()
    document["version"] = "2.2"
    document["shots"][0]["character_lora"] = "cg_mara"
    return document


SAME = {
    "shot_id": "s-01",
    "filename_base": "door",
    "prompt": PROMPT,
    "description": "In.",
    "negative_prompt": "fog",
    "width": 832,
    "height": 480,
    "duration": 4.0,
}


def without_raw(board: Storyboard) -> Any:
    return replace(board, raw={}, shots=tuple(replace(s, raw={}) for s in board.shots))


def test_equal_content_in_three_generations_gives_equal_shots(tmp_path: Path) -> None:
    boards = []
    for document in (generation_20(), generation_21(), generation_22()):
        board, notes = read_storyboard(written(tmp_path, document))
        assert notes == []
        boards.append(without_raw(board))

    assert boards[0].shots[0].tags == {"lighting": "neon", "style": "noir", "camera": "slow_push"}
    assert boards[0].shots[0].keyframe == Sampling(0, 24, 4.0)
    assert boards[0] == boards[1] == boards[2]


def test_the_version_a_board_claims_does_not_matter(tmp_path: Path) -> None:
    document = generation_21()
    for claim in ("9.9", 2, None):
        document["version"] = claim
        assert read_storyboard(written(tmp_path, document))[0].shots[0].keyframe.steps == 24


def test_values_the_older_app_wrote_into_every_shot_leave_the_workflow_its_own(tmp_path: Path) -> None:
    untouched = shot(flux={"seed": 3, "cfg": 7.0, "steps": 20}, wan={"seed": -1, "cfg": 7.0, "steps": 20})
    chosen = shot(shot_id="002", flux={"seed": -1, "cfg": 7.0, "steps": 30})
    board, _ = board_with(tmp_path, untouched, chosen)

    assert board.shots[0].keyframe == Sampling(seed=3)
    assert board.shots[0].video == Sampling()
    assert board.shots[1].keyframe == Sampling(None, 30, 7.0)


@pytest.mark.parametrize("kind", ["static", "slow_push", "pan", "tilt", "zoom", "crane", "something_else"])
def test_a_v20_camera_movement_becomes_the_camera_tag(tmp_path: Path, kind: str) -> None:
    board, notes = board_with(tmp_path, shot(camera_movement=kind))

    assert board.shots[0].tags == {"camera": kind}
    assert notes == []


def test_a_camera_preset_goes_before_the_older_camera_movement(tmp_path: Path) -> None:
    board, _ = board_with(tmp_path, shot(presets={"camera": "orbit"}, camera_movement="pan"))
    assert board.shots[0].tags == {"camera": "orbit"}


def test_zero_is_a_seed_and_a_strength(tmp_path: Path) -> None:
    board, _ = board_with(
        tmp_path, shot(flux={"seed": 0}, wan_motion={"type": "macro_pan", "strength": 0}), base_seed=0
    )
    assert board.base_seed == 0
    assert board.shots[0].keyframe.seed == 0
    assert board.shots[0].motion == Motion("pan", 0.0)


@pytest.mark.parametrize("given", [-1, None, "-1", ""])
def test_a_seed_of_minus_one_or_none_means_choose(tmp_path: Path, given: Any) -> None:
    board, _ = board_with(tmp_path, shot(flux={"seed": given}), generation_settings={"base_seed": given})

    assert board.shots[0].keyframe.seed is None
    assert board.base_seed is None


@pytest.mark.parametrize("given", ["", "none", "None", None])
def test_no_lora_is_said_in_several_ways(tmp_path: Path, given: Any) -> None:
    board, _ = board_with(tmp_path, shot(character_lora=given, characters=["cg_mara"]))
    assert board.shots[0].lora == ""


def test_our_own_fields_are_read(tmp_path: Path) -> None:
    for name in ("mara.png", "start.png", "end.webp"):
        (tmp_path / name).write_bytes(b"x")
    board, notes = board_with(
        tmp_path,
        shot(
            references=["mara.png", {"path": "start.png", "reference_id": "r2"}],
            start_image=str(tmp_path / "start.png"),
            end_image={"url": "end.webp"},
            keyframe={"seed": 4, "steps": 8},
            video={"cfg": 2},
        ),
        fps=25,
        width=640,
        height=352,
        variants=2,
        longest_segment=4,
        style="noir",
    )
    only = board.shots[0]
    assert notes == []
    assert only.references == (tmp_path / "mara.png", tmp_path / "start.png")
    assert (only.start_image, only.end_image) == (tmp_path / "start.png", tmp_path / "end.webp")
    assert (only.keyframe, only.video) == (Sampling(4, 8), Sampling(cfg=2.0))
    assert (board.fps, board.width, board.height, board.variants, board.longest) == (25.0, 640, 352, 2, 4.0)
    assert board.tags == {"style": "noir"}


def test_the_boards_size_is_the_one_most_shots_have(tmp_path: Path) -> None:
    sizes = [(832, 480), (576, 1024), (576, 1024)]
    shots = [shot(shot_id=str(n), width=w, height=h) for n, (w, h) in enumerate(sizes)]
    board, _ = board_with(tmp_path, *shots)
    assert (board.width, board.height) == (576, 1024)


def test_unknown_preset_keys_and_categories_stay_as_free_tags(tmp_path: Path) -> None:
    board, notes = board_with(tmp_path, shot(presets={"lighting": "moonmilk", "weather": "sleet"}))
    assert board.shots[0].tags == {"lighting": "moonmilk", "weather": "sleet"}
    assert notes == []


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.json")), ids=lambda p: p.stem)
def test_every_example_is_read_without_a_word(path: Path) -> None:
    board, notes = read_storyboard(path)
    assert notes == []
    assert all(shot.is_renderable for shot in board.shots)


def test_one_example_has_twelve_shots_and_several_longer_than_a_segment() -> None:
    board, _ = read_storyboard(EXAMPLES / "low-tide-post.json")
    assert len(board.shots) == 12
    assert sum(shot.seconds > 5.1 for shot in board.shots) >= 3


def test_advice_names_what_is_unusual_and_is_silent_otherwise() -> None:
    fine = Shot("001", PROMPT, description="Home.", seconds=10)
    assert advice(Storyboard("Depot", (fine,) * 12)) == []
    odd = [
        replace(fine, prompt="A tram."),
        replace(fine, description=" "),
        replace(fine, width=2048, height=512),
        replace(fine, seconds=30),
    ]
    assert advice(Storyboard("Depot", (fine,) * 8 + tuple(odd))) == [
        "Shot 001 has a very short prompt.",
        "Shot 001 has no description.",
        "Shot 001 has an unusual shape, 2048×512.",
        "Shot 001 runs for 30 seconds, which is long for one shot.",
        "The film runs for 140 seconds.",
    ]
