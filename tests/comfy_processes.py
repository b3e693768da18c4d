"""Processes of a real ComfyUI: forked where that can be done, started from nothing elsewhere."""

import atexit
import json
import os
import select
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Protocol

from tests.real_comfy_build import Installation

NURSERY = Path(__file__).parent / "comfy_nursery.py"


class Process(Protocol):
    """What is needed of subprocess.Popen."""

    pid: int

    def poll(self) -> int | None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...
    def wait(self, timeout: float | None = None) -> int: ...


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


class Nursery:
    """One process that has all libraries in memory; its children are servers."""

    def __init__(self, installation: Installation):
        self._process = subprocess.Popen(
            [str(installation.python), str(NURSERY)],
            cwd=installation.source,
            env={**installation.environment, "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._said() == "ready"

    def fork(self, words: list[str], log: Path) -> "Forked":
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"words": words, "log": str(log)}) + "\n")
        self._process.stdin.flush()
        return Forked(int(self._said()))

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _said(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


@cache
def _nursery(installation: Installation) -> Nursery:
    nursery = Nursery(installation)
    atexit.register(nursery.close)
    return nursery


class Forked:
    """A server that is the nursery's child: looked after by a handle, which no other process can get."""

    def __init__(self, pid: int):
        self.pid = pid
        self._handle = os.pidfd_open(pid)
        self._is_over = False

    def poll(self) -> int | None:
        """Its exit code is not known; 0 stands for any."""
        return 0 if self._has_ended_within(0) else None

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        if not self._has_ended_within(timeout):
            raise subprocess.TimeoutExpired("ComfyUI", timeout or 0)
        return 0

    def _signal(self, number: int) -> None:
        if not self._has_ended_within(0):
            signal.pidfd_send_signal(self._handle, number)

    def _has_ended_within(self, seconds: float | None) -> bool:
        if not self._is_over and select.select([self._handle], [], [], seconds)[0]:
            self._is_over = True
            os.close(self._handle)
        return self._is_over
