"""One TLS connection to a host of RunPod's, as the emulator's side of it: HTTP/1.1, kept open.

Built from documentation; proves nothing about the platform.
"""

from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple

from tests.fake_answers import Answer
from tests.runpod.manners import turned_away
from tests.runpod.pods import cut

CHUNK = 1 << 16


class Seen(NamedTuple):
    """A request that arrived; the body only when it was for the API."""

    host: str
    method: str
    path: str  # with the query
    headers: dict[str, str]
    body: bytes


def is_route(route: str, path: str) -> bool:
    """Whether "/v2/pods/{id}" is this path's."""
    parts, names = path.strip("/").split("/"), route.strip("/").split("/")
    return len(parts) == len(names) and all(n in (p, "{id}") for p, n in zip(parts, names, strict=True))


class Wire(BaseHTTPRequestHandler):
    """What both kinds of hosts do alike; what they answer is in rest and proxy."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def __init__(self, line: Any, host: str, runpod: Any):
        self.host, self.runpod = host, runpod
        super().__init__(line, (host, 443), runpod)

    def setup(self) -> None:
        super().setup()
        self.runpod.opened(self.connection)

    def finish(self) -> None:
        self.runpod.closed(self.connection)
        with suppress(OSError):
            super().finish()
        self.connection.close()

    def handle(self) -> None:
        with suppress(OSError):
            super().handle()

    def do_GET(self) -> None:
        self._left = int(self.headers.get("Content-Length") or 0)
        self._is_chunked = "chunked" in self.headers.get("Transfer-Encoding", "").lower()
        self.runpod.account.settle()
        self.serve()

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET

    def serve(self) -> None:
        raise NotImplementedError

    def is_nameless(self) -> bool:
        """Whether Cloudflare would not let it in, whatever it asks for."""
        agent = self.headers.get("User-Agent", "")
        return not agent or agent.startswith("Python-urllib")

    def turn_away(self) -> None:
        self.drain()
        self.answer(turned_away())

    # --- its body

    def body(self) -> Iterator[bytes]:
        """What is left of the request's body, as it comes."""
        if self._is_chunked:
            yield from self._chunks()
        while self._left > 0:
            chunk = self.rfile.read1(min(CHUNK, self._left))
            if not chunk:
                raise ConnectionError("the client is gone")
            self._left -= len(chunk)
            yield chunk

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            chunk = self.rfile.read(size)
            self.rfile.readline()
            yield chunk
        self.rfile.readline()
        self._is_chunked = False

    def drain(self) -> None:
        for _ in self.body():
            pass

    # --- its answer

    def answer(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def hang_up(self) -> None:
        with suppress(OSError):
            self.wfile.flush()
        cut(self.connection)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass
