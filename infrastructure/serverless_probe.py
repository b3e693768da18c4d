"""A serverless endpoint's parts, as far as it has any that can be tried."""

from collections.abc import Generator, Mapping
from pathlib import Path

from domain.events import Progress
from domain.inventory import Inventory, Needs
from domain.job import Backend, Graph, Job, JobRun


class ServerlessProbe:
    without = {  # noqa: RUF012  read only
        "nodes": "An endpoint does not tell its nodes without starting a worker.",
        "models": "An endpoint does not tell its models without starting a worker.",
        "upload": "Files travel with the job.",
        "download": "Files come home with the job's answer.",
    }

    def __init__(self, backend: Backend):
        self._backend = backend

    def versions(self) -> Mapping[str, str]:
        status = self._backend.status()
        return {"Endpoint": status.name} | ({"GPU": status.gpu} if status.gpu else {})

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
