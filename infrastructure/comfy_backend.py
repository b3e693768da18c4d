"""Carries out jobs on a ComfyUI server: on this machine or in a pod, which is all the same.

The history says when a job is done and what it made; the socket only says how far it is. A job
that the server knows already is not sent again; one that it forgot is.
"""

import logging
import re
import time
from collections.abc import Generator, Iterator
from typing import Any

from domain.errors import BackendError, BackendUnreachable, JobFailed
from domain.events import Fact, Progress
from domain.job import Graph, Job, JobRun
from infrastructure.comfy_answers import failure
from infrastructure.comfy_api import USER_AGENT, ComfyAPI, RemoteFile
from infrastructure.comfy_progress import Reporter
from infrastructure.comfy_socket import Doorbell, Listener, Message
from infrastructure.downloads import GoneError, download
from infrastructure.preflight import missing

log = logging.getLogger(__name__)

SENDS = 3  # times a job is sent at most, when the server forgets it or its files
PATIENCE = 90.0  # seconds a server may stay away while a job is on it
QUIET = 0.7  # seconds without a word from the socket, then the history is asked
FIRST_LOOK = 0.05  # … and without a socket: so soon at first, then twice as long each time
QUEUE_LOOK = 3.0  # seconds between two looks whether the server still knows the job
CANCEL = 5.0  # seconds a cancelled job has to leave the queue

Steps = Generator[Progress | Fact, None, None]


class ComfyBackend:
    engine = "comfyui"
    lanes = 2  # one runs, one is queued behind it: the GPU never waits for us

    def __init__(self, url: str):
        self._api = ComfyAPI(url)
        self._doorbell = Doorbell(self._api.url, USER_AGENT)
        self._server = ""

    def check(self, *graphs: Graph) -> str:
        stats = self._api.system_stats()
        device = (stats.get("devices") or [{}])[0].get("name", "no GPU")
        self._server = f"ComfyUI {(stats.get('system') or {}).get('comfyui_version', '?')}"
        if graphs:
            missing(self._api.object_info(), graphs)
        return f"{self._server} on {device}"

    def run(self, job: Job) -> JobRun:
        if not self._server:
            self.check()
        yield Fact("server", self._server)
        yield Fact("url", self._api.url)
        execution = _Execution(self._api, self._doorbell, job)
        history = yield from execution.carried_out()
        while True:
            try:
                return (yield from execution.brought_home(history))
            except GoneError:
                # a cached answer whose file was deleted; under a new name the save node runs again
                history = yield from execution.carried_out("its file was gone from the server")


