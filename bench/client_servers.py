"""Servers for the measurements of bench/client.py, in processes of their own.

    python -m bench.client_servers comfy HOW   a fake ComfyUI whose previews hold the time they were sent
    python -m bench.client_servers file PATH   hands one file out as fast as the kernel can

Each prints its address as its first line and ends when its input is closed.
"""

import os
import struct
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.fake_comfy import FakeComfy, Prompt

PICTURE = 50_000  # bytes of a usual preview


class Timed(FakeComfy):
    """Its previews are as large as usual ones and begin with the time they were sent."""

    def show(self, prompt: Prompt, node: str, picture: bytes) -> None:
        super().show(prompt, node, struct.pack(">d", time.time()) + bytes(PICTURE))


def comfy(how: str) -> None:
    with Timed() as fake:
        fake.step_seconds = 0.1
        fake.serves_sockets = how != "none"
        fake.is_silent = how == "silent"
        if how in ("execution_start", "progress", "executed"):
            fake.when[how] = fake.drop_sockets
        print(fake.url, flush=True)
        sys.stdin.read()


def file(path: str) -> None:
    size = Path(path).stat().st_size

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "video/mp4")
            self.send_header("Content-Length", str(size))
            self.end_headers()
            with Path(path).open("rb") as source:
                sent = 0
                while sent < size:
                    sent += os.sendfile(self.connection.fileno(), source.fileno(), sent, 8 << 20)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    {"comfy": comfy, "file": file}[sys.argv[1]](sys.argv[2])
