"""What errands are made of, and made with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from domain.errand import Errand
from domain.job import Backend
from domain.prompts import Presets
from domain.workflow import Workflow


@dataclass(frozen=True)
class Means:
    """What the settings say things are made with, asked for when an errand begins."""

    backend: Backend
    keyframe_workflow: Workflow
    video_workflow: Workflow
    presets: Presets
    by_references: Callable[[], Mapping[int, Workflow]] = dict  # those for a comic's panels, by portraits


def errand(deed: str, project: Path, shot: str = "", run: str = "", **values: Any) -> Errand:
    """An errand with an id of its own."""
    return Errand(uuid4().hex[:12], deed, str(project), shot, values, run=run)
