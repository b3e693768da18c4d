"""Storyboards on disk: read in every generation of the format, written back without loss."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from domain.errors import BadFile
from domain.storyboard import Character, Shot, Storyboard
from infrastructure.boards.fields import Fields, Report, shown
from infrastructure.boards.ids import shot_ids
from infrastructure.boards.reading import SECONDS, read_board
from infrastructure.boards.writing import board_object
from infrastructure.json_files import write_json
from infrastructure.strict_json import line_of, named, parse_json, read_text

MOST_SHOTS = 10_000
NOWHERE = Path("/nowhere")  # no picture lies in it, so that every path is written whole
_TOLD = 5  # refusals named in one complaint
_One = TypeVar("_One", Shot, Character)


@dataclass(frozen=True)
class Outline:
    """A board in short, for lists of many."""

    title: str
    ids: tuple[str, ...] = ()
    seconds: float = 0.0


def read_storyboard(path: Path) -> tuple[Storyboard, list[str]]:
    """A board to render, and sentences about what was repaired or found odd on the way."""
    board, notes = open_storyboard(path)
    if not board.shots:
        raise BadFile(f"{path} has no shots; there is nothing to render.")
    if not any(shot.is_renderable for shot in board.shots):
        problems = [f"Shot {s.id}: {p}" for s in board.shots if s.prompt.strip() for p in s.problems]
        reason = problems[0] if problems else "shots[0].prompt is empty, and so are the others."
        raise BadFile(f"{path} has no shot that can be rendered. {reason}")
    return board, notes


def open_storyboard(path: Path) -> tuple[Storyboard, list[str]]:
    """A board to work on, which may still be empty."""
    text = read_text(path)
    document = parse_json(text, path)
    report = Report()
    board = read_board(_as_object(document, path, report), path.absolute().parent, report)
    if report.refusals:
        raise BadFile(f"{path} cannot be used. {_complaint(report, text)}")
    return board, report.notes


def board_of(document: dict[str, Any], folder: Path) -> tuple[Storyboard, list[str]]:
    """A board from an object that stood in no file of ours; relative paths count from `folder`."""
    report = Report()
    board = read_board(document, folder, report)
    if report.refusals:
        raise BadFile(f"The shots cannot be used. {_complaint(report, '')}")
    return board, report.notes


def outline(path: Path) -> Outline:
    """Title, ids and length alone; read once as long as the file does not change."""
    try:
        stat = path.stat()
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}.") from error
    return _outline(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=100)
def _outline(path: Path, size: int, changed: int) -> Outline:
    document = _as_object(parse_json(read_text(path), path), path, Report())
    shots = [shot for shot in document.get("shots") or [] if isinstance(shot, dict)]
    fields = Fields(document, "", (), Report())
    title = fields.text("project") or fields.text("title") or "Unnamed Project"
    ids = tuple(id.id for id in shot_ids([shot.get("shot_id") for shot in shots]))
    return Outline(title, ids, sum(map(_seconds, shots)))


def _seconds(shot: dict[str, Any]) -> float:
    seconds = Fields(shot, "", (), Report()).number("duration", SECONDS)
    return Shot.seconds if seconds is None else seconds


def write_storyboard(path: Path, board: Storyboard) -> None:
    write_json(path, board_object(board, path.absolute().parent))


def with_problems(board: Storyboard, folder: Path) -> Storyboard:
    """The board with the problems its pictures have as they lie there now."""
    seen = read_board(board_object(board, folder), folder, Report())
    shots = [_with_problems(mine, its) for mine, its in zip(board.shots, seen.shots, strict=True)]
    cast = [_with_problems(mine, its) for mine, its in zip(board.characters, seen.characters, strict=True)]
    return replace(board, shots=tuple(shots), characters=tuple(cast))


def _with_problems(mine: _One, seen: _One) -> _One:
    return mine if mine.problems == seen.problems else replace(mine, problems=seen.problems)


def cast_to_json(characters: Sequence[Character]) -> list[dict[str, Any]]:
    """Characters as a board file holds them, with whole paths."""
    written: list[dict[str, Any]] = board_object(Storyboard("", characters=tuple(characters)), NOWHERE).get(
        "cast", []
    )
    return written


def cast_from_json(rows: list[Any]) -> tuple[Character, ...]:
    """Raises BadFile for what no board would hold."""
    report = Report()
    board = read_board({"shots": [], "cast": rows}, NOWHERE, report)
    if report.refusals:
        raise BadFile(f"These characters cannot be read. {report.refusals[0].sentence}")
    return board.characters


def shots_to_json(shots: Sequence[Shot]) -> list[dict[str, Any]]:
    """Shots as a board file holds them, with whole paths, to be read in any folder."""
    written: list[dict[str, Any]] = board_object(Storyboard("", tuple(shots)), NOWHERE)["shots"]
    return written


def shots_from_json(rows: list[Any]) -> tuple[Shot, ...]:
    """Raises BadFile for what no board would hold."""
    report = Report()
    board = read_board({"shots": rows}, NOWHERE, report)
    if report.refusals:
        raise BadFile(f"These shots cannot be read. {report.refusals[0].sentence}")
    return board.shots


def _as_object(document: Any, path: Path, report: Report) -> dict[str, Any]:
    if isinstance(document, list):
        report.notes.append("The file is a list; its entries are read as the shots.")
        document = {"shots": document}
    if not isinstance(document, dict):
        raise BadFile(f"{path} holds {shown(document)} where a storyboard should be.")
    if "shots_with_references" in document:
        raise BadFile(f"{path} is a batch, not a storyboard. Run it with: main.py shots {path.name}")
    shots = document.get("shots")
    if shots is not None and not isinstance(shots, list):
        raise BadFile(f"{path}: shots is {shown(shots)} and should be a list of shots.")
    if len(shots or []) > MOST_SHOTS:
        raise BadFile(f"{path} has {len(shots or [])} shots; {MOST_SHOTS} are the most one board can hold.")
    for index in [i for i, shot in enumerate(shots or []) if shot is None]:
        report.notes.append(f"shots[{index}] is empty and was left out.")
    return document


def _complaint(report: Report, text: str) -> str:
    sentences = []
    for refusal in report.refusals[:_TOLD]:
        line = line_of(text, refusal.place)
        where = f"Line {line}, " if line else ""
        sentences.append(f"{where}{named(refusal.place)}: {refusal.sentence}")
    more = len(report.refusals) - _TOLD
    return " ".join([*sentences, *([f"And {more} more."] if more > 0 else [])])
