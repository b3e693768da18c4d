"""One order from its first byte to its last: a generator, as all work of the studio is."""

import mimetypes
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from domain import VERSION
from domain.events import Fact, Progress, as_part
from domain.job import Backend, Job
from domain.serverless import Output, Result
from domain.serverless_orders import Order, read_order
from infrastructure.hashes import sha256
from worker.delivery import delivery
from worker.environment import Environment
from worker.installs import Install, promised
from worker.unpacking import unpacked

RENDERED = 0.97  # share of an order that is done when its files are still to be delivered
ABOUT = {"name": "cindergrace", "version": VERSION}
_TYPES = {".webp": "image/webp", ".flac": "audio/flac", ".opus": "audio/ogg", ".glb": "model/gltf-binary"}
_TYPES |= {".mp4": "video/mp4", ".webm": "video/webm", ".mkv": "video/x-matroska", ".exr": "image/x-exr"}

Work = Generator[Progress, None, dict[str, Any]]


@dataclass(frozen=True)
class Bench:
    """What work is done with."""

    backend: Backend
    environment: Environment
    install: Install | None = None


def carried_out(said: Any, bench: Bench) -> Work:
    """What goes back to whoever sent the order. Raises StudioError."""
    order = read_order(said)
    if order.version:
        promised(order.version, bench.install)
    way = delivery(bench.environment, order.output_mode)
    with TemporaryDirectory(prefix="cindergrace-", ignore_cleanup_errors=True) as folder:
        most = int(bench.environment.number("MAX_INPUT_MB") * (1 << 20))
        job, odd = yield from unpacked(_with_key(order, bench), Path(folder), most)
        if earlier := way.earlier(job.id):
            yield Progress(RENDERED, "made before; its files are still there")
            return _said(earlier, order, bench)
        result, files = yield from _drawn(job, bench, order.preview)
        outputs = yield from _to_its_end(way.delivered(files, job.id))
        result = Result(outputs, result.texts, tuple(odd), result.seconds, result.server, ABOUT)
        way.remember(result, job.id)
        return _said(result, order, bench)


def _with_key(order: Order, bench: Bench) -> Order:
    key = order.comfy_key or bench.environment["COMFY_ORG_API_KEY"]
    return Order(**{**vars(order), "comfy_key": key})


def _said(result: Result, order: Order, bench: Bench) -> dict[str, Any]:
    is_last = order.refresh_worker or bench.environment.is_on("REFRESH_WORKER")
    return result.said() | ({"refresh_worker": True} if is_last else {})


def _drawn(
    job: Job, bench: Bench, has_previews: bool
) -> Generator[Progress, None, tuple[Result, list[tuple[Output, Path]]]]:
    """What the job told of itself, and each of its files with what is known of it."""
    facts: dict[str, Any] = {}
    paths: list[Path] = []

    def noted() -> Generator[Any, None, None]:
        paths.extend((yield from bench.backend.run(job)))

    with closing(as_part(noted(), 0.0, RENDERED)) as run:
        for event in run:
            if isinstance(event, Fact):
                facts[event.key] = event.value
            elif isinstance(event, Progress):
                yield event if has_previews else Progress(event.fraction, event.note)
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
