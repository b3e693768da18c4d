"""Film: the shots one after another, playable at once, and rendered as one file."""

from uuid import uuid4

from addons.live import live
from services.errands import errand
from services.studio import Studio

ID = "film"


def build(studio: Studio) -> None:
    live(ID)


def render(studio: Studio) -> list[str]:
    return studio.ask([errand("film", studio.desk.project.folder, run=uuid4().hex[:8])])


DEEDS = {"film.render": render}
