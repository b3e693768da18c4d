"""The form of each answer that a model is asked for: JSON schemas in which every property is required."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from domain.comic import KINDS, PASSING, Character
from domain.comic_layouts import Layout, Layouts
from domain.comic_rules import ALONE

SHOTS = ("extreme close-up", "close-up", "medium shot", "full shot", "wide shot", "extreme wide shot")
ANGLES = ("eye level", "low angle", "high angle", "bird's-eye view", "over the shoulder", "tilted")
PASSERS = tuple(PASSING + who for who in ("man", "woman", "child", "crowd", "voice"))
FAULTS = ("repetition", "language", "continuity", "character", "scene-mismatch", "other")

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}


def usable(layouts: Layouts, pages: int) -> dict[str, Layout]:
    """Those that a comic of so many pages may have."""
    return {name: one for name, one in layouts.items() if pages > 1 or len(one.panels) <= ALONE}


def characters() -> Schema:
    return _object(characters=_list(_object(name=TEXT, role=TEXT, appearance=TEXT, clothing=TEXT)))


def outline(layouts: Collection[str], people: Sequence[Character]) -> Schema:
    page = _object(
        layout=_one_of(layouts),
        location=TEXT,
        weather=TEXT,
        timeOfDay=TEXT,
        charactersInScene=_list(_one_of(person.id for person in people) if people else TEXT),
        summary=TEXT,
        panels=_list(TEXT),
    )
    return _object(title=TEXT, chapters=_list(_object(title=TEXT, pages=_list(page))))


def panel(people: Sequence[Character]) -> Schema:
    who = _one_of((*(person.id for person in people), *PASSERS))
    return _object(
        action=TEXT,
        mood=TEXT,
        shot=_one_of(SHOTS),
        angle=_one_of(ANGLES),
        characters=_list(_object(characterId=who, expression=TEXT, pose=TEXT)),
        dialogue=_list(
            _object(characterId=who, text=TEXT, kind=_one_of(KINDS), offPanel={"type": "boolean"})
        ),
        narrative=TEXT,
        sfx=TEXT,
        imagePrompt=TEXT,
    )


def review(panels: Collection[str]) -> Schema:
    note = _object(panelId=_one_of(panels), type=_one_of(FAULTS), description=TEXT, fix=TEXT)
    return _object(findings=_list(note))


def _object(**properties: Mapping[str, Any]) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _one_of(words: Any) -> Schema:
    return {"type": "string", "enum": list(words)}
