"""render: a storyboard to a film."""

import argparse
import json
import sys
import time
from pathlib import Path

from commands import setting
from commands.terminal import Reporter
from infrastructure.presets_file import read_presets
from infrastructure.project_files import open_project
from infrastructure.storyboard_files import read_storyboard
from services.render import Order, Outcome, render


@setting.told_plainly
def run(asked: argparse.Namespace) -> int:
    start = time.monotonic()
    board, repairs = read_storyboard(Path(asked.board))
    keyframe_workflow, video_workflow = setting.chosen_workflows(asked)
    order = Order(
        board,
        open_project(_folder(asked)),
        setting.backend(asked),
        keyframe_workflow,
        video_workflow,
        read_presets(),
        _even(board.width, board.height),
        asked.variants,
        asked.pick,
        asked.fps,
        asked.partial,
        not asked.keep_drift,
    )
    order.check()
    for repair in repairs:
        print(repair, file=sys.stderr)
    reporter, outcome = Reporter(), Outcome()
    reporter.follow_and_tell(render(order, outcome), lambda: _tell(asked, order, outcome, reporter, start))
    return setting.SOME_FAILED if reporter.failures else setting.DONE


def _folder(asked: argparse.Namespace) -> Path:
    """Beside the board, named like it; a project's own board is rendered where it lies."""
    board = Path(asked.board)
    if asked.project:
        return Path(asked.project)
    return board.parent if board.name == "storyboard.json" else board.parent / board.stem


def _even(width: int, height: int) -> tuple[int, int]:
    return max(2, width // 2 * 2), max(2, height // 2 * 2)


def _tell(
    asked: argparse.Namespace, order: Order, outcome: Outcome, reporter: Reporter, start: float
) -> None:
    """What was made: as JSON on stdout, else in words, with the film's path on stdout."""
    jobs = reporter.jobs(order.project.takes)
    if asked.json:
        summary = {
            "project": str(order.project.folder),
            "film": str(outcome.film) if outcome.film else None,
            "shots": outcome.as_json(order.board),
            "jobs": jobs,
            "seconds": round(time.monotonic() - start, 3),
            **setting.cost(order.backend),
        }
        print(json.dumps(summary))
        return
    if any(jobs.values()):
        print(f"{jobs['run']} jobs run, {jobs['reused']} reused, {jobs['failed']} failed.", file=sys.stderr)
    if outcome.film:
        print(outcome.film)
    elif any(jobs.values()):
        print(f"No new film: shots are missing. All else is in {order.project.folder}.", file=sys.stderr)
