"""Brings a server's file home: streamed, resumed where the line broke, whole or not at all."""

import re
import time
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO

import requests

from domain.errors import BackendUnreachable, JobFailed
from domain.events import Progress
from infrastructure.comfy_api import ComfyAPI
from infrastructure.comfy_history import RemoteFile
from infrastructure.part_files import writing
from infrastructure.patience import Patience

TRIES = 6  # attempts in a row that bring nothing new
PAUSE = 0.1  # seconds before the second of them; doubles
WORD = 0.1  # seconds between two words about how far it is
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


class GoneError(JobFailed):
    """The server names a file that it does not have any more."""


def download(api: ComfyAPI, file: RemoteFile, to: Path) -> Generator[Progress, None, Path]:
    """Raises GoneError when the file is not there, BackendUnreachable when the server stays away."""
    with writing(to) as part, part.open("wb") as out:
        yield from _Transfer(api, file, out, to.name).all()
    return to


class _Transfer:
    """One file on its way, and where it can be taken up again."""

    def __init__(self, api: ComfyAPI, file: RemoteFile, out: BinaryIO, name: str):
        self._api, self._file, self._out, self._name = api, file, out, name
        self._have, self._total, self._version = 0, -1, ""
        self._is_whole = False

    def all(self) -> Generator[Progress, None, None]:
        patience, furthest, misses = Patience(self._api.url, self._api.patience), 0, 0
        while True:
            try:
                yield from self._attempt()
            except BackendUnreachable as error:
                yield from patience.after(error, self._share())
                continue
            if self._is_whole:
                return
            patience.renew()
            misses = 0 if self._have > furthest else misses + 1
            furthest = max(furthest, self._have)
            if misses >= TRIES:
                raise JobFailed(
                    f"{self._name} arrives incomplete: {self._have} of {self._total} bytes, "
                    f"{TRIES} times in a row. Is the network to the server stable?"
                )
            yield Progress(self._share(), f"downloading {self._name}: the line broke, going on")
            time.sleep(PAUSE * 2**misses if misses else 0)

    def _attempt(self) -> Generator[Progress, None, None]:
        """One request: as much as it brings. Raises BackendUnreachable when there is no answer at all."""
        with self._api.open(self._file, self._have, self._version) as reply:
            if not self._can_begin(reply):
                return
            told = 0.0
            try:
                for chunk in self._api.chunks(reply):
                    self._out.write(chunk)
                    self._have += len(chunk)
                    if time.monotonic() - told > WORD:
                        told = time.monotonic()
                        yield Progress(self._share(), f"downloading {self._name}")
            except BackendUnreachable:
                return  # it broke on the way
        # without a length the end is the end: a broken chunked answer raises
        self._is_whole = self._total < 0 or self._have == self._total

    def _can_begin(self, reply: requests.Response) -> bool:
        """Set out from where this answer starts; False when it is none to go on from."""
        status, headers = reply.status_code, reply.headers
        if status == 404:
            raise GoneError(f"The server no longer has the file for {self._name}.")
        if status in (400, 403):
            raise JobFailed(f"The server names a file for {self._name} that it does not hand out ({status}).")
        version = headers.get("ETag", "")
        place = _RANGE.match(headers.get("Content-Range", ""))
        is_next = bool(place and int(place[1]) == self._have and version == self._version)
        if status == 416 or (status == 206 and not is_next):
            self._set_out(0, -1, "")  # it is another file by now: from the beginning
            return False
        if headers.get("Content-Type", "").startswith("text/html") and ".htm" not in self._file.suffix:
            raise self._api.not_comfy()
        if place and status == 206:
            self._set_out(self._have, int(place[2]), version)
        else:
            length = headers.get("Content-Length", "")
            self._set_out(0, int(length) if length.isdigit() else -1, version)
        return True

    def _set_out(self, start: int, total: int, version: str) -> None:
        self._have, self._total, self._version = start, total, "" if version.startswith("W/") else version
        self._out.seek(start)
        self._out.truncate()

    def _share(self) -> float:
        return min(1.0, self._have / self._total) if self._total > 0 else 1.0
