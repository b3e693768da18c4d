"""Who may use the studio's interface for programs, and how much they may send.

Without a token only programs of this machine are answered, and no page in a browser: a page cannot
send JSON, nor hide where it is from. With a token whoever has it is answered, from anywhere.
"""

import asyncio
import math
import secrets
import time

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services import folders

PLACE = "/api"
LARGEST = 4_000_000  # bytes of a body
MOST_LARGE = 2  # bodies beyond LARGEST that are held at once: each takes its size several times
WAIT = 30.0  # seconds for one of them to be answered, before another is refused
SILENCE = 60.0  # seconds without a byte after which a body is given up
LONGEST = 300.0  # seconds that all of it may take
LARGEST_OF = {f"{PLACE}/shots/generate": 48_000_000}  # which brings pictures along
HERE_ONLY = (
    "Only programs of the studio's own machine are answered. To let others in, set CINDERGRACE_API_TOKEN "
    "in the studio's environment."
)
_ELSEWHERE = (b"cross-site", b"same-site")


def refusal(status: int, sentence: str) -> JSONResponse:
    whole = sentence.encode("utf-8", "replace").decode()  # half a character would break the answer
    return JSONResponse({"success": False, "error": whole}, status, {"Cache-Control": "no-store"})


class Guard:
    def __init__(self, app: ASGIApp, token: str):
        self._app, self._token = app, token.encode()
        self._large = asyncio.Semaphore(MOST_LARGE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if refused := self._refused(scope):
            await refused(scope, receive, send)
            return
        most = LARGEST_OF.get(scope["path"], LARGEST)
        if most <= LARGEST or _told_length(scope) <= LARGEST:
            await self._taken(scope, receive, send, LARGEST)
            return
        try:  # nothing of it is read before, so that it waits with whoever sends it
            await asyncio.wait_for(self._large.acquire(), WAIT)
        except asyncio.TimeoutError:
            busy = refusal(503, "Other large batches are being taken just now. Send it again in a moment.")
            busy.headers["Retry-After"] = str(int(WAIT))
            await busy(scope, receive, send)
            return
        try:
            await self._taken(scope, receive, send, most)
        finally:
            self._large.release()

    async def _taken(self, scope: Scope, receive: Receive, send: Send, most: int) -> None:
        try:
            body = await _body(receive, most)
        except asyncio.TimeoutError:
            await refusal(408, "The rest of the body did not come.")(scope, receive, send)
            return
        if body is None:
            too_large = refusal(413, f"At most {most // 1_000_000} MB are taken at once.")
            await too_large(scope, receive, send)
            return
        await self._app(scope, _given(body, receive), send)

    def _refused(self, scope: Scope) -> JSONResponse | None:
        headers = dict(scope["headers"])
        if self._token:
            kind, _, token = headers.get(b"authorization", b"").partition(b" ")
            if kind.lower() != b"bearer" or not secrets.compare_digest(token.strip(), self._token):
                refused = refusal(401, "Send the studio's token: Authorization: Bearer TOKEN.")
                refused.headers["WWW-Authenticate"] = "Bearer"
                return refused
        elif not _is_here(scope, headers):
            return refusal(403, HERE_ONLY)
        if headers.get(b"sec-fetch-site") in _ELSEWHERE:
            return refusal(403, "Pages of other sites are not answered.")
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if scope["method"] == "POST" and kind != b"application/json":
            return refusal(415, "Send JSON, with Content-Type: application/json.")
        return None


def _is_here(scope: Scope, headers: dict[bytes, bytes]) -> bool:
    client = scope.get("client")
    named = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
    return folders.is_here(client[0] if client else None, named)


def _told_length(scope: Scope) -> float:
    """Of the body, as its sender tells it. What comes in chunks may have any, whatever else it tells."""
    headers = dict(scope["headers"])
    told = headers.get(b"content-length", b"")
    return int(told) if told.isdigit() and b"transfer-encoding" not in headers else math.inf


async def _body(receive: Receive, most: int) -> bytes | None:
    """None as soon as it is too large. Raises TimeoutError."""
    body, end = bytearray(), time.monotonic() + LONGEST
    while True:
        message = await asyncio.wait_for(receive(), min(SILENCE, end - time.monotonic()))
        if message["type"] != "http.request":
            return bytes(body)  # whoever asked has gone
        body += message.get("body", b"")
        if len(body) > most:
            return None
        if not message.get("more_body"):
            return bytes(body)


def _given(body: bytes, then: Receive) -> Receive:
    """The body in one piece, and after it what else comes."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else await then()

    return receive
