"""Where everything stands on a contact sheet: sizes in millimetres and points, rows, pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from domain.prompts import Presets
from domain.storyboard import Shot, Storyboard
from infrastructure.fonts import Fonts, Style
from services.sheet_text import lines, plain

A4 = (210.0, 297.0)
COLUMNS = (2, 3, 4)
_WORDS = {2: 8.6, 3: 7.6, 4: 6.9}  # points of the prompt, by columns
_PROMPT_LINES = {2: 6, 3: 7, 4: 8}
_NOTE_LINES = 3
_HIGHEST = {  # share of a page that a frame may take: page is landscape, board is wide
    (False, True): 0.33,  # two rows or more
    (False, False): 0.28,
    (True, True): 0.28,
    (True, False): 0.6,  # one row: upright pictures want the height
}
_ONE_ROW = 0.62
_GAP = {2: 7.0, 3: 5.5, 4: 4.5}  # millimetres between two frames


@dataclass(frozen=True)
class Layout:
    """How the sheet is to be."""

    columns: int = 3
    is_landscape: bool = False
    dpi: int = 200


@dataclass(frozen=True)
class Cell:
    """A shot on the sheet, its texts broken into lines."""

    shot: Shot
    start: float  # seconds into the film
    scene: str  # told here where scenes have no heading of their own
    camera: str
    prompt: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    cells: tuple[Cell, ...] = ()
    heading: str = ""  # of a scene, instead of cells
    numbers: str = ""  # what the scene holds
    height: int = 0


@dataclass(frozen=True)
class Page:
    rows: tuple[Row, ...]
    number: int


class Sheet:
    """All measures of one sheet, in pixels."""

    def __init__(self, layout: Layout, board: Storyboard, fonts: Fonts):
        self.layout, self.board, self.fonts = layout, board, fonts
        long, short = max(A4), min(A4)
        self.width, self.height = map(self.mm, (long, short) if layout.is_landscape else (short, long))
        self.side, self.top, self.bottom = self.mm(14), self.mm(12), self.mm(13)
        self.first_head, self.head = self.mm(21), self.mm(11)
        self.gap = self.mm(_GAP[layout.columns])
        room = self.width - 2 * self.side
        self.cell = (room - self.gap * (layout.columns - 1)) // layout.columns
        self.frame = self._frame()
        if self.frame[0] >= 0.8 * self.cell:  # frames a little narrower than their columns stand apart
            self.cell = self.frame[0]
            self.gap = (room - self.cell * layout.columns) // (layout.columns - 1)
        words = _WORDS[layout.columns]
        self.words, self.small = self.style(words), self.style(words * 0.86)
        self.id = self.style(words * 1.12, is_bold=True)
        self.scene = self.style(10, is_bold=True)
        self.line = round(self.words.size * 1.38)
        self.small_line = round(self.small.size * 1.4)
        self.air = round(self.words.size * 0.3)  # between what is said in different voices
        self.row_gap = self.mm(5.5)
        self.heading = self.mm(8.5)

    def mm(self, length: float) -> int:
        return round(length / 25.4 * self.layout.dpi)

    def style(self, points: float, is_bold: bool = False) -> Style:
        return Style(max(6, round(points / 72 * self.layout.dpi)), is_bold)

    def caption(self, cell: Cell) -> int:
        """How high a cell's words are."""
        small = bool(cell.scene) + bool(cell.camera) + len(cell.notes)
        air = self.air * (bool(cell.camera) + bool(cell.notes))
        return round(self.line * (1.55 + len(cell.prompt))) + self.small_line * small + air

    def _frame(self) -> tuple[int, int]:
        """The board's shape, and no higher than suits the page."""
        ratio = min(max(self.board.width / self.board.height, 0.4), 4.0)
        is_large = self.layout.is_landscape and self.layout.columns == 2
        share = _ONE_ROW if is_large else _HIGHEST[self.layout.is_landscape, ratio > 1]
        highest = (self.height - self.top - self.bottom - self.first_head) * share
        high = round(min(self.cell / ratio, highest))
        return round(high * ratio) if high < self.cell / ratio - 1 else self.cell, high


def pages(sheet: Sheet, presets: Presets) -> list[Page]:
    """The whole film in rows, and the rows on pages; nothing is drawn yet."""
    found: list[list[Row]] = [[]]
    left = sheet.height - sheet.top - sheet.bottom - sheet.first_head
    heading: Row | None = None

    def turn() -> int:
        found.append([])
        return sheet.height - sheet.top - sheet.bottom - sheet.head

    for row in _rows(sheet, presets):
        if row.heading:
            heading = row
            continue
        needed = row.height - sheet.row_gap + (heading.height if heading else 0)
        if needed > left and found[-1]:
            left = turn()
        if heading:
            found[-1].append(heading)
            left -= heading.height
            heading = None
        found[-1].append(row)
        left -= row.height
    return [Page(tuple(rows), number) for number, rows in enumerate(found, 1)]


def _rows(sheet: Sheet, presets: Presets) -> list[Row]:
    shots, columns = sheet.board.shots, sheet.layout.columns
    scenes = [(name, list(group)) for name, group in groupby(shots, lambda shot: plain(shot.scene))]
    has_headings = any(name for name, _ in scenes) and len(shots) >= 2 * len(scenes)
    groups = scenes if has_headings else [("", list(shots))]
    rows: list[Row] = []
    start = 0.0
    for name, group in groups:
        if name:
            rows.append(Row(heading=name, numbers=numbers(group), height=sheet.heading))
        cells = []
        for shot in group:
            cells.append(_cell(sheet, shot, start, has_headings, presets))
            start += shot.seconds
        for first in range(0, len(cells), columns):
            row = tuple(cells[first : first + columns])
            high = sheet.frame[1] + max(map(sheet.caption, row)) + sheet.row_gap
            rows.append(Row(row, height=high))
    return rows


def _cell(sheet: Sheet, shot: Shot, start: float, has_headings: bool, presets: Presets) -> Cell:
    most, width = _PROMPT_LINES[sheet.layout.columns], sheet.cell
    return Cell(
        shot,
        start,
        "" if has_headings else plain(shot.scene),
        _camera(shot, presets),
        tuple(lines(shot.prompt or shot.description, sheet.fonts, sheet.words, width, most)),
        tuple(lines(shot.notes, sheet.fonts, sheet.small, width, _NOTE_LINES)),
    )


def _camera(shot: Shot, presets: Presets) -> str:
    """What the camera does, in the words of the presets or the artist's own."""
    key = shot.tags.get("camera", "") or shot.motion.kind
    preset = presets.get("camera", {}).get(key)
    words = preset.label if preset else key.replace("_", " ")
    return " · ".join(plain(word) for word in (words, shot.motion.notes) if word.strip())


def numbers(shots: Sequence[Shot]) -> str:
    return f"{len(shots)} {'shot' if len(shots) == 1 else 'shots'} · {clock(sum(s.seconds for s in shots))}"


def clock(seconds: float) -> str:
    """How long something runs: "4.5 s", "1 min 12 s"."""
    if seconds < 60:
        return f"{round(seconds, 1):g} s"
    return f"{round(seconds) // 60} min {round(seconds) % 60:02d} s"
