"""A comic's lettered pages as the window shows them: made when they are asked for, and kept in the cache."""

import hashlib
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from domain.comic import Chapter, Comic, Page, Panel
from domain.comic_edits import page_of
from domain.project import Project
from infrastructure.fonts import Fonts
from infrastructure.part_files import writing
from services.comic_pages import drawn, pictures_of
from services.comic_paper import Paper
from services.project_facts import stamp_of

SIZES = {"card": 60, "page": 110, "read": 160}  # dots per inch of A4, by what it is for
KEPT = 200  # files
QUALITY = 86


class ComicPreview:
    """May be asked from many threads; one page is drawn at a time, as each takes a core."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fonts: Fonts | None = None  # opening them is the slow part of a small page

    def page(self, project: Project, comic: Comic, id: str, size: str) -> Path:
        """Raises StudioError when the page is gone, or a picture of it does not read."""
        page, dpi = page_of(comic, id), SIZES.get(size, SIZES["card"])
        alone = replace(comic, chapters=(Chapter("", "", (page,)),))
        pictures = pictures_of(alone, project)
        stamps = {id: (str(path), stamp_of(path)) for id, path in sorted(pictures.items())}
        look = repr((lettered_part(page), comic.is_rtl, stamps, dpi))
        name = hashlib.sha256(look.encode("utf-8", "surrogatepass")).hexdigest()[:20]
        to = project.cache / "comic" / f"{name}.webp"
        with self._lock:
            if not to.exists():
                self._fonts = self._fonts or Fonts()
                for made in drawn(alone, pictures, Paper(dpi=dpi), self._fonts):
                    with writing(to) as part:
                        made.image.save(part, "WEBP", quality=QUALITY, method=2)
                _thin_out(to.parent)
        return to


def lettered_part(page: Page) -> Page:
    """What of a page changes how it looks, besides its pictures."""

    def part(panel: Panel) -> Panel:
        return Panel(panel.id, panel.actors, lines=panel.lines, narrative=panel.narrative, sfx=panel.sfx)

    return Page("", page.number, page.layout, tuple(map(part, page.panels)))


def _thin_out(folder: Path) -> None:
    """Leave the newest ones."""
    with suppress(OSError):
        files = sorted(folder.glob("*.webp"), key=lambda file: file.stat().st_mtime, reverse=True)
        for file in files[KEPT:]:
            file.unlink(missing_ok=True)
