"""What a panel's picture is asked for with: its style, what happens, who is seen, and where."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from domain.comic import Character, Comic, Page, Panel

NO_TEXT = "no text, no letters, no speech balloons"
NEGATIVE = "text, letters, caption, speech balloon, watermark, signature, frame"
_NO_TEXT = re.compile(
    r"\b(?:no|without(?: any)?|free of) (?:\w+ )?(?:text|letters|lettering|words|writing)\b|\btextless\b",
    re.IGNORECASE,
)
WIDEST = 2.33  # width to height that models draw well, and its inverse
_TRAITS = ("age", "gender", "bodyType", "height", "skinTone", "face")


class Style(NamedTuple):
    before: str
    after: str


Styles = Mapping[str, Style]


def portrait_prompt(character: Character, style: Style) -> str:
    return _joined(
        style.before,
        f"Portrait of {looks(character)}",
        "upper body, facing the viewer, plain light background",
        style.after,
        NO_TEXT,
    )


def panel_prompt(
    comic: Comic, page: Page, panel: Panel, style: Style, portraits: Sequence[Character] = ()
) -> str:
    """The panel's own prompt, where it has one, in the comic's style; it says whose the `portraits` are that
    go along."""
    whose = ", ".join(f"Picture {n} is {one.name}" for n, one in enumerate(portraits, 1))
    if panel.image_prompt:
        asked = "" if asks_for_no_text(panel.image_prompt) else NO_TEXT
        return _joined(style.before, whose, panel.image_prompt, style.after, asked)
    place = [panel.location or page.location, page.weather, page.time]
    return _joined(
        style.before,
        whose,
        panel.camera,
        panel.action,
        *_shown(comic, panel),
        ", ".join(filter(None, place)),
        panel.mood,
        style.after,
        NO_TEXT,
    )


def looks(character: Character) -> str:
    """Name, looks and clothes, also where a plan has them in parts."""
    parts = [character.appearance] if character.appearance else list(_parts(character.more))
    worn = f"wearing {character.clothing}" if character.clothing else ""
    return ", ".join(filter(None, (character.name, *parts, worn)))


def asks_for_no_text(prompt: str) -> bool:
    return bool(_NO_TEXT.search(prompt))


def size_of(ratio: float, area: int, grid: int) -> tuple[int, int]:
    """Width and height in pixels for a panel of this width to height: as many as the model is made for, on
    its grid. What is beyond the shapes that models draw well is cropped later."""
    drawn = min(WIDEST, max(1 / WIDEST, ratio))
    width, height = math.sqrt(area * drawn), math.sqrt(area / drawn)
    return max(grid, round(width / grid) * grid), max(grid, round(height / grid) * grid)


def _shown(comic: Comic, panel: Panel) -> Iterator[str]:
    for actor in panel.actors:
        character = comic.character(actor.character)
        who = looks(character) if character else actor.character.partition("-")[2]
        yield ", ".join(filter(None, (who, actor.expression, actor.pose, actor.gesture, actor.gaze)))


def _parts(more: Mapping[str, Any]) -> Iterator[str]:
    for name in _TRAITS:
        match more.get(name):
            case str(text) if text:
                yield text
            case int(years) if name == "age" and years is not True:
                yield f"{years} years old"
            case dict() as face:
                yield from (f"{text} {part}" for part, text in face.items() if isinstance(text, str) and text)


def _joined(*sentences: str) -> str:
    return " ".join(f"{sentence.strip().rstrip('.')}." for sentence in sentences if sentence.strip(" ."))
