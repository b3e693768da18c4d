"""The first start: three steps beside the sample, each of which can be left out."""

from dataclasses import asdict
from typing import Any

from services.first_start import entered
from services.studio import Studio


def test(studio: Studio, mode: str, address: str = "") -> dict[str, Any]:
    """Who answers there; nothing is kept."""
    return asdict(studio.glance(entered(mode, address, studio.settings.comfy)))


def use(studio: Studio, mode: str, address: str = "") -> None:
    studio.set(comfy=entered(mode, address, studio.settings.comfy))


DEEDS = {"intro.test": test, "intro.use": use}
