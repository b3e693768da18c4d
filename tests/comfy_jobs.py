"""Graphs and jobs for the tests of the ComfyUI client, and ways to carry them out."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from domain.events import Fact, Progress
from domain.job import Job, files_in
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.hashes import sha256

LONGEST = 60.0  # seconds until a test gives up waiting


def picture(seed: int = 1, steps: int = 3, **save: Any) -> dict[str, Any]:
    return {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny.safetensors"}},
        "2": {
            "class_type": "KSampler",
            "inputs": {"model": ["1", 0], "seed": seed, "steps": steps},
            "_meta": {"title": "Paint"},
        },
        "3": {
            "class_type": "SaveImage",
            "inputs": {"images": ["2", 0], "filename_prefix": "ComfyUI", **save},
            "_meta": {"title": "Save keyframe"},
        },
    }


def puts_out(output: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A graph whose only node leaves this in the history."""
    return {"1": {"class_type": "PutOut", "inputs": {"output": output, **more}}}


def saved(filename: str, subfolder: str = "", type: str = "output") -> dict[str, str]:
    return {"filename": filename, "subfolder": subfolder, "type": type}


def make_job(folder: Path, graph: dict[str, Any] | None = None, name: str = "001_v1") -> Job:
    graph = graph or picture()
    return Job(name, graph, folder / "film" / "takes", {path: sha256(path) for path in files_in(graph)})


@dataclass
class Outcome:
    """What a job said and brought."""

    events: list[Progress | Fact] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)

    @property
    def notes(self) -> list[str]:
        return [event.note for event in self.events if isinstance(event, Progress)]

    @property
    def previews(self) -> list[bytes]:
        return [event.preview for event in self.events if isinstance(event, Progress) and event.preview]

    def facts(self, key: str) -> list[Any]:
        return [event.value for event in self.events if isinstance(event, Fact) and event.key == key]


def carried_out(
    backend: ComfyBackend, job: Job, when: Callable[[Progress | Fact], None] = lambda event: None
) -> Outcome:
    outcome, run = Outcome(), backend.run(job)
    end = time.monotonic() + LONGEST
    try:
        while True:
            outcome.events.append(next(run))
            when(outcome.events[-1])
            assert time.monotonic() < end, f"no end after {LONGEST} s: {outcome.notes[-3:]}"
    except StopIteration as stop:
        outcome.files = stop.value
        return outcome


def closed_when(backend: ComfyBackend, job: Job, is_time: Callable[[Progress | Fact], bool]) -> Outcome:
    """Carry a job out, and cancel it at an event."""
    outcome, run = Outcome(), backend.run(job)
    end = time.monotonic() + LONGEST
    for event in run:
        outcome.events.append(event)
        if is_time(event):
            break
        assert time.monotonic() < end, f"no end after {LONGEST} s: {outcome.notes[-3:]}"
    run.close()
    return outcome


def until(is_so: Callable[[], Any], what: str = "it") -> None:
    end = time.monotonic() + LONGEST
    while not is_so():
        assert time.monotonic() < end, f"{what} did not come true within {LONGEST} s"
        time.sleep(0.005)


def aside(deed: Callable[[], Any]) -> threading.Thread:
    """Do something in a thread that ends with the tests at the latest."""
    thread = threading.Thread(target=deed, daemon=True)
    thread.start()
    return thread


def parts(folder: Path) -> list[Path]:
    """Half files that should not be there."""
    return list(folder.rglob("*.part"))
