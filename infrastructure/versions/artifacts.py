"""What a version's ComfyUI made, by what is in it, and on which kind of machine."""

import hashlib
import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import Any

from PIL import Image, ImageSequence, UnidentifiedImageError

from domain.versions.baseline import Artifact
from infrastructure.comfy_stats import NO_GPU, graphics_card
from infrastructure.hashes import read_sha256

_PROCESSORS = Path("/proc/cpuinfo")


def artifact(path: Path) -> Artifact:
    return Artifact(path.name, read_sha256(path), _pixels(path))


def kind_of_machine(stats: dict[str, Any]) -> str:
    """The GPU's name. Without one, the processor's and how many there are: both decide in which order numbers
    are added."""
    card = graphics_card(stats).name
    return card if card != NO_GPU else f"cpu, {os.cpu_count()} × {_processor()}"


def _pixels(path: Path) -> str:
    """Of all frames; "" for what is no picture."""
    digest = hashlib.sha256()
    try:
        with Image.open(path) as picture:
            for frame in ImageSequence.Iterator(picture):
                digest.update(f"{frame.mode} {frame.size}\0".encode())
                digest.update(frame.tobytes())
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        return ""
    return digest.hexdigest()


def _processor() -> str:
    with suppress(OSError):
        for line in _PROCESSORS.read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
