"""Processes of a real ComfyUI: forked where that can be done, started from nothing elsewhere."""

import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.forked import Nursery, Process
from tests.real_comfy_build import Installation

# thirteen of the fifteen seconds of work that a start is; what is ComfyUI's own each server imports anew
LIBRARIES = [
    "torch",
    "comfy_kitchen",
    "scipy.stats",
    "scipy.ndimage",
    "scipy.signal",
    "scipy.integrate",
    "transformers",
    "transformers.tokenization_utils_fast",
    "kornia",
    "sqlalchemy",
    "sqlalchemy.orm",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.dialects.sqlite",
    "aiohttp.web",
    "av",
    "spandrel",
    "pydantic_settings",
    "yaml",
    "psutil",
    "alembic",
    "PIL.Image",
    "torchsde",
    "einops.layers.torch",
    "safetensors.torch",
]


def begun(installation: Installation, words: list[str], log: Path) -> Process:
    """`python main.py …` with these words; what it says is added to the log."""
    if sys.platform == "linux":
        return _nursery(installation).fork(words, log)
    with log.open("ab") as out:
        return subprocess.Popen(
            [str(installation.python), *words],
            cwd=installation.source,
            env=installation.environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )


@cache
def _nursery(installation: Installation) -> Nursery:
    quiet = {"HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"}
    environment = {**installation.environment, **quiet}
    return Nursery(str(installation.python), installation.source, environment, LIBRARIES)
