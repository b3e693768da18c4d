"""The test bench: every part of the active backend tried once, stage by stage, and timed.

A stage that fails is told and passed over; those that need what it did not give are skipped. The
chosen workflows are used where the server has all they need, else templates that need no model.
"""

import platform
import shutil
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from uuid import uuid4

from domain.errors import StudioError
from domain.events import Progress, as_part
from domain.job import Backend
from domain.workflow import Workflow
from services.testbench_report import FAILED, SKIPPED, Report, Stage, clean
from services.testbench_trials import Found, NothingToTry, Trial, Trials

Bench = Generator[Stage | Progress, None, Report]


@dataclass(frozen=True)
class Part:
    """A stage of the bench: what it needs of earlier ones, and what is said when it gave nothing."""

    name: str
    title: str
    share: float  # of the whole, for a progress bar
    needs: tuple[str, ...] = ()
    barren: str = ""


PARTS = (
    Part("connect", "Connect", 1, barren="nobody answers"),
    Part("versions", "Versions", 1, ("connect",)),
    Part("nodes", "Nodes", 1, ("connect",), "it is not known what the server has"),
    Part("models", "Models", 1, ("connect", "nodes")),
    Part("upload", "Upload", 2, ("connect",), "its start picture could not go up"),
    Part("images", "Images", 10, ("connect",), "no picture was drawn"),
    Part("preview", "Preview", 1, ("images",)),
    Part("download", "Download", 2, ("connect", "images")),
    Part("clip", "Clip", 10, ("connect", "upload"), "there is no clip"),
    Part("last_frame", "Last frame", 1, ("clip",)),
)


def bench(
    backend: Backend, keyframe: Workflow, video: Workflow, folder: Path, images: int = 2, seed: int = 1
) -> Bench:
    """Try everything; each stage is told as it begins and as it ends, with progress in between.

    What is made lies in a folder of its own inside `folder`, which the caller throws away. Closing
    the bench removes it, and takes the job under way off the server. Nothing else is deleted there.

    Raises CannotWrite when the folder takes nothing.
    """
    own, is_over = folder / uuid4().hex[:8], False
    try:
        yield Progress(0.0, "looking who is there")
        trials = Trials(backend, (keyframe, video), own)
        stages = yield from _tried_in_turn(trials, max(1, images), seed)
        is_over = True
        return _report(trials, stages)
    finally:
        if not is_over:
            shutil.rmtree(own, ignore_errors=True)


def _tried_in_turn(
    trials: Trials, images: int, seed: int
) -> Generator[Stage | Progress, None, tuple[Stage, ...]]:
    deeds: dict[str, Callable[[], Trial]] = {
        "connect": trials.connect,
        "versions": trials.versions,
        "nodes": trials.nodes,
        "models": trials.models,
        "upload": trials.upload,
        "images": partial(trials.images, images, seed),
        "preview": trials.preview,
        "download": trials.download,
        "clip": partial(trials.make_clip, seed),
        "last_frame": trials.take_last_frame,
    }
    barren: dict[str, str] = {}  # stages that gave nothing to those that need them, and how that is said
    stages, done, whole = [], 0.0, sum(part.share for part in PARTS)
    for part in PARTS:
        stage = Stage(part.name, part.title)
        yield stage
        start, done = done, done + part.share
        if reason := trials.probe.without.get(part.name):
            stage = replace(stage, state=SKIPPED, detail=clean(reason))
        elif lacking := [barren[need] for need in part.needs if need in barren]:
            stage = replace(stage, state=SKIPPED, detail=f"Not tried: {lacking[0]}.")
            barren[part.name] = part.barren
        else:
            stage, gave = yield from _tried(deeds[part.name](), stage, start / whole, done / whole)
            if not gave:
                barren[part.name] = part.barren
            if stage.state == FAILED and not trials.backend.status().is_up:
                barren.setdefault("connect", "nobody answers any more")
        stages.append(stage)
        yield stage
    return tuple(stages)


def _tried(
    trial: Trial, begun: Stage, start: float, end: float
) -> Generator[Progress, None, tuple[Stage, bool]]:
    """How the stage went, and whether it gave what later ones may need."""
    began, gave = time.monotonic(), True
    try:
        found = yield from _progress_of(trial, start, end, begun.title)
    except NothingToTry as reason:
        found = Found(str(reason), state=SKIPPED)
    except StudioError as error:
        found, gave = Found(str(error), state=FAILED), False
    took = round(time.monotonic() - began, 3)
    return replace(
        begun, state=found.state, seconds=took, detail=clean(found.detail), facts=found.facts
    ), gave


def _progress_of(trial: Trial, start: float, end: float, title: str) -> Generator[Progress, None, Found]:
    with closing(as_part(trial, start, end, title)) as work:
        while True:
            try:
                event = next(work)
            except StopIteration as stop:
                found: Found = stop.value
                return found
            if isinstance(event, Progress):
                yield event


def _report(trials: Trials, stages: tuple[Stage, ...]) -> Report:
    return Report(
        trials.status,
        datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        {"Python": platform.python_version(), "OS": platform.platform(terse=True)},
        stages,
        tuple(file for drawn in trials.drawn for file in drawn.files),
        trials.clip,
        trials.last_frame,
    )
