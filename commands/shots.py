"""shots: a batch of pictures with references, JSON in and JSON out."""

import argparse
import json
from pathlib import Path
from typing import Any

from commands import setting
from commands.terminal import Reporter
from domain.errors import StudioError
from domain.workflow import Workflow
from infrastructure.project_files import leftovers_removed, open_project
from infrastructure.project_lock import locked
from infrastructure.recipes import Ledger
from infrastructure.strict_json import parse_json, read_text
from services import shots
from services.workflow_choice import KEYFRAME_WORKFLOW

_BY_TYPE = {"flux": "keyframe_flux_dev", "standard": "keyframe_sdxl", "sd15": "keyframe_sd15"}
_BY_REFERENCES = {1: "keyframe_qwen_edit_1ref", 2: "keyframe_qwen_edit_2ref", 3: "keyframe_qwen_edit_3ref"}


@setting.told_plainly
def run(asked: argparse.Namespace) -> int:
    path = Path(asked.batch)
    content = parse_json(read_text(path), path)
    batch = shots.read_batch(content, str(path))
    workflow = _workflow(content.get("workflow"), shots.references_of(batch.shots))
    workflow.require("prompt")
    backend = setting.backend(asked)
    project = open_project(Path(asked.project) if asked.project else path.parent / path.stem)
    backend.check(workflow.graph)
    reporter = Reporter()
    with locked(project.folder):
        leftovers_removed(project)
        work = shots.make(backend, Ledger(project), workflow, batch, path.resolve().parent)
        answer = reporter.follow(work)
    print(json.dumps({**answer, **setting.cost(backend)}))
    return setting.SOME_FAILED if reporter.failures else setting.DONE


def _workflow(asked: Any, references: int) -> Workflow:
    """A graph as it is, a template's name, or a kind of model; without one, what takes the references."""
    folder = setting.workflows()
    match asked:
        case str(name) if name:
            return folder.load(_BY_TYPE.get(name, name))
        case {"name": str(name)}:
            return folder.load(name)
        case {"nodes": list(), "links": list()}:
            raise StudioError(
                "The batch has a workflow for ComfyUI's window, not for running. Open it in ComfyUI, choose "
                "Workflow → Export (API), and put in what that gives you."
            )
        case dict() if shots.is_graph(asked):
            return Workflow("batch", asked)
        case {"type": str(kind)} if references == 0:
            if kind not in _BY_TYPE:
                known = ", ".join(_BY_TYPE)
                raise StudioError(
                    f"workflow.type {kind!r} is not known: take one of {known}, or a template's name."
                )
            return folder.load(_BY_TYPE[kind])
    return folder.load(_BY_REFERENCES.get(min(references, 3), KEYFRAME_WORKFLOW))
