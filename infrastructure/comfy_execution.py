"""One job on one ComfyUI server, from the first look to the last file.

The history says when a job is done and what it made; the socket only says how far it is. A job
that the server knows already is not sent again; one that it forgot is.
"""

import logging
import re
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from domain.errors import BackendError, BackendUnreachable, JobFailed
from domain.events import Fact, Progress
from domain.job import Graph, Job, JobRun
from infrastructure import comfy_history
from infrastructure.comfy_answers import failure
from infrastructure.comfy_api import ComfyAPI
from infrastructure.comfy_progress import Reporter
from infrastructure.comfy_socket import Doorbell, Listener
from infrastructure.downloads import download
from infrastructure.part_files import writing
from infrastructure.patience import Patience
from infrastructure.uploads import upload

log = logging.getLogger(__name__)

RENDERED = 0.95  # share of a job that is done when its files are still to be fetched
SENDS = 3  # times a job is sent at most, when the server forgets it or its files
ASTRAY = 10  # … and besides when the line breaks under it, so that it does not arrive
QUIET = 0.5  # seconds without a word from the socket, then the history is asked
FIRST_LOOK = 0.05  # … and without a socket: so soon at first, then twice as long each time
QUEUE_LOOK = 3.0  # seconds between two looks whether the server still knows the job
DOUBT = (
    10.0  # seconds in which a job may still turn up whose sending was cut short while the server was at it
)
CANCEL = 5.0  # seconds a cancelled job has to leave the queue

T = TypeVar("T")
Steps = Generator[Progress | Fact, None, T]


