"""A ComfyUI server's HTTP interface, one method an endpoint.

Knows nothing of projects, shots or workflows: graphs and files go in, files come out.
Every foreign exception stops in `_send`; what the answers mean is said in comfy_answers.
"""

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests

from domain import VERSION
from domain.errors import BackendUnreachable
from domain.job import Graph
from infrastructure.comfy_answers import complaint, no_answer, refused
from infrastructure.hashes import sha256

USER_AGENT = f"CindergraceStudio/{VERSION}"  # RunPod's proxy turns away anonymous ones
CONNECT, SILENCE = 10.0, 60.0  # seconds to get through; seconds between two bytes
CHUNK = 1 << 20
FOLDER = "cindergrace"  # our corner of the server's input folder


class RemoteFile(NamedTuple):
    """A file as a history names it. The names are the server's: never a path here."""

    filename: str
    subfolder: str
    type: str

    @property
    def suffix(self) -> str:
        match = re.search(r"\.[A-Za-z0-9]{1,8}$", self.filename)
        return match[0].lower() if match else ".bin"


class ComfyAPI:
    def __init__(self, url: str):
        self.url = url.rstrip("/")
        host = urlsplit(self.url).hostname or ""
        self._is_near = host in ("localhost", "::1") or host.startswith("127.")
        self._threads = threading.local()

    def system_stats(self) -> dict[str, Any]:
        return self._json("GET", "/system_stats")

    def object_info(self) -> dict[str, Any]:
        return self._json("GET", "/object_info")

    def queue(self, graph: Graph, prompt_id: str, client_id: str) -> dict[str, Any]:
        """Hand a prompt over; the answer holds its `number`. Raises JobRejected."""
        body = {"prompt": graph, "prompt_id": prompt_id, "extra_data": {"preview_method": "auto"}}
        if client_id:
            body["client_id"] = client_id
        reply = self._send("POST", "/prompt", json=body, allowed=(400,))
        answer = as_json(reply)
        if reply.ok and "prompt_id" in answer and not answer.get("node_errors"):
            return answer
        if reply.ok and answer.get("prompt_id"):  # it would run without the outputs that are wrong
            self.cancel(prompt_id)
        if not answer:
            raise BackendUnreachable(no_answer(self.url, "its answer is not what ComfyUI says"))
        raise refused(answer, graph)

    def queued(self) -> tuple[list[str], list[str]]:
        """The ids of the prompts that run, and of those that wait."""
        queue = self._json("GET", "/queue")
        running, waiting = queue.get("queue_running", []), queue.get("queue_pending", [])
        return [item[1] for item in running], [item[1] for item in waiting]

    def history(self, prompt_id: str) -> dict[str, Any] | None:
        """What became of a prompt; None while it waits or runs, and when nobody knows it."""
        return self._json("GET", f"/history/{prompt_id}").get(prompt_id)

    def cancel(self, prompt_id: str) -> None:
        """Stop this prompt and no other, whether it waits or runs."""
        reply = self._send("POST", f"/api/jobs/{prompt_id}/cancel", allowed=(404, 405, 501))
        if reply.ok:
            return
        # before 0.25: a server that ignores the id would interrupt whatever runs, so ask first
        running, waiting = self.queued()
        if prompt_id in waiting:
            self._send("POST", "/queue", json={"delete": [prompt_id]})
        if prompt_id in running:
            self._send("POST", "/interrupt", json={"prompt_id": prompt_id})

    def upload(self, path: Path) -> str:
        """Put a file into the server's input folder, if it is not there; returns its name there.

        Named by its content, so that two projects' "start.png" never meet.
        """
        suffix = RemoteFile(path.name, "", "").suffix
        there = RemoteFile(f"{sha256(path)[:24]}{suffix}", FOLDER, "input")
        if self.size(there) == path.stat().st_size:
            return f"{FOLDER}/{there.filename}"
        body = Multipart(path, there.filename, {"subfolder": FOLDER, "type": "input", "overwrite": "true"})
        stored = self._json("POST", "/upload/image", data=body, headers={"Content-Type": body.content_type})
        return f"{stored.get('subfolder', '')}/{stored['name']}".lstrip("/")

    def size(self, file: RemoteFile) -> int | None:
        """Bytes of a file the server has, None when it has none."""
        reply = self._send("HEAD", "/view", params=file._asdict(), allowed=(404, 400, 405))
        return int(reply.headers.get("Content-Length", -1)) if reply.ok else None

    def open(self, file: RemoteFile, start: int = 0, etag: str = "") -> requests.Response:
        """The file's bytes from `start` on, as a stream; the status tells which: 206, 200 or 404."""
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers |= {"Range": f"bytes={start}-"} | ({"If-Range": etag} if etag else {})
        params = file._asdict()
        return self._send("GET", "/view", params=params, headers=headers, stream=True, allowed=(404, 416))

    def _json(self, method: str, path: str, **kwargs: Any) -> dict[str, Any]:
        reply = self._send(method, path, **kwargs)
        try:
            content = reply.json()
        except (ValueError, requests.RequestException) as error:
            raise BackendUnreachable(no_answer(self.url, "its answer is not what ComfyUI says")) from error
        if not isinstance(content, dict):
            raise BackendUnreachable(no_answer(self.url, "its answer is not what ComfyUI says"))
        return content

    def _send(
        self, method: str, path: str, allowed: tuple[int, ...] = (), **kwargs: Any
    ) -> requests.Response:
        """Every request goes through here; no requests exception gets past it."""
        kwargs.setdefault("timeout", (CONNECT, SILENCE))
        try:
            reply = self._http().request(method, self.url + path, allow_redirects=False, **kwargs)
        except requests.RequestException as error:
            raise BackendUnreachable(no_answer(self.url)) from error
        if (reply.ok and not reply.is_redirect) or reply.status_code in allowed:
            return reply
        with reply:
            raise complaint(reply, self.url)

    def _http(self) -> requests.Session:
        """One session a thread: they keep their connections, but do not share them."""
        if not hasattr(self._threads, "session"):
            session = requests.Session()
            session.headers["User-Agent"] = USER_AGENT
            session.trust_env = not self._is_near  # no proxy stands between us and this machine
            self._threads.session = session
        return self._threads.session


class Multipart:
    """A form with one file in it, read from disk while it is sent."""

    def __init__(self, path: Path, filename: str, fields: dict[str, str]):
        boundary = sha256(path)[:32]
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'
            for k, v in fields.items()
        ]
        parts.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{filename}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        self._path, self._head = path, "".join(parts).encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self.content_type = f"multipart/form-data; boundary={boundary}"

    def __len__(self) -> int:
        return len(self._head) + self._path.stat().st_size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        with self._path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
        yield self._tail


def as_json(reply: requests.Response) -> dict[str, Any]:
    """A reply's JSON object, or nothing."""
    try:
        content = json.loads(reply.content)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
