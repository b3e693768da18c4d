"""A comic's pages as one file for who asks for them: made once, and kept in the project's cache."""

import hashlib
import threading
from contextlib import suppress
from pathlib import Path

from domain.project import Project
from infrastructure.comics.style_file import look_of
from services import comic_plan
from services.comic_export import FORMATS
from services.comic_pages import pictures_of
from services.comic_paper import paper_of, printed
from services.project_facts import stamp_of

BOOKS = ("cbz", "pdf", "epub")
_KEPT = 6  # files of a project: an older one may be on its way to somebody still


class Books:
    """May be asked from many threads; one is made at a time, as each takes a core."""

    def __init__(self) -> None:
        self._making = threading.Lock()

    def book(self, project: Project, format: str) -> Path:
        """The pages as they are now, in one of BOOKS. Takes seconds when they have changed. Raises
        StudioError."""
        with self._making:
            comic = comic_plan.read(project.comic).comic
            pictures = pictures_of(comic, project)
            stamps = {id: (str(path), stamp_of(path)) for id, path in sorted(pictures.items())}
            paper = printed(paper_of(comic))
            look = repr((comic_plan.as_plan(comic), look_of(comic.style), stamps, paper))
            name = hashlib.sha256(look.encode("utf-8", "surrogatepass")).hexdigest()[:20]
            to = project.cache / "books" / f"{name}.{format}"
            if not to.exists():
                for _ in FORMATS[format](comic, pictures, paper, to):
                    pass
                _thin_out(to.parent)
            return to


def _thin_out(folder: Path) -> None:
    with suppress(OSError):
        books = [file for file in folder.iterdir() if file.suffix.removeprefix(".") in BOOKS]
        for file in sorted(books, key=lambda file: file.stat().st_mtime, reverse=True)[_KEPT:]:
            file.unlink(missing_ok=True)
