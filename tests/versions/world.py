"""A small world that versions come from: git repositories, packages and models, all on this machine.

The ComfyUI in it is a server of twenty lines of the standard library: it answers what a start is judged by,
and fails to import nodes as the real one does. The real one is in test_versions_real.
"""

import base64
import hashlib
import json
import os
import subprocess
import sys
import threading
import zipfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_AUTHOR = {
    "GIT_AUTHOR_NAME": "Tests",
    "GIT_AUTHOR_EMAIL": "tests@example.org",
    "GIT_COMMITTER_NAME": "Tests",
    "GIT_COMMITTER_EMAIL": "tests@example.org",
    "GIT_AUTHOR_DATE": "2026-01-01T00:00:00+00:00",
    "GIT_COMMITTER_DATE": "2026-01-01T00:00:00+00:00",
    "GIT_CONFIG_GLOBAL": os.devnull,
}
COMFY = """
import argparse, json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

asked = argparse.ArgumentParser()
for name in ("listen", "port", "base-directory", "input-directory", "output-directory", "temp-directory",
             "user-directory", "database-url"):
    asked.add_argument("--" + name)
asked.add_argument("--cpu", action="store_true")
asked.add_argument("--disable-auto-launch", action="store_true")
asked = asked.parse_args()
import greeting  # of a package: without its environment it does not start
base = Path(asked.base_directory)
nodes = dict.fromkeys(["LoadImage", "SaveImage", *os.environ.get("WORLD_NODES", "").split()], {})
for folder in sorted((base / "custom_nodes").iterdir()):
    if folder.is_dir():
        try:
            scope = {}
            exec((folder / "__init__.py").read_text(), scope)
            nodes.update(dict.fromkeys(scope["NODES"], {}))
        except Exception as error:
            print(f"IMPORT FAILED: {folder} ({error})", flush=True)
print("variable", os.environ.get("SHOWN", ""), "token", os.environ.get("HF_TOKEN", ""), flush=True)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        answers = {"/system_stats": {"system": {"comfyui_version": "0", "argv": sys.argv}, "devices": []},
                   "/object_info": nodes, "/queue": {"queue_running": [], "queue_pending": []}}
        body = json.dumps(answers.get(self.path, {})).encode()
        self.send_response(200 if self.path in answers else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


HTTPServer((asked.listen, int(asked.port)), Handler).serve_forever()
"""


