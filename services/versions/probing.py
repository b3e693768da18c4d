"""Whether a build works: it is started for real, and has the nodes that workflows need."""

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from domain.errors import BackendUnreachable
from domain.events import Event, Progress, Told
from domain.versions.errors import Drift
from domain.versions.lock import Lock
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.comfy_process import ComfyProcess, wait_until_up
from infrastructure.comfy_server import ComfyServer
from infrastructure.versions import launch
from infrastructure.versions.builds import Build
from infrastructure.workflow_files import WorkflowFolder

LONGEST = 300.0  # seconds until it answers; a cold disk is slow
_BROKEN = "IMPORT FAILED"
_COLOUR = re.compile("\x1b\\[[0-9;]*m")
_SHOWN = 12  # last lines of the log


@dataclass(frozen=True)
class Prober:
    """`needed`: by workflow, the classes of its nodes."""

    needed: Mapping[str, frozenset[str]]
    words: tuple[str, ...] = ()  # more of the command line
    hear: Callable[[str], object] = str  # gets every line it says

    def attempt(self, build: Build, lock: Lock, python: Path) -> Generator[Event, None, None]:
        """Raises Drift with what is wrong: one line each."""
        yield Progress(0.0, "starting ComfyUI")
        port, lines = launch.free_port(), list[str]()
        url = f"http://127.0.0.1:{port}"

        def take(line: str) -> None:
            lines.append(line)
            self.hear(line)

        command = [*launch.command(build, python, lock, "127.0.0.1", port), *self.words]
        with closing(Trial(command, build, lock, take, lines)) as trial:
            trial.wait(url)
            yield Progress(0.8, "asking for its nodes")
            there = set(ComfyServer(url).object_info())
        faults = [_COLOUR.sub("", line).strip() for line in lines if _BROKEN in line]
        for name, classes in self.needed.items():
            if missing := sorted(classes - there):
                faults.append(f"{name} needs {', '.join(missing)}")
        if faults:
            more = f", and {len(faults) - 1} more faults like it" if len(faults) > 1 else ""
            raise Drift(f"It starts, but: {faults[0]}{more}.", tuple(faults))
        yield Told(f"ComfyUI starts and has {len(there)} kinds of nodes.")


def nodes_of(folder: WorkflowFolder, names: Sequence[str] = ()) -> dict[str, frozenset[str]]:
    """The classes of nodes of these workflows, or of all in the folder."""
    graphs = {name: folder.load(name).graph for name in names or folder.names()}
    return {name: frozenset(node["class_type"] for node in graph.values()) for name, graph in graphs.items()}


class Trial:
    """A version's ComfyUI while it is tried."""

    def __init__(
        self,
        command: list[str],
        build: Build,
        lock: Lock,
        hear: Callable[[str], object],
        lines: list[str],
    ):
        self._lines = lines
        self._process = ComfyProcess(command, build.comfy, launch.environment(lock), hear)

    def wait(self, url: str) -> None:
        try:
            wait_until_up(ComfyBackend(url).status, self._process, LONGEST, lambda told: None)
        except BackendUnreachable as error:
            said = tuple(line.rstrip() for line in self._lines[-_SHOWN:])
            raise Drift(f"It does not start. {error}", said) from error

    def close(self) -> None:
        self._process.stop()
