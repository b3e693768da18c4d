"""Test bench: one report about the backend that is set, from the first hello to the last frame."""

from addons.live import live
from services.studio import Studio

ID = "testbench"


def build(studio: Studio) -> None:
    live(ID)


DEEDS: dict[str, object] = {}
