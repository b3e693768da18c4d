"""A plan while it is made: kept beside the plan after every step, so that a run that was cut short goes on at
the first panel that is missing."""

import threading
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path

from domain.comic import Comic, Page, Panel
from domain.comic_layouts import Layouts
from domain.comic_rules import Finding, settled
from domain.errors import BadFile
from domain.plan_request import PlanRequest
from infrastructure.comics.plan_json import plan_json, read_plan
from infrastructure.json_files import write_json
from infrastructure.part_files import kept_aside
from infrastructure.strict_json import parse_json, read_text


def draft_path(plan: Path) -> Path:
    return plan.with_name(f"{plan.stem}.draft.json")


class Draft:
    """May be written to from many threads. Raises CannotWrite."""

    def __init__(self, path: Path, request: PlanRequest, layouts: Layouts):
        """Goes on with what is at `path`, if it is of the same request; another draft is kept aside."""
        self._path, self._request, self._lock = path, request, threading.Lock()
        self.comic = Comic("", request.style, request.language)
        self.done: set[str] = set()  # ids of panels
        self.found: list[Finding] = []
        self.passes = 0  # of the review
        self.has_characters = False
        if path.exists() and not self._read(layouts):
            kept_aside(path, "before")

    @property
    def missing(self) -> list[tuple[Page, list[Panel]]]:
        """Page by page what is not planned yet."""
        left = [(page, [one for one in page.panels if one.id not in self.done]) for page in self.comic.pages]
        return [(page, panels) for page, panels in left if panels]

    def keep(self, comic: Comic, found: Iterable[Finding] = ()) -> None:
        """The whole of it, when its characters or its outline are there."""
        with self._lock:
            self.comic, self.has_characters = comic, True
            self.found.extend(found)
            self._write()

    def keep_panel(self, panel: Panel, found: Iterable[Finding] = ()) -> None:
        with self._lock:
            chapters = tuple(
                replace(chapter, pages=tuple(_with(page, panel) for page in chapter.pages))
                for chapter in self.comic.chapters
            )
            self.comic = replace(self.comic, chapters=chapters)
            self.done.add(panel.id)
            self.found.extend(found)
            self._write()

    def keep_pass(self, found: Iterable[Finding] = ()) -> None:
        with self._lock:
            self.passes += 1
            self.found.extend(found)
            self._write()

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        write_json(
            self._path,
            {
                "request": asdict(self._request),
                "plan": plan_json(self.comic),
                "done": sorted(self.done),
                "passes": self.passes,
                "findings": [finding._asdict() for finding in self.found],
            },
        )

    def _read(self, layouts: Layouts) -> bool:
        try:
            content = parse_json(read_text(self._path), self._path)
            if not isinstance(content, dict) or content.get("request") != asdict(self._request):
                return False
            comic, mended = settled(read_plan(content), layouts)
        except BadFile:
            return False
        done, passes, found = (content.get(key) for key in ("done", "passes", "findings"))
        ids = {panel.id for _, panel in comic.panels}
        self.comic, self.has_characters = comic, True
        self.done = {id for id in done if isinstance(id, str)} & ids if isinstance(done, list) else set()
        self.passes = passes if isinstance(passes, int) else 0
        told = found if isinstance(found, list) else []
        self.found = [
            Finding(str(one.get("where")), str(one.get("said"))) for one in told if isinstance(one, dict)
        ]
        self.found.extend(mended)
        return True


def _with(page: Page, panel: Panel) -> Page:
    return replace(page, panels=tuple(panel if one.id == panel.id else one for one in page.panels))
