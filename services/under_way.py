"""What goes on at a serverless endpoint while the studio is not there."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from domain.errand import STOPPED, Errand
from domain.errors import BackendError, BadFile
from domain.job import Backend
from infrastructure.json_files import read_json
from infrastructure.priced import Priced
from infrastructure.recipe_index import STARTED
from infrastructure.recipes import REMOTE
from infrastructure.runpod_backend import RunPodBackend
from services.runs import Runs


def bring_home(runs: Runs, backend: Backend) -> None:
    """Have what went on without the studio fetched; it asks the endpoint, which may take a while."""
    endpoint = backend.inner if isinstance(backend, Priced) else backend
    if isinstance(endpoint, RunPodBackend):
        runs.again(under_way(runs.errands(), endpoint))


def under_way(errands: Iterable[Errand], endpoint: RunPodBackend) -> list[str]:
    """Ids of what ended with the studio and is under way at this endpoint, or done there: it was paid for
    already."""
    stopped = (errand for errand in errands if errand.state == STOPPED and errand.is_drawn and errand.began)
    return [errand.id for errand in stopped if any(_knows(endpoint, job) for job in _jobs(errand))]


def is_under_way(errand: Errand) -> bool:
    """Whether a recipe of its says so."""
    return any(_jobs(errand))


def _jobs(errand: Errand) -> Iterator[dict[str, Any]]:
    """What the recipes of an errand say of jobs whose end was not seen."""
    with suppress(OSError, ValueError):  # a folder that is gone, or a name that is none
        for path in (Path(errand.project) / "takes").iterdir():
            if path.suffix == ".json" and _is_its_own(path.stem, errand):
                with suppress(BadFile):
                    recipe = read_json(path)
                    if isinstance(recipe, dict) and recipe.get("state") == STARTED and REMOTE in recipe:
                        yield recipe[REMOTE]


def _is_its_own(take: str, errand: Errand) -> bool:
    """By its takes, where they are known; else by its shot: pictures are 003_v1, segments 003.01_v1."""
    if errand.takes:
        return take in errand.takes
    return take.startswith(f"{errand.shot}." if errand.deed == "video" else f"{errand.shot}_")


def _knows(endpoint: RunPodBackend, job: Any) -> bool:
    match job:
        case {"endpoint": endpoint.endpoint, "job": str(number)}:
            with suppress(BackendError):
                return endpoint.knows(number)
    return False
