"""How a page is divided into panels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

MARGIN, GUTTER = 1.5, 2.0  # percent of the page


class Rect(NamedTuple):
    """In percent of the page, or in whatever the page was measured in."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Layout:
    """Panels as cells of a grid, in reading order from left to right."""

    name: str
    columns: int
    rows: int
    panels: tuple[tuple[int, int, int, int], ...]  # column, row, columns and rows it spans
    is_usual: bool = False  # chosen where nobody says which

    def rects(
        self,
        page: tuple[float, float] = (100.0, 100.0),
        margin: float = MARGIN,
        gutter: float = GUTTER,
        is_rtl: bool = False,
    ) -> list[Rect]:
        """In the page's measure, as margin and gutter are; read from right to left they are mirrored."""
        width, height = page
        cell_w = (width - 2 * margin - (self.columns - 1) * gutter) / self.columns
        cell_h = (height - 2 * margin - (self.rows - 1) * gutter) / self.rows
        found = []
        for column, row, wide, tall in self.panels:
            w = wide * cell_w + (wide - 1) * gutter
            x = margin + column * (cell_w + gutter)
            y = margin + row * (cell_h + gutter)
            mirrored = width - x - w if is_rtl else x
            found.append(Rect(mirrored, y, w, tall * cell_h + (tall - 1) * gutter))
        return found


Layouts = Mapping[str, Layout]


def fitting(layouts: Layouts, count: int, before: tuple[str, ...] = (), is_last: bool = False) -> str:
    """The layout for so many panels that the pages `before` had least lately. "" when none has so many."""
    names = [name for name, layout in layouts.items() if len(layout.panels) == count]
    if is_last and "big-bottom" in names:
        return "big-bottom"  # an ending wants room
    usual = [name for name in names if layouts[name].is_usual] or names
    if len(usual) == 1 and before[-2:] == (usual[0], usual[0]):
        usual = [name for name in names if name not in usual] or usual  # never three times running
    lately = {name: at for at, name in enumerate(before)}
    return min(usual, key=lambda name: lately.get(name, -1), default="")
