"""A version's ComfyUI while it runs: one process, and a note of it for all others. A studio that was killed
leaves it behind, and the next takes it up. Its log is a file, so that it needs nobody who reads it.
"""

import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from domain.errors import BackendUnreachable, BadFile, CannotWrite
from infrastructure import commands, own_run
from infrastructure.comfy_process import GOODBYE
from infrastructure.json_files import read_json, write_json
from infrastructure.part_files import cannot_write
from infrastructure.versions.builds import Build

_LOG = "comfyui.log"
_TAIL = 20_000  # bytes of the log that are looked at
_LOOK = 0.1  # seconds
_PROCESSES = Path("/proc")


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
        return _is_of(self.pid, self.build.folder) is True

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
        """Returns when it has ended, or hears nothing at all."""
        if not self.is_alive:
            unnote(self.build, self.pid)
            return
        for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
            with suppress(ProcessLookupError):  # it has ended by itself just now
                os.kill(self.pid, number)
            end = time.monotonic() + GOODBYE
            while self.is_alive and time.monotonic() < end:
                time.sleep(_LOOK)
            if not self.is_alive:
                unnote(self.build, self.pid)  # not sooner: what runs is not taken away
                return


@dataclass(frozen=True)
class _Note:
    """So that others find it, and leave its files alone."""

    pid: int
    url: str
    build: str
    run: str  # of the studio, that it ends with,
    owner: int  # and the number of its process
    machine: str  # a volume may be shared

    def file(self, builds: Path) -> Path:
        return builds / f"running-{self.pid}.json"


def start(build: Build, command: Sequence[str], env: Mapping[str, str], url: str) -> Running:
    """Raises BackendUnreachable, CannotWrite."""
    log = _log(build)
    try:
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        out = log.open("wb")
    except OSError as error:
        raise cannot_write(log, error) from error
    try:
        with out:
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
    """Say that it runs. Raises CannotWrite."""
    builds = build.folder.parent
    for left in _notes(builds):
        if left.machine == platform.node() and _is_of(left.pid, builds / left.build) is False:
            left.file(builds).unlink(missing_ok=True)
    made = _Note(pid, url, build.folder.name, own_run.own(), os.getpid(), platform.node())
    write_json(made.file(builds), asdict(made))


def unnote(build: Build, pid: int) -> None:
    for left in _notes(build.folder.parent):
        if left.pid == pid and left.build == build.folder.name:
            left.file(build.folder.parent).unlink(missing_ok=True)


def found(build: Build) -> Running | None:
    """One that surely runs, of this very build and on this machine."""
    for left in _notes(build.folder.parent):
        is_its = left.build == build.folder.name and left.machine == platform.node()
        if is_its and _is_of(left.pid, build.folder):
            return Running(build, left.pid, left.url, None, is_ours=_is_orphan(left))
    return None


def _is_orphan(left: _Note) -> bool:
    """Whether its studio is gone. What is known of a run is forgotten a day after its end."""
    is_over = own_run.is_over(left.run)
    return is_over if is_over is not None else _command_of(left.owner) == ""


def in_use(build: Build) -> str:
    """Who runs it, or may run it where nobody can look from here; "" when nobody does."""
    builds = build.folder.parent
    for left in _notes(builds):
        if left.build != build.folder.name:
            continue
        if left.machine != platform.node():
            return f"running on {left.machine}, as {left.file(builds)} says"
        if _is_of(left.pid, build.folder) is not False:
            return "running"
    return ""


def log_of(build: Build) -> list[str]:
    """The last lines it said."""
    try:
        with _log(build).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            return file.read().decode("utf-8", "replace").splitlines()[-200:]
    except OSError:
        return []


def _is_of(pid: int, build: Path) -> bool | None:
    """Whether a process is this build's ComfyUI: numbers of processes are used again. None when nobody tells
    what it is."""
    command = _command_of(pid)
    if command is None or "\ufffd" in command:  # a letter was lost on the way
        return None
    return str(Build(build).base) in command


def _command_of(pid: int) -> str | None:
    """How it was started; "" when there is no such process, None when nobody tells."""
    try:
        if (_PROCESSES / "self").exists():
            told = (_PROCESSES / str(pid) / "cmdline").read_bytes()
            if not told and not _has_ended(pid):  # it becomes another program just now
                return None
            return told.replace(b"\0", b" ").decode("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    except OSError:
        return None
    try:
        return commands.run(_asked_for(pid)).out
    except OSError:  # that program is missing, or does not answer
        return None


def _has_ended(pid: int) -> bool:
    """Though whoever started it has not asked for its exit code yet."""
    told = (_PROCESSES / str(pid) / "stat").read_text("utf-8", "replace")
    return told.rpartition(")")[2].split()[0] in "ZX"


def _asked_for(pid: int) -> list[str]:
    """What tells how a process was started, where there is no /proc."""
    if sys.platform == "win32":
        asked = "[Console]::OutputEncoding = [Text.Encoding]::UTF8; "  # else it is this country's code page
        asked += f"(Get-CimInstance Win32_Process -Filter ProcessId={pid}).CommandLine"
        return ["powershell", "-NoProfile", "-NonInteractive", "-Command", asked]
    return ["ps", "-p", str(pid), "-o", "command="]


def _notes(builds: Path) -> Iterator[_Note]:
    for file in sorted(builds.glob("running-*.json")):
        try:
            content = read_json(file)
            url, build, run, machine = (str(content[key]) for key in ("url", "build", "run", "machine"))
            yield _Note(int(content["pid"]), url, build, run, int(content["owner"]), machine)
        except (BadFile, KeyError, TypeError, ValueError):
            continue


def _log(build: Build) -> Path:
    return build.folder.parent / _LOG
