"""What errands are made of, and made with."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from domain.errand import Errand
from domain.job import Backend
from domain.prompts import Presets
from domain.workflow import Workflow
from infrastructure.workflow_files import WorkflowFolder


@dataclass(frozen=True)
class Means:
    """What the settings say things are made with, asked for when an errand begins."""

    backend: Backend
    keyframe_workflow: Workflow
    video_workflow: Workflow
    presets: Presets
    workflows: WorkflowFolder = field(default_factory=WorkflowFolder)  # all there are


def errand(deed: str, project: Path, shot: str = "", run: str = "", **values: Any) -> Errand:
    """An errand with an id of its own."""
    return Errand(uuid4().hex[:12], deed, str(project), shot, values, run=run)
