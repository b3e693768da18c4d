"""The sketch engine's parts, as far as it has any that can be tried."""

from collections.abc import Generator
from pathlib import Path

import numpy
import PIL

from domain.events import Progress
from domain.inventory import Inventory, Needs
from domain.job import Backend, Graph, Job, JobRun
from infrastructure.sketch import ENGINE


class SketchProbe:
    without = {  # noqa: RUF012  read only
        "connect": "The sketch engine is part of the studio; there is nobody to connect to.",
        "nodes": "The sketch engine draws any workflow, whatever its nodes.",
        "models": "The sketch engine needs no models.",
        "upload": "The sketch engine reads files where they lie.",
        "preview": "A sketch is done before a preview of it would be.",
        "download": "The sketch engine writes files where they belong.",
    }

    def __init__(self, backend: Backend):
        self._backend = backend

    def versions(self) -> dict[str, str]:
        return {"Sketch engine": str(ENGINE), "Pillow": PIL.__version__, "numpy": numpy.__version__}

    def inventory(self, *graphs: Graph) -> Inventory:
        return Inventory(0, tuple(Needs((), ()) for _ in graphs))

    def upload(self, path: Path) -> Generator[Progress, None, object]:
        yield from ()
        return path

    def draw(self, job: Job) -> JobRun:
        return self._backend.run(job)

    def fetch(self, job: Job) -> JobRun:
        yield from ()
        return []
