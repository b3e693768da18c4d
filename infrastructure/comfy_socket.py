"""The doorbell: one WebSocket to a ComfyUI server that says how its prompts are getting on.

It is never asked whether a prompt is done: a lost or silent socket costs progress and previews,
nothing else. Each connection has an id of its own, because a server that serves two sockets of
one id goes silent for good when the older one closes.
"""

import json
import logging
import queue
import struct
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import websocket

from infrastructure.http_line import USER_AGENT, authorities, is_here

log = logging.getLogger(__name__)

PING = 20.0  # seconds of silence before we ask whether anybody is there
IDLE = 10.0  # seconds the socket stays open when nobody listens
FIRST = 3.0  # seconds a job waits for the first connection, before it goes without
BACKOFF = (0.2, 0.5, 1.0, 2.0, 5.0, 15.0)  # seconds between attempts to connect
STEADY = 5.0  # seconds after which a connection was a good one
_DIRECTLY: dict[str, Any] = {  # the library asks the environment for a proxy unless one is named
    "http_proxy_host": "nobody",
    "http_no_proxy": ["*"],
}
_FEATURES = json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}})
_PREVIEW, _PREVIEW_WITH_METADATA = 1, 4
_NEWS_OF_ALL_NODES = b'{"type": "progress_state"'  # long, and each part of it comes by itself as well


@dataclass(frozen=True)
class Message:
    """What the server said about one prompt.

    `kind` "preview" carries a picture; "lost" says which client_id nothing more will come for.
    """

    kind: str
    data: dict[str, Any]
    picture: bytes | None = None


class Listener:
    """One job's ear: messages about its prompt, in order."""

    def __init__(self, doorbell: "Doorbell"):
        self._doorbell = doorbell
        self._box: queue.SimpleQueue[Message] = queue.SimpleQueue()

    @property
    def client_id(self) -> str:
        return self._doorbell.client_id

    def hear(self, message: Message) -> None:
        self._box.put(message)

    def next(self, seconds: float) -> Message | None:
        """The next message, or None after so many seconds without one."""
        try:
            return self._box.get(timeout=seconds)
        except queue.Empty:
            return None


