"""A comic's lettered pages as the window shows them: made when they are asked for, and kept in the cache."""

import hashlib
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from domain.comic import Chapter, Comic, Page, Panel
from domain.comic_edits import page_of
from domain.project import Project
from infrastructure.comics.style_file import look_of as lettering_of
from infrastructure.fonts import Fonts
from infrastructure.part_files import writing
from services.comic_pages import drawn, laid, pictures_of
from services.comic_paper import paper_of, shown
from services.lettering.painting import Placed
from services.project_facts import stamp_of

SIZES = {"card": 60, "page": 110, "read": 160}  # dots per inch of A4, by what it is for
KEPT = 200  # files
QUALITY = 86


class ComicPreview:
    """May be asked from many threads; one page is drawn at a time, as each takes a core."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fonts: Fonts | None = None  # opening them is the slow part of a small page

    def page(self, project: Project, comic: Comic, id: str, size: str) -> tuple[Path, str]:
        """The picture, and its look (`look_of`). Raises StudioError when the page is gone, or a picture of it
        does not read."""
        page, dpi = page_of(comic, id), SIZES.get(size, SIZES["card"])
        alone = replace(comic, chapters=(Chapter("", "", (page,)),))
        pictures = pictures_of(alone, project)
        look = look_of(comic, page, pictures)
        to = project.cache / "comic" / f"{look}-{dpi}.webp"
        with self._lock:
            if not to.exists():
                self._fonts = self._fonts or Fonts()
                for made in drawn(alone, pictures, shown(comic, dpi), self._fonts):
                    with writing(to) as part:
                        made.image.save(part, "WEBP", quality=QUALITY, method=2)
                _thin_out(to.parent)
        return to, look

    def places(self, comic: Comic, id: str) -> dict[str, list[dict[str, Any]]]:
        """Of a page's balloons, by panel: `line` (from 0), `rect` (x, y, width, height) and `tip` (x, y) in
        percent of the page."""
        page, paper = page_of(comic, id), shown(comic, SIZES["page"])
        width, height = paper.px(paper.width), paper.px(paper.height)
        with self._lock:
            self._fonts = self._fonts or Fonts()
            return {
                panel.id: [_balloon(n, group, width, height) for n, group in enumerate(words.balloons)]
                for panel, _, words in laid(comic, page, paper, self._fonts)
            }


def _balloon(line: int, group: tuple[Placed, ...], width: float, height: float) -> dict[str, Any]:
    """The first of those that hang together, which may be moved, and where the tail of the last ends."""
    first, tip = group[0], group[-1].tip
    (x, y), a, b = first.at, first.balloon.a, first.balloon.b
    across, down = 100 / width, 100 / height
    sides = [(x - a) * across, (y - b) * down, 2 * a * across, 2 * b * down]
    return {"line": line, "rect": sides, "tip": tip and [tip[0] * across, tip[1] * down]}


def look_of(comic: Comic, page: Page, pictures: Mapping[str, Path]) -> str:
    """Changes with whatever is seen of a page, and with nothing else."""

    def part(panel: Panel) -> Panel:
        return Panel(panel.id, panel.actors, lines=panel.lines, narrative=panel.narrative, sfx=panel.sfx)

    bare = Page("", page.number, page.layout, tuple(map(part, page.panels)))
    seen = [(path.name, stamp_of(path)) for panel in page.panels if (path := pictures.get(panel.id))]
    look = repr((bare, comic.is_rtl, paper_of(comic).name, lettering_of(comic.style), seen))
    return hashlib.sha256(look.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _thin_out(folder: Path) -> None:
    """Leave the newest ones."""
    with suppress(OSError):
        files = sorted(folder.glob("*.webp"), key=lambda file: file.stat().st_mtime, reverse=True)
        for file in files[KEPT:]:
            file.unlink(missing_ok=True)
