"""A chain of two segments: what a worker tells of it, what is asked for next, and a backend at a limit."""

import base64
import hashlib
import json

from domain.errors import StudioError
from domain.job import Job
from infrastructure.priced import Priced
from tests.fake_comfy_nodes import png
from tests.serverless.hands import PNG, heard, result

FRAME, SECOND = png(1), png(2)


def recipes(project):
    return [json.loads(path.read_text("utf-8")) for path in sorted(project.takes.glob("*.json"))]


def second(first, frame):
    """The job that is asked for once the first is home."""
    path = first.folder / "frame.png"
    path.write_bytes(frame)
    graph = {"1": {"class_type": "LoadImage", "inputs": {"image": path}}}
    return Job("001.02_v1", graph, first.folder, {path: hashlib.sha256(frame).hexdigest()})


def one_done(with_frame=True):
    """What a worker tells when the first of two workflows is done and the second goes on."""
    done = result(PNG)["output"]
    if with_frame:
        digest = hashlib.sha256(FRAME).hexdigest()
        picture = base64.b64encode(FRAME).decode()
        done["outputs"].append({"kind": "last_frame", "filename": "f.png", "sha256": digest, "data": picture})
    said = {"progress": 0.5, "note": "", "finished": [done]}
    return {"status": "IN_PROGRESS", "output": said}


def both_done():
    return {"output": {**one_done()["output"]["finished"][0], "chain": [result(SECOND)["output"]]}}


def told_of_the_first(backend, first, endpoint, worker, said):
    """Hand the first over, have the worker say this of it; returns what the worker got."""
    run = backend.run(first)
    while not endpoint.jobs:
        next(run)
    order = worker.take()
    worker.says(order, said)
    _, files = heard(run)
    assert files[0].read_bytes() == PNG
    return order


class Limited:
    """A backend at a dollar a second, whose first job that is paid for reaches the limit."""

    def __init__(self, backend):
        self.paid = []  # USD each
        self.backend = Priced(backend, lambda url: 3600.0, self._pay, self._allow)

    def _pay(self, folder, cost, seconds, url):
        self.paid.append(cost)

    def _allow(self, folder):
        if self.paid:
            raise StudioError("The limit is reached.")
