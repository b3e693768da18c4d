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
from typing import Any

import websocket

log = logging.getLogger(__name__)

PING = 20.0  # seconds of silence before we ask whether anybody is there
IDLE = 10.0  # seconds the socket stays open when nobody listens
FIRST = 3.0  # seconds a job waits for the first connection, before it goes without
BACKOFF = (0.2, 0.5, 1.0, 2.0, 5.0, 15.0)  # seconds between attempts to connect
_FEATURES = json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}})
_PREVIEW, _PREVIEW_WITH_METADATA = 1, 4


@dataclass(frozen=True)
class Message:
    """What the server said about one prompt; `kind` "preview" carries a picture, "lost" ends a socket."""

    kind: str
    data: dict[str, Any]
    picture: bytes | None = None


class Doorbell:
    def __init__(self, url: str, user_agent: str):
        self._url = "ws" + url.removeprefix("http") + "/ws?clientId="
        self._header = [f"User-Agent: {user_agent}"]
        self._lock = threading.Lock()
        self._listeners: dict[str, queue.SimpleQueue[Message]] = {}
        self._thread: threading.Thread | None = None
        self._tried = threading.Event()  # the first attempt to connect is over, well or badly
        self._last_used = 0.0
        self.client_id = ""  # of the open socket; "" while there is none

    @contextmanager
    def listen(self, prompt_id: str) -> Iterator["Listener"]:
        """Messages about a prompt from now on; opens the socket if it is not open."""
        box: queue.SimpleQueue[Message] = queue.SimpleQueue()
        with self._lock:
            self._listeners[prompt_id] = box
            if self._thread is None:
                self._tried.clear()
                self._thread = threading.Thread(target=self._work, daemon=True, name="doorbell")
                self._thread.start()
        self._tried.wait(FIRST)
        try:
            yield Listener(self, box)
        finally:
            with self._lock:
                self._listeners.pop(prompt_id, None)
                self._last_used = time.monotonic()

    def _work(self) -> None:
        misses = 0
        while not self._is_idle():
            socket = self._connect()
            self._tried.set()
            if socket is None:
                time.sleep(BACKOFF[min(misses, len(BACKOFF) - 1)])
                misses += 1
                continue
            misses = 0
            try:
                self._read(socket)
            except (websocket.WebSocketException, OSError, ValueError, struct.error) as error:
                log.info("socket lost: %s", error)
            finally:
                self.client_id = ""
                with suppress(OSError, websocket.WebSocketException):
                    socket.close(timeout=1)
                self._ring_all(Message("lost", {}))

    def _is_idle(self) -> bool:
        """Whether nobody has listened for a while; then the thread is given up, under one lock."""
        with self._lock:
            if self._listeners or time.monotonic() - self._last_used < IDLE:
                return False
            self._thread = None
            return True

    def _connect(self) -> websocket.WebSocket | None:
        id = uuid.uuid4().hex
        try:
            socket = websocket.create_connection(self._url + id, timeout=10, header=self._header)
            socket.send(_FEATURES)
        except (websocket.WebSocketException, OSError, ValueError) as error:
            log.info("no socket: %s", error)
            return None
        self.client_id = id
        return socket

    def _read(self, socket: websocket.WebSocket) -> None:
        running = ""  # which prompt an older server's nameless previews belong to
        last_heard = time.monotonic()
        while not (time.monotonic() - last_heard > 3 * PING):
            socket.settimeout(min(PING, IDLE))
            try:
                opcode, content = socket.recv_data(control_frame=True)
            except websocket.WebSocketTimeoutException:
                if self._is_idle_now():
                    return
                socket.ping()
                continue
            last_heard = time.monotonic()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                return
            if opcode == websocket.ABNF.OPCODE_TEXT:
                message = json.loads(content)
                data = message.get("data") or {}
                running = data.get("prompt_id") or running
                self._ring(data.get("prompt_id"), Message(message.get("type", ""), data))
            elif opcode == websocket.ABNF.OPCODE_BINARY:
                id, picture = _preview(content)
                if picture:
                    self._ring(id or running, Message("preview", {}, picture))

    def _is_idle_now(self) -> bool:
        with self._lock:
            return not self._listeners and time.monotonic() - self._last_used >= IDLE

    def _ring(self, prompt_id: str | None, message: Message) -> None:
        with self._lock:
            box = self._listeners.get(prompt_id or "")
        if box is not None:
            box.put(message)

    def _ring_all(self, message: Message) -> None:
        with self._lock:
            boxes = list(self._listeners.values())
        for box in boxes:
            box.put(message)


class Listener:
    def __init__(self, doorbell: Doorbell, box: "queue.SimpleQueue[Message]"):
        self._doorbell, self._box = doorbell, box

    @property
    def client_id(self) -> str:
        return self._doorbell.client_id

    def next(self, seconds: float) -> Message | None:
        """The next message, or None after so many seconds without one."""
        try:
            return self._box.get(timeout=seconds)
        except queue.Empty:
            return None


def _preview(frame: bytes) -> tuple[str, bytes]:
    """The prompt id (if the frame names one) and the picture of a binary frame."""
    (event,) = struct.unpack_from(">I", frame)
    if event == _PREVIEW:
        return "", frame[8:]
    if event == _PREVIEW_WITH_METADATA:
        (length,) = struct.unpack_from(">I", frame, 4)
        metadata = json.loads(frame[8 : 8 + length])
        return str(metadata.get("prompt_id") or ""), frame[8 + length :]
    return "", b""
