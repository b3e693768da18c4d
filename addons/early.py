"""Puts the script that chooses look and language into the page itself.

Gradio adds what it is given as `head` only while the page is already being drawn: too late for a
look that should not flash, and for the language that its own parts are to speak.
"""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Early:
    def __init__(self, app: ASGIApp, head: str):
        self._app, self._head = app, head.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        start: list[Message] = []
        parts: list[bytes] = []

        async def held(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.append(message)
                return
            parts.append(message.get("body", b""))
            if message.get("more_body"):
                return
            page = b"".join(parts).replace(b"<head>", b"<head>" + self._head, 1)
            MutableHeaders(scope=start[0])["content-length"] = str(len(page))
            await send(start[0])
            await send({"type": "http.response.body", "body": page})

        await self._app({**scope, "headers": _plain(scope)}, receive, held)


def _plain(scope: Scope) -> list[tuple[bytes, bytes]]:
    """The request's headers without leave to compress the answer."""
    return [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
