"""What each stage of the test bench does and has to say; services/testbench.py calls them in turn."""

import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from domain.errors import BackendError, BackendUnreachable, BadFile, JobFailed, StudioError
from domain.events import Event, Fact, Progress, as_part
from domain.inventory import Inventory, Needs
from domain.job import Backend, Graph, Job, JobRun, files_in
from domain.workflow import Workflow
from infrastructure.clip_frames import last_frame
from infrastructure.clip_probe import probe
from infrastructure.comfy_progress import samples
from infrastructure.hashes import sha256
from infrastructure.workflow_files import WorkflowFolder
from services.testbench_pictures import picture_in, size_of, test_picture, video_in
from services.testbench_report import FAILED, OK, seconds, size, speed

TRIPS = 5  # round trips, of which the median is told
PROMPT = "a lighthouse on a cliff at dawn, soft light"
PICTURE, CLIP = (1024, 576), (640, 352)  # for workflows that do not say what suits them
FRAMES = 17  # of the clip: about a second
KEYFRAME_TEST, VIDEO_TEST = "keyframe_test", "video_test"  # templates that need no model


@dataclass(frozen=True)
class Found:
    """What a stage has to say."""

    detail: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    state: str = OK


Trial = Generator[Event, None, Found]


@dataclass
class Drawn:
    """A picture that was drawn, and how that went."""

    job: Job
    size: tuple[int, int] | None  # pixels to expect, where the workflow lets us say
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    gpu_seconds: float | None = None  # by the server's own clock
    previews: list[float] = field(default_factory=list)  # seconds after it began
    files: list[Path] = field(default_factory=list)  # at home


class NothingToTry(StudioError):
    """What a stage would look at is not there, and that is as it should be."""


