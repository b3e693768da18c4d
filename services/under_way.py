"""What goes on at a serverless endpoint while the studio is not there."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from domain.errand import STOPPED, Errand
from domain.errors import BackendError, BadFile, CannotWrite, StudioError
from domain.job import Backend
from infrastructure.json_files import read_json, write_json
from infrastructure.priced import Priced
from infrastructure.recipe_index import CANCELLED, REMOTE, STARTED, now
from infrastructure.runpod_backend import RunPodBackend
from services.runs import Runs


class Afar:
    """`backend` gives whoever draws now. Only jobs at that endpoint are asked for or taken back."""

    def __init__(self, runs: Runs, backend: Callable[[], Backend]):
        self._runs, self._backend = runs, backend
        runs.dropped = self._dropped

    def bring_home(self) -> None:
        """Have what was paid for already fetched: what was stopped with the studio and is under way over
        there, or done. It asks the endpoint, which may take a while."""
        for errand in self._runs.errands():
            if errand.state == STOPPED and errand.is_drawn and errand.began and self._knows(errand):
                self._runs.again([errand.id])

    def take_back(self, errands: Sequence[Errand]) -> None:
        """Jobs of errands that nobody wants any more."""
        for errand in errands:
            for file, recipe in _unfinished(errand):
                endpoint = self._endpoint()
                number = _number(recipe[REMOTE], endpoint) if endpoint else ""
                if endpoint and number and endpoint.take_back(number):
                    _cancelled(file, recipe)

    def _dropped(self, errands: Sequence[Errand]) -> None:
        if any(is_under_way(errand) for errand in errands if errand.is_drawn and errand.began):
            threading.Thread(target=self.take_back, args=(errands,)).start()  # also as it ends

    def _knows(self, errand: Errand) -> bool:
        with suppress(BackendError):
            if endpoint := self._endpoint():
                numbers = [_number(recipe[REMOTE], endpoint) for _, recipe in _unfinished(errand)]
                return any(endpoint.knows(number) for number in numbers if number)
        return False

    def _endpoint(self) -> RunPodBackend | None:
        with suppress(StudioError):
            backend = self._backend()
            inner = backend.inner if isinstance(backend, Priced) else backend
            return inner if isinstance(inner, RunPodBackend) else None
        return None


def unless_under_way(errand: Errand, allow: Callable[[], None]) -> None:
    """What `allow` refuses comes home all the same when it was paid for already."""
    try:
        allow()
    except StudioError:
        if not is_under_way(errand):
            raise


def is_under_way(errand: Errand) -> bool:
    """Whether a recipe of its says so."""
    return any(_unfinished(errand))


def _unfinished(errand: Errand) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The recipes of an errand whose jobs' end was not seen, and their files."""
    with suppress(OSError, ValueError):  # a folder that is gone, or a name that is none
        for path in (Path(errand.project) / "takes").iterdir():
            if path.suffix == ".json" and _is_its_own(path.stem, errand):
                with suppress(BadFile):
                    recipe = read_json(path)
                    if isinstance(recipe, dict) and recipe.get("state") == STARTED and REMOTE in recipe:
                        yield path, recipe


def _cancelled(file: Path, recipe: dict[str, Any]) -> None:
    """Else who asks for it again is told that it was cancelled over there."""
    with suppress(BadFile, CannotWrite):
        if read_json(file) == recipe:  # nobody has asked for it again already
            write_json(file, {**recipe, "state": CANCELLED, "ended": now()})


def _is_its_own(take: str, errand: Errand) -> bool:
    """By its takes, where they are known; else by its shot: pictures are 003_v1, segments 003.01_v1."""
    if errand.takes:
        return take in errand.takes
    return take.startswith(f"{errand.shot}." if errand.deed == "video" else f"{errand.shot}_")


def _number(job: Any, endpoint: RunPodBackend) -> str:
    match job:
        case {"endpoint": endpoint.endpoint, "job": str(number)}:
            return number
    return ""
