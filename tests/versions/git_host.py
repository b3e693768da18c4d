"""Repositories over HTTP for those who say who they are, by git's own server."""

import base64
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_ALLOWED = ("safe.directory=*", "uploadpack.allowAnySHA1InWant=true", "uploadpack.allowFilter=true")
_OPEN = [word for setting in _ALLOWED for word in ("-c", setting)]


class GitHost:
    """All repositories below a folder. `heard`: what each request had as its Authorization."""

    def __init__(self, folder: Path, login: str):
        self.heard: list[str | None] = []
        wanted = f"Basic {base64.b64encode(login.encode()).decode()}"
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                host.heard.append(self.headers["Authorization"])
                if self.headers["Authorization"] != wanted:
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="tests"')
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                path, _, query = self.path.partition("?")
                size = int(self.headers.get("Content-Length") or 0)
                done = subprocess.run(
                    ["git", *_OPEN, "http-backend"],
                    input=self.rfile.read(size),
                    env={
                        **os.environ,
                        "GIT_PROJECT_ROOT": str(folder),
                        "GIT_HTTP_EXPORT_ALL": "1",
                        "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                        "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                        "REQUEST_METHOD": self.command,
                        "PATH_INFO": path,
                        "QUERY_STRING": query,
                        "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                        "CONTENT_LENGTH": str(size),
                        "REMOTE_USER": "tests",
                    },
                    capture_output=True,
                )
                head, _, body = done.stdout.partition(b"\r\n\r\n")
                self.send_response(200)
                for line in head.decode().splitlines():
                    self.send_header(*line.split(": ", 1))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *words: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.place = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
