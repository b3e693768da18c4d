"""Settings: where pictures are made, with which workflows, and how the window looks."""

from addons.live import live
from domain.errors import StudioError
from services.studio import Studio
from services.words import LANGUAGES

ID = "settings"


def build(studio: Studio) -> None:
    live(ID)


def look(studio: Studio, theme: str = "", language: str | None = None) -> None:
    if theme and theme not in ("dark", "light"):
        raise StudioError("The window is dark or light.")
    if language and language not in LANGUAGES:
        raise StudioError("The studio does not speak this language.")
    changes = {"theme": theme} if theme else {}
    studio.set(**changes, **({} if language is None else {"language": language}))


def introduced(studio: Studio) -> None:
    studio.set(is_introduced=True)


DEEDS = {"settings.look": look, "settings.introduced": introduced}
