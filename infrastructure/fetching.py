"""Fetches a file that somebody names by its address: streamed, of a bounded size, whole or not at all."""

import hashlib
import time
from collections.abc import Generator
from pathlib import Path
from urllib.parse import urlsplit

import requests
from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema

from domain.errors import BackendUnreachable, JobRejected
from domain.events import Progress
from infrastructure.http_line import NoAuthorities, Session
from infrastructure.part_files import writing

CONNECT, SILENCE = 10.0, 60.0  # seconds to get through; seconds between two bytes
TRIES = 6
PAUSE, LONGEST = 1.0, 10.0  # seconds before the second of them; doubles, up to this
WORD = 0.5  # seconds between two words about how far it is
_CHUNK = 1 << 18
_NO_ADDRESS = (InvalidSchema, InvalidURL, MissingSchema, requests.TooManyRedirects)
_PASSING = (408, 425, 429)  # what a server that refuses says when it would take it later


def fetch(url: str, to: Path, most: int) -> Generator[Progress, None, str]:
    """Write what lies there, at most so many bytes; returns its sha256. Raises BackendUnreachable when it
    does not come through, JobRejected when it is refused, and CannotWrite."""
    with writing(to) as part:  # around all tries: a line that breaks is an OSError as well
        for number in range(TRIES):
            try:
                return (yield from _attempt(url, to.name, part, most))
            except NoAuthorities as error:
                raise BackendUnreachable(str(error)) from error
            except _NO_ADDRESS as error:
                raise JobRejected(f"{to.name} cannot be fetched: its address leads nowhere.") from error
            except requests.RequestException as error:
                if number + 1 == TRIES:
                    said = f"{to.name} cannot be fetched from {urlsplit(url).hostname}: {_why(error)}."
                    raise BackendUnreachable(said, "silence") from error
            yield from _waited(min(LONGEST, PAUSE * 2**number), f"fetching {to.name} once more")
    raise AssertionError("there is a last try")


def _attempt(url: str, name: str, part: Path, most: int) -> Generator[Progress, None, str]:
    digest, have, told = hashlib.sha256(), 0, 0.0
    headers = {"Accept-Encoding": "identity"}
    with Session() as line, line.get(url, headers=headers, stream=True, timeout=(CONNECT, SILENCE)) as reply:
        if reply.status_code in _PASSING or reply.status_code >= 500:
            reply.raise_for_status()
        if not reply.ok:
            host = urlsplit(reply.url).hostname
            raise JobRejected(f"{name} cannot be fetched from {host}: it answers {reply.status_code}.")
        length = reply.headers.get("Content-Length", "")
        total = int(length) if length.isdigit() else 0
        with part.open("wb") as out:
            for chunk in reply.iter_content(_CHUNK):
                have += len(chunk)
                if max(have, total) > most:
                    raise JobRejected(f"{name} is larger than the {most >> 20} MB that a file may have.")
                out.write(chunk)
                digest.update(chunk)
                if time.monotonic() - told > WORD:
                    told = time.monotonic()
                    yield Progress(0, f"fetching {name} ({have >> 20} MB)")
        if total and have != total:
            raise requests.ConnectionError(f"{have} of {total} bytes arrived")
    return digest.hexdigest()


def _waited(seconds: float, note: str) -> Generator[Progress, None, None]:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        yield Progress(0, note)
        time.sleep(min(WORD, left))


def _why(error: requests.RequestException) -> str:
    if error.response is not None:
        return f"it answers {error.response.status_code}"
    return "it takes too long" if isinstance(error, requests.Timeout) else "the line breaks"
