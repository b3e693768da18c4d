"""The three steps of the first start: what is entered there, as settings."""

from dataclasses import replace

from domain.addresses import parse_pod_id, parse_url
from domain.errors import StudioError
from domain.settings import ComfySettings, Mode


def entered(mode: str, address: str, kept: ComfySettings) -> ComfySettings:
    """Whoever is to draw. Raises StudioError with a sentence for what is no address or no pod."""
    match mode:
        case "sketch":
            return replace(kept, mode=Mode.sketch)
        case "local":
            return replace(kept, mode=Mode.local, url=parse_url(address))
        case "runpod":
            pod, port = parse_pod_id(address)
            return replace(kept, mode=Mode.runpod, pod_id=pod, port=port or kept.port)
    raise StudioError(f"There is no way to draw called {mode}.")