class Doorbell:
    def __init__(self, url: str):
        self._url = "ws" + url.removeprefix("http") + "/ws?clientId="
        self._lock = threading.Lock()
        self._listeners: dict[str, list[Listener]] = {}  # by prompt id
        self._thread: threading.Thread | None = None
        self._is_decided = threading.Event()  # there is a socket, or the attempt to get one failed
        self._last_used = 0.0
        self.client_id = ""  # of the open socket; "" while there is none

    @contextmanager
    def listen(self, prompt_id: str) -> Iterator[Listener]:
        """Messages about a prompt from now on; opens the socket if it is not open."""
        listener = Listener(self)
        with self._lock:
            self._listeners.setdefault(prompt_id, []).append(listener)
            if self._thread is None:
                self._is_decided.clear()
                self._thread = threading.Thread(target=self._work, daemon=True, name="doorbell")
                self._thread.start()
        try:
            self._is_decided.wait(FIRST)
            yield listener
        finally:
            with self._lock:
                self._listeners[prompt_id].remove(listener)
                if not self._listeners[prompt_id]:
                    del self._listeners[prompt_id]
                self._last_used = time.monotonic()

    def _work(self) -> None:
        misses = 0
        while not self._has_ended():
            socket = self._connect()
            self._is_decided.set()
            start = time.monotonic()
            if socket is not None and self._is_done_with(socket):
                continue
            misses = misses + 1 if time.monotonic() - start < STEADY else 0
            if misses > 1:
                self._is_decided.set()  # it does not last: jobs go without
            if misses:
                time.sleep(BACKOFF[min(misses, len(BACKOFF)) - 1])

    def _is_done_with(self, socket: websocket.WebSocket) -> bool:
        """Read until the end: True when nobody listened any more, False when the socket was lost."""
        id = self.client_id
        try:
            return self._is_idle_after_reading(socket)
        except (websocket.WebSocketException, OSError, ValueError, struct.error) as error:
            log.info("socket lost: %s", error)
            return False
        finally:
            self._hang_up(id)
            with suppress(OSError, websocket.WebSocketException):
                socket.close(timeout=1)

    def _hang_up(self, id: str) -> None:
        """From now on there is no socket; a job that comes now waits for the next one."""
        with self._lock:
            self._is_decided.clear()
            lost, self.client_id = Message("lost", {"client_id": id}), ""
            listeners = [one for several in self._listeners.values() for one in several]
        for listener in listeners:
            listener.hear(lost)

    def _has_ended(self) -> bool:
        """Whether nobody has listened for a while; then the thread is given up, under one lock."""
        with self._lock:
            if self._is_wanted():
                return False
            self._thread = None
            return True

    def _is_wanted(self) -> bool:
        return bool(self._listeners) or time.monotonic() - self._last_used < IDLE

    def _connect(self) -> websocket.WebSocket | None:
        id = uuid.uuid4().hex
        try:
            socket = websocket.create_connection(
                self._url + id,
                timeout=10,
                header=[f"User-Agent: {USER_AGENT}"],
                skip_utf8_validation=True,  # json finds out as well, and a hundred times faster
                suppress_origin=True,  # a browser's; a server on this machine compares it with its own
                sslopt=_trusting(authorities()),
                **(_DIRECTLY if is_here(self._url) else {}),
            )
            socket.send(_FEATURES)
        except (websocket.WebSocketException, OSError, ValueError) as error:
            log.info("no socket: %s", error)
            return None
        self.client_id = id
        return socket

    def _is_idle_after_reading(self, socket: websocket.WebSocket) -> bool:
        running = ""  # which prompt an older server's nameless previews belong to
        last_heard = time.monotonic()
        socket.settimeout(min(PING, IDLE))
        while time.monotonic() - last_heard < 3 * PING:
            try:
                opcode, content = socket.recv_data(control_frame=True)
            except websocket.WebSocketTimeoutException:
                with self._lock:
                    if not self._is_wanted():
                        self._is_decided.clear()  # whoever comes now waits for the next one
                        self.client_id = ""
                        return True
                socket.ping()
                continue
            last_heard = time.monotonic()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                return False
            if opcode == websocket.ABNF.OPCODE_TEXT:
                id, message = _news(content)
                running = id or running
                self._ring(id, message)
            elif opcode == websocket.ABNF.OPCODE_BINARY:
                id, picture = _preview(content)
                if picture:
                    self._ring(id or running, Message("preview", {}, picture))
        return False

    def _ring(self, prompt_id: str, message: Message) -> None:
        with self._lock:
            listeners = tuple(self._listeners.get(prompt_id, ()))
        for listener in listeners:
            listener.hear(message)


def _trusting(authorities: str) -> dict[str, str]:
    return {"ca_cert_path" if Path(authorities).is_dir() else "ca_certs": authorities}


def _news(frame: bytes) -> tuple[str, Message]:
    """The prompt id, if it is about one, and what is said."""
    if not frame.startswith(_NEWS_OF_ALL_NODES):
        match json.loads(frame):
            case {"type": str(kind), "data": dict(data)}:
                return _id(data), Message(kind, data)
    return "", Message("", {})


def _preview(frame: bytes) -> tuple[str, bytes]:
    """The prompt id (if the frame names one) and the picture of a binary frame."""
    (event,) = struct.unpack_from(">I", frame)
    if event == _PREVIEW:
        return "", frame[8:]
    if event == _PREVIEW_WITH_METADATA:
        (length,) = struct.unpack_from(">I", frame, 4)
        metadata = json.loads(frame[8 : 8 + length])
        return _id(metadata) if isinstance(metadata, dict) else "", frame[8 + length :]
    return "", b""


def _id(data: dict[str, Any]) -> str:
    id = data.get("prompt_id")
    return id if isinstance(id, str) else ""
