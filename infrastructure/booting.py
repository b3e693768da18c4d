"""A pod that was just started: its proxy answers before the ComfyUI in it does, and that is waited for."""

import time
from collections.abc import Generator

from domain.errors import BackendUnreachable
from domain.events import Progress
from domain.job import Backend

LONGEST = 600.0  # seconds; a first start of RunPod's own template takes about four minutes
LOOK = 2.0  # seconds between two looks
_STARTING = ("502", "503")


def booted(backend: Backend, longest: float = LONGEST) -> Generator[Progress, None, None]:
    """Ends when somebody answers, or it is no start that is waited for.

    Raises BackendUnreachable when it takes too long.
    """
    began = time.monotonic()
    while (status := backend.status()).symptom in _STARTING:
        took = time.monotonic() - began
        if took > longest:
            raise BackendUnreachable(f"{status.said} It was waited for {took / 60:.0f} minutes.")
        yield Progress(0.0, f"ComfyUI is starting in the pod; waiting for it ({took:.0f} s)")
        time.sleep(LOOK)
