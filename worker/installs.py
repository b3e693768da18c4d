"""Where ComfyUI is: on the volume, in the image, or nowhere, and then where it was looked for."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.errors import BackendUnreachable, BadFile, JobRejected
from infrastructure.json_files import read_json
from worker.environment import Environment

VOLUMES = Path("/runpod-volume"), Path("/workspace")  # serverless and pods mount the same volume there
IN_IMAGE = Path("/comfyui"), Path("/ComfyUI")
BELOW_VOLUME = "ComfyUI", "runpod-slim/ComfyUI"
VENVS = "com_venv", "venv", ".venv"
VERSION_FILE = "cindergrace-version.json"


@dataclass(frozen=True)
class Install:
    home: Path
    python: Path

    @property
    def version(self) -> dict[str, Any] | None:
        """What was written down of what is installed, if anything."""
        try:
            content = read_json(self.home / VERSION_FILE)
        except BadFile:
            return None
        return content if isinstance(content, dict) else None


def places(environment: Environment) -> Iterator[tuple[Path, str]]:
    """Where to look, in order, and why there."""
    if home := environment["COMFY_HOME"]:
        yield Path(home), "COMFY_HOME"
    for volume in VOLUMES:
        for below in BELOW_VOLUME:
            yield volume / below, "volume"
    for path in IN_IMAGE:
        yield path, "image"


def find(environment: Environment) -> Install:
    """Raises BackendUnreachable with every place that was tried."""
    tried = []
    for home, why in places(environment):
        if (home / "main.py").is_file():
            return Install(home, _python(home, environment))
        tried.append(f"{home} ({why}: {'no main.py in it' if home.is_dir() else 'not there'})")
    raise BackendUnreachable(f"No ComfyUI was found. Tried: {', '.join(tried)}.")


def _python(home: Path, environment: Environment) -> Path:
    if chosen := environment["COMFY_PYTHON"]:
        return Path(chosen)
    candidates = [home / venv / "bin" / "python" for venv in VENVS]
    candidates += [home.parent / venv / "bin" / "python" for venv in VENVS]
    candidates += [Path("/opt/venv/bin/python")]
    found = next((path for path in candidates if path.is_file() and os.access(path, os.X_OK)), None)
    if found is None and (broken := next(filter(Path.is_symlink, candidates), None)):
        raise BackendUnreachable(
            f"{broken} leads to {broken.resolve()}, which this image lacks: build the image with the Python "
            "that the environment on the volume was made with."
        )
    if found is None:
        raise BackendUnreachable(
            f"ComfyUI is at {home}, but there is no Python for it: neither {candidates[0]} nor another venv "
            "beside it. Set COMFY_PYTHON."
        )
    return found


def promised(version: str | Mapping[str, Any], install: Install | None) -> None:
    """Whether what is installed is what an order asks for. Raises JobRejected."""
    installed = install.version if install else None
    if installed is None:
        raise JobRejected(
            "The order asks for a version of ComfyUI, and this worker cannot promise one: no "
            f"{VERSION_FILE} lies in its installation."
        )
    wanted = {"id": version} if isinstance(version, str) else version
    for key, value in wanted.items():
        if installed.get(key) != value:
            raise JobRejected(
                f"The order asks for {key} {_short(value)}; installed here is {_short(installed.get(key))}."
            )


def _short(value: Any) -> str:
    text = str(value)
    return f"{text[:80]}…" if len(text) > 80 else text
