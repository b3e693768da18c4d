"""render: a storyboard to a film."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from commands import setting
from commands.terminal import Reporter
from domain.errors import StudioError
from domain.project import Project
from infrastructure.presets_file import read_presets
from infrastructure.project_files import open_project
from infrastructure.storyboard_files import open_storyboard
from services.render import Order, Outcome, render


@setting.told_plainly
def run(asked: argparse.Namespace) -> int:
    start = time.monotonic()
    board, repairs = open_storyboard(Path(asked.board))
    keyframe_workflow, video_workflow = setting.chosen_workflows(asked)
    variants = asked.variants or board.variants
    if variants and asked.pick > variants:
        raise StudioError(
            f"--pick {asked.pick} needs at least {asked.pick} variants, and there are {variants}."
        )
    order = Order(
        board,
        open_project(_folder(asked)),
        setting.backend(asked),
        keyframe_workflow,
        video_workflow,
        read_presets(),
        _even(board.width, board.height),
        variants,
        asked.pick,
        asked.fps,
        asked.partial,
        not asked.keep_drift,
    )
    reporter = Reporter()
    for repair in repairs:
        print(repair, file=sys.stderr)
    outcome = reporter.follow(render(order))
    summary = _summary(order, outcome, reporter, time.monotonic() - start)
    if asked.json:
        print(json.dumps(summary, ensure_ascii=False))
    else:
        _tell(order.project, outcome, summary)
    return setting.SOME_FAILED if reporter.failures else setting.DONE


def _folder(asked: argparse.Namespace) -> Path:
    """Beside the board, named like it; a project's own board is rendered where it lies."""
    board = Path(asked.board)
    if asked.project:
        return Path(asked.project)
    return board.parent if board.name == "storyboard.json" else board.parent / board.stem


def _even(width: int, height: int) -> tuple[int, int]:
    return max(2, width // 2 * 2), max(2, height // 2 * 2)


def _summary(order: Order, outcome: Outcome, reporter: Reporter, seconds: float) -> dict[str, Any]:
    takes = [saved for saved in reporter.saved if saved.path.parent == order.project.takes]
    reused = sum(saved.reused for saved in takes)
    return {
        "project": str(order.project.folder),
        "film": str(outcome.film) if outcome.film else None,
        "shots": outcome.as_json(order.board),
        "jobs": {"run": len(takes) - reused, "reused": reused, "failed": len(reporter.failures)},
        "seconds": round(seconds, 3),
    }


def _tell(project: Project, outcome: Outcome, summary: dict[str, Any]) -> None:
    jobs = summary["jobs"]
    print(f"{jobs['run']} jobs run, {jobs['reused']} reused, {jobs['failed']} failed.", file=sys.stderr)
    if outcome.film:
        print(outcome.film)
    else:
        print(f"No film yet: shots are missing. What there is lies in {project.folder}.", file=sys.stderr)
