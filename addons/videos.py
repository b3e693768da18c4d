"""Video: how each shot becomes a clip, and the clips there are."""

from uuid import uuid4

from addons.live import live
from services.errands import errand
from services.studio import Studio

ID = "video"


def build(studio: Studio) -> None:
    live(ID)


def generate(studio: Studio, shots: list[str]) -> list[str]:
    desk, run = studio.desk, uuid4().hex[:8]
    return studio.ask([errand("video", desk.project.folder, desk.shot(id).id, run) for id in shots])


DEEDS = {"video.generate": generate}
