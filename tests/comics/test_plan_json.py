"""Plans are read as this and other programs write them, and nothing of theirs is lost."""

import json

import pytest

from domain.errors import BadFile
from infrastructure.comics.plan_json import plan_json, read_plan
from tests.comics.plans import any_plan

SHORT = {
    "title": "The soldier",
    "style": "noir",
    "characters": [
        {
            "id": "char-1",
            "name": "Marcus",
            "appearance": "tall",
            "clothing": "coat",
            "role": "hero",
            "seed": 7,
        }
    ],
    "chapters": [
        {
            "id": "ch1",
            "title": "Home",
            "pages": [
                {
                    "id": "ch1-p1",
                    "pageNumber": 1,
                    "layout": "single",
                    "panels": [
                        {
                            "id": "ch1-p1-pan1",
                            "position": 1,
                            "characters": ["char-1"],
                            "action": "Marcus runs",
                            "location": "a beach at dawn",
                            "mood": "intense",
                            "camera": "close-up",
                            "dialogue": [{"character": "char-1", "text": "Go!"}],
                            "narrative": None,
                            "sfx": "BOOM!",
                        }
                    ],
                }
            ],
        }
    ],
}
RICH_PANEL = {
    "id": "ch1-p1-pan1",
    "position": 1,
    "characters": [
        {"characterId": "char-1", "expression": "angry", "pose": "running", "gazeDirection": "left", "age": 9}
    ],
    "action": "He runs",
    "mood": "intense",
    "camera": {"shot": "close-up", "angle": "low", "focus": ["hands", "face"]},
    "dialogue": [
        {
            "characterId": "char-1",
            "text": "Go!",
            "kind": "shout",
            "placement": "top-left",
            "precisePlacement": {"x": 1, "y": 2, "width": 30, "height": 10, "tailDirection": "bottom-left"},
        }
    ],
    "narrative": None,
    "sfx": None,
    "narrativePlacement": "bottom-right",
    "aspectRatio": "16:9",
    "imagePrompt": "a man runs, no text",
    "characterSeeds": {"char-1": 7},
}


def rich(panel=RICH_PANEL):
    character = {**SHORT["characters"][0], "age": 30, "face": {"eyes": "grey"}, "bodyType": "slim"}
    scene = {"location": "a beach", "weather": "fog", "timeOfDay": "dawn"}
    page = {"id": "ch1-p1", "pageNumber": 1, "layout": "single", "scene": scene, "summary": "He is back."}
    page |= {"charactersInScene": ["char-1"], "panels": [panel]}
    chapters = [{"id": "ch1", "title": "Home", "pages": [page]}]
    whole = {
        "id": "plan-9",
        "title": "The soldier",
        "style": "noir",
        "language": "en",
        "createdAt": "2025-12-01",
    }
    return {**whole, "readingDirection": "ltr", "characters": [character], "chapters": chapters}


def test_the_short_form_is_read():
    comic = read_plan(SHORT)
    ((_, panel),) = comic.panels
    assert (panel.actors[0].character, panel.camera, panel.sfx) == ("char-1", "close-up", "BOOM!")
    assert (panel.lines[0].character, panel.lines[0].text, panel.narrative) == ("char-1", "Go!", "")
    assert panel.location == "a beach at dawn" and comic.characters[0].seed == 7


def test_the_rich_form_is_written_as_it_was_read():
    assert plan_json(read_plan(rich())) == rich()
    assert plan_json(read_plan({"success": True, "plan": rich()})) == rich()


@pytest.mark.parametrize("seed", range(40))
def test_any_plan_survives_the_file(seed):
    comic = any_plan(seed)
    assert read_plan(json.loads(json.dumps(plan_json(comic)))) == comic


def with_panel(**more):
    return rich({**RICH_PANEL, **more})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([], "list of chapters"),
        ({"chapters": {}}, "list of chapters"),
        ({"chapters": [7]}, "chapters[0] must be an object"),
        ({"chapters": [{"pages": "two"}]}, "chapters[0].pages must be a list"),
        ({"chapters": [], "characters": [{"name": "Ida"}]}, "characters[0].id is missing"),
        (
            {"chapters": [], "characters": [{"id": "a", "seed": -2}]},
            "characters[0].seed must be a whole number",
        ),
        ({"chapters": [], "title": ["a"]}, "plan.title must be text"),
        ({"chapters": [], "title": True}, "plan.title must be text"),
        (with_panel(action={"a": 1}), "chapters[0].pages[0].panels[0].action must be text"),
        (with_panel(dialogue=["Go!", 7]), "chapters[0].pages[0].panels[0].dialogue[0] must be an object"),
        (with_panel(sfx="x" * 30_000), "chapters[0].pages[0].panels[0].sfx is longer"),
    ],
)
def test_what_is_no_plan_is_told_by_its_field(content, said):
    with pytest.raises(BadFile) as refused:
        read_plan(content)
    assert said in str(refused.value)


def test_words_of_other_programs_are_passed_over():
    line = {**RICH_PANEL["dialogue"][0], "kind": "sung", "placement": "above"}
    ((_, panel),) = read_plan(with_panel(dialogue=[line])).panels
    assert (panel.lines[0].kind, panel.lines[0].zone) == ("speech", "")
