"""The HTTP side of the fake ComfyUI: its routes, its files, and what goes wrong on the line."""

import hashlib
import json
import re
import socket
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fake_answers import DO_AND_HANG_UP, HANG_UP, Answer, Cut, Slow
from tests.fake_websocket import TEXT, ServerSocket, accept


def handler(fake: Any) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"fake": fake})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Python/3.11", "aiohttp/3.14"
    disable_nagle_algorithm = True
    wbufsize = -1
    fake: Any = None

    def setup(self) -> None:
        super().setup()
        self.fake.opened(self.connection)

    def finish(self) -> None:
        self.fake.closed(self.connection)
        with suppress(OSError):
            super().finish()

    def handle(self) -> None:
        with suppress(OSError):
            super().handle()

    def do_GET(self) -> None:
        self._serve("GET")

    def do_HEAD(self) -> None:
        self._serve("HEAD")

    def do_POST(self) -> None:
        self._serve("POST")

    def _serve(self, method: str) -> None:
        url = urlsplit(self.path)
        self.query = {key: values[0] for key, values in parse_qs(url.query, keep_blank_values=True).items()}
        self.fake.requests.append((method, url.path, dict(self.headers)))
        self._cut: Any = None
        bad = self.fake.answer_instead(method, url.path)
        if bad == HANG_UP:
            return self._hang_up()
        if self._is_too_large():
            return None
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size)
        if len(body) < size:
            return self._hang_up()  # the client is gone
        match bad:
            case Slow(seconds):
                time.sleep(seconds)
            case Cut():
                self._cut = bad
            case Answer(status, content, headers):
                return self._send(status, content, headers)
            case str() if bad == DO_AND_HANG_UP:
                self._route(method, url.path, body, is_heard=False)
                return self._hang_up()
            case dict() | list():
                return self._json(bad)
        return self._route(method, url.path, body)

    def _is_too_large(self) -> bool:
        if int(self.headers.get("Content-Length") or 0) <= self.fake.max_upload:
            return False
        self.close_connection = True
        said = f"Maximum request body size {self.fake.max_upload} exceeded."
        self._send(413, said.encode(), {"Content-Type": "text/plain; charset=utf-8"})
        return True

    def _route(self, method: str, path: str, body: bytes, is_heard: bool = True) -> None:
        self._is_heard = is_heard
        match method, path.removeprefix("/api").strip("/").split("/"):
            case "GET", ["ws"]:
                self._websocket()
            case "GET", ["system_stats"]:
                self._json(self.fake.stats())
            case "GET", ["object_info"]:
                self._json(self.fake.object_info())
            case "GET", ["queue"]:
                with self.fake.changed:
                    running = [self.fake.running.listed()] if self.fake.running else []
                    waiting = [prompt.listed() for prompt in self.fake.pending]
                self._json({"queue_running": running, "queue_pending": waiting})
            case "GET", ["history"]:
                newest = list(self.fake.histories.items())[-int(self.query["max_items"]) :]
                self._json(dict(newest))
            case "GET", ["history", id]:
                entry = self.fake.histories.get(id)
                self._json({id: entry} if entry else {})
            case "GET" | "HEAD", ["view"]:
                self._view()
            case "POST", ["prompt"]:
                self._prompt(body)
            case "POST", ["queue"]:
                self.fake.delete(json.loads(body)["delete"])
                self._send(200)
            case "POST", ["interrupt"]:
                self.fake.interrupt(json.loads(body or b"{}").get("prompt_id"))
                self._send(200)
            case "GET", ["jobs", id] if self.fake.has_jobs and path.startswith("/api"):
                status = self.fake.job_status(id)
                self._json(
                    {"id": id, "status": status} if status else {"error": "Job not found"},
                    200 if status else 404,
                )
            case "POST", ["jobs", id, "cancel"] if self.fake.can_cancel_by_id and path.startswith("/api"):
                self._json({"cancelled": self.fake.cancel(id)})
            case "POST", ["upload", "image"]:
                self._upload(body)
            case _:
                self._send(404)

    def _prompt(self, body: bytes) -> None:
        self.fake.bodies.append(body)
        try:
            status, answer = self.fake.queue(json.loads(body))
        except (ValueError, TypeError, AttributeError):
            status, answer = 500, "500 Internal Server Error: Server got itself in trouble"
        self._json(answer, status)

    def _upload(self, body: bytes) -> None:
        fields = {
            name.decode(): (filename.decode(), content)
            for name, filename, content in re.findall(
                rb'form-data; name="(\w+)"(?:; filename="([^"]*)")?.*?\r\n\r\n(.*?)\r\n--', body, re.DOTALL
            )
        }
        (name, content), folder = fields["image"], fields.get("subfolder", ("", b""))[1].decode()
        stem, dot, suffix = name.rpartition(".")
        overwrites = fields.get("overwrite", ("", b""))[1] in (b"true", b"1")
        number = 1
        while self.fake.files.get(("input", folder, name), content) != content and not overwrites:
            name, number = f"{stem} ({number}){dot}{suffix}", number + 1
        self.fake.files["input", folder, name] = content
        self._json({"name": name, "subfolder": folder, "type": "input"})

    def _view(self) -> None:
        name, folder = self.query.get("filename"), self.query.get("subfolder", "")
        content = self.fake.files.get((self.query.get("type", "output"), folder, name or ""))
        if content is None:
            is_bad = name is not None and (not name or ".." in name or name.startswith("/"))
            return self._send(400 if is_bad else 404)
        tag = f'"{hashlib.md5(content).hexdigest()}"'
        headers = {"Content-Type": "image/png"} | ({"Etag": tag} if self.fake.has_tags else {})
        start = self._start(tag) if self.fake.has_range else 0
        if self.fake.has_range:
            headers["Accept-Ranges"] = "bytes"
        if start >= len(content) > 0:
            return self._send(416, b"", {"Content-Range": f"bytes */{len(content)}"})
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return self._send(206 if start else 200, content[start:], headers)

    def _start(self, tag: str) -> int:
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if not wanted or self.headers.get("If-Range", tag) != tag:
            return 0
        return int(wanted[1])

    def _websocket(self) -> None:
        if not self.fake.serves_sockets:
            return self._send(404)
        self.close_connection = True
        head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
        self.wfile.write(
            f"{head}Sec-WebSocket-Accept: {accept(self.headers['Sec-WebSocket-Key'])}\r\n\r\n".encode()
        )
        self.wfile.flush()
        id, one = self.query.get("clientId", ""), ServerSocket(self.connection, self.rfile)
        self.fake.sockets[id] = one
        if not self.fake.is_silent:
            one.send(TEXT, self.fake.status(id))
        one.read_until_closed()
        self.fake.sockets.pop(id, None)  # whoever else uses this id hears no more either
        return None

    def _json(self, content: Any, status: int = 200) -> None:
        self._send(status, json.dumps(content).encode(), {"Content-Type": "application/json; charset=utf-8"})

    def _send(self, status: int, content: bytes = b"", headers: dict[str, str] | None = None) -> None:
        if not getattr(self, "_is_heard", True):
            return
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content if self._cut is None else content[: self._cut.bytes])
        if self._cut is not None and self._cut.bytes < len(content):
            self.wfile.flush()
            time.sleep(self._cut.seconds)
            self._hang_up()

    def _hang_up(self) -> None:
        with suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass
