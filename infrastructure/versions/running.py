"""A version's ComfyUI while it runs: one process. A studio that was killed leaves it behind, and the next
takes it up. Its log is a file, so that it needs nobody who reads it.
"""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from domain.errors import BackendUnreachable, BadFile, CannotWrite
from infrastructure import commands
from infrastructure.comfy_process import GOODBYE
from infrastructure.json_files import read_json, write_json
from infrastructure.versions.builds import Build

_NOTE, _LOG = "running.json", "comfyui.log"
_TAIL = 20_000  # bytes of the log that are looked at
_LOOK = 0.1  # seconds


class Running:
    def __init__(
        self, build: Build, pid: int, url: str, child: "subprocess.Popen[bytes] | None", is_ours: bool = True
    ):
        """`is_ours`: whether it ends with us. One whose starter is gone is nobody else's."""
        self.build, self.pid, self.url, self.is_ours = build, pid, url, is_ours
        self._child = child
        self.began = time.monotonic()

    @property
    def is_alive(self) -> bool:
        if self._child:
            return self._child.poll() is None
        return _is_of(self.pid, self.build)

    @property
    def end(self) -> str:
        """How it ended, in a sentence."""
        code = self._child.poll() if self._child else None
        why = "it was killed, most likely for want of memory" if code in (-9, 137) else f"exit code {code}"
        said = next((line for line in reversed(log_of(self.build)) if line.strip()), "")
        return f"ComfyUI ended{f' ({why})' if code is not None else ''}." + (
            f" Its last words: {said[:300].strip()}" if said else ""
        )

    def stop(self) -> None:
        """Returns when it has ended."""
        unnote(self.build, self.pid)
        if not self.is_alive:
            return
        os.kill(self.pid, signal.SIGTERM)
        end = time.monotonic() + GOODBYE
        while self.is_alive and time.monotonic() < end:
            time.sleep(_LOOK)
        if self.is_alive:
            os.kill(self.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        if self._child:
            self._child.wait()


def start(build: Build, command: Sequence[str], env: Mapping[str, str], url: str) -> Running:
    """Raises BackendUnreachable."""
    log = _log(build)
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    try:
        with log.open("wb") as out:
            child = subprocess.Popen(
                command, cwd=build.comfy, env=dict(env), stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
    except OSError as error:
        raise BackendUnreachable(f"{command[0]} cannot be started: {error.strerror or error}.") from error
    started = Running(build, child.pid, url, child)
    try:
        note(build, child.pid, url)
    except CannotWrite:  # nobody would know of it
        started.stop()
        raise
    return started


def note(build: Build, pid: int, url: str) -> None:
    """So that others find it, and leave its files alone. Raises CannotWrite."""
    write_json(_note(build), {"pid": pid, "url": url, "build": build.folder.name, "owner": os.getpid()})


def unnote(build: Build, pid: int) -> None:
    if _noted(build).get("pid") == pid:
        _note(build).unlink(missing_ok=True)


def found(build: Build) -> Running | None:
    """One that runs already, of this very build."""
    told = _noted(build)
    try:
        pid, url, name, owner = int(told["pid"]), str(told["url"]), told["build"], int(told.get("owner", 0))
    except (KeyError, TypeError, ValueError):
        return None
    if name != build.folder.name or not _is_of(pid, build):
        return None
    return Running(build, pid, url, None, is_ours=not _command_of(owner))


def log_of(build: Build) -> list[str]:
    """The last lines it said."""
    try:
        with _log(build).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            return file.read().decode("utf-8", "replace").splitlines()[-200:]
    except OSError:
        return []


def _is_of(pid: int, build: Build) -> bool:
    """Whether a process is this build's ComfyUI: numbers of processes are used again."""
    return str(build.base) in _command_of(pid)


def _command_of(pid: int) -> str:
    try:
        listed = Path(f"/proc/{pid}/cmdline")
        if listed.parent.parent.joinpath("self").exists():
            return listed.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        return commands.run(["ps", "-p", str(pid), "-o", "command="]).out
    except OSError:
        return ""


def _noted(build: Build) -> dict[str, Any]:
    try:
        content = read_json(_note(build))
    except BadFile:
        return {}
    return content if isinstance(content, dict) else {}


def _note(build: Build) -> Path:
    return build.folder.parent / _NOTE


def _log(build: Build) -> Path:
    return build.folder.parent / _LOG
