"""What the worker looked for and found, and the first thing to mend."""

import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from domain.errors import StudioError
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.comfy_process import output_of
from worker.delivery import set_up
from worker.environment import Environment
from worker.installs import VERSION_FILE, VOLUMES, Install, find, places
from worker.model_paths import FOLDERS
from worker.site import check_gpu

PACKAGES = "runpod", "requests", "websocket", "boto3", "google.cloud.storage"
MODELS = ".safetensors", ".ckpt", ".pt", ".pth", ".gguf", ".sft"


@dataclass(frozen=True)
class Finding:
    what: str
    said: str
    mend: str = ""  # what to do; nothing when all is well

    def __str__(self) -> str:
        return f"{'!!' if self.mend else 'ok'}  {self.what}: {self.said}"


def doctor(environment: Environment, tell: Callable[[str], None] = print) -> int:
    first = ""
    for finding in findings(environment):
        tell(str(finding))
        first = first or finding.mend
    tell(f"\nFirst: {first}" if first else "\nNothing to mend.")
    return 1 if first else 0


def findings(environment: Environment) -> Iterator[Finding]:
    yield _python()
    yield from _volumes()
    for home, why in places(environment):
        yield Finding(
            f"ComfyUI at {home}", f"{'there' if (home / 'main.py').is_file() else 'not there'} ({why})"
        )
    url = environment["COMFY_URL"]
    status = ComfyBackend(url, 0.0).status()
    try:
        install = find(environment)
    except StudioError as error:
        mend = "" if status.is_up else f"{error} Mount the volume or set COMFY_HOME."
        yield Finding("installation", "none" if mend else "none here, but one answers", mend)
    else:
        yield from _installation(install, environment)
    yield Finding(f"answer at {url}", status.name if status.is_up else "none; serve starts ComfyUI")
    yield from _packages()
    ways = ["base64", *set_up(environment)]
    yield Finding("delivery", ", ".join(ways))


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    is_known = (3, 10) <= sys.version_info[:2] <= (3, 12)
    return Finding("Python", version, "" if is_known else "Use Python 3.10 to 3.12 for the worker.")


def _volumes() -> Iterator[Finding]:
    for volume in VOLUMES:
        is_mounted = volume.is_dir() and os.path.ismount(volume)
        said = "mounted" if is_mounted else "a folder of the image" if volume.is_dir() else "not there"
        yield Finding(f"volume {volume}", said)


def _installation(install: Install, environment: Environment) -> Iterator[Finding]:
    yield Finding("installation", f"{install.home}, run by {install.python}")
    code, said = output_of([str(install.python), "-c", "import torch; print(torch.__version__)"], 60)
    mend = "" if code == 0 else f"Install torch into the environment of {install.python}."
    yield Finding("torch", said.splitlines()[-1] if said else "no answer", mend)
    try:
        yield Finding("GPU", check_gpu(install, environment))
    except StudioError as error:
        yield Finding(
            "GPU", str(error), "Give the worker a GPU with a driver that fits, or set COMFY_ARGS=--cpu."
        )
    roots = [install.home / "models", *(volume / "models" for volume in VOLUMES)]
    counted = {kind: sum(_models(root / kind) for root in roots) for kind in FOLDERS}
    there = ", ".join(f"{count} {kind}" for kind, count in counted.items() if count)
    mend = "" if there else "Put models onto the volume: python -m worker.download_models."
    yield Finding("models", there or "none", mend)
    nodes = install.home / "custom_nodes"
    names = sorted(p.name for p in nodes.iterdir() if _is_node(p)) if nodes.is_dir() else []
    yield Finding("custom nodes", ", ".join(names) or "none")
    version = install.version
    yield Finding("version", str((version or {}).get("id") or f"no {VERSION_FILE}"))


def _models(folder: Path) -> int:
    if not folder.is_dir():
        return 0
    return sum(path.suffix in MODELS for path in folder.rglob("*"))


def _is_node(path: Path) -> bool:
    return path.is_dir() and not path.name.startswith((".", "_"))


def _packages() -> Iterator[Finding]:
    for name in PACKAGES:
        try:
            is_there = importlib.util.find_spec(name) is not None
        except ModuleNotFoundError:
            is_there = False
        mend = "" if is_there else "Install worker/requirements.txt."
        yield Finding(f"package {name}", "there" if is_there else "missing", mend)
