"""Brings a server's file home: streamed, resumed where the line broke, whole or not at all."""

import time
from collections.abc import Generator
from pathlib import Path

import requests
from urllib3.exceptions import HTTPError

from domain.errors import BackendUnreachable, JobFailed
from domain.events import Progress
from infrastructure.comfy_api import CHUNK, ComfyAPI, RemoteFile

TRIES = 6  # attempts in a row that bring nothing
PAUSE = 0.2  # seconds before the second attempt; doubles


class GoneError(JobFailed):
    """The server names a file that it does not have any more."""


def download(api: ComfyAPI, file: RemoteFile, to: Path) -> Generator[Progress, None, Path]:
    """Raises GoneError when the file is not there, BackendUnreachable when the line stays dead."""
    to.parent.mkdir(parents=True, exist_ok=True)
    partial = to.with_name(to.name + ".part")
    have, etag, total, misses = 0, "", -1, 0
    try:
        with partial.open("wb") as out:
            while total < 0 or have < total:
                before = have
                try:
                    with api.open(file, have, etag) as reply:
                        have = _start(reply, have, to.name)
                        out.seek(have)
                        out.truncate()
                        length = int(reply.headers.get("Content-Length", -1))
                        total, etag = have + length if length >= 0 else -1, reply.headers.get("ETag", "")
                        while chunk := reply.raw.read(CHUNK):
                            out.write(chunk)
                            have += len(chunk)
                            yield Progress(have / total if total > 0 else 1.0, f"downloading {to.name}")
                        total = have if total < 0 else total  # no length given: the end is the end
                except (requests.RequestException, HTTPError, BackendUnreachable) as error:
                    misses = 0 if have > before else misses + 1
                    if misses >= TRIES:
                        raise BackendUnreachable(
                            f"{to.name} could not be downloaded: the line broke {TRIES} times."
                        ) from error
                    time.sleep(PAUSE * 2**misses if misses else 0)
                else:
                    misses = 0 if have > before else misses + 1
                    if have < total and misses >= TRIES:
                        raise BackendUnreachable(f"{to.name} arrives incomplete: {have} of {total} bytes.")
        return partial.replace(to)
    except OSError as error:
        raise JobFailed(f"{to} cannot be written: {error.strerror or error}. Is the disk full?") from error
    finally:
        partial.unlink(missing_ok=True)


def _start(reply: requests.Response, have: int, name: str) -> int:
    """From which byte on this answer goes."""
    if reply.status_code == 404:
        raise GoneError(f"The server no longer has the file for {name}.")
    return have if reply.status_code == 206 else 0
