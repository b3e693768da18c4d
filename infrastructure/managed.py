"""A version's ComfyUI that is started for whoever needs it, waited for, and started again when it dies."""

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from enum import Enum
from typing import Any

from domain.errors import BackendError, BackendUnreachable, BadFile, Blocked, JobFailed, StudioError
from domain.events import Fact, Progress
from domain.job import Graph, Job, JobRun, Probe
from domain.status import Status
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.versions import launch, running
from infrastructure.versions.builds import Build, Builds
from infrastructure.versions.locks import SOON, held
from infrastructure.versions.running import Running
from infrastructure.versions.store import Store

LONGEST = 300.0  # seconds that a start may take; a cold disk is slow
DEATHS = 3  # under one job; then it is the job
AGAIN = 60.0  # seconds until one that did not come up is tried once more
_LOOK = 0.5  # seconds between two looks while it starts


class _State(Enum):
    wanted = "it is started when somebody looks"
    retired = "it ends with its last job"
    closed = "it is not started any more"


class ManagedBackend:
    """May be asked from many threads. `words` is more of ComfyUI's command line.

    What is known of it is behind `_lock`, in which nobody waits. Starting and ending take their time, one
    after the other: each is a `_turn`.
    """

    engine = "comfyui"
    lanes = 2

    def __init__(self, store: Store, builds: Builds, id: str, words: tuple[str, ...] = ()):
        self._store, self._builds, self.id, self._words = store, builds, id, words
        self._lock, self._turn = threading.Lock(), threading.Lock()
        self._running: Running | None = None
        self._backend: ComfyBackend | None = None
        self._url = ""  # stays through all starts
        self._fault, self._until = "", 0.0
        self._was_up = False  # this very process
        self._starts = 0
        self._jobs = 0
        self._state = _State.wanted

    def status(self) -> Status:
        try:
            backend = self._ensured()
        except (BackendError, Blocked) as error:
            return Status(is_up=False, name=self.id, said=str(error))
        seen = backend.status()
        if seen.is_up:
            self._was_up = True
            return replace(seen, name=f"{seen.name} ({self.id})")
        now = self._running
        seconds = time.monotonic() - now.began if now else 0
        said = f"ComfyUI of {self.id} is starting, for {seconds:.0f} seconds."
        return Status(False, self.id, seen.address, said=said, symptom="starting")

    def check(self, *graphs: Graph) -> str:
        return f"{self._up().check(*graphs)} ({self.id})"

    def probe(self) -> Probe:
        return self._up().probe()

    def known(self) -> dict[str, Any]:
        return self._up().known()

    def learned(self) -> Callable[[Graph], list[str]]:
        return self._up().learned()

    def run(self, job: Job) -> JobRun:
        with self._at_work():
            backend = yield from self._awaited()
            yield Fact("version", self._version())
            starts, deaths = self._starts, 0
            with closing(backend.run(job)) as work:
                while True:
                    try:
                        event = next(work)
                    except StopIteration as stop:
                        files: list[Any] = stop.value
                        return files
                    yield event
                    if isinstance(event, Fact) and event.key == "sent":
                        self._was_up = True  # it answered, before it took the job
                    with suppress(Blocked):  # the next look comes soon
                        self._ensured()
                    if self._starts != starts:
                        starts, deaths = self._starts, deaths + 1
                        if deaths >= DEATHS:
                            raise JobFailed(f"ComfyUI ended {deaths} times under this job. {self._fault}")
                        yield Fact("version", self._version())  # another may be in use by now
                        yield Progress(0, "ComfyUI ended, and is started again")
                    elif isinstance(event, Progress) and event.fraction > 0:
                        self._was_up = True  # it works at something

    def wanted(self) -> None:
        """Somebody asks for it, again."""
        with self._lock:
            if self._state is _State.retired:
                self._state = _State.wanted

    @property
    def address(self) -> str:
        """Where it answers while it runs."""
        now = self._running
        return now.url if now and now.is_alive and self._was_up else ""

    def retire(self) -> None:
        """Nobody asks for it any more: `end_if_retired` ends it, now or after its last job."""
        with self._lock:
            if self._state is _State.wanted:
                self._state = _State.retired

    def end_if_retired(self) -> None:
        """Returns when it has ended, unless it is wanted or at work."""
        with self._turn:
            if self._is_over():
                self._end()

    def close(self) -> None:
        """It ends, and is not started any more."""
        with self._lock:
            self._state = _State.closed
        with self._turn:
            self._end()

    def _is_over(self) -> bool:
        """Whether nobody needs it from now on."""
        with self._lock:
            return self._state is _State.closed or (self._state is _State.retired and not self._jobs)

    def _end(self) -> None:
        with self._lock:
            now, self._running = self._running, None
        if now and now.is_ours:
            now.stop()

    def _version(self) -> dict[str, str]:
        """What a recipe names, so that the same can be had again."""
        now = self._running
        return {"id": self.id, "closure": now.build.realization().closure if now else ""}

    def _up(self) -> ComfyBackend:
        work = self._awaited()
        while True:
            try:
                next(work)
            except StopIteration as stop:
                backend: ComfyBackend = stop.value
                return backend

    def _awaited(self) -> Generator[Progress, None, ComfyBackend]:
        """Raises BackendUnreachable when it does not come up."""
        end = time.monotonic() + LONGEST
        while True:
            try:
                backend: ComfyBackend | None = self._ensured()
            except Blocked:
                backend = None
            status = self.status()
            if backend and status.is_up:
                return backend
            if time.monotonic() > end:
                raise BackendUnreachable(status.said)
            yield Progress(0, status.said)
            time.sleep(_LOOK)

    def _ensured(self) -> ComfyBackend:
        """It runs afterwards, though it may not answer yet. Raises BackendUnreachable, and Blocked while
        somebody else starts, deletes or sweeps the version."""
        if backend := self._good():
            return backend
        with self._turn:
            if backend := self._good():  # by who had the turn before
                return backend
            self._put_down()
            if time.monotonic() < self._until:
                raise BackendUnreachable(f"{self.id} does not start. {self._fault}")
            if self._is_over():
                raise BackendUnreachable(f"{self.id} was ended.")
            try:
                begun = self._begun()
            except (BackendError, Blocked):
                raise
            except StudioError as error:  # a variable that is not set, a disk that is full
                raise BackendUnreachable(str(error)) from error
            with self._lock:
                if self._backend is None or self._url != begun.url:
                    self._backend = ComfyBackend(begun.url, LONGEST)
                self._running, self._url, self._was_up = begun, begun.url, False
                return self._backend

    def _good(self) -> ComfyBackend | None:
        now = self._running
        if now is None or not now.is_alive:
            return None
        is_needed = self._jobs or not now.is_ours or self._is_in_use(now.build)
        return self._backend if is_needed and self._running is now else None

    def _is_in_use(self, build: Build) -> bool:
        """Unless another is known to be."""
        try:
            return build == self._builds.current
        except BadFile:
            return True

    def _put_down(self) -> None:
        """What does not run, or runs and is not in use any more, when nobody works with it."""
        with self._lock:
            now, self._running = self._running, None
        if now and now.is_alive:
            now.stop()
        elif now:
            self._fault = now.end
            if not self._was_up:  # it would not come up the next time either; perhaps at another port
                self._until, self._url, self._backend = time.monotonic() + AGAIN, "", None

    def _begun(self) -> Running:
        url = self._url or f"http://127.0.0.1:{launch.free_port()}"
        port = int(url.rpartition(":")[2])
        with held(self._builds.start_lock, f"the version {self.id}", SOON):
            build = self._builds.realized(self.id)
            lock = build.lock()
            if there := running.found(build):
                return there
            words = launch.command(build, self._store.python(lock), lock, "127.0.0.1", port)
            self._starts += 1
            return running.start(build, [*words, *self._words], launch.environment(lock), url)

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        with self._lock:
            self._jobs += 1
        try:
            yield
        finally:
            with self._lock:
                self._jobs -= 1
            if self._is_over():
                self.end_if_retired()
