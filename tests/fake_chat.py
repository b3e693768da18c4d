"""A chat server on a port, as OpenAI describes the interface. It writes what it is told to, and goes wrong in
the ways that servers and models do."""

import json
import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.fake_answers import HANG_UP, Answer, Cut, Slow

Writer = Callable[[dict[str, Any]], Any]  # a request's body to an object, or to a text as it stands


def asked_for(body):
    """The schema of a request, wherever it stands, as the model is shown it."""
    format = body.get("response_format") or {}
    if "json_schema" in format:
        return format["json_schema"]["schema"]
    found = re.search(r"JSON schema:\n(\{.*\})", body["messages"][0]["content"], re.DOTALL)
    return json.loads(found[1]) if found else {}


def error(status: int, message: str, **headers: str) -> Answer:
    said = {"error": {"message": message, "type": "invalid_request_error"}}
    return Answer(status, json.dumps(said).encode(), {"Content-Type": "application/json", **headers})


class FakeChat:
    def __init__(self, write: Writer = lambda body: {"answer": "yes"}):
        self.write = write
        self.forms = {"json_schema", "json_object"}  # that it takes; it complains of any other
        self.refuses: set[str] = set()  # keys of a request that it does not take: "temperature"
        self.key, self.models = "", {"tiny"}
        self.ends = "stop"
        self.refusal = ""
        self.price: float | None = None
        self.beat = 0.0  # seconds between two pieces
        self.is_streaming = True
        self.instead: list[Any] = []  # what the next requests get in place of their answers
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.cut_off = threading.Event()  # somebody went while it was writing

    def __enter__(self) -> "FakeChat":
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"fake": self}))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    @property
    def formats(self) -> list[str]:
        """What form the requests asked for, one after another."""
        return [(body.get("response_format") or {}).get("type", "text") for body in self.bodies]

    def complaint(self, body: dict[str, Any], headers: dict[str, str]) -> Answer | None:
        form = (body.get("response_format") or {}).get("type", "text")
        if self.key and headers.get("Authorization") != f"Bearer {self.key}":
            return error(401, f"Incorrect API key provided: {headers.get('Authorization')}")
        if body["model"] not in self.models:
            return error(404, f"model '{body['model']}' not found, try pulling it first")
        if form not in {*self.forms, "text"}:
            return error(400, f"'response_format.type' {form} is not supported")
        for name in self.refuses & body.keys():
            return error(400, f"Unsupported parameter: '{name}'")
        return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake: Any = None

    def log_message(self, *_: object) -> None:
        pass

    def handle(self) -> None:
        with suppress(OSError):
            super().handle()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.fake.bodies.append(body)
        self.fake.headers.append(dict(self.headers))
        bad = self.fake.instead.pop(0) if self.fake.instead else None
        if self.path != "/v1/chat/completions":
            return self._send(Answer(404))
        match bad:
            case Answer():
                return self._send(bad)
            case Slow(seconds):
                time.sleep(seconds)
            case str() if bad == HANG_UP:
                self.close_connection = True
                return None
        if complaint := self.fake.complaint(body, dict(self.headers)):
            return self._send(complaint)
        said = self.fake.write(body)
        text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
        usage = {"prompt_tokens": 10, "completion_tokens": len(text) // 4}
        usage |= {} if self.fake.price is None else {"cost": self.fake.price}
        if body.get("stream") and self.fake.is_streaming:
            return self._stream(text, usage, bad.bytes if isinstance(bad, Cut) else None)
        message = {"role": "assistant", "content": text, "refusal": self.fake.refusal or None}
        choice = {"index": 0, "message": message, "finish_reason": self.fake.ends}
        content = json.dumps({"choices": [choice], "usage": usage}).encode()
        return self._send(Answer(200, content, {"Content-Type": "application/json"}))

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def _stream(self, text: str, usage: dict[str, Any], cut: int | None) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._piece(b": waking up\n\n")
        size, pieces = max(1, len(text) // 12), []
        for start in range(0, len(text), size):
            pieces.append(
                {"choices": [{"delta": {"content": text[start : start + size]}, "finish_reason": None}]}
            )
        delta = {"refusal": self.fake.refusal} if self.fake.refusal else {}
        pieces.append({"choices": [{"delta": delta, "finish_reason": self.fake.ends}]})
        pieces.append({"choices": [], "usage": usage})
        for number, piece in enumerate(pieces):
            if cut is not None and number * size >= cut:
                self.close_connection = True
                return
            try:
                self._piece(b"data: " + json.dumps(piece).encode() + b"\n\n")
            except OSError:
                self.fake.cut_off.set()
                raise
            time.sleep(self.fake.beat)
        self._piece(b"data: [DONE]\n\n")
        self._piece(b"")

    def _piece(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()
