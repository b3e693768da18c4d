"""A backend that behaves like a real one, and tells what it was asked to do.

It writes real pictures and clips whose frames carry a code (tests/film_corpus.py), brings along
the files in a job's graph, yields, can be closed, can break, and can go away.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from PIL import Image

from domain.errors import BackendError, BackendUnreachable, JobFailed
from domain.events import Fact, Progress
from domain.job import Graph, Job, JobRun, Probe
from domain.status import Status
from domain.workflow import Workflow
from infrastructure.sketch_probe import SketchProbe
from tests import film_corpus

LONGEST_GATE = 20.0  # seconds


@dataclass
class FakeBackend:
    fails: Mapping[str, BackendError] = field(default_factory=dict)  # by a job's name: "003_v1"
    lanes: int = 1
    engine: str = "comfyui"
    leaves_after: int | None = None  # jobs; then nobody answers
    missing: BackendError | None = None  # what `check` finds
    gate: threading.Barrier | None = None  # jobs wait here for each other
    beats: int = 2  # times a job yields before it is done
    seconds: float = 0.0  # between two of them
    suffix: str = ".png"  # of its pictures

    def __post_init__(self) -> None:
        self.jobs: list[Job] = []  # begun, in this order
        self.done: list[str] = []
        self.closed: list[str] = []
        self.checked: list[tuple[Graph, ...]] = []
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()

    def status(self) -> Status:
        try:
            self._answer()
        except BackendError as error:
            return Status(is_up=False, name="Fake", said=str(error))
        return Status(is_up=True, name="Fake 1.0", address="fake", gpu="no GPU", running=self.at_once)

    def check(self, *graphs: Graph) -> str:
        self.checked.append(graphs)
        self._answer()
        if self.missing:
            raise self.missing
        return "Fake on no GPU"

    def run(self, job: Job) -> JobRun:
        self._answer()
        clip = self._begin(job)
        try:
            yield Fact("server", "fake")
            for path in job.files:
                assert path.read_bytes(), f"{path} cannot be brought along"
            if self.gate:
                self.gate.wait(LONGEST_GATE)
            for beat in range(self.beats):
                yield Progress(beat / self.beats, "drawing", preview=b"jpeg")
                time.sleep(self.seconds)
            if reason := self.fails.get(job.name):
                raise reason
            made = self._made(job, clip)
            self.done.append(job.name)
            return made
        except GeneratorExit:
            self.closed.append(job.name)
            raise
        finally:
            with self._lock:
                self.at_once -= 1

    def probe(self) -> Probe:
        return SketchProbe(self)  # it has no parts either

    def names(self) -> list[str]:
        return [job.name for job in self.jobs]

    def asked(self, name: str) -> dict[str, Any]:
        """What the newest job of this name asked for, slot by slot."""
        job = next(job for job in reversed(self.jobs) if job.name == name)
        return values_of(job.graph)

    def clip_of(self, name: str) -> int:
        """The number its frames carry."""
        return self.names().index(name) % 64

    def _answer(self) -> None:
        if self.leaves_after is not None and len(self.jobs) >= self.leaves_after:
            raise BackendUnreachable("No ComfyUI answers. Is it running?")

    def _begin(self, job: Job) -> int:
        with self._lock:
            self.jobs.append(job)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            return (len(self.jobs) - 1) % 64

    def _made(self, job: Job, clip: int) -> list[Path]:
        asked = values_of(job.graph)
        job.folder.mkdir(parents=True, exist_ok=True)
        is_video = "frames" in asked
        to = job.folder / f"{job.name}{'.mp4' if is_video else self.suffix}"
        part = to.with_name(f"{to.name}.part{to.suffix}")
        if is_video:
            pictures = [film_corpus.picture(clip, number) for number in range(asked["frames"])]
            kind = film_corpus.Kind(fps=Fraction(asked["fps"]).limit_denominator(1001))
            film_corpus.encode(pictures, part, kind)
        else:
            Image.fromarray(film_corpus.picture(clip, 0)).save(part, quality=95)
        return [part.replace(to)]


def values_of(graph: Graph) -> dict[str, Any]:
    """What stands in a graph's slots; of references the list."""
    slots = Workflow("", graph).slots
    values = {name: [graph[s.node]["inputs"][s.input] for s in places] for name, places in slots.items()}
    return {name: found if name == "reference" else found[0] for name, found in values.items() if found}


OUT_OF_MEMORY = JobFailed("The GPU ran out of memory. Take a smaller size.")
