"""What the sketch engine understands of a prompt."""

import pytest

from infrastructure.sketch.brief import read
from infrastructure.sketch.camera import read_move
from infrastructure.sketch.panel import panel
from infrastructure.sketch.script import places
from infrastructure.sketch.tables import named, sections


@pytest.mark.parametrize(
    ("prompt", "place", "time", "weather"),
    [
        ("a lighthouse keeper on the cliff at dusk", "sea/cliff", "dusk", ""),
        ("night train over a bridge in rain", "rail/bridge", "night", "rain"),
        ("two climbers on a snow ridge, noon", "mountain/snow", "day", "snow"),
        ("children running through a wheat field, golden hour", "field/wheat", "golden", ""),
        ("a detective under a street lamp in fog", "street/city", "night", "fog"),
        ("kitchen table in morning light", "room/kitchen", "dawn", ""),
        ("a red car on a desert road at noon", "desert/road", "day", ""),
        ("a spaceship corridor", "hall/ship", "", ""),
        ("crowded market square, midday", "street/market", "day", ""),
        ("Leuchtturm bei Sturm, Nacht", "sea/cliff", "night", "storm"),
        ("Чоловік на вулиці вночі, дощ", "street/city", "night", "rain"),
        ("Рибалка на молу, світанок, туман", "harbour/quay", "dawn", "fog"),
    ],
)
def test_place_time_and_weather_are_read(prompt, place, time, weather):
    brief = read(prompt)
    assert (brief.set, brief.weather) == (place, weather)
    assert brief.time == time or not time


@pytest.mark.parametrize(
    ("prompt", "shot"),
    [
        ("extreme wide shot of a rider in the mountains", "ews"),
        ("wide shot, a woman in a street", "wide"),
        ("medium shot of a man in an office", "medium"),
        ("close-up of an old woman", "close"),
        ("insert: a key on a table", "insert"),
        ("a woman reads a letter", "medium"),
    ],
)
def test_framing_is_read(prompt, shot):
    assert read(prompt).shot == shot


@pytest.mark.parametrize(
    ("prompt", "people"),
    [
        ("two climbers on a ridge", ["climber", "climber"]),
        ("an old woman and a child in a park", ["oldwoman", "child"]),
        ("an elderly man at the window", ["oldman"]),
        ("she walks along the shore", ["woman"]),
        ("a man and two children on a pier", ["man", "child", "child"]),
        ("an empty street", []),
        ("a lake, nobody there", []),
    ],
)
def test_figures_are_counted_by_kind(prompt, people):
    assert read(prompt).people == people


@pytest.mark.parametrize(
    "prompt",
    [
        "a man in a room, low-key light, most of the frame in darkness",
        "a man in a room, bright high-key light",
        "a man in a room. Camera: slow push in toward the subject.",
    ],
)
def test_words_of_the_craft_are_not_taken_for_things(prompt):
    assert read(prompt).held == []


def test_what_somebody_holds_is_in_the_hand_and_the_rest_is_near():
    brief = read("close-up of an old woman reading a letter by candlelight")
    assert brief.held == ["letter", "candle"]


@pytest.mark.parametrize(
    "prompt", ["", " ", "qwrtz blorf", "日本語の文", "🙂🙂", "a" * 5000, "%s {} \\ \x00 <b>"]
)
def test_a_prompt_without_a_known_word_still_draws_something(prompt):
    extremes = panel(prompt, 3, (160, 90)).picture().convert("L").getextrema()
    assert extremes[1] - extremes[0] > 60


@pytest.mark.parametrize("place", sorted(name for name in places() if "/" in name))
def test_every_place_can_be_asked_for_and_drawn(place):
    two_words = {
        "desert/road": "desert road",
        "sea/bank": "a man by the lake",
        "forest/road": "forest road",
        "hall/doors": "hallway",
    }
    words = {
        row.split("|")[0].strip(): row.split("|")[1].split() for row in reversed(sections("words")["place"])
    }
    prompt = two_words[place] if place in two_words else words[place][0].strip("*").replace("-", " ")
    drawn = panel(prompt, 1, (192, 108))
    assert drawn.brief.set == place
    assert len(drawn.picture().getcolors(1 << 20)) > 500


@pytest.mark.parametrize("role", sorted(named("figures", "role")))
def test_every_role_can_be_drawn_near_and_far(role):
    words = next(row for row in sections("words")["role"] if row.split("|")[0].strip() == role)
    word = words.split("|")[1].split()[0].strip("*").replace("-", " ")
    for shot in ("close-up", "wide shot"):
        drawn = panel(f"{shot} of a {word} in a street", 2, (192, 108))
        assert drawn.brief.people == [role]


@pytest.mark.parametrize(
    ("prompt", "kind", "sign"),
    [
        ("a street. Camera: slow push in toward the subject", "push", 1),
        ("a street, the camera pans left", "pan", -1),
        ("a street, pan right across the scene", "pan", 1),
        ("tilt up", "tilt", 1),
        ("tilts down", "tilt", -1),
        ("zoom out from the subject", "zoom", -1),
        ("crane up above the scene", "crane", 1),
        ("orbit around the subject", "orbit", 1),
        ("handheld camera", "handheld", 1),
        ("static camera, locked off", "static", 1),
        ("pull back away from the subject", "pull", 1),
    ],
)
def test_camera_moves_are_read(prompt, kind, sign):
    move = read_move(prompt, 4)
    assert (move.kind, move.sign) == (kind, sign)


def test_strength_is_read_from_words_and_numbers():
    strengths = [
        read_move(p, 4).strength for p in ("very subtle push in", "slow push in", "push in", "strong push in")
    ]
    assert strengths == sorted(strengths)
    assert strengths[0] < strengths[-1]
    assert read_move("push in, strength 0.7", 4).strength == 0.7
    assert read_move("push in, strength 0", 4).strength == 0


def test_a_clip_goes_on_at_the_speed_its_predecessor_ended_with():
    first, second = read_move("pan right", 4), read_move("pan right", 4, is_first=False)
    small = 0.001
    ending = first.view(1).aside - first.view(1 - small).aside
    going_on = second.view(small).aside
    assert abs(ending - going_on) < 0.02 * ending
    assert first.view(small).aside < 0.1 * ending
