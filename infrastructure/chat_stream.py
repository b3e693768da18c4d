"""One question to a chat server, and its answer as it comes: in pieces (server-sent events), or whole.

The request runs in a thread of its own, so that whoever waits is never held up and may leave at any time.
"""

import json
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from domain.doubt import number
from infrastructure.http_line import Line, NoAuthorities

PATH = "/chat/completions"
TIMEOUT = 10.0, 300.0  # seconds to get through, and between two bytes: a laptop reads a long prompt slowly
LONGEST = 1800.0  # seconds of one answer
LARGEST = 2_000_000  # bytes of one answer that comes whole
MOST_LETTERS = 60_000  # of one answer: small models go round in circles
PAUSE = 0.2  # seconds between two signs of life


class Trouble(Exception):
    """The server answers, and not with what was asked for. The text may be anybody's."""

    def __init__(self, status: int, said: str, wait: float | None = None):
        super().__init__(said)
        self.status, self.said = status, said
        self.wait = wait  # seconds that it asks for


class Silence(Exception):
    """Nobody answers, or not to the end. `is_refused`: there is nobody at the address at all."""

    def __init__(self, sentence: str, is_refused: bool = False):
        super().__init__(sentence)
        self.is_refused = is_refused


@dataclass
class Reply:
    text: str = ""
    refusal: str = ""
    end: str = ""  # why it stopped: "stop", "length", "content_filter"
    usage: dict[str, Any] = field(default_factory=dict)


def exchange(line: Line, headers: Mapping[str, str], body: Mapping[str, Any]) -> Generator[int, None, Reply]:
    """Yields the letters so far, some times a second. Raises Trouble and Silence. Closed early, the line is
    cut as soon as the server has begun to answer, and servers then stop writing."""
    call = _Call(line, headers, body)
    thread = threading.Thread(target=call.run, name="chat", daemon=True)
    thread.start()
    since = time.monotonic()
    try:
        while not call.over.wait(PAUSE):
            if time.monotonic() - since > LONGEST:
                raise Silence("took longer than half an hour for one answer")
            yield call.letters
    finally:
        call.leave()
    if call.error:
        raise call.error
    return call.reply


class _Call:
    def __init__(self, line: Line, headers: Mapping[str, str], body: Mapping[str, Any]):
        self._line, self._headers, self._body = line, headers, body
        self._response: requests.Response | None = None
        self._is_left = False
        self._lock = threading.Lock()
        self.over = threading.Event()
        self.letters = 0
        self.reply = Reply()
        self.error: Trouble | Silence | None = Silence("broke off its answer")

    def leave(self) -> None:
        with self._lock:
            self._is_left = True
            if self._response is not None and not self.over.is_set():
                with suppress(OSError, ValueError, AttributeError, RuntimeError):
                    self._response.raw.shutdown()  # the thread that reads sees the end of the line

    def run(self) -> None:
        try:
            self._ask()
            self.error = None
        except (Trouble, Silence) as error:
            self.error = error
        except NoAuthorities as error:
            self.error = Silence(str(error), True)
        except requests.ReadTimeout:
            self.error = Silence("did not answer in time")
        except (requests.ConnectTimeout, requests.ConnectionError) as error:
            self.error = Silence("broke off its answer", self._response is None and _is_nobody(error))
        except (requests.RequestException, HTTPError, OSError, ValueError, AttributeError):
            self.error = Silence("broke off its answer")
        finally:
            self.over.set()

    def _ask(self) -> None:
        data = json.dumps(self._body).encode()
        with closing(self._line.send("POST", PATH, TIMEOUT, self._headers, data, stream=True)) as response:
            with self._lock:
                if self._is_left:
                    return
                self._response = response
            kind = response.headers.get("Content-Type", "")
            if response.status_code != 200:
                content = _parsed(self._whole(response))
                said = _complaint(content) if content else ""
                raise Trouble(response.status_code, said, _wait(response.headers.get("Retry-After", "")))
            if "event-stream" in kind:
                self._in_pieces(response)
                return
            content = _parsed(self._whole(response))
            if content is None:
                raise Trouble(200, "")
            self._hear(content)

    def _whole(self, response: requests.Response) -> bytes:
        data = b""
        for piece in response.iter_content(65536):
            data += piece
            if len(data) > LARGEST:
                raise Trouble(200, "it wrote without end")
        return data

    def _in_pieces(self, response: requests.Response) -> None:
        for data in _events(response):
            if data == b"[DONE]":
                return
            if content := _parsed(data):
                self._hear(content)
            if self.letters > MOST_LETTERS:
                raise Trouble(200, "it wrote without end")
        if not self.reply.end:
            raise Silence("broke off its answer")

    def _hear(self, content: dict[str, Any]) -> None:
        if content.get("error"):
            error = content["error"]
            status = number(error.get("code"), 600) if isinstance(error, dict) else None
            raise Trouble(int(status or 502), _complaint(content))
        if isinstance(content.get("usage"), dict):
            self.reply.usage = content["usage"]
        choices = content.get("choices")
        first = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(first, dict):
            return
        if isinstance(first.get("finish_reason"), str):
            self.reply.end = first["finish_reason"]
        said = first.get("delta") or first.get("message")
        if isinstance(said, dict):
            self.reply.text += _text(said.get("content"))
            self.reply.refusal += _text(said.get("refusal"))
            thought = said.get("reasoning") or said.get("reasoning_content")
            self.letters += len(_text(said.get("content"))) + len(_text(thought))


def _events(response: requests.Response) -> Iterator[bytes]:
    """What follows `data:`; other lines keep the line awake."""
    size = 0
    for row in response.iter_lines(512):
        size += len(row)
        if size > 20 * LARGEST:
            raise Trouble(200, "it wrote without end")
        if row.startswith(b"data:"):
            yield row[5:].strip()


def _text(content: Any) -> str:
    """Some servers hand the text over in parts."""
    if isinstance(content, list):
        return "".join(_text(part.get("text")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _parsed(data: bytes) -> dict[str, Any] | None:
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _complaint(content: Mapping[str, Any]) -> str:
    error = content.get("error") or content.get("detail") or content.get("message") or ""
    if isinstance(error, dict):
        parts = [error.get("message"), error.get("code"), error.get("param")]
        error = " ".join(part for part in parts if isinstance(part, str))
    return " ".join(str(error).split())


def _wait(said: str) -> float | None:
    """Retry-After: seconds, or a date."""
    with suppress(ValueError):
        return min(max(float(said), 0.0), 86400.0)
    with suppress(ValueError, TypeError):
        return min(max(parsedate_to_datetime(said).timestamp() - time.time(), 0.0), 86400.0)
    return None


def _is_nobody(error: Exception) -> bool:
    """Whether there is nobody to talk to, as against a line that broke."""
    return any(
        word in repr(error) for word in ("NewConnection", "NameResolution", "ConnectTimeout", "SSLError")
    )
