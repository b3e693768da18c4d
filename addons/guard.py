"""What stands around every route: headers that keep the page to itself, the page's own head, the password."""

import base64
import binascii
import secrets

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from addons.assets import FOREVER

# Gradio's page needs scripts of its own in the page; nothing needs another server.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "font-src 'self' data:; connect-src 'self' data: blob:; worker-src 'self' blob:; "
    "frame-ancestors 'none'; form-action 'self'; base-uri 'self'; object-src 'none'"
)

ALIVE = "/studio/alive"
HASHED = "/assets/"  # Gradio's own scripts and styles, each named by what is in it


class Headers:
    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["content-security-policy"] = POLICY
                headers["x-content-type-options"] = "nosniff"
                headers["cross-origin-resource-policy"] = "same-origin"
                headers["referrer-policy"] = "no-referrer"
                if message["status"] == 200 and scope["path"].startswith(HASHED):
                    headers["cache-control"] = FOREVER["Cache-Control"]
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


class SameOrigin:
    """Turns away what pages from elsewhere ask for, also those of other programs on this machine."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            headers = dict(scope["headers"])
            origin = headers.get(b"origin")
            if origin is not None and origin.partition(b"//")[2] != headers.get(b"host"):
                await _turn_away(send, 403, b"Only the studio's own page may ask for this.")
                return
        await self._app(scope, receive, send)


class Head:
    """Puts our styles and scripts into the page itself; Gradio would add them only once it has drawn."""

    def __init__(self, app: ASGIApp, head: str):
        self._app, self._head = app, head.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        start: Message = {}
        page = bytearray()

        async def gather(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            if message["type"] != "http.response.body":
                await send(message)
                return
            page.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            whole = bytes(page).replace(b"<head>", b"<head>" + self._head, 1)
            headers = MutableHeaders(scope=start)
            headers["content-length"] = str(len(whole))
            headers["cache-control"] = "no-store"
            await send(start)
            await send({"type": "http.response.body", "body": whole})

        await self._app(scope, receive, gather)


class Password:
    """Asks for the password before it answers more than that a studio is here; the name may be anything.
    What lies below `but` is guarded otherwise."""

    def __init__(self, app: ASGIApp, password: str, but: str = ""):
        self._app, self._password, self._but = app, password.encode(), but

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_open = scope["type"] not in ("http", "websocket") or scope["path"] == ALIVE
        is_others = self._but and scope["type"] == "http" and scope["path"].startswith(f"{self._but}/")
        if is_open or is_others or self._knows(scope):
            await self._app(scope, receive, send)
            return
        asking = (b"www-authenticate", b'Basic realm="Cindergrace Studio", charset="UTF-8"')
        await _turn_away(send, 401, b"The studio asks for its password.", asking)

    def _knows(self, scope: Scope) -> bool:
        given = dict(scope["headers"]).get(b"authorization", b"")
        kind, _, token = given.partition(b" ")
        try:
            _, _, password = base64.b64decode(token, validate=True).partition(b":")
        except (binascii.Error, ValueError):
            return False
        return kind.lower() == b"basic" and secrets.compare_digest(password, self._password)


async def _turn_away(send: Send, status: int, sentence: bytes, *headers: tuple[bytes, bytes]) -> None:
    plain = (b"content-type", b"text/plain; charset=utf-8")
    await send({"type": "http.response.start", "status": status, "headers": [plain, *headers]})
    await send({"type": "http.response.body", "body": sentence})
