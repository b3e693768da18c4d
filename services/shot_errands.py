"""Errands that draw the pictures of a batch. The batch lies in its project as batch.json, and its reference
pictures beside it, so that a picture can be drawn whenever its turn comes."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.errand import Errand
from domain.errors import BadFile, StudioError
from domain.events import Event
from domain.project import Project
from domain.workflow import Workflow
from infrastructure.json_files import read_json
from infrastructure.recipes import Wanted
from infrastructure.workflow_files import WorkflowFolder
from services import keyframes, shots
from services.desk import Desk
from services.means import Means
from services.shots import Asked, Batch

Work = Generator[Event, None, None]

DEED = "picture"
REFERENCES = "references"


def batch_file(project: Project) -> Path:
    return project.folder / "batch.json"


@dataclass(frozen=True)
class Kept:
    """A batch as it is kept in its project."""

    project: Project
    batch: Batch
    workflow: Workflow

    def asked(self, number: int) -> Asked:
        return Asked(self.batch, number, self.project.folder)

    def wanted(self, number: int) -> Wanted:
        return shots.wanted(self.workflow, self.asked(number), self.project.folder / REFERENCES)


def kept(project: Project, workflows: WorkflowFolder) -> Kept:
    """Raises StudioError when it is not there any more, or does not read."""
    content = read_json(batch_file(project))
    if not isinstance(content, dict):
        raise BadFile(f"{batch_file(project)} is no batch.")
    batch = shots.read_batch(content, "batch.json")
    return Kept(project, batch, workflow_in(content, workflows))


def workflow_in(content: Mapping[str, Any], workflows: WorkflowFolder) -> Workflow:
    """A template by its name, else the graph that the batch brought along."""
    name = content.get("template")
    return workflows.load(name) if isinstance(name, str) else Workflow("batch", content.get("workflow") or {})


def draw(errand: Errand, desk: Desk, means: Means) -> Work:
    """The picture of shot `number` of the batch, counted from 0."""
    batch, number = kept(desk.project, means.workflows), int(errand.values["number"])
    if not 0 <= number < len(batch.batch.shots):
        raise StudioError("The batch has no such shot any more.")
    yield from keyframes.make(means.backend, desk.ledger, batch.wanted(number))


DEEDS: dict[str, Callable[[Errand, Desk, Means], Work]] = {DEED: draw}
