"""What this worker says of itself when it is asked: nothing is drawn for it."""

from domain import VERSION
from domain.errors import BackendUnreachable
from domain.serverless_about import About
from infrastructure.comfy_backend import ComfyBackend
from worker.delivery import set_up
from worker.environment import Environment

WORKER = {"name": "cindergrace", "version": VERSION}


def about(backend: ComfyBackend, environment: Environment) -> About:
    """Raises BackendError when ComfyUI does not answer."""
    status = backend.status()
    if not status.is_up:
        raise BackendUnreachable(status.said, status.symptom)
    mode = environment["OUTPUT_MODE"] or (set_up(environment) or ["base64"])[0]
    most = int(environment.number("MAX_INLINE_MB") * (1 << 20))
    return About(WORKER, status.name, status.gpu, mode, most, backend.known())
