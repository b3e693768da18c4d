"""testbench: every part of a backend tried once, with times, as text for a bug report or as JSON."""

import argparse
import json
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from commands import setting
from commands.terminal import Reporter
from domain.events import Event, Progress
from services.testbench import Bench, bench
from services.testbench_report import Report


@setting.told_plainly
def run(asked: argparse.Namespace) -> int:
    keyframe, video = setting.chosen_workflows(asked)
    backend = setting.backend(asked, lambda folder: "")
    with TemporaryDirectory(prefix="cindergrace-", ignore_cleanup_errors=True) as folder:
        work = bench(backend, keyframe, video, Path(folder), asked.images, asked.seed)
        report = Reporter().follow(_progress_of(work))
    cost = setting.cost(backend)
    if asked.json:
        print(json.dumps({**report.as_json(), **cost}))
    else:
        print(report.text(), end="".join(f"It cost at least ${usd:.4f}.\n" for usd in cost.values()))
    if not report.backend.is_up:
        return setting.UNREACHABLE
    return setting.DONE if report.is_good else setting.SOME_FAILED


def _progress_of(work: Bench) -> Generator[Event, None, Report]:
    """The bar alone: what the stages found is in the report."""
    with closing(work):
        while True:
            try:
                event = next(work)
            except StopIteration as stop:
                report: Report = stop.value
                return report
            if isinstance(event, Progress):
                yield event
