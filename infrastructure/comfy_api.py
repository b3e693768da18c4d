"""A ComfyUI server's HTTP interface, one method an endpoint.

Knows nothing of projects, shots or workflows: graphs and files go in, files come out.
Every foreign exception stops in `_send` and `chunks`; what the answers mean is said in
comfy_answers. Uploads and downloads of whole files are in uploads and downloads.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import requests
from urllib3.exceptions import HTTPError

from domain.errors import BackendError, BackendUnreachable
from domain.job import Graph
from infrastructure.comfy_answers import Fault, complaint, faults, no_answer, refused
from infrastructure.comfy_history import RemoteFile
from infrastructure.http_line import Line, NoAuthorities, json_object
from infrastructure.multipart import Multipart

CONNECT, SILENCE = 10.0, 60.0  # seconds to get through; seconds between two bytes
SHORT = 15.0  # … and for answers that need no work: a server that stalls is asked again
USUAL = CONNECT, SHORT
CHUNK = 1 << 18


class ComfyAPI:
    """May be used from many threads. `patience`: seconds that its users wait for it when it is away."""

    def __init__(self, url: str, patience: float | None = None):
        self.url, self.patience = url.rstrip("/"), patience
        self._line = Line(self.url)

    def system_stats(self, timeout: tuple[float, float] = USUAL) -> dict[str, Any]:
        stats = self._ask("GET", "/system_stats", timeout=timeout)
        if not isinstance(stats.get("system"), dict):
            raise self.not_comfy()
        return stats

    def object_info(self) -> dict[str, Any]:
        nodes = self._ask("GET", "/object_info", timeout=(CONNECT, SILENCE))
        if not nodes:
            raise self.not_comfy()
        return nodes

    def queue(
        self, graph: Graph, prompt_id: str, client_id: str, extra: Mapping[str, str] | None = None
    ) -> float | None:
        """Hand a prompt over; returns the number the server gives it. Raises JobRejected."""
        answer, is_taken = self._posted(graph, prompt_id, client_id, extra)
        if is_taken:
            return answer.get("number")
        raise refused(answer, graph)

    def objections(self, graph: Graph, prompt_id: str) -> list[Fault]:
        """What the server finds wrong with a graph. One that it takes is taken back from it at once."""
        answer, is_taken = self._posted(graph, prompt_id, "")
        if is_taken:
            self.cancel(prompt_id)
        return [] if is_taken else faults(answer, graph)

    def _posted(
        self, graph: Graph, prompt_id: str, client_id: str, extra: Mapping[str, str] | None = None
    ) -> tuple[dict[str, Any], bool]:
        """The server's answer to a prompt, and whether it will run all of it; else it runs nothing."""
        along = {**(extra or {}), "preview_method": "auto"}
        body = {"prompt": graph, "prompt_id": prompt_id, "extra_data": along}
        if client_id:
            body["client_id"] = client_id
        # the answer waits until all inputs are checked, and with them every file
        reply = self._send("POST", "/prompt", body=_json(body), allowed=(400,), timeout=(CONNECT, SILENCE))
        answer = json_object(reply) or {}
        if reply.ok and "prompt_id" in answer and not answer.get("node_errors"):
            return answer, True
        if reply.ok and answer.get("prompt_id"):  # it would run without the outputs that are wrong
            self.cancel(prompt_id)
        if not answer:
            raise self.not_comfy()
        return answer, False

    def has_never_heard_of(self, prompt_id: str) -> bool:
        """One look instead of two; False as well when the server is too old to say (before 0.5.1)."""
        reply = self._send("GET", f"/api/jobs/{prompt_id}", allowed=(404, 405))
        return reply.status_code == 404 and "error" in (json_object(reply) or {})

    def queued(self, timeout: tuple[float, float] = USUAL) -> tuple[dict[str, float], dict[str, float]]:
        """The prompts that run, and those that wait: the server's number of each, by its id."""
        queue = self._ask("GET", "/queue", timeout=timeout)
        try:
            running, waiting = (
                {str(item[1]): item[0] for item in queue[key]} for key in ("queue_running", "queue_pending")
            )
        except (LookupError, TypeError) as error:
            raise self.not_comfy() from error
        return running, waiting

    def history(self, prompt_id: str) -> dict[str, Any] | None:
        """What became of a prompt; None while it waits or runs, and when nobody knows it."""
        entry = self._ask("GET", f"/history/{prompt_id}").get(prompt_id)
        if entry is not None and not isinstance(entry, dict):
            raise self.not_comfy()
        return entry

    def recent(self, most: int) -> set[str]:
        """The prompts that ended last, and whose end the server still knows."""
        return set(self._ask("GET", f"/history?max_items={most}"))

    def cancel(self, prompt_id: str) -> None:
        """Stop this prompt and no other, whether it waits or runs."""
        reply = self._send("POST", f"/api/jobs/{prompt_id}/cancel", allowed=(404, 405, 501))
        if reply.ok:
            return
        # before 0.25: a server that ignores the id would interrupt whatever runs, so ask first
        running, waiting = self.queued()
        if prompt_id in waiting:
            self._send("POST", "/queue", body=_json({"delete": [prompt_id]}))
            running, _ = self.queued()  # it may have begun just then
        if prompt_id in running:
            self._send("POST", "/interrupt", body=_json({"prompt_id": prompt_id}))

    def store(self, form: Multipart) -> str | None:
        """Put a file into the server's input folder; returns its name there, which the server decides.

        None when the file is larger than the server takes.
        """
        headers = {"Content-Type": form.content_type}
        timeout = CONNECT, SILENCE
        reply = self._send(
            "POST", "/upload/image", body=form, headers=headers, timeout=timeout, allowed=(413,)
        )
        match json_object(reply):
            case {"name": str(name), **more} if name:
                return f"{more.get('subfolder') or ''}/{name}".lstrip("/")
        if reply.status_code == 413:
            return None
        raise self.not_comfy()

    def size(self, file: RemoteFile) -> int | None:
        """Bytes of a file the server has, None when it has none or does not say."""
        reply = self._send("HEAD", _view(file), allowed=(400, 403, 404, 405))
        length = reply.headers.get("Content-Length", "")
        return int(length) if reply.ok and length.isdigit() else None

    def open(self, file: RemoteFile, start: int = 0, version: str = "") -> requests.Response:
        """The file's bytes as a stream; from `start` on, if the server still has that version of it.

        The status tells: 206 goes on, 200 begins anew, 416 has no more; 400, 403, 404: no such file.
        """
        headers = {"Accept-Encoding": "identity"}
        if start and version:
            headers |= {"Range": f"bytes={start}-", "If-Range": version}
        return self._send("GET", _view(file), headers=headers, stream=True, allowed=(400, 403, 404, 416))

    def chunks(self, reply: requests.Response) -> Iterator[bytes]:
        """The bytes of an open file as they come. Raises BackendUnreachable when the line breaks."""
        try:
            while chunk := reply.raw.read1(CHUNK):
                yield chunk
        except (requests.RequestException, HTTPError, OSError) as error:
            raise BackendUnreachable(no_answer(self.url), "silence") from error

    def _ask(self, method: str, path: str, **kwargs: Any) -> dict[str, Any]:
        content = json_object(self._send(method, path, **kwargs))
        if content is None:
            raise self.not_comfy()
        return content

    def not_comfy(self) -> BackendError:
        return BackendUnreachable(no_answer(self.url, "its answer is not what ComfyUI says"), "stranger")

    def _send(
        self, method: str, path: str, allowed: tuple[int, ...] = (), **kwargs: Any
    ) -> requests.Response:
        """Every request goes through here; no requests exception gets past it."""
        kwargs.setdefault("timeout", USUAL)
        try:
            reply = self._line.send(method, path, **kwargs)
        except NoAuthorities as error:
            raise BackendUnreachable(str(error)) from error
        except requests.RequestException as error:
            raise BackendUnreachable(no_answer(self.url), "silence") from error
        if (reply.ok and not reply.is_redirect) or reply.status_code in allowed:
            return reply
        with reply:
            raise complaint(reply, self.url)


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content).encode()


def _view(file: RemoteFile) -> str:
    return f"/view?{urlencode(file._asdict(), errors='replace')}"
