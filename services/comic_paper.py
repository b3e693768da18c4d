"""What a comic's pages are made on."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from domain.comic import Comic
from domain.errors import StudioError
from infrastructure.json_files import read_json

PAPERS = Path(__file__).parent.parent / "config" / "comic_papers.json"
ASIDE = "-landscape"
PRINT = 300  # dots per inch


@dataclass(frozen=True)
class Paper:
    """In millimetres."""

    width: float = 210.0
    height: float = 297.0
    margin: float = 9.0
    gutter: float = 4.0
    dpi: int = 150
    bleed: float = 0.0  # what is printed beyond the cut, at each side
    name: str = "A4"
    screen: int = 96  # dots an inch where it is shown and not printed

    def px(self, length: float) -> float:
        return length / 25.4 * self.dpi


def paper(name: str = "", dpi: int | None = None, bleed: float = 0.0) -> Paper:
    """By its name, or A4; with margins as wide as they look on A4. What is made for a telephone, as a square
    is, is small and of many dots, so that its type is large. Raises StudioError where there is none."""
    known = {called.casefold(): called for called in names()}
    wanted = "-".join((name or Paper.name).casefold().split())
    if wanted not in known:
        near = difflib.get_close_matches(wanted, known, 1)
        hint = f"Did you mean {known[near[0]]}?" if near else f"There are: {', '.join(known.values())}."
        raise StudioError(f"There is no paper called {name}. {hint}")
    called, is_aside = known[wanted], wanted.endswith(ASIDE)
    said = _known()[called.removesuffix(ASIDE)]
    sides = float(said["width"]), float(said["height"])
    scale = min(sides) / Paper.width
    return Paper(
        width=sides[is_aside],
        height=sides[not is_aside],
        margin=Paper.margin * scale,
        gutter=Paper.gutter * scale,
        dpi=dpi or said["dpi"],
        bleed=bleed,
        name=called,
        screen=said["screen"],
    )


def paper_of(comic: Comic, dpi: int | None = None, bleed: float = 0.0) -> Paper:
    """What a comic's pages are made on; A4 where it names a paper that only another program has."""
    try:
        return paper(comic.paper, dpi, bleed)
    except StudioError:
        return paper("", dpi, bleed)


def shown(comic: Comic, dpi: int) -> Paper:
    """What a comic's pages are shown on: as large on a screen as A4 is at so many dots per inch."""
    named = paper_of(comic)
    return replace(named, dpi=round(dpi * Paper.width / min(named.width, named.height)))


def printed(on: Paper) -> Paper:
    """To be handed out: fine enough for print, or as a telephone shows it."""
    return on if on.dpi == on.screen else replace(on, dpi=PRINT)


def names() -> list[str]:
    """Of all papers; on their sides as well, where that is another shape."""
    return [
        called + aside
        for called, said in _known().items()
        for aside in ("", ASIDE)
        if not aside or said["width"] != said["height"]
    ]


@cache
def _known() -> Mapping[str, Any]:
    content: Mapping[str, Any] = read_json(PAPERS)
    return content
