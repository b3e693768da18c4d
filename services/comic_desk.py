"""The project's comic as it is being worked on: each edit of its plan is in comic.json at once and undoable
with those of the board, and every page is told how the comic stands.

A comic.json that does not read is told and left as it is; until it is mended the comic is shown as it was
last, and no edit is taken.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from domain.comic import Comic
from domain.comic_edits import panel_of, rewritten
from domain.comic_rules import MOST_PAGES, findings, settled
from domain.errors import StudioError
from domain.project import Project
from domain.settings import Settings
from infrastructure.chat import Chat, key_for
from infrastructure.comics.layout_file import layouts
from infrastructure.comics.plan_json import plan_json
from infrastructure.json_files import write_json
from infrastructure.part_files import kept_aside, writing
from infrastructure.secrets_file import SecretsFile
from services import comic_pictures, comic_plan
from services.comic_facts import comic_facts, fixed_comic_facts
from services.comic_plan import Planned
from services.comic_preview import ComicPreview
from services.debounced import Debounced
from services.desk import Conflict, Desk
from services.feed import Feed
from services.history import Step
from services.project_facts import stamp_of

SCRIPT = "script.txt"
QUIET = 0.05  # seconds to wait for more of the same before looking

Edit = Callable[[Comic], Comic]


class ComicDesk:
    """`desk` gives that of the open project, if any is."""

    def __init__(
        self,
        feed: Feed,
        desk: Callable[[], Desk | None],
        settings: Callable[[], Settings],
        secrets: SecretsFile,
    ):
        self._feed, self._desk, self._settings, self._secrets = feed, desk, settings, secrets
        self._lock, self._preview = threading.RLock(), ComicPreview()
        self._read: tuple[Project, str | None, Comic | None] | None = None  # what stood there, and its stamp
        feed.put_all(fixed_comic_facts())
        self._wrote: dict[Project, str | None] = {}  # how the file stood when it was written last, by us
        self._told: tuple[Project, str | None] | None = None  # … when pages were told of it last
        self._soon = Debounced("the comic", self.tell, QUIET)
        self._soon.start()

    def comic(self, project: Project) -> Comic:
        """The plan as it stands on disk. Raises StudioError when there is none, or none that reads."""
        with self._lock:
            stamp = stamp_of(project.comic)
            if stamp is None:
                raise StudioError("This project has no comic yet. Write or paste a script first.")
            if self._read is None or self._read[:2] != (project, stamp) or self._read[2] is None:
                self._read = project, stamp, comic_plan.read(project.comic).comic
            assert self._read[2]
            return self._read[2]

    def begin_of_text(self, desk: Desk, script: str, style: str = "", language: str = "") -> list[str]:
        """The same of a script's words, which are kept in the project as script.txt."""
        file = desk.project.folder / SCRIPT
        if file.exists():
            kept_aside(file, "before")
        with writing(file) as part:
            part.write_text(script, encoding="utf-8")
        planned = comic_plan.read(file, style, language)
        if before := self._there(desk.project):
            planned = planned._replace(comic=rewritten(before, planned.comic, desk.used_ids()))
        return self.take(desk, planned)

    def begin(self, desk: Desk, source: Path, style: str = "", language: str = "") -> list[str]:
        """Plan a comic of a script or another plan, in place of the one there is. Returns what was not taken
        as it stands."""
        return self.take(desk, comic_plan.read(source, style, language))

    def chat(self) -> Chat:
        """The language model of the settings. Raises StudioError when none is named."""
        chosen = self._settings().chat
        if not chosen.model:
            raise StudioError(
                f"Which model? Name one that {chosen.url} has, on the Comic page under Idea; it is kept."
            )
        return Chat(chosen.url, chosen.model, key_for(chosen.url, self._secrets))

    def take(self, desk: Desk, planned: Planned) -> list[str]:
        """A plan in place of the one there is. Returns what was not taken as it stood."""
        comic, pictures, left = comic_pictures.taken_out(planned.comic)
        comic, _ = settled(comic, layouts(), desk.used_ids())
        with desk.in_turn(), self._lock:
            self._took(desk, "comic", self._there(desk.project), comic)
            left += comic_pictures.put(comic, pictures, desk.project)
        desk.tell(())
        return [f"{finding.where}: {finding.said}" for finding in (*planned.changed, *left)]

    def edit(self, desk: Desk, label: str, edit: Edit, about: str = "", stroke: str = "") -> None:
        """Change the plan as one step that can be undone. Raises StudioError for what does not fit."""
        with desk.in_turn(), self._lock:
            before = self.comic(desk.project)
            after, _ = settled(edit(before), layouts(), desk.used_ids())
            if after != before:
                self._took(desk, label, before, after, about, stroke)
        desk.tell(())

    def set(self, desk: Desk, edit: Edit, value: Callable[[Comic], Any], about: str, *was: Any) -> Any:
        """Change what `value` reads of the plan; with `was`, only if nobody changed it since it was seen so.
        Returns what it is then."""

        def made(comic: Comic) -> Comic:
            after, there = edit(comic), value(comic)
            if was and there != was[0] and there != value(after):
                raise Conflict(there)
            return after

        self.edit(desk, "comic.edit", made, about, f"comic {about}")
        return value(self.comic(desk.project))

    def choose(self, desk: Desk, id: str, picture: Path) -> None:
        """Make a picture the panel's, or a character's portrait; undoing brings back the one before."""
        comic = self.comic(desk.project)
        if comic.character(id) is None:
            panel_of(comic, id)
        desk.pick(id, picture)

    def page(self, project: Project, id: str, size: str) -> tuple[Path, str]:
        """A lettered page as it is planned now, and the stamp that pages are told of it. Raises StudioError;
        takes up to a second."""
        return self._preview.page(project, self._shown(project), id, size)

    def places(self, project: Project, id: str) -> dict[str, list[dict[str, Any]]]:
        """Where the balloons of a page stand, by panel, in percent of the page."""
        return self._preview.places(self._shown(project), id)

    def again(self) -> None:
        """Something changed that the comic may look otherwise by."""
        self._soon.again()

    def look(self) -> None:
        """Notice what somebody else wrote into comic.json."""
        if (desk := self._desk()) and self._told != (desk.project, stamp_of(desk.project.comic)):
            self.again()

    def tell(self) -> None:
        """Say how the comic stands."""
        desk = self._desk()
        if desk is None:
            self._feed.put("comic", None)
            return
        project = desk.project
        with self._lock:
            comic, trouble = None, ""  # type: Comic | None, str
            self._told = project, stamp_of(project.comic)
            try:
                comic = self.comic(project) if project.comic.exists() else None
            except StudioError as error:
                trouble = str(error)
                comic = self._last_read(project)
            if comic is None:
                self._feed.put_all({"comic": {"pages": [], "trouble": trouble}}, instead_of="panel/")
                return
            facts = comic_facts(desk, comic)
            advice = [finding._asdict() for finding in findings(comic, MOST_PAGES)]
            whole = {**facts["comic"], "trouble": trouble, "advice": advice}
            self._feed.put_all({**facts, "comic": whole}, instead_of="panel/")

    def stop(self) -> None:
        self._soon.stop()

    def _shown(self, project: Project) -> Comic:
        """The comic, or what it was before its file did not read any more, which pages go on showing."""
        with self._lock:
            try:
                return self.comic(project)
            except StudioError:
                last = self._last_read(project)
                if last is None or not project.comic.exists():
                    raise
                return last

    def _last_read(self, project: Project) -> Comic | None:
        return self._read[2] if self._read and self._read[0] == project else None

    def _there(self, project: Project) -> Comic | None:
        """None also for a file that does not read: it is kept aside when another is written."""
        try:
            return self.comic(project)
        except StudioError:
            return None

    def _took(
        self, desk: Desk, label: str, before: Comic | None, after: Comic, about: str = "", stroke: str = ""
    ) -> None:
        project = desk.project
        if before is None and project.comic.exists():
            kept_aside(project.comic, "before")  # it does not read
        self._put(project, after)
        undo, redo = (lambda: self._put_back(project, before)), (lambda: self._put_back(project, after))
        desk.took(Step(label, undo, redo, about, stroke))
        self.tell()

    def _put(self, project: Project, comic: Comic | None) -> None:
        with self._lock:
            if comic is None:
                project.comic.unlink(missing_ok=True)
            else:
                write_json(project.comic, plan_json(comic))
            stamp = stamp_of(project.comic)
            self._read, self._wrote[project] = (project, stamp, comic), stamp

    def _put_back(self, project: Project, comic: Comic | None) -> None:
        """What somebody else wrote there since is kept aside: a step of ours knows nothing of it."""
        with self._lock:
            if project.comic.exists() and stamp_of(project.comic) != self._wrote.get(project):
                kept_aside(project.comic, "before")
            self._put(project, comic)
