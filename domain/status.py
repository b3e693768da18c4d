"""How a backend is right now, for whoever wants to know at a glance."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.pods import Endpoint


@dataclass(frozen=True)
class AtEndpoint:
    """A serverless endpoint at the last look: what the account says of it, its workers, who answered last."""

    endpoint: Endpoint
    workers: Mapping[str, int] | None = None  # by RunPod's word for their state; None: it did not answer
    worker: Mapping[str, str] | None = None  # name and version; {}: a public one; None: none answered yet
    about: Mapping[str, Any] | None = None  # what one said when it was asked, in brief


@dataclass(frozen=True)
class Status:
    """Not being up is a state like another; `said` is then the sentence that says why."""

    is_up: bool
    name: str  # "ComfyUI 0.30.0", "Sketch engine 3"
    address: str = ""  # without name, password or token
    gpu: str = ""  # the card's name, or what stands in for one
    vram_used: int | None = None  # bytes
    vram_total: int | None = None
    running: int = 0  # jobs in its whole queue, other people's too
    waiting: int = 0
    said: str = ""
    symptom: str = (
        ""  # the status of what answered instead, "1010", "login", "stranger", "silence" or "starting"
    )
    serverless: AtEndpoint | None = None
