"""One large file on its way here: hashed as it comes, on disk before it counts, going on after a break.

What is half there is kept beside a note of what it is half of (`part.json`: ETag and size), and read once
more before the rest is asked for, so that two halves of different files never become one.
"""

import hashlib
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import requests

from domain.errors import BadFile
from domain.events import Progress
from domain.versions.errors import Drift, Unresolved
from infrastructure.http_line import NoAuthorities, Session
from infrastructure.json_files import read_json, write_json
from infrastructure.versions.part_writing import writing_part
from infrastructure.versions.sources import CONNECT, SILENCE, Place, place_of, refusal

TRIES = 5  # in a row that bring nothing new
PAUSE = 1.0  # seconds before the second of them; doubles
WORD = 0.5  # seconds between two words about how far it is
_CHUNK = 1 << 20
_PIECE = 1 << 18  # of what comes: what a processor keeps at hand; at most so much is lost with the line
_PASSING = (408, 425, 429)


class _Broken(Exception):
    """It may come through the next time."""


class Transfer:
    def __init__(self, source: str, revision: str, part: Path, size: int | None, silence: float = SILENCE):
        self._source, self._part, self._wanted, self._size = source, part, size, size
        self._place, self._silence = place_of(source, revision), silence
        self._note = note_of(part)
        self._digest = hashlib.sha256()
        self._have = 0
        self._began, self._brought, self._told = time.monotonic(), 0, 0.0
        self.went_on = False  # from what an earlier run left

    def run(self) -> Generator[Progress, None, str]:
        """Returns its sha256. Raises Unresolved, Drift when it is of another size, and OSError of the disk.

        The note stays until whoever takes the part has it: killed in between, nothing is fetched twice.
        """
        yield from self._read_again()
        misses, most = 0, self._have
        while True:
            try:
                yield from self._copied() if self._place.file else self._attempt(self._place)
                break
            except NoAuthorities as error:
                raise Unresolved(str(error)) from error
            except (requests.RequestException, _Broken) as error:
                misses = 0 if self._have > most else misses + 1
                most = max(most, self._have)
                if misses >= TRIES:
                    raise Unresolved(
                        f"{self._source} does not come through. What is here is kept for the next time."
                    ) from error
            yield from self._waited(PAUSE * 2**misses)
        return self._digest.hexdigest()

    def _read_again(self) -> Generator[Progress, None, None]:
        """What an earlier run left; without its note nobody knows what it is of."""
        note = self._noted()
        if not self._part.is_file() or not note.get("etag") or self._place.file:
            self._part.unlink(missing_ok=True)
            return
        with self._part.open("rb") as file:
            for chunk in _chunks(file):
                self._took(chunk)
                yield from self._word("reading what is here")
        self._brought, self.went_on = 0, self._have > 0

    def _attempt(self, place: Place) -> Generator[Progress, None, None]:
        note, headers = self._noted(), {"Accept-Encoding": "identity", **place.headers}
        self._anew(not note.get("etag"))  # nobody promises that the rest would be of the same file
        if self._have:
            headers |= {"Range": f"bytes={self._have}-", "If-Range": str(note["etag"])}
        limits = CONNECT, self._silence
        with Session() as line, line.get(place.url, headers=headers, stream=True, timeout=limits) as reply:
            if reply.status_code == 416 and self._have == note.get("size"):
                return
            if reply.status_code in _PASSING or reply.status_code >= 500 or reply.status_code == 416:
                self._anew(reply.status_code == 416)
                raise _Broken
            if reply.status_code not in (200, 206):  # a bucket elsewhere says 301 and no place
                raise Unresolved(refusal(self._source, reply.status_code))
            if self._have and not (reply.status_code == 206 and _begins_at(reply, self._have)):
                self._anew()  # it is another file by now, or the host cannot go on
            total = self._total(reply)
            self._check_size(total)
            self._write_note(reply, total)
            with writing_part(self._part, self._have > 0) as out:
                for chunk in reply.iter_content(_PIECE):
                    out.write(chunk)
                    self._took(chunk)
                    self._check_size(max(self._have, self._wanted or 0))
                    yield from self._word()
            if total is not None and self._have != total:
                raise _Broken

    def _copied(self) -> Generator[Progress, None, None]:
        assert self._place.file
        self._anew()
        try:
            source = self._place.file.open("rb")
        except OSError as error:
            raise Unresolved(f"{self._place.file} cannot be read: {error.strerror or error}.") from error
        with source, writing_part(self._part) as out:
            for chunk in _chunks(source):
                out.write(chunk)
                self._took(chunk)
                yield from self._word()

    def _anew(self, is_wanted: bool = True) -> None:
        if is_wanted and self._have:
            self._digest, self._have, self._brought = hashlib.sha256(), 0, 0
            self.went_on = False
            self._part.unlink(missing_ok=True)

    def _took(self, chunk: bytes) -> None:
        self._digest.update(chunk)
        self._have += len(chunk)
        self._brought += len(chunk)

    def _total(self, reply: requests.Response) -> int | None:
        length = reply.headers.get("Content-Length", "")
        if _is_packed(reply):  # then it is of what was packed
            length = ""
        return self._have + int(length) if length.isdigit() else self._wanted

    def _check_size(self, size: int | None) -> None:
        """Before gigabytes of something else come."""
        if self._wanted is not None and size is not None and size != self._wanted:
            raise Drift(f"{self._source} is not what was said: it has {size} bytes, not {self._wanted}.")

    def _write_note(self, reply: requests.Response, total: int | None) -> None:
        """Before its first byte. A weak ETag promises nothing about bytes."""
        etag = reply.headers.get("ETag", "")
        self._size = total
        is_weak = etag.startswith("W/") or _is_packed(reply)
        write_json(self._note, {"etag": "" if is_weak else etag, "size": total})

    def _noted(self) -> dict[str, Any]:
        try:
            content = read_json(self._note)
        except BadFile:
            return {}
        return content if isinstance(content, dict) else {}

    def _word(self, what: str = "") -> Iterator[Progress]:
        now = time.monotonic()
        if now - self._told < WORD:
            return
        self._told = now
        share = min(1.0, self._have / self._size) if self._size else 0.0
        of = f" of {_megabytes(self._size)}" if self._size else ""
        rate = self._brought / max(0.001, now - self._began) / 1e6
        yield Progress(share, what or f"{_megabytes(self._have)}{of}, {rate:.0f} MB/s")

    def _waited(self, seconds: float) -> Generator[Progress, None, None]:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            yield Progress(
                min(1.0, self._have / self._size) if self._size else 0.0, "the line broke, going on"
            )
            time.sleep(min(WORD, left))


def note_of(part: Path) -> Path:
    return part.with_name("part.json")


def _is_packed(reply: requests.Response) -> bool:
    return reply.headers.get("Content-Encoding", "identity").lower() not in ("", "identity")


def _begins_at(reply: requests.Response, byte: int) -> bool:
    return reply.headers.get("Content-Range", "").startswith(f"bytes {byte}-")


def _chunks(file: Any) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk


def _megabytes(size: int | None) -> str:
    return f"{(size or 0) / 1e6:,.0f} MB".replace(",", " ")