class Repository:
    """One on disk, with commits whose ids are the same in every run."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.url = folder.as_uri()
        folder.mkdir(parents=True)
        self._git("init", "--quiet", "--initial-branch=main")

    def commit(self, files: dict[str, str], tag: str = "") -> str:
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self._git("add", "--all", "--force")
        self._git("commit", "--quiet", "--message", tag or "a change")
        if tag:
            self._git("tag", "--annotate", "--message", tag, tag)
        return self._git("rev-parse", "HEAD").strip()

    def forget(self, commit: str) -> None:
        """Rewrite history as a careless author does."""
        self._git("reset", "--quiet", "--hard", f"{commit}^")
        for tag in self._git("tag", "--points-at", commit).split():
            self._git("tag", "--delete", tag)
        self._git("reflog", "expire", "--expire=all", "--all")
        self._git("gc", "--quiet", "--prune=now")

    def _git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", "-C", self.folder, *words],
            env={**os.environ, **_AUTHOR},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout


class Wheels:
    """A folder of packages, taken as pip takes one: PIP_FIND_LINKS."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True)

    def add(
        self, name: str, version: str, needs: tuple[str, ...] = (), files: int = 1, code: str = ""
    ) -> None:
        """`code` is run when it is imported; with a `main` in it, it is a command as well."""
        info = f"{name}-{version}.dist-info"
        contents = {f"{name}/__init__.py": f"VERSION = {version!r}\n{code}"}
        if "def main" in code:
            contents[f"{info}/entry_points.txt"] = f"[console_scripts]\n{name} = {name}:main\n"
        contents |= {f"{name}/part_{n}.py": f"PART = {n}\n" * 20 for n in range(files - 1)}
        lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"]
        contents[f"{info}/METADATA"] = "".join([*lines, *(f"Requires-Dist: {need}\n" for need in needs)])
        contents[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        record = [f"{path},sha256={_digest(text)},{len(text)}" for path, text in contents.items()]
        contents[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,"]) + "\n"
        with zipfile.ZipFile(self.folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
            for path, text in contents.items():
                wheel.writestr(zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0)), text)


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # else who asked went away
            super().handle_error(request, client_address)


class ModelHost:
    """Hands out files over HTTP as large hosts do: by ranges, with ETags. It counts, and breaks when told."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: Counter[str] = Counter()
        self.sent = 0  # bytes of all bodies
        self.headers: list[dict[str, str]] = []
        self.breaks: list[int] = []  # the next answers end after so many bytes
        self.redirects: dict[str, str] = {}
        self.has_ranges, self.etag = True, ""
        self.has_length = self.heeds_if_range = True
        self.statuses: list[int] = []  # of the next answers, in place of what they would be
        self.told: dict[str, object] = {}  # JSON by path, as a host's API answers
        self.pause = 0.0
        self.refuses: Callable[[BaseHTTPRequestHandler], int] = lambda asked: 0  # the status, if it does
        host = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                host._answer(self)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                host._answer(self)

            def do_PUT(self) -> None:
                host._take(self)

            def do_HEAD(self) -> None:
                host._answer(self, is_head=True)

            def log_message(self, *words: Any) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _take(self, of: BaseHTTPRequestHandler) -> None:
        """A file that somebody brings, as buckets take one."""
        content = of.rfile.read(int(of.headers.get("Content-Length", 0)))
        self.headers.append(dict(of.headers))
        digest = base64.b64encode(hashlib.md5(content).digest()).decode()
        is_whole = of.headers.get("Content-MD5", digest) == digest
        status = self.statuses.pop(0) if self.statuses else self.refuses(of) or (200 if is_whole else 400)
        if status == 200:
            self.files[of.path] = content
        of.send_response(status)
        of.send_header("Content-Length", "0")
        of.end_headers()

    def _answer(self, to: BaseHTTPRequestHandler, is_head: bool = False) -> None:
        path = to.path.partition("?")[0]
        if not is_head:
            self.asked[path] += 1
            self.headers.append(dict(to.headers))
        if path in self.redirects:
            to.send_response(302)
            to.send_header("Location", self.redirects[path])
            to.send_header("Content-Length", "0")
            to.end_headers()
            return
        content = self.files.get(path)
        if status := self.refuses(to):
            self.statuses.insert(0, status)
        if path in self.told:
            content = json.dumps(self.told[path]).encode()
        is_refused = self.statuses and (status or not is_head)
        status = self.statuses.pop(0) if is_refused else 404 if content is None else 0
        if status or content is None:
            to.send_response(status)
            to.send_header("Content-Length", "0")
            to.end_headers()
            return
        etag = self.etag or f'"{hashlib.md5(content).hexdigest()}"'
        asked, start = to.headers.get("Range", ""), 0
        is_same = not self.heeds_if_range or to.headers.get("If-Range") in (None, etag)
        if asked and self.has_ranges and is_same:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
        if start >= len(content) > 0:
            to.send_response(416)
            to.send_header("Content-Range", f"bytes */{len(content)}")
            to.send_header("Content-Length", "0")
            to.end_headers()
            return
        to.send_response(206 if start else 200)
        if start:
            to.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if etag != "none":
            to.send_header("ETag", etag)
        if self.has_length:
            to.send_header("Content-Length", str(len(content) - start))
        else:
            to.send_header("Connection", "close")
        to.end_headers()
        if is_head:
            return
        body = content[start:]
        if self.breaks:
            body = body[: self.breaks.pop(0)]
        with suppress(ConnectionError):  # who fetched it was killed
            for at in range(0, len(body), 1 << 16):
                to.wfile.write(body[at : at + (1 << 16)])
                self.sent += len(body[at : at + (1 << 16)])
                if self.pause:
                    threading.Event().wait(self.pause)
        if len(body) < len(content) - start:
            to.close_connection = True


class World:
    """ComfyUI with the tags v1 and v2, the nodes alpha and beta, their packages, a host of models."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.wheels = Wheels(folder / "wheels")
        self.wheels.add("greeting", "1.0", files=30)
        self.wheels.add("greeting", "2.0")
        self.wheels.add("shade", "1.0", ("greeting>=1",))
        self.comfy = Repository(folder / "origin" / "ComfyUI")
        self.first = self.comfy.commit(
            {"main.py": COMFY, "requirements.txt": "greeting==1.0\n", "data.txt": "d" * 5000}, "v1"
        )
        self.second = self.comfy.commit({"note.txt": "second"}, "v2")
        self.alpha = Repository(folder / "origin" / "alpha")
        self.alpha.commit({"__init__.py": "NODES = ['AlphaNode']\n", "requirements.txt": "shade\n"}, "v1")
        self.beta = Repository(folder / "origin" / "beta")
        self.beta.commit({"__init__.py": "NODES = ['BetaNode']\n"}, "v1")
        self.host = ModelHost()
        self.host.files["/style.safetensors"] = b"style" * 200_000

    def spec(self, **changed: Any) -> dict[str, Any]:
        """Of a version with both nodes and one model."""
        content = self.host.files["/style.safetensors"]
        return {
            "schema_version": 2,
            "version_id": "film-a",
            "comfy": {"repo": self.comfy.url, "ref": "v1"},
            "custom_nodes": [{"repo": self.alpha.url}, {"repo": self.beta.url, "ref": "v1"}],
            "models": [
                {
                    "source": f"{self.host.url}/style.safetensors",
                    "target_subdir": "loras",
                    "checksum": f"sha256:{hashlib.sha256(content).hexdigest()}",
                }
            ],
            **changed,
        }

    def write(self, folder: Path, **changed: Any) -> Path:
        content = self.spec(**changed)
        file = folder / f"{content['version_id']}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content))
        return file

    @property
    def surroundings(self) -> dict[str, str]:
        """For whoever installs: packages come from here alone."""
        return {"PIP_FIND_LINKS": str(self.wheels.folder), "PIP_NO_INDEX": "1"}

    def close(self) -> None:
        self.host.close()


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
