"""The note of a studio that is open: a second start finds the first by it."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from domain.errors import BadFile, Blocked
from infrastructure.http_line import Session
from infrastructure.json_files import read_json, write_json
from infrastructure.project_lock import locked

LONGEST = 1.0  # seconds a studio on this machine may take to answer
STARTING = 15.0  # … and from its lock to its first answer
HELD = "Another studio is just starting, or ending, with the same data. Try again in a moment."


class InstanceFile:
    def __init__(self, path: Path):
        self._path = path

    def found(self) -> str:
        """As `running`; a studio that is just starting is waited for."""
        end = time.monotonic() + STARTING
        while not (address := self.running()) and time.monotonic() < end:
            try:
                with self.alone():
                    break
            except Blocked:
                time.sleep(0.2)
        return address

    def running(self) -> str:
        """The address of the studio that is open, else nothing: a killed one leaves its note behind."""
        try:
            address = str(read_json(self._path)["address"])
            with Session() as session:
                answer = session.get(f"{address}studio/alive", timeout=LONGEST)
            return address if "studio" in answer.json() else ""
        except (BadFile, KeyError, TypeError, json.JSONDecodeError, requests.RequestException):
            return ""

    def write(self, address: str) -> None:
        write_json(self._path, {"address": address, "pid": os.getpid()})

    def remove(self) -> None:
        """Only what this studio wrote."""
        try:
            if read_json(self._path)["pid"] == os.getpid():
                self._path.unlink(missing_ok=True)
        except (BadFile, KeyError, TypeError, OSError):
            return

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else uses the same data as long. Raises StudioError when another studio does."""
        with locked(self._path.parent, HELD):
            yield
