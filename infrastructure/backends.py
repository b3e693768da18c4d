"""Which backend the settings mean. Nothing else in the house asks for the mode."""

from collections.abc import Sequence

from domain.job import Backend
from domain.settings import ComfySettings, Mode
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.comfy_server import ComfyServer
from infrastructure.pool import HANDOVER, Pool
from infrastructure.sketch_backend import SketchBackend


def connect(comfy: ComfySettings) -> Backend:
    match comfy.mode:
        case Mode.sketch:
            return SketchBackend()
        case Mode.local | Mode.runpod:
            return _comfy(comfy.addresses)


def _comfy(addresses: Sequence[str]) -> Backend:
    """One machine, which is waited for when it is away; of several, others take over soon."""
    if len(addresses) == 1:
        return ComfyBackend(addresses[0])
    return Pool({address.partition("://")[2]: ComfyBackend(address, HANDOVER) for address in addresses})


def server(comfy: ComfySettings) -> ComfyServer | None:
    """Whom to ask about nodes and models; the sketch engine has neither."""
    match comfy.mode:
        case Mode.sketch:
            return None
        case Mode.local:
            return ComfyServer(comfy.url)
        case Mode.runpod:
            return ComfyServer(comfy.address)
