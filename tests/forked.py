"""Servers that are forked from a process which has their libraries in memory (Linux only)."""

import atexit
import json
import os
import select
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

NURSERY = Path(__file__).parent / "nursery.py"


class Process(Protocol):
    """What is needed of subprocess.Popen."""

    pid: int

    def poll(self) -> int | None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...
    def send_signal(self, number: int) -> None: ...
    def wait(self, timeout: float | None = None) -> int: ...


class Nursery:
    """One process that has `modules` in memory; its children are servers."""

    def __init__(self, python: str, folder: Path, environment: dict[str, str], modules: Sequence[str]):
        self._folder, self._environment = folder, environment
        self._process = subprocess.Popen(
            [python, str(NURSERY), *modules],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._said() == "ready"
        atexit.register(self.close)

    def fork(
        self,
        words: list[str],
        log: Path,
        folder: Path | None = None,
        environment: dict[str, str] | None = None,
    ) -> "Forked":
        """A server with these words; without them in the nursery's own folder and environment."""
        order = {"words": words, "log": str(log), "folder": str(folder or self._folder)}
        assert self._process.stdin
        self._process.stdin.write(
            json.dumps({**order, "environment": environment or self._environment}) + "\n"
        )
        self._process.stdin.flush()
        return Forked(int(self._said()))

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _said(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


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
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        if not self._has_ended_within(timeout):
            raise subprocess.TimeoutExpired("a forked server", timeout or 0)
        return 0

    def send_signal(self, number: int) -> None:
        if not self._has_ended_within(0):
            signal.pidfd_send_signal(self._handle, number)

    def _has_ended_within(self, seconds: float | None) -> bool:
        if not self._is_over and select.select([self._handle], [], [], seconds)[0]:
            self._is_over = True
            os.close(self._handle)
        return self._is_over
