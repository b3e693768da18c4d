"""A table of shots, as spreadsheets save it: CSV or TSV with the names of the columns in its first line."""

import csv
from collections.abc import Iterator, Sequence
from io import StringIO
from itertools import groupby
from pathlib import Path

from domain.errors import BadFile
from domain.storyboard import Storyboard
from infrastructure.plain_text import read_plain
from infrastructure.shot_entries import Entries, column_of
from infrastructure.storyboard_files import MOST_SHOTS, board_of

DELIMITERS = ",;\t|"
_RANGES = 40  # of line numbers, named in one sentence
_LONGEST = 200  # lines one row may take; more is a quotation mark that was never closed


def is_table(path: Path) -> bool:
    """Whether a text file begins with names of columns."""
    text, _ = read_plain(path)
    line = next((line for line in text.splitlines() if line.strip()), "")
    return _known(line, _delimiter(line)) >= 2


def read_table(path: Path) -> tuple[Storyboard, list[str]]:
    """A board from a table, and which lines could not be used.

    Columns are known by their names (config/shot_words.json); those that are not are kept with
    the shot under `columns`. Where nothing is called prompt, the description is the prompt.
    """
    text, notes = read_plain(path)
    rows = _rows(text, path)
    first = next(rows, None)
    columns = [column_of(name) for name in first[1]] if first else []
    if not {"prompt", "description"} & {*columns}:
        raise BadFile(f"{path} has no column called prompt or description in its first line.")
    table = _Table([name.strip() for name in first[1]] if first else [], columns)
    for line, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        if len(table.entries.shots) == MOST_SHOTS:
            table.too_many.append(line)
        else:
            table.take(line, cells)
    document, said = table.entries.document(path.stem)
    board, repairs = board_of(document, path.absolute().parent)
    return board, [*notes, *table.notes(), *said, *repairs]


class _Table:
    def __init__(self, names: list[str], columns: list[str | None]):
        self._names, self._columns = names, columns
        self._is_described = "prompt" not in columns
        self.entries = Entries()
        self.too_many: list[int] = []
        self._empty: list[int] = []
        self._long: list[int] = []
        self._odd: list[str] = []

    def take(self, line: int, cells: Sequence[str]) -> None:
        values: dict[str, str] = {}
        unknown: dict[str, str] = {}
        for name, column, cell in zip(self._names, self._columns, cells, strict=False):
            if not cell.strip():
                continue
            if column and column not in values:
                values[column] = cell.strip()
            else:
                unknown[name or "?"] = cell
        if any(cell.strip() for cell in cells[len(self._names) :]):
            self._long.append(line)
        if self._is_described:
            values["prompt"] = values.get("description", "")
        if not values.get("prompt") and not values.get("description"):
            self._empty.append(line)
            return
        self._odd += [f"Line {line}: {odd} was not understood." for odd in self.entries.add(values, unknown)]

    def notes(self) -> list[str]:
        unknown = [
            name for name, column in zip(self._names, self._columns, strict=True) if not column and name
        ]
        said = []
        if self._is_described:
            said.append("No column is called prompt, so the description is the prompt.")
        if unknown:
            said.append(f"Kept as they are, because their meaning is not known: {', '.join(unknown)[:300]}.")
        said += _of_lines(self._empty, "neither prompt nor description and {was} left out")
        said += _of_lines(self._long, "more cells than the table has columns; the rest was left out")
        if self.too_many:
            said.append(
                f"From line {self.too_many[0]} on {len(self.too_many)} lines were left out: "
                f"{MOST_SHOTS} shots are the most one board can hold."
            )
        return [*said, *self._odd]


def _rows(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not empty, with the number of its first line."""
    before, delimiter = 0, ""
    if text[:5].lower() == "sep=" + text[4:5] and text[4:5] in DELIMITERS:
        text, delimiter, before = text.partition("\n")[2], text[4], 1  # Excel's own hint
    header = next((line for line in text.split("\n", 50) if line.strip()), "")
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter or _delimiter(header))
    start = 1
    try:
        for cells in reader:
            if reader.line_num - start > _LONGEST:
                raise BadFile(f"{path}, line {start + before}: a quotation mark is not closed.")
            if any(cell.strip() for cell in cells):
                yield start + before, cells
            start = reader.line_num + 1
    except csv.Error as error:
        raise BadFile(f"{path}, line {start + before}, is no row of a table: {error}.") from error


def _delimiter(header: str) -> str:
    """The one that finds most names of columns."""
    return max(DELIMITERS, key=lambda delimiter: (_known(header, delimiter), header.count(delimiter)))


def _known(header: str, delimiter: str) -> int:
    try:
        return sum(bool(column_of(name)) for row in csv.reader([header], delimiter=delimiter) for name in row)
    except csv.Error:
        return 0


def _of_lines(lines: list[int], what: str) -> list[str]:
    if not lines:
        return []
    runs = []
    for _, group in groupby(enumerate(lines), lambda pair: pair[1] - pair[0]):
        run = [line for _, line in group]
        runs.append(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}")
    more = [f"and {len(runs) - _RANGES} more"] if len(runs) > _RANGES else []
    numbers = ", ".join([*runs[:_RANGES], *more])
    if len(lines) == 1:
        return [f"Line {numbers} has {what.format(was='was')}."]
    return [f"Lines {numbers} have {what.format(was='were')}."]
