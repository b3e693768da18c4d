"""The last reports of the test bench on disk, newest first."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from domain.errors import BadFile
from domain.kept_report import KeptReport
from infrastructure.json_files import read_json, write_json

_LISTS = ("stages", "pictures", "workflows")
_WORDS = ("id", "text", "clip", "last_frame")
_NUMBERS = ("at", "images", "seed")


def read_reports(path: Path) -> list[KeptReport]:
    """What does not read is left out."""
    try:
        rows = read_json(path)
    except BadFile:
        return []
    return [report for row in rows if (report := _report(row))] if isinstance(rows, list) else []


def write_reports(path: Path, reports: Sequence[KeptReport]) -> None:
    write_json(path, [asdict(report) for report in reports])


def _report(row: Any) -> KeptReport | None:
    try:
        report = KeptReport(**{**row, **{name: tuple(row[name]) for name in _LISTS}})
    except (KeyError, TypeError):
        return None
    is_whole = (
        all(isinstance(getattr(report, name), str) for name in _WORDS)
        and all(isinstance(getattr(report, name), (int, float)) for name in _NUMBERS)
        and all(isinstance(stage, dict) for stage in report.stages)
        and all(isinstance(word, str) for word in (*report.pictures, *report.workflows))
        and isinstance(report.backend, dict)
        and isinstance(report.rates, dict)
    )
    return report if is_whole else None
