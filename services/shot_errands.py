"""Errands that draw the pictures of a batch. The batch lies in its project as batch.json, and its reference
pictures beside it, so that a picture can be drawn whenever its turn comes."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from domain.errand import Errand
from domain.errors import BadFile, StudioError
from domain.events import Event
from domain.project import Project
from domain.workflow import About, Workflow
from infrastructure.json_files import read_json
from infrastructure.recipes import Wanted
from infrastructure.workflow_files import WorkflowFolder, corrections, graph_in
from services import keyframes, shots
from services.desk import Desk
from services.means import Means
from services.shots import Asked, Batch

Work = Generator[Event, None, None]

DEED = "picture"
REFERENCES = "references"
_NO_SHOT = "The batch has no such shot any more."


def batch_file(project: Project) -> Path:
    return project.folder / "batch.json"


Stamp = tuple[int, int, int]
Jobs = dict[int, tuple[Sequence[Stamp | None], str]]  # by number: with which pictures, and its id


@dataclass(frozen=True)
class Kept:
    """A batch as it is kept in its project."""

    project: Project
    batch: Batch
    workflow: Workflow
    jobs: Jobs  # as far as they were worked out

    def asked(self, number: int) -> Asked:
        return Asked(self.batch, number, self.project.folder)

    def wanted(self, number: int) -> Wanted:
        return shots.wanted(self.workflow, self.asked(number), self.project.folder / REFERENCES)

    def job(self, number: int) -> str:
        """The id of what draws a shot, worked out once as long as its pictures stay as they are. Raises
        StudioError."""
        pictures = [stamp_of(self.project.folder / url) for url, _ in self.batch.shots[number].references]
        if None not in pictures and (known := self.jobs.get(number)) and known[0] == pictures:
            return known[1]
        id = self.wanted(number).job.id
        self.jobs[number] = pictures, id
        return id


class _Read:
    """What a batch's file says, and with which workflow its jobs were worked out last."""

    def __init__(self, content: Mapping[str, Any]):
        self.content, self.batch = content, shots.read_batch(content, "batch.json")
        self.workflow = _taken_with(content)
        self.worked_out: tuple[Workflow, Jobs] | None = None


def kept(project: Project, workflows: WorkflowFolder) -> Kept:
    """Read once as long as the file stays as it is: every poll and every errand wants it. Raises StudioError
    when it is not there any more, or does not read."""
    file = batch_file(project)
    read = _read(file, _there(file))
    workflow, worked_out = read.workflow or _of_today(read.content, workflows), read.worked_out
    if worked_out is None or worked_out[0] != workflow:
        worked_out = read.worked_out = workflow, {}
    return Kept(project, read.batch, *worked_out)


def number_of(project: Project, workflows: WorkflowFolder, stem: str, job: str) -> int:
    """Of the shot whose takes are called so, counted from 0; of several, the one whose job it is. Raises
    StudioError."""
    file = batch_file(project)
    batch = _read(file, _there(file)).batch
    named = [n for n in range(len(batch.shots)) if Asked(batch, n, project.folder).stem == stem]
    if len(named) > 1:
        whole = kept(project, workflows)
        named = [number for number in named if _is_of(whole, number, job)]
    if not named:
        raise StudioError(_NO_SHOT)
    return named[0]


def _is_of(batch: Kept, number: int, job: str) -> bool:
    try:
        return batch.job(number) == job
    except StudioError:  # a picture of it was taken away
        return False


def _there(file: Path) -> Stamp:
    if stamp := stamp_of(file):
        return stamp
    raise BadFile(f"There is no file {file}.")


@lru_cache(maxsize=8)
def _read(file: Path, stamp: Stamp) -> _Read:
    content = read_json(file)
    if not isinstance(content, dict):
        raise BadFile(f"{file} is no batch.")
    return _Read(content)


def stamp_of(file: Path) -> Stamp | None:
    try:
        stat = file.stat()
    except (OSError, ValueError):
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def as_taken(workflow: Workflow) -> dict[str, Any]:
    """What a batch keeps of its workflow, so that it is drawn and told whatever becomes of the template."""
    return {"graph": workflow.graph, "slots": {name: [*at] for name, at in workflow.about.slots.items()}}


def _taken_with(content: Mapping[str, Any]) -> Workflow | None:
    """None of a batch from before, which keeps its template's name. Raises BadFile."""
    if "graph" not in content:
        return None
    graph = graph_in(content["graph"], "batch.json: graph")
    try:
        about = About(slots=corrections(content.get("slots", {})))
    except ValueError as error:
        raise BadFile(f"batch.json does not read as a batch: {error}.") from error
    return Workflow(str(content.get("template", "batch")), graph, about)


def _of_today(content: Mapping[str, Any], workflows: WorkflowFolder) -> Workflow:
    """A template by its name, else the graph that the batch brought along."""
    name = content.get("template")
    return workflows.load(name) if isinstance(name, str) else Workflow("batch", content.get("workflow") or {})


def draw(errand: Errand, desk: Desk, means: Means) -> Work:
    """The picture of shot `number` of the batch, counted from 0."""
    batch, number = kept(desk.project, means.workflows), int(errand.values["number"])
    if not 0 <= number < len(batch.batch.shots):
        raise StudioError(_NO_SHOT)
    yield from keyframes.make(means.backend, desk.ledger, batch.wanted(number))


DEEDS: dict[str, Callable[[Errand, Desk, Means], Work]] = {DEED: draw}
