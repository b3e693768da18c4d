"""A prompt in pieces: each says where it comes from, and together they are what is sent."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from domain.prompts import (
    LeftOut,
    Phrase,
    joined,
    keyframe_left_out,
    keyframe_parts,
    keyframe_prompt,
    video_left_out,
    video_parts,
    video_prompt,
)
from domain.storyboard import Character, Motion, Shot, Storyboard
from infrastructure.presets_file import read_presets
from infrastructure.storyboard_files import read_storyboard
from services import keyframes, videos
from tests.fakes import values_of
from tests.renders import keyframe_workflow, video_workflow

ROOT = Path(__file__).parent.parent
BOARDS = [ROOT / "tests" / "data" / "tram_depot_v21.json", *sorted((ROOT / "examples").glob("*.json"))]
PRESETS = read_presets()
BOARD = Storyboard("Depot")
ANNA = Character("anna", words="a woman in a red cap")


def texts(parts: list[Phrase]) -> list[tuple[str, str]]:
    return [(part.origin, part.text) for part in parts]


@pytest.mark.parametrize("path", BOARDS, ids=lambda p: p.stem)
def test_the_pieces_of_every_example_are_what_is_sent(path: Path) -> None:
    board, _ = read_storyboard(path)
    for shot in board.shots:
        picture = keyframes.values_of(keyframe_workflow(), board, shot, PRESETS)
        clip = videos.values_of(video_workflow(), board, shot, PRESETS)
        for workflow, values, parts in (
            (keyframe_workflow(), picture, keyframe_parts(shot, board, PRESETS)),
            (video_workflow(), clip, video_parts(shot, board, PRESETS)),
        ):
            sent = values_of(workflow.with_values(**values))["prompt"]
            assert sent == "".join(part.text for part in parts)


def test_the_pieces_of_any_board_are_its_prompts() -> None:
    chance = random.Random(7)
    for _ in range(2000):
        board = any_board(chance)
        (shot,) = board.shots
        for prompt, parts in (
            (keyframe_prompt(shot, board, PRESETS), keyframe_parts(shot, board, PRESETS)),
            (video_prompt(shot, board, PRESETS), video_parts(shot, board, PRESETS)),
        ):
            assert joined(parts) == prompt
            assert all(part.text.strip() and part.origin for part in parts), shot
            own = shot.prompt.strip().rstrip(",")
            assert prompt.startswith(own)
            assert [part.origin for part in parts].count("shot") == bool(own)


def any_board(chance: random.Random) -> Storyboard:
    keys = [key for group in PRESETS.values() for key in group]
    categories = [*PRESETS, "weather", "colour_grade"]
    words = ["A tram", "golden hour", "Close-up,", "in the rain.", "pan left", "“Rain”", "a red cap", ""]

    def tags(most: int) -> dict[str, str]:
        few = chance.sample(categories, chance.randint(0, most))
        return {c: ", ".join(chance.choices([*keys, "fog", "none", "_"], k=2)) for c in few}

    cast = tuple(Character(f"c{n}", words=chance.choice(words)) for n in range(3))
    shot = Shot(
        "001",
        " ".join(chance.choices(words, k=chance.randint(0, 3))),
        tags=tags(6),
        motion=Motion(chance.choice(["", "static", "push", "pan", "barrel roll"]), chance.random()),
        characters=tuple(chance.choices(["c0", "c1", "c2", "nobody"], k=chance.randint(0, 3))),
    )
    return Storyboard("Any", (shot,), tags=tags(3), characters=cast)


def test_each_piece_of_a_keyframe_says_where_it_comes_from() -> None:
    board = replace(BOARD, characters=(ANNA,), tags={"style": "noir"})
    shot = Shot(
        "001", "A walk", characters=("Anna",), tags={"lighting": "moonlight", "weather": "sleet, hail"}
    )
    assert texts(keyframe_parts(shot, board, PRESETS)) == [
        ("shot", "A walk."),
        ("character:anna", " A woman in a red cap."),
        ("style", f" {PRESETS['style']['noir'].text[0].upper()}{PRESETS['style']['noir'].text[1:]},"),
        ("lighting", " moonlight,"),
        ("weather", " sleet,"),
        ("weather", " hail."),
    ]


def test_each_piece_of_a_clip_says_where_it_comes_from() -> None:
    tags = {"camera": "handheld", "motion": "slow_motion", "mood": "tense"}
    shot = Shot("001", "A walk.", tags=tags, motion=Motion("push", 0.9, "past the pier"))
    parts = video_parts(shot, BOARD, PRESETS)
    assert [part.origin for part in parts] == ["shot", "camera", "camera", "motion", "motion", "mood"]
    assert parts[1].text.startswith(" Camera: very strong push in")
    assert parts[4].text == " Past the pier."


def test_a_tag_the_prompt_says_is_named_with_the_words_that_say_it() -> None:
    shot = Shot("001", "A tram at golden hour", tags={"lighting": "golden_hour", "mood": "tense"})
    board = replace(BOARD, tags={"style": "none"})
    left_out = [LeftOut("golden_hour", "the prompt says “golden hour” already", "lighting")]
    assert keyframe_left_out(shot, board, PRESETS) == left_out
    assert video_left_out(shot, board, PRESETS) == left_out


def test_what_two_tags_say_is_left_out_once() -> None:
    shot = Shot("001", "A tram.", tags={"lighting": "fog", "weather": "fog"})
    assert keyframe_left_out(shot, BOARD, PRESETS) == [LeftOut("fog", "it is said already", "weather")]


def test_a_character_whom_the_prompt_describes_is_left_out_and_one_without_words_is_not_missed() -> None:
    board = replace(BOARD, characters=(ANNA, Character("tom"), Character("ida")))
    shot = Shot("001", "A woman in a red cap.", characters=("anna", "tom", "ida"))
    left_out = [LeftOut("anna", "the prompt says it already", "character:anna")]
    assert keyframe_left_out(shot, board, PRESETS) == left_out
    assert video_left_out(shot, board, PRESETS) == left_out


@pytest.mark.parametrize(
    ("kind", "strength", "tag", "left_out"),
    [
        ("push", 0.5, "static", LeftOut("static", "the shot has a movement of its own", "camera")),
        ("pan", 0.5, "pan_left", LeftOut("pan", "the camera's tag goes before it", "camera")),
        ("pan", 0.0, "orbit", LeftOut("orbit", "a movement without strength is none", "camera")),
    ],
)
def test_of_two_cameras_the_one_left_out_is_named(
    kind: str, strength: float, tag: str, left_out: LeftOut
) -> None:
    shot = Shot("001", "A tram.", tags={"camera": tag}, motion=Motion(kind, strength))
    assert video_left_out(shot, BOARD, PRESETS) == [left_out]
    assert keyframe_left_out(shot, BOARD, PRESETS) == []


def test_a_tag_without_a_word_in_it_is_nothing() -> None:
    shot = Shot("001", "A tram.", tags={"camera": "_", "lighting": "_, _"})
    assert texts(video_parts(shot, BOARD, PRESETS)) == [("shot", "A tram.")]
    assert video_left_out(shot, BOARD, PRESETS) == []
