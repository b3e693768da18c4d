"""The first start: three steps beside the sample, each of which can be left out."""

from dataclasses import asdict
from typing import Any

from domain.errors import StudioError
from domain.settings import ComfySettings
from services.connections import Form, entered
from services.studio import Studio


def test(studio: Studio, mode: str, address: str = "") -> dict[str, Any]:
    """Who answers there; nothing is kept."""
    return asdict(studio.glance(_entered(studio, mode, address)))


def use(studio: Studio, mode: str, address: str = "") -> None:
    studio.set(comfy=_entered(studio, mode, address))


def _entered(studio: Studio, mode: str, address: str) -> ComfySettings:
    kept = studio.settings.comfy
    fields = {"local": kept.url, "runpod": kept.pod_id, "serverless": kept.endpoint}
    url, pod, endpoint = (address if mode == each else old for each, old in fields.items())
    form = entered(Form(mode, url, pod, kept.port, endpoint), kept)
    if form.faults:
        raise StudioError(" ".join(form.faults.values()))
    return form.comfy


DEEDS = {"intro.test": test, "intro.use": use}
