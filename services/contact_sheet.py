"""The storyboard on paper: every shot's picture and words, as a PDF to pin to the wall.

A page at a time is drawn and written, so that a long film takes no more memory than a short one.
"""

from collections.abc import Generator, Iterator
from datetime import date
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from domain.errors import StudioError
from domain.events import Progress
from domain.project import Project
from domain.storyboard import Storyboard
from infrastructure.fonts import Fonts, Style
from infrastructure.part_files import writing
from infrastructure.presets_file import read_presets
from services.sheet_layout import COLUMNS, Cell, Layout, Page, Row, Sheet, clock, numbers, pages
from services.sheet_text import cut, draw, plain

__all__ = ["Layout", "drawn", "write"]

_INK, _SOFT, _FAINT, _HAIR, _EMBER = "#1c1917", "#57534e", "#a8a29e", "#d6d3d1", "#c2410c"
_PAPER, _EMPTY, _BEHIND = "#ffffff", "#faf9f7", "#f0eeeb"
_QUALITY = 92
_TOLD = 20  # characters named in one sentence


def write(
    project: Project, board: Storyboard, to: Path, layout: Layout | None = None
) -> Generator[Progress, None, tuple[Path, list[str]]]:
    """The PDF, and what could not be shown. Raises StudioError for a layout that cannot be."""
    told: list[str] = []
    with writing(to) as part:
        for number, (image, count) in enumerate(drawn(project, board, layout, told)):
            yield Progress(number / count, f"page {number + 1} of {count}")
            image.save(
                part,
                "PDF",
                resolution=(layout or Layout()).dpi,
                quality=_QUALITY,
                append=number > 0,
                title=plain(board.title),
                producer="Cindergrace Studio",
            )
            image.close()
    return to, told


def drawn(
    project: Project,
    board: Storyboard,
    layout: Layout | None = None,
    told: list[str] | None = None,
    fonts: Fonts | None = None,
) -> Iterator[tuple[Image.Image, int]]:
    """Each page as a picture, with how many there are; `told` gets what could not be shown."""
    layout, fonts, told = layout or Layout(), fonts or Fonts(), [] if told is None else told
    if layout.columns not in COLUMNS or not 50 <= layout.dpi <= 400:
        raise StudioError("A contact sheet has 2, 3 or 4 columns, and 50 to 400 dots an inch.")
    sheet = Sheet(layout, board, fonts)
    every = pages(sheet, read_presets())
    for page in every:
        yield _Drawing(sheet, project, told).page(page, len(every)), len(every)
    if fonts.missing:
        some = " ".join(list(fonts.missing)[:_TOLD])
        more = f" and {len(fonts.missing) - _TOLD} more" if len(fonts.missing) > _TOLD else ""
        told.append(
            f"No font on this machine has {some}{more}; a ? stands in their place. "
            "The Noto fonts have most of what there is."
        )


