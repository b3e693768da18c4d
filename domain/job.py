"""One execution of one workflow, and who can carry it out.

A job is a generator: it yields how far it is, returns the files it made, raises when it
fails, and is cancelled by closing it. A `Path` inside the graph is a local file that
the backend brings along; nobody else uploads or downloads anything.
"""

import json
import uuid
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from domain.events import Fact, Progress
from domain.inventory import Inventory
from domain.status import Status

Graph = dict[str, dict[str, Any]]  # ComfyUI's API format: node id -> class_type, inputs
JobRun = Generator[Progress | Fact, None, list[Path]]

LAST_FRAME = Path("@last_frame")  # in a graph that follows on another: the last frame of what that one makes
_JOBS = uuid.UUID("6f1c1f6e-3a0e-5c1b-9f43-3b6f8f1d2a77")  # namespace of job ids


@dataclass(frozen=True)
class Job:
    """`id` says what would run, not where it is kept: the graph and the contents of the files it is given."""

    name: str  # stem of the files it makes: "003_v2"
    graph: Graph
    folder: Path
    hashes: Mapping[Path, str]  # sha256 of every local file in the graph, and of those beside it
    earlier: Mapping[str, Any] = field(default_factory=dict)  # facts of an attempt whose end nobody saw

    keeps_names: bool = False  # the server saves as the workflow says, not under the project and the name
    extra: Mapping[str, str] = field(default_factory=dict)  # sent along and no part of it: keys of services
    beside: Mapping[str, Path] = field(default_factory=dict)  # files for the input folder that no node names
    then: tuple[Graph, ...] = ()  # what may be asked for next, each beginning with the last frame before it

    @property
    def is_begun(self) -> bool:
        """Whether it may be under way, or done, without anybody here knowing."""
        return bool(self.earlier)

    @cached_property
    def id(self) -> str:
        """A canonical lower-case UUID, equal for equal content; ComfyUI's prompt_id."""
        named = {id: {"class_type": n["class_type"], "inputs": n["inputs"]} for id, n in self.graph.items()}
        content = json.dumps(self._replaced(named, self.hashes), sort_keys=True)
        if self.beside:
            beside = {name: self.hashes[path] for name, path in self.beside.items()}
            content += json.dumps(beside, sort_keys=True)
        return str(uuid.uuid5(_JOBS, content))

    @property
    def files(self) -> list[Path]:
        return files_in(self.graph)

    @property
    def all_files(self) -> list[Path]:
        """Those of what follows on it as well."""
        return sorted({file for graph in (self.graph, *self.then) for file in files_in(graph)} - {LAST_FRAME})

    def following(self, frame: str) -> str:
        """The id of what follows on it, by the sha256 of its last frame; nothing when nothing does."""
        if not self.then:
            return ""
        return Job("", self.then[0], self.folder, {**self.hashes, LAST_FRAME: frame}, beside=self.beside).id

    def graph_with(self, names: Mapping[Path, str]) -> Graph:
        """The graph as the server reads it: every local file by its name over there."""
        return self._replaced(self.graph, names)

    def then_with(self, names: Mapping[Path, str]) -> list[Graph]:
        """The same of what follows on it; the last frame has no name yet."""
        return [self._replaced(graph, {**names, LAST_FRAME: str(LAST_FRAME)}) for graph in self.then]

    @staticmethod
    def _replaced(graph: Graph, names: Mapping[Path, str]) -> Graph:
        def named(value: Any) -> Any:
            return names[value] if isinstance(value, Path) else value

        return {id: {**node, "inputs": changed(node["inputs"], named)} for id, node in graph.items()}


class Backend(Protocol):
    @property
    def engine(self) -> str:
        """What draws: "sketch" or "comfyui". A take of one is not a take of the other."""
        ...

    @property
    def lanes(self) -> int:
        """How many jobs it is worth handing over at once."""
        ...

    def status(self) -> Status:
        """How it is right now, within seconds. Raises nothing: nobody answering is a state."""
        ...

    def check(self, *graphs: Graph) -> str:
        """One line about who answers.

        Raises BackendUnreachable when nobody does, JobRejected with everything the graphs
        need that is missing there: all of it, each with the folder it belongs in.
        """
        ...

    def run(self, job: Job) -> JobRun:
        """Yields at least once a second. Running an equal job again is harmless."""
        ...

    def probe(self) -> "Probe":
        """Its parts, for the test bench."""
        ...


class Probe(Protocol):
    """A backend's parts, to be tried one at a time. Nobody but the test bench wants them apart."""

    @property
    def without(self) -> Mapping[str, str]:
        """Which stages of the bench make no sense here, each with a plain reason."""
        ...

    def versions(self) -> Mapping[str, str]:
        """What runs there, by its name: {"ComfyUI": "0.30.0", "torch": …}."""
        ...

    def inventory(self, *graphs: Graph) -> Inventory: ...

    def upload(self, path: Path) -> Generator[Progress, None, object]: ...

    def draw(self, job: Job) -> JobRun:
        """Carry a job out and leave its files where they are; returns those that are home already."""
        ...

    def fetch(self, job: Job) -> JobRun:
        """Bring home the files of a job that was drawn."""
        ...


def files_in(graph: Graph) -> list[Path]:
    """The local files a graph refers to, in lists and objects as well."""
    found: set[Path] = set()
    for node in graph.values():
        changed(node["inputs"], lambda value: found.add(value) if isinstance(value, Path) else None)
    return sorted(found)


def changed(value: Any, change: Callable[[Any], Any]) -> Any:
    """A value of a graph with `change` made of each that is neither a list nor an object."""
    if isinstance(value, list):
        return [changed(one, change) for one in value]
    if isinstance(value, dict):
        return {key: changed(one, change) for key, one in value.items()}
    return change(value)
