"""A report of the test bench as it is remembered. Plain values, so that it outlives the program."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class KeptReport:
    """Files are paths below the bench's folder; they may be gone, as a cache may."""

    id: str
    at: float  # seconds since 1970
    images: int
    seed: int
    backend: Mapping[str, Any]
    stages: tuple[Mapping[str, Any], ...]
    text: str
    pictures: tuple[str, ...] = ()
    clip: str = ""
    last_frame: str = ""
    rates: Mapping[str, float | None] = field(default_factory=dict)  # to compare two backends by
    workflows: tuple[str, ...] = ()  # that pictures and clip were made with
