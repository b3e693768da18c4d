"""Carries out jobs on a ComfyUI server: on this machine or in a pod, which is all the same."""

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from domain.addresses import is_pod, without_secrets
from domain.errors import BackendError, BackendUnreachable
from domain.events import Fact, Progress
from domain.job import Graph, Job, JobRun, Probe
from domain.status import Status
from infrastructure.comfy_api import ComfyAPI
from infrastructure.comfy_execution import Execution
from infrastructure.comfy_probe import ComfyProbe
from infrastructure.comfy_socket import Doorbell
from infrastructure.comfy_stats import graphics_card, server
from infrastructure.downloads import GoneError
from infrastructure.preflight import essence, lacks, missing

GLANCE = 3.0, 3.0  # seconds to get through, and to be silent, when somebody only wants to know how it is
BLINK = 1.0  # seconds within which a failure may be of the line alone
RECENT = 32  # jobs that ended last, among which one may be that is asked for again
STUMBLES = 3  # failures of a pod's proxy in a row that are passed over
_TURN = 0.1  # seconds between two looks whether an equal job has ended


log = logging.getLogger(__name__)

T = TypeVar("T")


class ComfyBackend:
    engine = "comfyui"

    def __init__(self, url: str, patience: float | None = None):
        # one runs and one is queued behind it, so that the GPU never waits for us; over a long line one more,
        # which comes home or goes up meanwhile
        self.lanes = 3 if is_pod(url) else 2
        self._api = ComfyAPI(url, patience)
        self._doorbell = Doorbell(self._api.url)
        self._server = ""
        self._lock = threading.Lock()
        self._under_way: set[str] = set()  # ids of jobs

    def status(self) -> Status:
        began, address = time.monotonic(), without_secrets(self._api.url)
        try:
            try:
                return self._seen(address)
            except BackendUnreachable:
                if time.monotonic() - began > BLINK:
                    raise
                return self._seen(address)  # a kept connection may have been closed meanwhile
        except BackendError as error:
            name = self._server or "ComfyUI"
            said, symptom = without_secrets(str(error)), getattr(error, "symptom", "")
            return Status(is_up=False, name=name, address=address, said=said, symptom=symptom)

    def _seen(self, address: str) -> Status:
        stats = self._api.system_stats(GLANCE)
        running, waiting = self._api.queued(GLANCE)
        self._server, card = server(stats), graphics_card(stats)
        return Status(
            is_up=True,
            name=self._server,
            address=address,
            gpu=card.name,
            vram_used=card.used,
            vram_total=card.total,
            running=len(running),
            waiting=len(waiting),
        )

    def check(self, *graphs: Graph) -> str:
        stats = self._asked(self._api.system_stats)
        self._server = server(stats)
        if graphs:
            missing(self._asked(self._api.object_info), graphs)
        return f"{self._server} on {graphics_card(stats).name}"

    def _asked(self, ask: Callable[[], T]) -> T:
        """Once more where a pod's proxy failed: one request in many does."""
        for _ in range(STUMBLES if is_pod(self._api.url) else 0):
            try:
                return ask()
            except BackendUnreachable as error:
                log.info("asked again: %s", error)
                time.sleep(_TURN)
        return ask()

    def run(self, job: Job) -> JobRun:
        if not self._server:
            self.check()
        yield Fact("server", self._server)
        yield Fact("url", self._api.url)
        yield from self._turn(job)
        with self._ending(job):
            execution = Execution(self._api, self._doorbell, job)
            history = yield from execution.carried_out()
            while True:
                try:
                    return (yield from execution.brought_home(history))
                except GoneError:
                    # a cached answer, or an old one, whose file was deleted meanwhile
                    history = yield from execution.carried_out("its file was gone from the server")

    def probe(self) -> Probe:
        return ComfyProbe(self._api, self._doorbell)

    def learned(self) -> Callable[[Graph], list[str]]:
        """Tells what a graph lacks here, without asking the server again."""
        known = self.known()
        return lambda graph: lacks(known, [graph])

    def known(self) -> dict[str, Any]:
        """What `lacks` reads: its nodes, and the models they offer."""
        return essence(self._api.object_info())

    def holds(self) -> set[str]:
        """Ids of jobs that run or wait there, or ended lately."""
        running, waiting = self._api.queued()
        return {*running, *waiting, *self._api.recent(RECENT)}

    def has(self, job_id: str) -> bool:
        """Whether it runs or waits there."""
        running, waiting = self._api.queued(GLANCE)
        return job_id in running or job_id in waiting

    def drop(self, job_id: str) -> None:
        """Take a job off the server that nobody here waits for any more."""
        with self._lock:
            if job_id in self._under_way:
                return
        self._api.cancel(job_id)

    def _turn(self, job: Job) -> Generator[Progress, None, None]:
        """Of equal jobs one runs and the others wait: they find its files on the server."""
        while True:
            with self._lock:
                if job.id not in self._under_way:
                    self._under_way.add(job.id)
                    return
            yield Progress(0, "an equal job is under way")
            time.sleep(_TURN)

    @contextmanager
    def _ending(self, job: Job) -> Iterator[None]:
        try:
            yield
        finally:
            with self._lock:
                self._under_way.discard(job.id)