class _Drawing:
    """One page as it is drawn."""

    def __init__(self, sheet: Sheet, project: Project, told: list[str]):
        self._sheet, self._project, self._told = sheet, project, told
        self._image = Image.new("RGB", (sheet.width, sheet.height), _PAPER)
        self._canvas = ImageDraw.Draw(self._image)

    def page(self, page: Page, count: int) -> Image.Image:
        sheet = self._sheet
        y = sheet.top
        if page.number == 1:
            self._title()
            y += sheet.first_head
        else:
            y += sheet.head
            self._running_head()
        self._foot(page.number, count)
        if not sheet.board.shots:
            self._text(
                sheet.side, y + sheet.mm(8), "This storyboard has no shots yet.", sheet.style(11), _SOFT
            )
        for row in page.rows:
            if row.heading:
                self._heading(row, y)
            else:
                self._row(row, y)
            y += row.height
        return self._image

    def _title(self) -> None:
        sheet, board = self._sheet, self._sheet.board
        room = sheet.width - 2 * sheet.side
        big, small = sheet.style(23, is_bold=True), sheet.style(8.6)
        title = cut(plain(board.title), sheet.fonts, big, room)
        self._text(sheet.side, sheet.top + sheet.mm(8), title, big)
        facts = [*numbers(board.shots).split(" · "), f"{board.width} × {board.height}"]
        scenes = len({plain(shot.scene) for shot in board.shots if shot.scene.strip()})
        facts += [f"{scenes} {'scene' if scenes == 1 else 'scenes'}"] if scenes else []
        facts += [f"{board.fps:g} fps"] if board.fps else []
        self._text(sheet.side, sheet.top + sheet.mm(13.6), "   ·   ".join(facts), small, _SOFT)
        self._right(sheet.top + sheet.mm(13.6), f"{date.today():%d.%m.%Y}", small, _FAINT)
        self._rule(sheet.top + sheet.mm(17), _INK, 0.35)

    def _running_head(self) -> None:
        sheet = self._sheet
        style = sheet.style(8.6, is_bold=True)
        title = cut(plain(sheet.board.title), sheet.fonts, style, (sheet.width - 2 * sheet.side) * 0.8)
        self._text(sheet.side, sheet.top + sheet.mm(3.4), title, style)
        self._rule(sheet.top + sheet.mm(6), _INK, 0.35)

    def _foot(self, number: int, count: int) -> None:
        sheet = self._sheet
        style, y = sheet.style(7), sheet.height - sheet.mm(8)
        self._text(sheet.side, y, "Cindergrace Studio", style, _FAINT)
        self._right(y, f"{number} / {count}", style, _SOFT)

    def _heading(self, row: Row, y: float) -> None:
        sheet, base = self._sheet, y + self._sheet.mm(4.6)
        numbers_style = sheet.style(7.2)
        room = sheet.width - 2 * sheet.side
        square = sheet.mm(2.1)
        self._canvas.rectangle((sheet.side, base - square, sheet.side + square, base), fill=_EMBER)
        right = sheet.fonts.width(row.numbers, numbers_style)
        name = cut(row.heading, sheet.fonts, sheet.scene, room - right - sheet.mm(10))
        end = self._text(sheet.side + square + sheet.mm(1.8), base, name, sheet.scene)
        self._right(base, row.numbers, numbers_style, _SOFT)
        middle = base - round(sheet.scene.size * 0.36)
        self._canvas.line(
            (end + sheet.mm(3), middle, sheet.width - sheet.side - right - sheet.mm(3), middle), fill=_HAIR
        )

    def _row(self, row: Row, y: int) -> None:
        sheet = self._sheet
        for column, cell in enumerate(row.cells):
            x = sheet.side + column * (sheet.cell + sheet.gap)
            self._picture(cell, x, y)
            self._caption(cell, x, y + sheet.frame[1])

    def _caption(self, cell: Cell, x: int, y: float) -> None:
        sheet = self._sheet
        y += round(sheet.line * 1.3)
        length = clock(cell.shot.seconds)
        room = sheet.cell - sheet.fonts.width(length, sheet.words) - sheet.mm(12)
        end = self._text(x, y, cut(cell.shot.id, sheet.fonts, sheet.id, room), sheet.id)
        minutes, seconds = divmod(int(cell.start), 60)
        self._text(end + sheet.mm(1.8), y, f"{minutes}:{seconds:02d}", sheet.small, _FAINT)
        self._text(x + sheet.cell - sheet.fonts.width(length, sheet.words), y, length, sheet.words, _SOFT)
        y += round(sheet.line * 0.25)
        for text, colour in ((cell.scene, _SOFT), (cell.camera, _EMBER)):
            if text:
                y += sheet.small_line
                self._text(x, y, cut(text, sheet.fonts, sheet.small, sheet.cell), sheet.small, colour)
        y += sheet.air if cell.camera else 0
        for line in cell.prompt:
            y += sheet.line
            self._text(x, y, line, sheet.words)
        y += sheet.air
        for line in cell.notes:
            y += sheet.small_line
            self._text(x, y, line, sheet.small, _SOFT)

    def _picture(self, cell: Cell, x: int, y: int) -> None:
        sheet = self._sheet
        width, height = sheet.frame
        box = (x, y, x + width - 1, y + height - 1)
        path = self._project.keyframe(cell.shot.id)
        picture = _fitted(path, (width, height), self._told) if path.exists() else None
        if picture is None:
            self._canvas.rectangle(box, fill=_EMPTY)
            for ends in ((x, y, box[2], box[3]), (x, box[3], box[2], y)):
                self._canvas.line(ends, fill=_BEHIND, width=max(1, sheet.mm(0.2)))
        else:
            self._canvas.rectangle(box, fill=_BEHIND)
            left, top = x + (width - picture.width) // 2, y + (height - picture.height) // 2
            self._image.paste(picture, (left, top))
        self._canvas.rectangle(box, outline=_HAIR, width=max(1, sheet.mm(0.15)))

    def _text(self, x: float, y: float, text: str, style: Style, colour: str = _INK) -> float:
        return draw(self._canvas, (x, y), text, self._sheet.fonts, (style, colour))

    def _right(self, y: float, text: str, style: Style, colour: str) -> None:
        sheet = self._sheet
        self._text(sheet.width - sheet.side - sheet.fonts.width(text, style), y, text, style, colour)

    def _rule(self, y: int, colour: str, thick: float) -> None:
        sheet = self._sheet
        self._canvas.rectangle(
            (sheet.side, y, sheet.width - sheet.side - 1, y + max(1, sheet.mm(thick)) - 1), fill=colour
        )


def _fitted(path: Path, size: tuple[int, int], told: list[str]) -> Image.Image | None:
    """The picture whole within the frame, upright and on paper; nothing when it cannot be read."""
    try:
        with Image.open(path) as opened:
            opened.draft("RGB", size)
            upright: Image.Image = ImageOps.exif_transpose(opened)
            if upright.mode.startswith("I"):  # 16 bits
                upright = upright.convert("I").point(lambda value: value * (1 / 256)).convert("L")
            picture = upright.convert("RGBA")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        told.append(f"{path.name} cannot be read; its frame is empty.")
        return None
    paper = Image.new("RGBA", picture.size, _PAPER)
    flat = Image.alpha_composite(paper, picture).convert("RGB")
    is_shaped_so = abs(flat.width / flat.height / (size[0] / size[1]) - 1) < 0.02
    return ImageOps.fit(flat, size) if is_shaped_so else ImageOps.contain(flat, size)
