"""A job as a serverless endpoint takes it: the workflow, every file it needs, and how long it may take."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from domain.errors import BadFile, JobRejected
from domain.inline import text_of
from domain.job import Graph, Job
from domain.serverless_orders import Given, Order
from infrastructure.serverless_api import BODY

ADDRESS = 2000  # bytes, at most, that the body has of a file that lies elsewhere
NAMED = 100  # … and around what is in one
_DROPPED = ("VHS_VideoCombine", "PreviewAny", "SaveLatent", "SaveGLB")  # by the public worker


def packed(job: Job, seconds: float, waiting: float, outside: Sequence[Given] = ()) -> bytes:
    """For a job that may run so long, and wait for a worker so long before that; files that lie `outside` are
    not in it. Raises JobRejected for one that is larger than RunPod takes."""
    inside = files_of(job)
    for given in outside:
        del inside[given.name]
    try:
        if (size := inline(inside)) > BODY:  # before any of it is read
            raise too_large(size)
        files = [Given(name, text_of(path.read_bytes())) for name, path in inside.items()]
    except OSError as error:
        raise unreadable(error) from error
    said = _order(job, tuple(outside))
    if files:  # as public workers read them, too
        said["images"] = [{"name": given.name, "image": given.data} for given in files]
    policy = {"executionTimeout": round(seconds * 1000), "ttl": round((seconds + waiting) * 1000)}
    body = _written({"input": said, "policy": policy})
    if len(body) > BODY:
        raise too_large(len(body))
    return body


def files_of(job: Job) -> dict[str, Path]:
    """The job's files by the names that the worker gives them; one of several with the same content."""
    return {name: path for path, name in _names(job).items()}


def excess(job: Job) -> dict[str, Path]:
    """Those of its files that an order has no room for: the largest first, until the others fit."""
    inside, beside = files_of(job), {}
    try:
        room = BODY - NAMED - len(_written(_order(job)))
        for name in sorted(inside, key=lambda name: inside[name].stat().st_size, reverse=True):
            if inline(inside) <= room:
                break
            beside[name] = inside.pop(name)
            room -= ADDRESS
    except OSError as error:
        raise unreadable(error) from error
    return beside


def refuse_large_workflow(job: Job) -> None:
    """Raises JobRejected for what no file less would make fit."""
    if (size := len(_written(_order(job))) + NAMED + ADDRESS * len(files_of(job))) > BODY:
        raise JobRejected(
            f"The job's workflow has {size / 1e6:.0f} MB, and RunPod takes {BODY / 1e6:.0f} MB with a job. "
            "Is there a file or a long list inside of one of its nodes?"
        )


def inline(files: Mapping[str, Path]) -> int:
    """Bytes that files make in an order."""
    return sum((path.stat().st_size + 2) // 3 * 4 + NAMED for path in files.values())


def _names(job: Job) -> dict[Path, str]:
    return {path: f"{job.hashes[path][:16]}{path.suffix.lower()}" for path in job.all_files}


def _order(job: Job, outside: tuple[Given, ...] = ()) -> dict[str, Any]:
    names = _names(job)
    chain = tuple(_prefixed(graph, job.id) for graph in job.then_with(names))
    return Order(_prefixed(job.graph_with(names), job.id), inputs=outside, preview=True, chain=chain).said()


def _written(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said, separators=(",", ":")).encode()


def unreadable(error: OSError) -> BadFile:
    return BadFile(f"{error.filename} cannot be read: {error.strerror}.")


def refuse_dropped(graph: Graph) -> None:
    """Raises JobRejected for what a public worker would throw away after it was paid for."""
    kinds = dict.fromkeys(node["class_type"] for node in graph.values())
    lost = [kind for kind in kinds if kind in _DROPPED or kind.startswith("SaveAudio")]
    if lost:
        raise JobRejected(
            f"The worker of this endpoint hands out pictures only: what {' and '.join(lost)} saves would be "
            "lost. Use the studio's own worker, or another save node."
        )


def _prefixed(graph: Graph, id: str) -> Graph:
    """Each saver under a name of its own: public workers tell files apart by nothing else."""
    return {
        node: {**said, "inputs": {**said["inputs"], "filename_prefix": f"{id[:13]}-{node}"}}
        if isinstance(said["inputs"].get("filename_prefix"), str)
        else said
        for node, said in graph.items()
    }


def too_large(size: int, advice: str = "Use smaller pictures.") -> JobRejected:
    return JobRejected(
        f"The job's files make {size / 1e6:.0f} MB, and RunPod takes {BODY / 1e6:.0f} MB with a job. {advice}"
    )
