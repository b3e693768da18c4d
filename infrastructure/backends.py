"""Which backend the settings mean. Nothing else in the house asks for the mode."""

from domain.job import Backend
from domain.settings import ComfySettings, Mode
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.comfy_server import ComfyServer
from infrastructure.sketch_backend import SketchBackend


def connect(comfy: ComfySettings) -> Backend:
    match comfy.mode:
        case Mode.sketch:
            return SketchBackend()
        case Mode.local:
            return ComfyBackend(comfy.url)
        case Mode.runpod:
            return ComfyBackend(comfy.address)


def server(comfy: ComfySettings) -> ComfyServer | None:
    """Whom to ask about nodes and models; the sketch engine has neither."""
    match comfy.mode:
        case Mode.sketch:
            return None
        case Mode.local:
            return ComfyServer(comfy.url)
        case Mode.runpod:
            return ComfyServer(comfy.address)
