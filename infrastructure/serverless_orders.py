"""A job as a serverless endpoint takes it: the workflow, every file it needs, and how long it may take."""

import json

from domain.errors import BadFile, JobRejected
from domain.inline import text_of
from domain.job import Graph, Job
from domain.serverless_orders import Given, Order
from infrastructure.serverless_api import BODY

_DROPPED = ("VHS_VideoCombine", "PreviewAny", "SaveLatent", "SaveGLB")  # by the public worker


def packed(job: Job, seconds: float, waiting: float) -> bytes:
    """For a job that may run so long, and wait for a worker so long before that. Raises JobRejected for one
    that is larger than RunPod takes."""
    names = {path: f"{job.hashes[path][:16]}{path.suffix.lower()}" for path in job.all_files}
    try:
        _refuse_large(sum(path.stat().st_size for path in names) * 4 // 3)  # before any of it is read
        files = [Given(name, text_of(path.read_bytes())) for path, name in names.items()]
    except OSError as error:
        raise BadFile(f"{error.filename} cannot be read: {error.strerror}.") from error
    chain = tuple(_prefixed(graph, job.id) for graph in job.then_with(names))
    said = Order(_prefixed(job.graph_with(names), job.id), preview=True, chain=chain).said()
    if files:  # as public workers read them, too
        said["images"] = [{"name": given.name, "image": given.data} for given in files]
    policy = {"executionTimeout": round(seconds * 1000), "ttl": round((seconds + waiting) * 1000)}
    body = json.dumps({"input": said, "policy": policy}, separators=(",", ":")).encode()
    _refuse_large(len(body))
    return body


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


def _refuse_large(size: int) -> None:
    if size > BODY:
        raise JobRejected(
            f"The job's files make {size / 1e6:.0f} MB, and RunPod takes {BODY / 1e6:.0f} MB with a job. "
            "Use smaller pictures."
        )
