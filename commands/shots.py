"""shots: a batch of pictures with references, JSON in and JSON out."""

import argparse
import json
from pathlib import Path

from commands import setting
from commands.terminal import Reporter
from infrastructure.project_files import leftovers_removed, open_project
from infrastructure.project_lock import locked
from infrastructure.recipes import Ledger
from infrastructure.strict_json import parse_json, read_text
from services import shots


@setting.told_plainly
def run(asked: argparse.Namespace) -> int:
    path = Path(asked.batch)
    content = parse_json(read_text(path), path)
    batch = shots.read_batch(content, str(path))
    references = shots.references_of(batch.shots)
    workflow = shots.workflow_of(setting.workflows().load, content.get("workflow"), references)
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
