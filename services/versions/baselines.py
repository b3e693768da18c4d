"""Whether a version's ComfyUI still draws what it drew: one workflow, by a ComfyUI of its own that is told to
be deterministic, compared with what it came to before."""

import tempfile
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from domain.errors import BackendError, StudioError
from domain.events import Event, Progress, Told, as_part
from domain.job import Graph, Job
from domain.versions import baseline
from domain.versions.baseline import Baselines, Outcome
from domain.versions.errors import Drift
from domain.versions.lock import digest
from infrastructure.comfy_api import ComfyAPI
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.json_files import read_json
from infrastructure.part_files import writing
from infrastructure.versions import launch
from infrastructure.versions.artifacts import artifact, kind_of_machine
from infrastructure.versions.builds import Build
from services.versions.probing import Trial
from services.versions.shelf import Version

DETERMINISTIC = "--deterministic"
EQUAL, KEPT = "equal", "kept"


@dataclass(frozen=True)
class Drawn:
    device: str
    outcome: Outcome


@dataclass(frozen=True)
class Drawer:
    """`words`: more of ComfyUI's command line."""

    python: Path
    words: tuple[str, ...] = ()

    def drawn(self, build: Build, graph: Graph) -> Generator[Event, None, Drawn]:
        """By a ComfyUI that has drawn nothing before. Raises Drift when it does not do it."""
        yield Progress(0.0, "starting ComfyUI")
        port, lines, lock = launch.free_port(), list[str](), build.lock()
        url = f"http://127.0.0.1:{port}"
        with tempfile.TemporaryDirectory() as folder:
            saved, home = Path(folder) / "saved", Path(folder) / "home"
            home.mkdir()
            command = launch.command(build, self.python, lock, "127.0.0.1", port)
            # what somebody made with the version lies elsewhere, and makes no name another
            command += [DETERMINISTIC, "--output-directory", str(saved), *self.words]
            with closing(Trial(command, build, lock, lines.append, lines)) as running:
                running.wait(url)
                device = kind_of_machine(ComfyAPI(url).system_stats())
                try:
                    work = ComfyBackend(url).run(Job("drawn", graph, home, {}, keeps_names=True))
                    files = yield from as_part(work, 0.1, 1.0, "drawing")
                except BackendError as error:
                    raise Drift(str(error)) from error
            if not files:
                raise Drift("The workflow ended and made no file.")
            return Drawn(device, Outcome(build.realization().closure, tuple(map(artifact, files))))


def compared(
    version: Version, build: Build, graph: Graph, drawer: Drawer, accepts: bool
) -> Generator[Event, None, tuple[str, Drawn]]:
    """EQUAL, or KEPT: what came is the baseline from now on, as nothing was there to compare it with, or as
    somebody `accepts` it. Raises Drift when it is another, and StudioError when there are baselines of other
    kinds of GPU alone, which say nothing of this one."""
    kept, workflow = read(version), digest(graph)
    drawn = yield from drawer.drawn(build, graph)
    was = kept.outcomes.get((workflow, drawn.device))
    if accepts or not kept.devices(workflow):
        _keep(version, kept.with_one(workflow, drawn.device, drawn.outcome))
        return KEPT, drawn
    if was is None:
        others = ", ".join(kept.devices(workflow))
        raise StudioError(
            f"Not comparable: the baseline was made by {others}, and this is {drawn.device}. With --accept "
            "what comes here is kept beside it."
        )
    if lines := baseline.differences(was, drawn.outcome):
        told = "It does not draw what it drew"
        if was.closure != drawn.outcome.closure:
            told += f" with the closure {was.closure}"
        raise Drift(f"{told}:", tuple(lines))
    if was.artifacts != drawn.outcome.artifacts:
        yield Told("Every pixel is the same, in files that are not: what stands in them beside is another.")
    return EQUAL, drawn


def read(version: Version) -> Baselines:
    """Raises BadFile."""
    file = version.baseline_file
    return baseline.read(read_json(file)) if file.is_file() else Baselines()


def _keep(version: Version, baselines: Baselines) -> None:
    with writing(version.baseline_file) as part:
        part.write_text(baselines.text, "utf-8")
