"""What the window says, in every language it speaks: one catalogue each, in config/words/."""

from functools import lru_cache
from pathlib import Path
from typing import cast

from domain.errors import StudioError
from infrastructure.json_files import read_json

FOLDER = Path(__file__).parent.parent / "config" / "words"
LANGUAGES = {"en": "English", "de": "Deutsch", "uk": "Українська", "zh": "中文", "ru": "Русский"}


@lru_cache
def catalogue(language: str) -> dict[str, str]:
    """All sentences by key; what a language does not say yet is said in English."""
    if language not in LANGUAGES:
        raise StudioError(f"The studio does not speak {language[:20]}.")
    own = cast(dict[str, str], read_json(FOLDER / f"{language}.json"))
    return own if language == "en" else {**catalogue("en"), **own}
