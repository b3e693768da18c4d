"""A ComfyUI server's parts, to be tried one at a time."""

from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

from domain.errors import BackendUnreachable, JobFailed
from domain.events import Progress
from domain.inventory import Inventory, Needs
from domain.job import Graph, Job, JobRun
from infrastructure.comfy_api import ComfyAPI
from infrastructure.comfy_execution import Execution, timing
from infrastructure.comfy_socket import Doorbell
from infrastructure.comfy_stats import versions
from infrastructure.patience import Patience
from infrastructure.preflight import models, unknown
from infrastructure.uploads import upload


class ComfyProbe:
    without: Mapping[str, str] = {}

    def __init__(self, api: ComfyAPI, doorbell: Doorbell):
        self._api, self._doorbell = api, doorbell

    def versions(self) -> Mapping[str, str]:
        return versions(self._api.system_stats())

    def inventory(self, *graphs: Graph) -> Inventory:
        known = self._api.object_info()
        needs = (
            Needs(
                tuple(dict.fromkeys(unknown(graph, known).values())),
                tuple(model for model in models(graph, known) if model.is_there is not None),
            )
            for graph in graphs
        )
        return Inventory(len(known), tuple(needs))

    def upload(self, path: Path) -> Generator[Progress, None, object]:
        return upload(self._api, path)

    def draw(self, job: Job) -> JobRun:
        history = yield from Execution(self._api, self._doorbell, job).carried_out()
        yield from timing(history)
        return []

    def fetch(self, job: Job) -> JobRun:
        history = yield from self._history(job)
        if history is None:
            raise JobFailed(f"The server has forgotten {job.name}: was it started again meanwhile?")
        return (yield from Execution(self._api, self._doorbell, job).brought_home(history))

    def _history(self, job: Job) -> Generator[Progress, None, dict[str, Any] | None]:
        patience = Patience(self._api.url, self._api.patience)
        while True:
            try:
                return self._api.history(job.id)
            except BackendUnreachable as error:
                yield from patience.after(error)
