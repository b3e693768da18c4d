"""A ComfyUI that needs no models: the same answers, messages and habits, and bad manners on demand.

What it says is held against recordings of real servers in test_comfy_recordings. A test makes
it misbehave by putting answers into `instead`: they are given in place of its own, one a request.

    fake.instead["GET /history"] = [HANG_UP, page(502), {"not": "a history"}, Slow(0.5)]
"""

import json
import socket
import struct
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from typing import Any

from tests.fake_comfy_http import handler
from tests.fake_comfy_nodes import MODELS, NODES, Interrupted, NodeFailed, object_info, refusal
from tests.fake_websocket import BINARY, TEXT, ServerSocket

FileKey = tuple[str, str, str]  # type, subfolder, filename


@dataclass
class Prompt:
    number: float
    id: str
    graph: dict[str, Any]
    extra: dict[str, Any]

    def listed(self) -> list[Any]:
        shown = {**self.extra, "create_time": 1}
        return [self.number, self.id, self.graph, shown, [id for id in self.graph if self._ends(id)]]

    def _ends(self, id: str) -> bool:
        return NODES[self.graph[id]["class_type"]].is_output


class FakeComfy:
    """`with FakeComfy() as fake:` serves on `fake.url`; `crash()` and `start()` again on the same port."""

    def __init__(self, version: str = "0.33.0"):
        self.version = version
        self.port = 0
        self.models = {folder: list(names) for folder, names in MODELS.items()}
        self.instead: dict[str, list[Any]] = defaultdict(list)
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.bodies: list[bytes] = []  # of posts to /prompt
        self.connections = 0
        self.files: dict[FileKey, bytes] = {}
        self.step_seconds = 0.005
        self.gate = threading.Event()  # while it is clear, a running job does not get on
        self.gate.set()
        self.has_range = True
        self.has_tags = True
        self.has_new_lists = False  # of models, in /object_info
        self.serves_sockets = True
        self.is_silent = False  # sockets open, and nothing is ever said on them
        self.max_upload = 100 << 20
        self.when: dict[str, Callable[[], None]] = {}  # event -> what happens as it is sent
        self._forget()

    def _forget(self) -> None:
        """What a server has in memory only."""
        self.changed = threading.Condition(threading.RLock())
        self.pending: list[Prompt] = []
        self.running: Prompt | None = None
        self.histories: dict[str, dict[str, Any]] = {}
        self.cancelled: set[str] = set()
        self.sockets: dict[str, ServerSocket] = {}
        self.counter = 0
        self._interrupted = ""
        self._cache: dict[str, dict[str, Any]] = {}
        self._is_up = True
        self.files = {key: value for key, value in self.files.items() if key[0] != "temp"}

    # --- its life

    def __enter__(self) -> "FakeComfy":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.gate.set()
        self.crash()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._forget()
        self._open: set[socket.socket] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), handler(self))
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        threading.Thread(target=self._work, args=(self.changed,), daemon=True).start()

    def crash(self) -> None:
        """Gone at once, with everything it had in memory."""
        with self.changed:
            if not self._is_up:
                return
            self._is_up = False
            self.changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        with self.changed:
            self.pending, self.running = [], None

    def restart(self) -> None:
        self.crash()
        self.start()

    def opened(self, connection: socket.socket) -> None:
        self.connections += 1
        self._open.add(connection)

    def closed(self, connection: socket.socket) -> None:
        self._open.discard(connection)

    def drop_sockets(self) -> None:
        for one in list(self.sockets.values()):
            one.hang_up()

    # --- its queue

    def queue(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        id = body.get("prompt_id") or str(uuid.uuid4())
        if self._at_least(0, 24) and not _is_uuid(id):
            error = {"type": "invalid_prompt_id", "message": "prompt_id must be a valid UUID"}
            details = "prompt_id must be a UUID string in canonical lowercase hyphenated form"
            return 400, {"error": {**error, "details": details, "extra_info": {}}, "node_errors": {}}
        error, node_errors, good = refusal(self, body["prompt"])
        if not good:
            return 400, {"error": error, "node_errors": node_errors}
        with self.changed:
            number, self.counter = self.counter, self.counter + 1
            graph = {id: node for id, node in body["prompt"].items() if id not in node_errors}
            extra = dict(body.get("extra_data") or {})
            if "client_id" in body:
                extra["client_id"] = body["client_id"]
            self.pending.append(Prompt(number, id, graph, extra))
            self.changed.notify_all()
        self._say_status()
        return 200, {"prompt_id": id, "number": number, "node_errors": node_errors}

    def delete(self, ids: list[str]) -> None:
        with self.changed:
            self.pending = [prompt for prompt in self.pending if prompt.id not in ids]

    def interrupt(self, id: str | None) -> None:
        """An old server does not know ids here: whatever runs is stopped."""
        with self.changed:
            if self.running and (id in (None, self.running.id) or self.version == "0.3.40"):
                self._interrupted = self.running.id

    def cancel(self, id: str) -> bool:
        with self.changed:
            self.delete([id])
            self.interrupt(id)
            return True

    def job_status(self, id: str) -> str:
        with self.changed:
            if self.running and self.running.id == id:
                return "in_progress"
            if any(prompt.id == id for prompt in self.pending):
                return "pending"
            is_good = self.histories.get(id, {}).get("status", {}).get("completed")
            return {True: "completed", False: "failed", None: ""}[is_good]

    @property
    def has_jobs(self) -> bool:
        return self._at_least(0, 5, 1)

    @property
    def can_cancel_by_id(self) -> bool:
        return self._at_least(0, 25)

    def _at_least(self, *version: int) -> bool:
        return tuple(map(int, self.version.split(".")))[: len(version)] >= version

    # --- its work

    def _work(self, changed: threading.Condition) -> None:
        while True:
            with changed:
                changed.wait_for(lambda: self.pending or not self._is_up)
                if not self._is_up or changed is not self.changed:
                    return
                prompt = self.running = self.pending.pop(0)
                self._interrupted = ""
            self._run(prompt, changed)

    def _run(self, prompt: Prompt, changed: threading.Condition) -> None:
        outputs: dict[str, Any] = {}
        stamp = _now()
        messages = [["execution_start", {"prompt_id": prompt.id, "timestamp": stamp}]]
        self.say(prompt, "execution_start", {"timestamp": stamp})
        cached = [id for id in prompt.graph if self.key(prompt.graph, id) in self._cache]
        messages.append(["execution_cached", {"nodes": cached, "prompt_id": prompt.id, "timestamp": _now()}])
        self.say(prompt, "execution_cached", {"nodes": cached, "timestamp": _now()})
        end, said = "success", {}
        try:
            for id, node in prompt.graph.items():
                if changed is not self.changed or not self._is_up:
                    return
                output = self._carried_out(prompt, id, node, id in cached)
                if output:
                    outputs[id] = output
        except Interrupted:
            end, said = "interrupted", {"node_id": id, "node_type": node["class_type"], "executed": []}
        except NodeFailed as error:
            end, said = "error", {"node_id": id, "node_type": node["class_type"], **error.told}
        if changed is not self.changed or not self._is_up:
            return
        said = {**said, "timestamp": _now()}
        messages.append([f"execution_{end}", {"prompt_id": prompt.id, **said}])
        self.say(prompt, f"execution_{end}", said)
        self._finish(prompt, outputs, end == "success", messages)

    def _carried_out(self, prompt: Prompt, id: str, node: dict[str, Any], is_cached: bool) -> dict[str, Any]:
        kind, key = NODES[node["class_type"]], self.key(prompt.graph, id)
        if not is_cached:
            self.say(prompt, "executing", {"node": id, "display_node": id})
            self._cache[key] = kind.run(self, prompt, id, node["inputs"])
        output = self._cache[key]
        if output:
            self.say(prompt, "executed", {"node": id, "display_node": id, "output": output})
        return output

    def _finish(self, prompt: Prompt, outputs: dict, is_good: bool, messages: list) -> None:
        meta = {
            id: {"node_id": id, "display_node": id, "parent_node": None, "real_node_id": id} for id in outputs
        }
        status = {"status_str": "success" if is_good else "error", "completed": is_good, "messages": messages}
        with self.changed:
            self.running = None
            self.histories[prompt.id] = {
                "prompt": prompt.listed(),
                "outputs": outputs,
                "status": status,
                "meta": meta,
            }
        self._say_status()
        self.say(prompt, "executing", {"node": None})

    def step(self, prompt: Prompt) -> None:
        """One step of a node, at which a job can be stopped."""
        end = time.monotonic() + self.step_seconds
        while time.monotonic() < end or not self.gate.is_set():
            if self._interrupted == prompt.id:
                raise Interrupted
            if not self._is_up:
                raise Interrupted
            time.sleep(0.001)
        if self._interrupted == prompt.id:
            raise Interrupted

    @staticmethod
    def key(graph: dict[str, Any], id: str) -> str:
        """Equal for nodes that would make the same."""
        node = graph.get(id, {})
        inputs = {
            name: FakeComfy.key(graph, value[0]) if isinstance(value, list) and len(value) == 2 else value
            for name, value in node.get("inputs", {}).items()
        }
        return json.dumps([node.get("class_type"), inputs], sort_keys=True)

    # --- its voice

    def say(self, prompt: Prompt, kind: str, data: dict[str, Any]) -> None:
        """Job messages go to the sender's socket; progress without a sender to everybody."""
        id = prompt.extra.get("client_id")
        text = json.dumps({"type": kind, "data": {**data, "prompt_id": prompt.id}}).encode()
        for one in self._ears(id, kind == "progress"):
            one.send(TEXT, text)
        if deed := self.when.get(kind):
            deed()

    def show(self, prompt: Prompt, node: str, picture: bytes) -> None:
        for one in self._ears(prompt.extra.get("client_id"), True):
            if one.wants_metadata:
                about = json.dumps(
                    {"node_id": node, "prompt_id": prompt.id, "image_type": "image/jpeg"}
                ).encode()
                one.send(BINARY, struct.pack(">II", 4, len(about)) + about + picture)
            else:
                one.send(BINARY, struct.pack(">II", 1, 1) + picture)

    def _ears(self, client_id: str | None, is_for_all: bool) -> list[ServerSocket]:
        if self.is_silent:
            return []
        if client_id is None:
            return list(self.sockets.values()) if is_for_all else []
        return [self.sockets[client_id]] if client_id in self.sockets else []

    def _say_status(self) -> None:
        if not self.is_silent:
            for one in list(self.sockets.values()):
                one.send(TEXT, self.status())

    def status(self, sid: str = "") -> bytes:
        left = len(self.pending) + bool(self.running)
        data = {"status": {"exec_info": {"queue_remaining": left}}} | ({"sid": sid} if sid else {})
        return json.dumps({"type": "status", "data": data}).encode()

    # --- what tests ask of it

    def asked(self, what: str) -> int:
        """How often a route was asked: asked("GET /view")."""
        method, _, path = what.partition(" ")
        return sum(m == method and (p == path or p.startswith(path + "/")) for m, p, _ in self.requests)

    def answer_instead(self, method: str, path: str) -> Any:
        """The next bad answer for a request, if there is one."""
        for what, answers in self.instead.items():
            its_method, _, its_path = what.partition(" ")
            if answers and method == its_method and (path == its_path or path.startswith(its_path + "/")):
                return answers.pop(0)
        return None

    def stats(self) -> dict[str, Any]:
        system = {
            "os": "linux",
            "comfyui_version": self.version,
            "python_version": "3.11.7 (main, May  9 2026, 07:35:25) [GCC 12.2.0]",
            "pytorch_version": "2.13.0+cu130",
            "ram_total": 32 << 30,
            "argv": ["main.py"],
        }
        card = {"name": "Fake GPU", "type": "cuda", "vram_total": 24 << 30, "vram_free": 20 << 30}
        return {"system": system, "devices": [card]}

    def object_info(self) -> dict[str, Any]:
        return object_info(self)


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _now() -> int:
    return int(time.time() * 1000)