class _Execution:
    """One job on one server, from the first look to the last file."""

    def __init__(self, api: ComfyAPI, doorbell: Doorbell, job: Job):
        self._api, self._doorbell, self._job = api, doorbell, job
        self._reporter = Reporter(job.graph)
        self._times = 0
        self._number: int | None = None  # the server's number for our submission, when it told us
        self._is_deaf = False  # the socket will tell nothing of this job
        self._pause = FIRST_LOOK
        self._asked_queue = 0.0

    def carried_out(self, again: str = "") -> Generator[Progress | Fact, None, dict[str, Any]]:
        """The job's history, once it is there; sends it unless the server knows it already."""
        is_waiting = False
        if not again:
            running, waiting = self._api.queued()  # before the history: jobs move from here to there
            history = self._api.history(self._job.id)
            is_waiting = self._job.id in (*running, *waiting)
            if history and not is_waiting and failure(history, self._job.graph) is None:
                return history
        with self._doorbell.listen(self._job.id) as listener:
            try:
                if is_waiting:
                    self._is_deaf = True  # its messages go to whoever sent it
                    yield Progress(0, "already on the server")
                else:
                    yield from self._send(listener, again)
                while (history := (yield from self._wait(listener))) is None:
                    yield from self._send(listener, "the server had forgotten it")
            except (GeneratorExit, KeyboardInterrupt):
                self._cancel()
                raise
        if error := failure(history, self._job.graph):
            raise error
        return history

    def brought_home(self, history: dict[str, Any]) -> JobRun:
        """Fetch everything the job saved, under names of our own."""
        if seconds := _seconds(history):
            yield Fact("gpu_seconds", seconds)
        if texts := _texts(history):
            yield Fact("texts", texts)
        saved = []
        for number, file in enumerate(_files(history)):
            tail = f"-{number + 1}" if number else ""
            to = self._job.folder / f"{self._job.name}{tail}{file.suffix}"
            saved.append((yield from download(self._api, file, to)))
        if not saved:
            raise JobFailed("The workflow ran but saved no file. Does it end in a save node?")
        return saved

    def _send(self, listener: Listener, why: str) -> Steps:
        if self._times >= SENDS:
            raise JobFailed(f"The job was sent {SENDS} times and {why} each time. Look at the server's log.")
        names = {}
        for path in self._job.files:
            yield Progress(0, f"uploading {path.name}")
            names[path] = self._api.upload(path)
        self._times += 1
        graph = _with_prefix(self._job.graph_with(names), self._job, self._times)
        self._is_deaf, self._number, self._pause = not listener.client_id, None, FIRST_LOOK
        self._asked_queue = time.monotonic()
        try:
            self._number = self._api.queue(graph, self._job.id, listener.client_id).get("number")
        except BackendUnreachable as error:  # it may have arrived all the same: the next look tells
            log.warning("%s: %s", self._job.name, error)
        yield Fact("sent", {"times": self._times, "why": why} if why else {"times": self._times})
        yield self._reporter.last

    def _wait(self, listener: Listener) -> Generator[Progress, None, dict[str, Any] | None]:
        """The job's history, or None when the server has forgotten it."""
        away = 0.0
        while True:
            if not away:
                yield from self._listen(listener)
            try:
                history, is_known = self._look(bool(away))
                away = 0.0
            except BackendUnreachable:
                now = time.monotonic()
                away = away or now
                if now - away > PATIENCE:
                    raise
                self._is_deaf = True
                yield Progress(self._reporter.last.fraction, "the server does not answer; waiting for it")
                time.sleep(QUIET)
                continue
            if history or not is_known:
                return history

    def _look(self, suspicious: bool) -> tuple[dict[str, Any] | None, bool]:
        """The history if it is there, and whether the server knows the job at all."""
        if history := self._our_history():
            return history, True
        now = time.monotonic()
        if not suspicious and now - self._asked_queue < QUEUE_LOOK:
            return None, True
        self._asked_queue = now
        running, waiting = self._api.queued()
        if self._job.id in (*running, *waiting):
            return None, True
        history = self._our_history()
        return history, history is not None

    def _our_history(self) -> dict[str, Any] | None:
        """The history of this submission, not of an earlier one with the same id."""
        history = self._api.history(self._job.id)
        if history and self._number is not None and history["prompt"][0] != self._number:
            return None
        return history

    def _listen(self, listener: Listener) -> Generator[Progress, None, None]:
        """Pass on what the socket says until it falls silent or rings."""
        pause = QUIET
        if self._is_deaf:
            pause, self._pause = self._pause, min(2 * self._pause, QUIET)
        while message := listener.next(pause):
            if _rings(message):
                self._is_deaf = self._is_deaf or message.kind == "lost"
                return
            if event := self._reporter.heard(message):
                yield event
        yield self._reporter.last

    def _cancel(self) -> None:
        """Take the job off the server, and see it gone."""
        try:
            self._api.cancel(self._job.id)
            end = time.monotonic() + CANCEL
            while time.monotonic() < end:
                running, waiting = self._api.queued()
                if self._job.id not in (*running, *waiting):
                    return
                time.sleep(0.1)
            log.warning(
                "%s still runs on the server: it has not come to a point where it can stop.", self._job.name
            )
        except BackendError as error:
            log.warning("%s could not be cancelled: %s", self._job.name, error)


def _rings(message: Message) -> bool:
    """Whether the job is over, or the socket is: time to look at the history."""
    if message.kind == "executing":
        return message.data.get("node") is None
    return message.kind in ("execution_error", "execution_interrupted", "lost")


def _with_prefix(graph: Graph, job: Job, times: int) -> Graph:
    """Save under the project's and the take's name, so that the server's folder can be read too."""
    folder = re.sub(r"[^A-Za-z0-9_-]+", "-", job.folder.parent.name).strip("-") or "project"
    again = f"-{times}" if times > 1 else ""
    prefix = f"cindergrace/{folder}/{re.sub(r'[^A-Za-z0-9_-]+', '-', job.name)}{again}"
    return {
        id: {**node, "inputs": {**node["inputs"], "filename_prefix": prefix}}
        if isinstance(node["inputs"].get("filename_prefix"), str)
        else node
        for id, node in graph.items()
    }


def _files(history: dict[str, Any]) -> list[RemoteFile]:
    """The files a job saved, whatever node saved them; previews only when there is nothing else."""
    found = list(dict.fromkeys(_all_files(history)))
    return [file for file in found if file.type == "output"] or found


def _all_files(history: dict[str, Any]) -> Iterator[RemoteFile]:
    for output in (history.get("outputs") or {}).values():
        for value in output.values():
            for item in value if isinstance(value, list) else []:
                if isinstance(item, dict) and isinstance(item.get("filename"), str) and item["filename"]:
                    yield RemoteFile(
                        item["filename"], str(item.get("subfolder") or ""), str(item.get("type") or "output")
                    )


def _texts(history: dict[str, Any]) -> list[str]:
    outputs = (history.get("outputs") or {}).values()
    return [str(text) for output in outputs for text in output.get("text") or () if isinstance(text, str)]


def _seconds(history: dict[str, Any]) -> float | None:
    """How long the server itself worked, from its own clock."""
    stamps = {kind: data.get("timestamp") for kind, data in (history.get("status") or {}).get("messages", [])}
    start, end = stamps.get("execution_start"), stamps.get("execution_success")
    return (end - start) / 1000 if start and end else None
