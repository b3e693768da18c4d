"""How a version's ComfyUI is started: its own Python, its own folders, its own variables."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from domain.errors import BackendUnreachable
from domain.versions.lock import Lock
from domain.versions.variables import filled
from infrastructure.versions.builds import BASE, OWN, Build

_SECRET = ("KEY", "SECRET", "TOKEN", "CREDENTIALS", "PASSWORD")
_OF_OURS = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "UV_CACHE_DIR")


def command(build: Build, python: Path, lock: Lock, host: str, port: int) -> list[str]:
    """To be run in `build.comfy`."""
    for name in BASE:
        (build.base / name).mkdir(parents=True, exist_ok=True)
    words = [str(python), "main.py", "--listen", host, "--port", str(port)]
    words += ["--base-directory", str(build.base), "--disable-auto-launch"]
    for name in OWN:
        build.own(name).mkdir(parents=True, exist_ok=True)
        words += [f"--{name}-directory", str(build.own(name))]
    words += ["--database-url", f"sqlite:///{build.own('user') / 'comfyui.db'}"]
    return [*words, *(["--cpu"] if lock.is_for_cpu else [])]


def environment(lock: Lock) -> dict[str, str]:
    """Ours without keys and without our own Python, and what the version says. Raises BadFile."""
    kept = {k: v for k, v in os.environ.items() if not any(word in k.upper() for word in _SECRET)}
    kept = {k: v for k, v in kept.items() if k not in _OF_OURS}
    own = {key: filled(text, os.environ, "The version") for key, text in lock.env.items()}
    return {**kept, "PYTHONUNBUFFERED": "1", **own}


def run_here(
    command: Sequence[str], folder: Path, env: Mapping[str, str], began: Callable[[int], None]
) -> int:
    """In this terminal, ended with us; all it says goes to stderr. `began` is told its number. Returns its
    exit code as a shell has it. Raises BackendUnreachable."""
    try:
        process = subprocess.Popen(command, cwd=folder, env=dict(env), stdout=sys.stderr.fileno())
    except OSError as error:
        raise BackendUnreachable(f"{command[0]} cannot be started: {error.strerror or error}.") from error
    try:
        began(process.pid)
        code = process.wait()
        return code if code >= 0 else 128 - code  # ended by a signal
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])