class Execution:
    def __init__(self, api: ComfyAPI, doorbell: Doorbell, job: Job):
        self._api, self._doorbell, self._job = api, doorbell, job
        self._reporter = Reporter(job.graph)
        self._times, self._astray = 0, 0
        self._is_sent = False  # the server said that it took our last submission
        self._tail = ""
        self._number: float | None = None  # the server's number for our submission, when it told us
        self._old_number: float | None = None  # of an earlier one, whose history is of no use
        self._is_there = False  # the server has the job, or may have it
        self._client_id = ""  # of the socket that hears of our submission
        self._is_deaf = False  # none does
        self._pause = FIRST_LOOK
        self._asked_queue = 0.0
        self._doubted_until = 0.0

    def carried_out(self, again: str = "") -> Steps[dict[str, Any]]:
        """The job's history, once it is there; sends it unless the server knows it already."""
        if again:
            self._tail = f"-{uuid4().hex[:6]}"  # under a new name the save node runs again
        try:
            if not again and (history := (yield from self._patiently(self._first_look))):
                return history
            with self._doorbell.listen(self._job.id) as listener:
                if self._is_there and not again:
                    self._is_deaf = True  # its messages go to whoever sent it
                    yield Progress(0, "already on the server")
                else:
                    yield from self._send(listener, again)
                while (history := (yield from self._wait(listener))) is None:
                    self._astray += bool(self._times) and not self._is_sent
                    yield from self._send(listener, "the server had forgotten it")
        except (GeneratorExit, KeyboardInterrupt):
            if self._is_there:
                self._cancel()
            raise
        self._is_there, self._old_number = False, comfy_history.number(history)
        if error := failure(history, self._job.graph):
            yield from timing(history)
            raise error
        return history

    def brought_home(self, history: dict[str, Any]) -> JobRun:
        """Fetch everything the job saved, under names of our own."""
        yield from timing(history)
        if texts := comfy_history.texts(history):
            yield Fact("texts", texts)
        saved, files = [], comfy_history.files(history)
        for number, file in enumerate(files):
            tail = f"-{number + 1}" if number else ""
            to = self._job.folder / f"{self._job.name}{tail}{file.suffix}"
            with closing(download(self._api, file, to)) as transfer:
                for progress in transfer:
                    share = (number + progress.fraction) / len(files)
                    yield Progress(RENDERED + (1 - RENDERED) * share, progress.note)
            saved.append(to)
        if self._job.keeps_names:
            yield Fact("sources", comfy_history.sources(history, files))
        if texts and not saved:
            saved.append(self._written("\n\n".join(texts)))
        if not saved:
            raise JobFailed("The workflow ran but saved no file. Does it end in a save node?")
        return saved

    def _written(self, text: str) -> Path:
        to = self._job.folder / f"{self._job.name}.txt"
        with writing(to) as part:
            part.write_text(text, encoding="utf-8")
        return to

    def _first_look(self) -> dict[str, Any] | None:
        """What became of an earlier submission, when that is of use; also notes whether one is under way."""
        if self._api.has_never_heard_of(self._job.id):
            return None
        queued = self._queued()  # before the history: jobs move from here to there
        history = self._api.history(self._job.id)
        number = comfy_history.number(history) if history else None
        if self._job.id in queued:
            self._is_there, self._number = True, queued[self._job.id]
            return None  # should it have ended just now, the next look finds it by its number
        if history and failure(history, self._job.graph) is None:
            return history
        self._old_number = number
        return None

    def _send(self, listener: Listener, why: str) -> Steps[None]:
        if self._astray >= ASTRAY:
            raise JobFailed(
                f"The job was sent {ASTRAY} times and did not arrive. Is the line to the server up?"
            )
        if (arrived := self._times - self._astray) >= SENDS:
            raise JobFailed(
                f"The job was sent {arrived} times and {why} each time. Look at the server's log."
            )
        names = {}
        for path in self._job.files:
            names[path] = yield from upload(self._api, path)
        for name, path in self._job.beside.items():
            yield from upload(self._api, path, name)
        self._times += 1
        graph = _with_prefix(self._job.graph_with(names), self._job, self._tail)
        self._client_id = listener.client_id
        self._is_deaf, self._number, self._pause = not self._client_id, None, FIRST_LOOK
        self._asked_queue, self._is_there, self._is_sent = time.monotonic(), True, False
        try:
            self._number = self._api.queue(graph, self._job.id, self._client_id, self._job.extra)
            self._is_sent = True
        except BackendUnreachable as error:
            log.warning("%s: %s", self._job.name, error)
            self._asked_queue, self._is_deaf = 0.0, True  # it may have arrived all the same: look at once
            if error.symptom in ("504", "524"):  # it has arrived, and is being looked through
                self._doubted_until = time.monotonic() + DOUBT
        yield Fact("sent", {"times": self._times, "why": why} if why else {"times": self._times})
        yield self._reporter.last

    def _wait(self, listener: Listener) -> Steps[dict[str, Any] | None]:
        """The job's history, or None when the server has forgotten it."""
        while True:
            yield from self._listen(listener)
            history, is_known = yield from self._patiently(self._look)
            if history or not is_known:
                return history

    def _patiently(self, ask: Callable[[], T]) -> Steps[T]:
        """What the server answers; asked again while it is away for a moment."""
        patience = Patience(self._api.url, self._api.patience)
        while True:
            try:
                return ask()
            except BackendUnreachable as error:
                self._is_deaf, self._asked_queue = True, 0.0  # it may have forgotten us meanwhile
                yield from patience.after(error, self._reporter.last.fraction)

    def _look(self) -> tuple[dict[str, Any] | None, bool]:
        """The history if it is there, and whether the server knows the job at all."""
        if history := self._our_history():
            return history, True
        now = time.monotonic()
        if now - self._asked_queue < QUEUE_LOOK:
            return None, True
        queued = self._queued()
        self._asked_queue = now
        if self._job.id in queued:
            return None, True
        history = self._our_history()
        return history, history is not None or now < self._doubted_until

    def _our_history(self) -> dict[str, Any] | None:
        """The history of this submission, not of an earlier one with the same id."""
        history = self._api.history(self._job.id)
        number = comfy_history.number(history) if history else None
        if self._number is not None:
            return history if number == self._number else None
        return None if number is not None and number == self._old_number else history

    def _queued(self) -> dict[str, float]:
        running, waiting = self._api.queued()
        return waiting | running

    def _listen(self, listener: Listener) -> Generator[Progress, None, None]:
        """Pass on what the socket says until it falls silent or rings."""
        pause = QUIET
        if self._is_deaf:
            pause, self._pause = self._pause, min(2 * self._pause, QUIET)
        while message := listener.next(pause):
            if message.kind == "lost" and message.data["client_id"] == self._client_id:
                self._is_deaf = True
                return
            if message.kind == "executing" and message.data.get("node") is None:
                return  # it is over: time to look at the history
            if event := self._reporter.heard(message):
                yield event
        yield self._reporter.last

    def _cancel(self) -> None:
        """Take the job off the server, and see it gone."""
        try:
            self._api.cancel(self._job.id)
            end = time.monotonic() + CANCEL
            while self._job.id in self._queued():
                if time.monotonic() > end:
                    log.warning("%s is cancelled, but still at a point where it cannot stop.", self._job.name)
                    return
                time.sleep(0.1)
        except BackendError as error:
            log.warning("%s could not be cancelled: %s", self._job.name, error)


def timing(history: dict[str, Any]) -> Iterator[Fact]:
    if seconds := comfy_history.seconds(history):
        yield Fact("gpu_seconds", seconds)


def _with_prefix(graph: Graph, job: Job, tail: str) -> Graph:
    """Save under the project's and the take's name, so that the server's folder can be read too."""
    folder = _plain(job.folder.parent.name) or "project"
    ours = f"cindergrace/{folder}/{_plain(job.name)}"

    def renamed(theirs: str) -> str:
        return f"{theirs if job.keeps_names else ours}{tail}"

    return {
        id: {**node, "inputs": {**node["inputs"], "filename_prefix": renamed(prefix)}}
        if isinstance(prefix := node["inputs"].get("filename_prefix"), str)
        else node
        for id, node in graph.items()
    }


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")
