"""One order from its first byte to its last: a generator, as all work of the studio is."""

import mimetypes
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from domain.errors import BadFile, JobFailed, StudioError
from domain.events import Fact, Progress, as_part
from domain.job import LAST_FRAME, Job, changed
from domain.serverless import FRAME, Output, Result
from domain.serverless_about import is_asked
from domain.serverless_orders import Order, read_order
from infrastructure.clip_frames import CLIPS, beside, last_frame
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.hashes import sha256
from worker.about import WORKER, about
from worker.delivery import Delivery, delivery
from worker.environment import Environment
from worker.installs import Install, promised
from worker.unpacking import fetched, unpacked

RENDERED = 0.97  # share of an order that is done when its files are still to be delivered
_TYPES = {".webp": "image/webp", ".flac": "audio/flac", ".opus": "audio/ogg", ".glb": "model/gltf-binary"}
_TYPES |= {".mp4": "video/mp4", ".webm": "video/webm", ".mkv": "video/x-matroska", ".exr": "image/x-exr"}

FINISHED = "finished"  # the fact that a workflow of several is done: its result
LARGEST_FRAME = 256 << 20  # bytes

Work = Generator[Progress | Fact, None, dict[str, Any]]


@dataclass(frozen=True)
class Bench:
    """What work is done with."""

    backend: ComfyBackend
    environment: Environment
    install: Install | None = None
    left: Callable[[str], None] = lambda _: None  # is told the id of a job that was cancelled
    way: Delivery | None = None  # that files go; by default as the order and the environment say


def carried_out(sent: Mapping[str, Any], bench: Bench) -> Work:
    """What goes back to whoever sent a request: its `input` is the order. Raises StudioError."""
    said = sent.get("input")
    if is_asked(said):
        yield Progress(0.5, "looking at what is here")
        return about(bench.backend, bench.environment).said()
    order = read_order(said)
    if order.version:
        promised(order.version, bench.install)
    way = bench.way or delivery(bench.environment, order.output_mode, sent.get("s3Config"))
    with TemporaryDirectory(prefix="cindergrace-", ignore_cleanup_errors=True) as folder:
        most = int(bench.environment.number("MAX_INPUT_MB") * (1 << 20))
        job = yield from unpacked(_with_key(order, bench), Path(folder), most)
        first, *others = yield from _one_after_another(job, _Making(order, bench, way, Path(folder)))
        first = replace(first, chain=tuple(others))
        is_last = order.refresh_worker or bench.environment.is_on("REFRESH_WORKER")
        return first.said() | ({"refresh_worker": True} if is_last else {})


@dataclass(frozen=True)
class _Making:
    """What is the same for every workflow of an order."""

    order: Order
    bench: Bench
    way: Delivery
    folder: Path


def _one_after_another(job: Job, making: _Making) -> Generator[Progress | Fact, None, list[Result]]:
    """Of the workflow and those that follow on it, as far as they come: what is made is not lost when a later
    one breaks, or an answer would not hold it."""
    results: list[Result] = []
    count = 1 + len(job.then)
    while True:
        done = len(results)
        try:
            part: Any = as_part(_made(job, making), done / count, (done + 1) / count)
            result, frame = yield from part
        except StudioError as error:
            if not results:
                raise
            results[-1] = replace(results[-1], errors=(*results[-1].errors, str(error)))
            return results
        results.append(result)
        if making.way.is_outside and count > 1:
            yield Fact(FINISHED, result.said())
        if frame is None or not making.way.has_room():
            return results
        job = _following(job, frame, making.folder / f"{len(results)}")


def _made(job: Job, making: _Making) -> Generator[Progress | Fact, None, tuple[Result, Path | None]]:
    """One workflow's result, and the picture that the next one begins with, where one follows."""
    way, is_followed = making.way, bool(job.then)
    if earlier := way.earlier(job.id):
        yield Progress(RENDERED, "made before; its files are still there")
        if not is_followed:
            return earlier, None
        if earlier.frame:
            frame = job.folder / earlier.frame.filename
            yield from fetched(earlier.frame.url, frame, LARGEST_FRAME)
            return earlier, frame
    result, files = yield from _drawn(job, making.bench, making.order.preview)
    frame_of = _with_frame(files) if is_followed else None
    outputs = yield from _to_its_end(way.delivered([*files, *([frame_of] if frame_of else [])], job.id))
    result = Result(outputs, result.texts, (), result.seconds, result.server, WORKER)
    way.remember(result, job.id)
    return result, frame_of[1] if frame_of else None


def _with_frame(files: list[tuple[Output, Path]]) -> tuple[Output, Path]:
    """The last frame of the film among the files. Raises JobFailed when there is none."""
    clip = next((path for _, path in files if path.suffix.lower() in CLIPS), None)
    if clip is None:
        raise JobFailed("The workflow saved no film that the next one could begin with.")
    try:
        frame = last_frame(clip, beside(clip))
    except BadFile as error:
        raise JobFailed(str(error)) from error
    size, digest = frame.stat().st_size, sha256(frame)
    return Output(frame.name, kind=FRAME, type="temp", mime="image/png", size=size, sha256=digest), frame


def _following(job: Job, frame: Path, folder: Path) -> Job:
    graph = {
        id: {**node, "inputs": changed(node["inputs"], lambda value: frame if value == LAST_FRAME else value)}
        for id, node in job.then[0].items()
    }
    hashes = {**job.hashes, frame: sha256(frame)}
    return replace(job, graph=graph, folder=folder, hashes=hashes, then=job.then[1:])


def _with_key(order: Order, bench: Bench) -> Order:
    key = order.comfy_key or bench.environment["COMFY_ORG_API_KEY"]
    return Order(**{**vars(order), "comfy_key": key})


def _drawn(
    job: Job, bench: Bench, has_previews: bool
) -> Generator[Progress, None, tuple[Result, list[tuple[Output, Path]]]]:
    """What the job told of itself, and each of its files with what is known of it."""
    facts: dict[str, Any] = {}
    paths: list[Path] = []

    def noted() -> Generator[Any, None, None]:
        paths.extend((yield from bench.backend.run(job)))

    try:
        with closing(as_part(noted(), 0.0, RENDERED)) as run:
            for event in run:
                if isinstance(event, Fact):
                    facts[event.key] = event.value
                elif isinstance(event, Progress):
                    yield event if has_previews else Progress(event.fraction, event.note)
    except GeneratorExit:
        bench.left(job.id)
        raise
    sources = facts.get("sources") or []
    files = [(_output(source, path), path) for source, path in zip(sources, paths, strict=False)]
    told = Result((), tuple(facts.get("texts") or ()), (), facts.get("gpu_seconds"), facts.get("server", ""))
    return told, files


def _to_its_end(delivered: Generator[Progress, None, tuple[Output, ...]]) -> Any:
    return (yield from as_part(delivered, RENDERED, 1.0))


def _output(source: dict[str, str], path: Path) -> Output:
    suffix = Path(source["filename"]).suffix.lower()
    mime = _TYPES.get(suffix) or mimetypes.guess_type(f"x{suffix}")[0] or "application/octet-stream"
    return Output(**source, mime=mime, size=path.stat().st_size, sha256=sha256(path))
