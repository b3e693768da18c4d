"""The styles of comics, from config/comic_styles.json."""

from functools import cache
from pathlib import Path

from domain.comic_prompts import Style, Styles
from infrastructure.json_files import read_json

STYLES = Path(__file__).parent.parent.parent / "config" / "comic_styles.json"


@cache
def styles() -> Styles:
    return {name: Style(said["before"], said["after"]) for name, said in read_json(STYLES).items()}
