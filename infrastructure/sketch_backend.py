"""Carries out jobs with the built-in sketch engine: any workflow, no GPU, network or model.

It reads a workflow's slots as ComfyUI would fill them and draws what the prompt says: a panel for
a keyframe workflow, a camera moving over the start image for a video workflow. Equal jobs give
equal files.
"""

import gc
import json
import os
import re
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Union

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin

from domain.errors import JobFailed
from domain.events import Fact, Progress
from domain.job import Graph, Job, JobRun, Probe
from domain.status import Status
from domain.workflow import Workflow
from infrastructure.sketch import ENGINE, slate
from infrastructure.sketch.camera import read_move
from infrastructure.sketch.encoder import encoding
from infrastructure.sketch.panel import Panel, draw, window
from infrastructure.sketch.shots import Scene, arriving, flat_scene, frames, layered_scene
from infrastructure.sketch_probe import SketchProbe

CHUNK = "sketch"  # of the PNG text chunk, and first word of the mp4's comment
SIZE, FRAMES, FPS = (1024, 576), 49, 24.0  # where a workflow has no place to say
LARGEST = 4096
CPU = f"this computer's CPU ({os.cpu_count() or 1} cores)"
BEAT = 0.4  # seconds between two reports
ALIKE = 3.0  # mean difference up to which a picture still is the panel its text says it is
Steps = Generator[Union[Progress, Fact], None, None]
Drawing = Generator[Union[Progress, Fact], None, Panel]


@dataclass(frozen=True)
class Order:
    """What a job's graph asks for, read from the workflow's slots."""

    prompt: str
    seed: int
    size: tuple[int, int]
    frames: int
    fps: float
    start: Path | None
    end: Path | None
    references: list[Path]
    is_video: bool


class SketchBackend:
    engine = "sketch"

    @property
    def lanes(self) -> int:
        return min(4, os.cpu_count() or 1)

    def status(self) -> Status:
        return Status(is_up=True, name=f"Sketch engine {ENGINE}", gpu=CPU)

    def check(self, *graphs: Graph) -> str:
        return f"Built-in sketch engine {ENGINE}: draws on this computer, no GPU needed"

    def run(self, job: Job) -> JobRun:
        began = time.monotonic()
        yield Fact("server", f"sketch engine {ENGINE}")
        yield Progress(0.0, "drawing")
        order = read_order(job.graph)
        path = job.folder / f"{job.name}.{'mp4' if order.is_video else 'png'}"
        try:
            job.folder.mkdir(parents=True, exist_ok=True)
            yield from _written(order, job.name, path)
        except OSError as error:
            reason = error.strerror or str(error)
            raise JobFailed(f"{path.name} could not be written to {job.folder}: {reason}.") from error
        yield Fact("seconds", round(time.monotonic() - began, 3))
        gc.collect(1)  # a panel's layers know each other; few objects, so nothing else collects them soon
        return [path]

    def probe(self) -> Probe:
        return SketchProbe(self)