class Trials:
    """Each returns what it found, or raises the StudioError that kept it from finding anything."""

    def __init__(self, backend: Backend, chosen: tuple[Workflow, Workflow], own: Path):
        shipped = WorkflowFolder()
        self.backend, self.probe, self.status = backend, backend.probe(), backend.status()
        self._chosen, self._spare = chosen, (shipped.load(KEYFRAME_TEST), shipped.load(VIDEO_TEST))
        self._own, self._takes = own, own / "testbench" / "takes"  # the server's folder is named like it
        self._start = test_picture(own / "start.png", own.name)
        self._inventory: Inventory | None = None
        self.drawn: list[Drawn] = []
        self.clip: Path | None = None
        self.last_frame: Path | None = None

    def connect(self) -> Trial:
        status, times = self.status, []
        if not status.is_up:
            raise BackendUnreachable(status.said)
        for number in range(TRIPS):
            yield Progress(number / TRIPS, "asking who is there")
            began = time.monotonic()
            self.backend.check()
            times.append(time.monotonic() - began)
        detail = f"{status.name} at {status.address}, round trip {seconds(median(times))} (median of {TRIPS})"
        if others := status.running + status.waiting:
            detail += f"; its queue holds {_several(others, 'job')} already: the times below include waiting"
        return Found(detail, {"round_trip": round(median(times), 4), "jobs_in_queue": others})

    def versions(self) -> Trial:
        yield Progress(0.0, "asking what runs there")
        said = self.probe.versions()
        return Found(", ".join(f"{name}: {value}" for name, value in said.items()), dict(said))

    def nodes(self) -> Trial:
        yield Progress(0.0, "asking what it can do")
        self._inventory = self.probe.inventory(*(flow.graph for flow in self._chosen))
        lacking = {flow.name: list(needs.lacking_nodes) for flow, needs in self._needs()}
        facts = {"nodes": self._inventory.nodes, "lacking": lacking}
        if not any(lacking.values()):
            names = " and ".join(lacking)
            return Found(f"{self._inventory.nodes} kinds of nodes, with all that {names} need", facts)
        told = "; ".join(f"{name} lacks {', '.join(nodes)}" for name, nodes in lacking.items() if nodes)
        return Found(f"{told}. Install the custom nodes they come from.", facts, FAILED)

    def models(self) -> Trial:
        yield Progress(0.5, "looking which models are there")
        facts = {flow.name: [vars(model) for model in needs.models] for flow, needs in self._needs()}
        lacking = {
            flow.name: ", ".join(f"{model.file} (models/{model.folder})" for model in needs.lacking_models)
            for flow, needs in self._needs()
        }
        if any(lacking.values()):
            told = "; ".join(f"{name} lacks {models}" for name, models in lacking.items() if models)
            return Found(f"{told}.", facts, FAILED)
        counts = (f"{flow.name} needs {len(needs.models) or 'none'}" for flow, needs in self._needs())
        return Found(f"all there: {', '.join(counts)}", facts)

    def upload(self) -> Trial:
        began = time.monotonic()
        yield from self.probe.upload(self._start)
        took, count = time.monotonic() - began, self._start.stat().st_size
        return Found(f"{size(count)}, {speed(count, took)}", {"bytes": count, "seconds": round(took, 6)})

    def images(self, count: int, seed: int) -> Trial:
        flow, detail, state = self._flow(0), "", OK
        for number in range(count):
            drawn = self._picture(flow, number + 1, (seed + number) % 2**64)
            label = f"picture {number + 1} of {count}"
            try:
                yield from as_part(self._watched(drawn), number / count, (number + 1) / count, label)
                if drawn.files:
                    _checked(drawn)
            except (BackendError, BadFile) as error:
                if not self.drawn:
                    raise
                detail, state = f"{label}: {error} Drawn before it: ", FAILED
                break
            self.drawn.append(drawn)
        took = " and ".join(_took(drawn) for drawn in self.drawn)
        if shown := self.drawn[0].size:
            took += f" for {_times(shown)}"
        seeds = f"seed {seed}" if count == 1 else f"seeds from {seed}"
        facts = {
            "workflow": flow.name,
            "size": self.drawn[0].size,
            "seconds": [round(drawn.seconds, 3) for drawn in self.drawn],
            "gpu_seconds": [drawn.gpu_seconds for drawn in self.drawn],
        }
        return Found(f"{detail}{took}, {seeds}, {self._with(flow, self._chosen[0])}", facts, state)

    def preview(self) -> Trial:
        yield Progress(0.5, "looking back")
        firsts = [drawn.previews[0] for drawn in self.drawn if drawn.previews]
        count = sum(len(drawn.previews) for drawn in self.drawn)
        if firsts:
            facts = {"first_after": round(firsts[0], 3), "previews": count}
            return Found(f"the first after {seconds(firsts[0])}, {count} in all", facts)
        if not any(samples(node) for node in self.drawn[0].job.graph.values()):
            raise NothingToTry("These pictures are drawn in one go, without a sampler that shows previews.")
        raise JobFailed(
            "No preview came while the pictures were drawn. Does what stands before ComfyUI let its "
            "WebSocket (/ws) through?"
        )

    def download(self) -> Trial:
        began = time.monotonic()
        for number, drawn in enumerate(self.drawn):
            part = as_part(
                self.probe.fetch(drawn.job), number / len(self.drawn), (number + 1) / len(self.drawn)
            )
            drawn.files = yield from part
        took = time.monotonic() - began
        count = sum(file.stat().st_size for drawn in self.drawn for file in drawn.files)
        sizes = [_checked(drawn) for drawn in self.drawn]
        pictures = _several(len(sizes), "readable picture")
        detail = f"{size(count)}, {speed(count, took)}; {pictures} of {_times(sizes[0])}"
        return Found(detail, {"bytes": count, "seconds": round(took, 6), "size": sizes[0]})

    def make_clip(self, seed: int) -> Trial:
        flow, began = self._flow(1), time.monotonic()
        start = next((picture_in(drawn.files) for drawn in self.drawn if drawn.files), self._start)
        width, height = flow.size_for(*(flow.about.sizes[0] if flow.about.sizes else CLIP))
        graph = flow.with_values(
            **self._common(flow, start, seed),
            width=width,
            height=height,
            frames=flow.frames_for(FRAMES),
            end_image=start if flow.takes("end_image") else None,
        )
        self.clip = video_in((yield from self.backend.run(self._job("clip", graph))))
        took, clip = time.monotonic() - began, probe(self.clip)
        detail = f"{clip.frames} frames of {clip.width}×{clip.height} in {seconds(took)}"
        facts = {
            "workflow": flow.name,
            "frames": clip.frames,
            "size": (clip.width, clip.height),
            "seconds": round(took, 3),
        }
        return Found(f"{detail}, {self._with(flow, self._chosen[1])}", facts)

    def take_last_frame(self) -> Trial:
        yield Progress(0.0, "taking it out of the clip")
        assert self.clip
        clip, picture = probe(self.clip), last_frame(self.clip, self._own / "last_frame.png")
        found = size_of(picture)
        if found != (clip.width, clip.height):
            raise BadFile(f"The last frame is {_times(found)}, its clip {clip.width}×{clip.height}.")
        self.last_frame = picture
        return Found(f"frame {clip.frames} of {clip.frames}, {_times(found)}", {"size": found})

    # --- workflows and jobs

    def _needs(self) -> Iterator[tuple[Workflow, Needs]]:
        assert self._inventory
        return zip(self._chosen, self._inventory.needs, strict=True)

    def _flow(self, which: int) -> Workflow:
        """The chosen workflow if all it needs is there, else the template that needs no model."""
        if "nodes" in self.probe.without:
            return self._chosen[which]
        is_usable = self._inventory and self._inventory.needs[which].are_met
        return self._chosen[which] if is_usable else self._spare[which]

    @staticmethod
    def _with(flow: Workflow, chosen: Workflow) -> str:
        return f"with {flow.name}" + ("" if flow.name == chosen.name else f" in place of {chosen.name}")

    def _picture(self, flow: Workflow, number: int, seed: int) -> Drawn:
        width, height = flow.size_for(*(flow.about.sizes[0] if flow.about.sizes else PICTURE))
        common = self._common(flow, self._start, seed)
        graph = flow.with_values(**common, width=width, height=height, source=self._start)
        is_free = flow.takes("width") and flow.takes("height") and not flow.takes("size_follows")
        return Drawn(self._job(f"picture_{number}", graph), (width, height) if is_free else None)

    def _common(self, flow: Workflow, start: Path, seed: int) -> dict[str, Any]:
        """The prompt is one nobody used before: otherwise a server answers from its cache."""
        references = [start] if flow.takes("reference") else []
        prompt = f"{PROMPT} ({self._own.name})"
        return {"prompt": prompt, "seed": seed, "start_image": start, "references": references}

    def _job(self, name: str, graph: Graph) -> Job:
        return Job(name, graph, self._takes, {path: sha256(path) for path in files_in(graph)})

    def _watched(self, drawn: Drawn) -> JobRun:
        """Draw, and note how that went."""
        drawn.began = time.monotonic()
        with closing(self.probe.draw(drawn.job)) as work:
            while True:
                try:
                    event = next(work)
                except StopIteration as stop:
                    drawn.files, drawn.seconds = stop.value, time.monotonic() - drawn.began
                    return drawn.files
                if isinstance(event, Progress) and event.preview:
                    drawn.previews.append(time.monotonic() - drawn.began)
                if isinstance(event, Fact) and event.key == "gpu_seconds":
                    drawn.gpu_seconds = event.value
                yield event


def _checked(drawn: Drawn) -> tuple[int, int]:
    """The size of the picture that came home. Raises BadFile when it is none, or another size."""
    picture = picture_in(drawn.files)
    found = size_of(picture)
    if drawn.size and found != drawn.size:
        raise BadFile(f"{picture.name} is {_times(found)}; asked for was {_times(drawn.size)}.")
    return found


def _took(drawn: Drawn) -> str:
    """How long a picture took; of which the server says it worked."""
    on_server = f" ({seconds(drawn.gpu_seconds)} on the server)" if drawn.gpu_seconds else ""
    return seconds(drawn.seconds) + on_server


def _times(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]}"


def _several(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")
