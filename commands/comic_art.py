"""comic art: a comic's plan to the pictures of its panels."""

import argparse
import json
import sys
import time
from collections.abc import Mapping

from commands import comics, setting
from commands.terminal import Reporter
from domain.workflow import Workflow
from services.comic_art import Order, Outcome, are_portraits_wanted, by_references, draw


@setting.told_plainly
def run(asked: argparse.Namespace) -> int:
    start = time.monotonic()
    comic, changed, _ = comics.planned(asked)
    comics.tell(changed)
    workflows = _workflows(asked, are_portraits_wanted(comic))
    order = Order(comic, comics.project_of(asked), setting.backend(asked), workflows, asked.variants)
    reporter, outcome = Reporter(), Outcome()
    reporter.follow_and_tell(draw(order, outcome), lambda: _tell(asked, order, outcome, reporter, start))
    return setting.SOME_FAILED if reporter.failures else setting.DONE


def _workflows(asked: argparse.Namespace, with_portraits: bool) -> Mapping[int, Workflow]:
    first, folder = setting.keyframe_workflow(asked), setting.workflows()
    own = [folder.load(asked.panel_workflow)] if asked.panel_workflow else []
    for workflow in (first, *own):
        workflow.require("prompt")
    if not with_portraits:
        return {0: own[0] if own else first}
    if not own:
        return {0: first, **by_references(folder)}
    places = len(own[0].slots.get("reference", ()))
    return {0: first, **dict.fromkeys(range(1, places + 1), own[0])} if places else {0: own[0]}


def _tell(
    asked: argparse.Namespace, order: Order, outcome: Outcome, reporter: Reporter, start: float
) -> None:
    """What was made: as JSON on stdout, else in words, with the project's folder on stdout."""
    jobs = reporter.jobs(order.project.takes)
    if asked.json:
        summary = {
            "project": str(order.project.folder),
            "characters": {id: str(take.path) for id, take in outcome.portraits.items()},
            "panels": {id: [str(take.path) for take in takes] for id, takes in outcome.panels.items()},
            "jobs": jobs,
            "seconds": round(time.monotonic() - start, 3),
            **setting.cost(order.backend),
        }
        print(json.dumps(summary))
        return
    if any(jobs.values()):
        print(f"{jobs['run']} jobs run, {jobs['reused']} reused, {jobs['failed']} failed.", file=sys.stderr)
    print(order.project.folder)