def _written(order: Order, name: str, path: Path) -> Steps:
    """The file stands whole or not at all."""
    part = path.with_name(path.name + ".part")
    try:
        yield from _film(order, name, part) if order.is_video else _still(order, name, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


# --- reading the graph ---------------------------------------------------------------------------


def read_order(graph: Graph) -> Order:
    workflow = Workflow("", graph)

    def values(name: str) -> list[Any]:
        found = [(graph[s.node]["inputs"].get(s.input), s) for s in workflow.slots.get(name, ())]
        return [
            v / s.scale if isinstance(v, (int, float)) else v for v, s in found if not isinstance(v, list)
        ]

    def number(name: str) -> float | None:
        return next((float(v) for v in values(name) if isinstance(v, (int, float))), None)

    def files(name: str) -> list[Path]:
        return [v for v in values(name) if isinstance(v, Path)]

    is_video = workflow.kind == "video"
    start, end = next(iter(files("start_image")), None), next(iter(files("end_image")), None)
    references = [*files("reference"), *files("source")]
    fps, seconds, count = number("fps") or FPS, number("seconds"), number("frames")
    frames = count or (seconds * fps if seconds else FRAMES)
    like = (start or end) if is_video else next(iter([*references, *filter(None, [start])]), None)
    said = (number("width"), number("height"))
    size = (round(said[0]), round(said[1])) if said[0] and said[1] else _size_of(like) or SIZE
    return Order(
        prompt=" ".join(v for v in values("prompt")[:1] if isinstance(v, str)),
        seed=int(number("seed") or 0),
        size=_allowed(size, is_video),
        frames=max(1, round(frames)),
        fps=max(1.0, fps),
        start=start if is_video else None,
        end=end if is_video else None,
        references=references if is_video else list(dict.fromkeys([*references, *filter(None, [start])])),
        is_video=is_video,
    )


def _size_of(path: Path | None) -> tuple[int, int] | None:
    if path is None:
        return None
    with _opened(path) as image:
        return image.size


def _allowed(size: tuple[int, int], is_video: bool) -> tuple[int, int]:
    w, h = (min(LARGEST, max(16, n)) for n in size)
    return (w // 2 * 2, h // 2 * 2) if is_video else (w, h)


def _opened(path: Path) -> Image.Image:
    try:
        image = Image.open(path)
        image.load()
        return image
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise JobFailed(f"The picture {path.name} cannot be read. Save it again as PNG or JPEG.") from error


def _upright(image: Image.Image) -> Image.Image:
    """As a camera's turned picture is meant to be seen."""
    return ImageOps.exif_transpose(image)


# --- one picture ---------------------------------------------------------------------------------


def _still(order: Order, name: str, to: Path) -> Steps:
    panel = yield from _drawn(order.prompt, order.seed, order.size, 0.85)
    picture = panel.picture()
    slate.write(panel, picture, name, order.references)
    if picture.size != order.size:
        picture = picture.resize(order.size, Image.Resampling.LANCZOS)
    about = PngImagePlugin.PngInfo()
    about.add_itxt(CHUNK, _about(order, panel.size))
    about.add_itxt("Comment", _comment(order))
    picture.save(to, "PNG", pnginfo=about, compress_level=3)
    yield Progress(1.0, "drawn")


def _drawn(prompt: str, seed: int, size: tuple[int, int], share: float) -> Drawing:
    for step in draw(prompt, seed, size):
        if isinstance(step, Panel):
            return step
        yield Progress(step * share, "drawing")
    raise JobFailed("The sketch engine drew nothing; this is a fault of the studio.")


def _about(order: Order, size: tuple[int, int]) -> str:
    said = {"engine": ENGINE, "prompt": order.prompt, "seed": order.seed, "size": list(size)}
    return json.dumps(said, ensure_ascii=False)


def _comment(order: Order) -> str:
    return (
        f"A sketch by the built-in engine {ENGINE}, not a render. Seed {order.seed}. Prompt: {order.prompt}"
    )


# --- a clip --------------------------------------------------------------------------------------


def _film(order: Order, name: str, to: Path) -> Steps:
    start = yield from _scene(order, order.start or order.end, name, 0.2)
    end = (yield from _scene(order, order.end, name, 0.3)) if order.start and order.end else None
    move = read_move(order.prompt, order.frames / order.fps, _is_first(name))
    is_arriving = order.end is not None and order.start is None
    drawn = arriving(start, move, order.frames) if is_arriving else frames(start, end, move, order.frames)
    said = time.monotonic()
    with encoding(to, order.size, order.fps, _comment(order)) as encoder:
        for n, frame in enumerate(drawn, 1):
            encoder.write(frame)
            if time.monotonic() - said > BEAT:
                said = time.monotonic()
                yield Progress(0.3 + 0.65 * n / order.frames, f"frame {n} of {order.frames}")
        yield Progress(0.96, "closing the clip")
        encoder.finish()
    yield Progress(1.0, "drawn")


def _is_first(name: str) -> bool:
    """Segments of a shot are called 003.01, 003.02, …: later ones go on in the movement."""
    found = re.search(r"\.(\d+)(?:_v\d+)?$", name)
    return not found or int(found[1]) <= 1


def _scene(order: Order, path: Path | None, name: str, share: float) -> Generator[Any, None, Scene]:
    """The start image with the layers it was drawn from, or flat when it is from elsewhere."""
    if path is None:
        panel = yield from _drawn(order.prompt, order.seed, order.size, share)
        picture = panel.picture()
        slate.write(panel, picture, name, order.references)
        if panel.size != order.size:
            return flat_scene(picture.resize(order.size, Image.Resampling.LANCZOS))
        return layered_scene(picture, panel)
    with _opened(path) as image:
        told = image.info.get(CHUNK, "")
        picture = ImageOps.fit(_upright(image).convert("RGB"), order.size, Image.Resampling.LANCZOS)
        is_whole = image.size == order.size
    if is_whole and (said := _said(told)):
        panel = yield from _drawn(said["prompt"], said["seed"], order.size, share)
        if _are_alike(panel, picture):
            return layered_scene(picture, panel)
    return flat_scene(picture)


def without_bars(image: Image.Image) -> Image.Image:
    """A sketch of ours without the slate and the bar above; other pictures as they are."""
    return image.crop(window(image.size)) if _said(image.info.get(CHUNK, "")) else image


def _said(chunk: str) -> dict[str, Any] | None:
    """What a picture's text chunk says it was drawn from, when this very engine drew it."""
    try:
        said = json.loads(chunk)
        return said if said["engine"] == ENGINE and isinstance(said["prompt"], str) else None
    except (ValueError, TypeError, KeyError):
        return None


def _are_alike(panel: Panel, picture: Image.Image) -> bool:
    """A picture may have been painted over since."""
    if panel.size != picture.size:
        return False
    drawn, there = (np.asarray(p.crop(panel.window), np.int16) for p in (panel.picture(), picture))
    return float(np.abs(drawn - there).mean()) < ALIKE
