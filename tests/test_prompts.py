"""Prompts: a shot's own words, and its tags said in words where they belong."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from domain.prompts import Presets, keyframe_prompt, negative, tags_of, video_prompt
from domain.storyboard import Motion, Shot, Storyboard
from infrastructure.presets_file import PRESETS, read_presets
from infrastructure.storyboard_files import read_storyboard

DATA = Path(__file__).parent / "data"
BOARD = Storyboard("Depot")
WORDS = "A tram in the rain"

OLDER_KEYS = {
    "style": "cinematic photorealistic anime oil_painting watercolor 3d_render vintage noir "
    "artistic documentary",
    "lighting": "golden_hour blue_hour dramatic soft neon natural studio backlit volumetric "
    "night bright low_key",
    "mood": "peaceful dramatic mysterious joyful melancholic tense romantic epic confident contemplative "
    "emotional intense triumphant majestic serene powerful",
    "time_of_day": "sunrise morning noon afternoon sunset night overcast",
    "composition": "rule_of_thirds centered wide_shot close_up low_angle high_angle dutch_angle dynamic "
    "extreme_closeup leading_lines panoramic vertical",
    "color_grade": "teal_orange desaturated vibrant warm cool bleach_bypass sepia",
    "camera": "static pan_left pan_right tilt_up tilt_down dolly_in dolly_out tracking crane_up crane_down "
    "orbit handheld slow_pan slow_push slow_zoom_out zoom_in",
    "motion": "slow_motion normal fast_motion subtle dynamic flowing walking smooth",
}
PICTURE_ONLY = ("composition", "color_grade")
CLIP_ONLY = ("camera", "motion")


@pytest.fixture(scope="module")
def presets() -> Presets:
    return read_presets()


def tagged(**tags: str) -> Shot:
    return Shot("001", WORDS, tags=tags)


def moving(kind: str = "", strength: float = 0.5, **tags: str) -> Shot:
    return replace(tagged(**tags), motion=Motion(kind, strength))


@pytest.mark.parametrize("category", OLDER_KEYS)
def test_every_tag_is_said_where_it_belongs_and_nowhere_else(presets: Presets, category: str) -> None:
    for key in OLDER_KEYS[category].split():
        shot = tagged(**{category: key})
        text = presets[category][key].text.lower()
        in_keyframe = text in keyframe_prompt(shot, BOARD, presets).lower()
        in_video = text in video_prompt(shot, BOARD, presets).lower()

        assert in_keyframe == (category not in CLIP_ONLY), key
        assert in_video == (category not in PICTURE_ONLY), key


def test_a_prompt_without_tags_is_left_as_it_is(presets: Presets) -> None:
    for words in ("A tram in the rain.", "Stop!", "", "“Rain”"):
        shot = Shot("001", words)
        assert keyframe_prompt(shot, BOARD, presets) == words
        assert video_prompt(shot, BOARD, presets) == words


def test_tags_follow_the_prompt_as_a_sentence(presets: Presets) -> None:
    shot = tagged(lighting="neon", composition="wide_shot")
    assert keyframe_prompt(shot, BOARD, presets) == (
        "A tram in the rain. Wide shot, the whole place in view, "
        "neon light, saturated colour spilling onto every surface."
    )


def test_what_the_prompt_says_is_not_said_again(presets: Presets) -> None:
    shot = Shot(
        "001", "Close-up, Golden Hour: a tram", tags={"composition": "close_up", "lighting": "golden_hour"}
    )
    assert keyframe_prompt(shot, BOARD, presets) == "Close-up, Golden Hour: a tram."
    pushing = Shot("001", "The camera pushes in on a tram.", tags={"camera": "dolly_in"})
    assert video_prompt(pushing, BOARD, presets) == "The camera pushes in on a tram."


def test_a_word_inside_another_word_or_thing_does_not_count_as_said(presets: Presets) -> None:
    shot = Shot("001", "Warm bread on soft grass", tags={"lighting": "soft", "color_grade": "warm"})
    prompt = keyframe_prompt(shot, BOARD, presets)
    assert "Soft diffused light" in prompt
    assert "warm colour grade" in prompt
    assert "Film noir" in keyframe_prompt(
        replace(shot, prompt="Pinot noirish", tags={"style": "noir"}), BOARD, presets
    )


def test_the_same_words_from_two_tags_are_said_once(presets: Presets) -> None:
    shot = tagged(lighting="fog", weather="fog", mood="fog, fog")
    assert keyframe_prompt(shot, BOARD, presets) == "A tram in the rain. Fog."


def test_free_tags_are_said_as_their_words(presets: Presets) -> None:
    shot = tagged(lighting="moon_milk", weather="sleet", camera="whip_pan", other="wet_glass, far  bells")
    assert (
        keyframe_prompt(shot, BOARD, presets) == "A tram in the rain. Moon milk, wet glass, far bells, sleet."
    )
    assert video_prompt(shot, BOARD, presets).startswith("A tram in the rain. Camera: whip pan.")


def test_keys_are_known_however_they_are_written(presets: Presets) -> None:
    exact = keyframe_prompt(tagged(lighting="golden_hour", color_grade="cool"), BOARD, presets)
    assert keyframe_prompt(tagged(Lighting="Golden Hour", colour_grade="COOL"), BOARD, presets) == exact


def test_the_boards_style_is_in_every_shot_unless_the_shot_has_its_own(presets: Presets) -> None:
    board = Storyboard("Depot", tags={"style": "noir", "lighting": "neon"})
    assert tags_of(tagged(style="anime"), board) == {"style": "anime", "lighting": "neon"}
    assert "Film noir" in keyframe_prompt(tagged(), board, presets)
    assert "Film noir" in video_prompt(tagged(), board, presets)
    assert keyframe_prompt(tagged(style="none", lighting="None"), board, presets) == "A tram in the rain."


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ("static", "static camera"),
        ("slow_push", "slow push in"),
        ("pan_left", "pan left"),
        ("pan_right", "pan right"),
        ("tilt_up", "tilt up"),
        ("tilt_down", "tilt down"),
        ("dolly_out", "pull back"),
        ("crane_up", "crane up"),
        ("crane_down", "crane down"),
        ("orbit", "orbit around the subject"),
        ("handheld", "handheld"),
        ("zoom_in", "zoom in"),
    ],
)
def test_camera_tags_are_said_in_words_every_engine_knows(presets: Presets, tags: str, said: str) -> None:
    assert f"Camera: {said}" in video_prompt(tagged(camera=tags), BOARD, presets)


@pytest.mark.parametrize(
    ("strength", "said"),
    [
        (0.0, "Camera: static camera."),
        (0.1, "Camera: very subtle pan right across the scene."),
        (0.3, "Camera: gentle pan right across the scene."),
        (0.5, "Camera: pan right across the scene."),
        (0.7, "Camera: strong pan right across the scene."),
        (1.0, "Camera: very strong pan right across the scene."),
    ],
)
def test_the_strength_of_a_move_is_said_in_a_word(presets: Presets, strength: float, said: str) -> None:
    assert said in video_prompt(moving("pan", strength), BOARD, presets)


@pytest.mark.parametrize(
    ("kind", "camera", "said"),
    [
        ("push", "", "push in toward the subject"),
        ("pan", "pan_left", "pan left across the scene"),
        ("push", "dolly_out", "pull back away from the subject"),
        ("push", "static", "push in toward the subject"),
        ("push", "handheld", "push in toward the subject, handheld camera with a slight natural sway"),
        ("static", "", "static camera, locked off"),
        ("barrel roll", "", "barrel roll"),
    ],
)
def test_camera_tag_and_movement_become_one_instruction(
    presets: Presets, kind: str, camera: str, said: str
) -> None:
    assert video_prompt(moving(kind, camera=camera), BOARD, presets) == f"A tram in the rain. Camera: {said}."


def test_strength_without_a_camera_move_says_how_much_moves(presets: Presets) -> None:
    assert video_prompt(moving(strength=0.9), BOARD, presets) == "A tram in the rain. Very strong movement."
    assert video_prompt(moving(strength=0.0), BOARD, presets) == "A tram in the rain. Almost no movement."


def test_notes_on_the_motion_are_said_in_the_clip_only(presets: Presets) -> None:
    shot = replace(tagged(camera="static"), motion=Motion(notes="Stop when the light stops"))
    assert "Stop when the light stops." in video_prompt(shot, BOARD, presets)
    assert "Stop" not in keyframe_prompt(shot, BOARD, presets)


def test_the_negative_words_are_apart(presets: Presets) -> None:
    shot = replace(tagged(lighting="neon"), negative=" fog, text ")
    assert negative(shot) == "fog, text"
    assert "fog" not in keyframe_prompt(shot, BOARD, presets) + video_prompt(shot, BOARD, presets)


def test_an_imported_boards_fields_all_take_part(presets: Presets) -> None:
    board, _ = read_storyboard(DATA / "tram_depot_v21.json")
    assert keyframe_prompt(board.shots[0], board, presets) == (
        "An empty tram rolls into a vaulted depot, its headlight sweeping over rows of sleeping carriages. "
        "Leading lines that draw the eye to the subject, cinematic film still, natural contrast, gentle "
        "halation, fine 35 mm grain, at night, dark sky, sparse low light, most of the frame in deep shadow, "
        "contemplative mood, inward attention."
    )
    assert (
        "Camera: gentle slow push in toward the subject. Smooth continuous movement. Stop when the light "
        "stops." in video_prompt(board.shots[0], board, presets)
    )


def test_every_preset_has_a_label_and_a_text_that_joins_others() -> None:
    data: dict[str, dict[str, Any]] = json.loads(PRESETS.read_text("utf-8"))
    assert list(data) == list(OLDER_KEYS)
    for entry in (entry for group in data.values() for entry in group.values()):
        assert entry["label"]
        assert entry["text"] == entry["text"].strip(" .")
