"""Fetches a file that somebody names by its address: streamed, of a bounded size, whole or not at all."""

import hashlib
import time
from collections.abc import Generator
from pathlib import Path
from urllib.parse import urlsplit

import requests

from domain.errors import JobRejected
from domain.events import Progress
from infrastructure.http_line import Session
from infrastructure.part_files import writing

CONNECT, SILENCE = 10.0, 60.0  # seconds to get through; seconds between two bytes
TRIES = 3
WORD = 0.5  # seconds between two words about how far it is
_CHUNK = 1 << 18


def fetch(url: str, to: Path, most: int) -> Generator[Progress, None, str]:
    """Write what lies there; returns its sha256. Raises JobRejected."""
    for left in reversed(range(TRIES)):
        try:
            return (yield from _attempt(url, to, most))
        except requests.RequestException as error:
            if not left:
                host = urlsplit(url).hostname
                raise JobRejected(f"{to.name} cannot be fetched from {host}: {_why(error)}.") from error
            yield Progress(0, f"fetching {to.name} once more")
    raise AssertionError("there is a last try")


def _attempt(url: str, to: Path, most: int) -> Generator[Progress, None, str]:
    digest, have, told = hashlib.sha256(), 0, 0.0
    headers = {"Accept-Encoding": "identity"}
    with Session() as line, line.get(url, headers=headers, stream=True, timeout=(CONNECT, SILENCE)) as reply:
        if not reply.ok:
            if reply.status_code >= 500:
                reply.raise_for_status()
            host = urlsplit(reply.url).hostname
            raise JobRejected(f"{to.name} cannot be fetched from {host}: it answers {reply.status_code}.")
        length = reply.headers.get("Content-Length", "")
        total = int(length) if length.isdigit() else 0
        with writing(to) as part, part.open("wb") as out:
            for chunk in reply.iter_content(_CHUNK):
                have += len(chunk)
                if max(have, total) > most:
                    raise JobRejected(f"{to.name} is larger than the {most >> 20} MB that an input may have.")
                out.write(chunk)
                digest.update(chunk)
                if time.monotonic() - told > WORD:
                    told = time.monotonic()
                    yield Progress(0, f"fetching {to.name} ({have >> 20} MB)")
            if total and have != total:
                raise requests.ConnectionError(f"{have} of {total} bytes arrived")
    return digest.hexdigest()


def _why(error: requests.RequestException) -> str:
    if error.response is not None:
        return f"it answers {error.response.status_code}"
    return "it takes too long" if isinstance(error, requests.Timeout) else "the line breaks"
