"""The styles of comics, from config/comic_styles.json: what pictures are asked for with, and how they are
lettered."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from domain.comic_looks import USUAL, Colours, Look, Looks, Sound
from domain.comic_prompts import Style, Styles
from infrastructure.json_files import read_json

STYLES = Path(__file__).parent.parent.parent / "config" / "comic_styles.json"


@cache
def styles() -> Styles:
    return {name: Style(said["before"], said["after"]) for name, said in read_json(STYLES).items()}


@cache
def looks() -> Looks:
    return {name: _look(said["look"]) for name, said in read_json(STYLES).items()}


def look_of(style: str) -> Look:
    """The usual one for a style that nobody knows here."""
    return looks().get(style, USUAL)


def _look(said: Mapping[str, Any]) -> Look:
    parts = {"balloon": Colours, "box": Colours, "sound": Sound}
    return Look(**{name: parts[name](**value) if name in parts else value for name, value in said.items()})
