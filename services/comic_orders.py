"""Comics as other programs order them: planned in projects of their own, drawn by the studio's queue.

An order's id is its project's folder name in the studio's projects folder, so that an order outlives
the program, and the window shows it as what it is. How it stands is read from the project and the queue.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from domain.comic import STYLES, Comic
from domain.errand import RUNNING, STOPPED, WAITING, Errand
from domain.errors import BadFile, StudioError
from domain.languages import code_of
from domain.plan_request import PlanRequest
from domain.project import Project
from infrastructure.there import is_file
from services import comic_errands, comic_pictures, comic_plan, orders, projects
from services.comic_pages import pictures_of
from services.comic_plan import Planned, check_style
from services.means import errand
from services.orders import Unknown
from services.planning.drafts import draft_path
from services.planning.template import template
from services.studio import Studio

MOST_PLANNED = 4  # at once, by a language model
LANGUAGE = "uk"  # of what is lettered, unless an order says otherwise
_PLANNING, _PLANNED, _DRAWING, _DONE, _FAILED = "planning", "planned", "drawing", "done", "failed"
_ENDED = "The studio ended before it was drawn. Ask for it again, and it goes on where it was."
_GONE = "Its plan is not there any more. Ask for a plan again."
_UNFINISHED = "The studio ended before the comic was planned. Ask for the plan again, and it goes on."
_PLAN = "plan"  # the errand's deed


@dataclass(frozen=True)
class Wish:
    """What a comic is to be planned from: an idea or a script, one of the two."""

    prompt: str = ""
    script: str = ""
    style: str = ""
    language: str = ""
    pages: int = 5


@dataclass(frozen=True)
class Standing:
    """How an order stands."""

    state: str
    progress: float
    jobs: Mapping[str, int]  # done, failed, left
    plan: Mapping[str, Any] | None = None
    images: Mapping[str, str] | None = None  # by panels: a file's path in the project
    error: str = ""
    paused: str = ""  # why nothing is drawn just now


class ComicOrders:
    """May be asked from many threads."""

    def __init__(self, studio: Studio):
        self._studio = studio
        self._making = threading.Lock()

    def plan(self, wish: Wish) -> tuple[str, Planned]:
        """A project with a plan in it. Raises StudioError."""
        if wish.script:
            planned = comic_plan.of_text(
                wish.script, Path("script"), wish.style, wish.language and code_of(wish.language)
            )
        else:
            planned = template(_request(wish))
        return self._made(planned)

    def plan_by_model(self, wish: Wish) -> str:
        """The same by a language model, an errand that goes on when this is over; what the studio's end cut
        short goes on where it was. Raises StudioError."""
        request = _request(wish)
        check_style(request.style)
        self._studio.comic.chat()  # which says what is missing
        asked = _values(request)
        with self._making:
            if going := self._going_on(asked):
                return going
            self._check_room()
            with self._project(" ".join(request.idea.split())[:60]) as project:
                self._studio.ask([errand(_PLAN, project.folder, run=uuid4().hex[:8], **asked)])
        return project.name

    def _going_on(self, asked: Mapping[str, Any]) -> str:
        """The order that is to be planned of just this, on its way; "" when there is none."""
        while same := self._open(asked):
            if same.state == STOPPED:
                self._check_room()
            if same.state != STOPPED or self._studio.runs.again([same.id]):
                return Path(same.project).name
            # somebody at the window took it off the list, or had it go on, just now
        return ""

    def _check_room(self) -> None:
        """What a model costs is not held by the studio's limits."""
        going = [e for e in self._studio.runs.errands() if e.deed == _PLAN and e.state in (WAITING, RUNNING)]
        if len(going) >= MOST_PLANNED:
            most = f"{MOST_PLANNED} comics are being planned already."
            raise StudioError(f"{most} Wait until one of them is done, and send it again.")

    def _open(self, asked: Mapping[str, Any]) -> Errand | None:
        """The errand that is to plan just this: a model is not paid twice for what was sent twice."""
        left = (e for e in self._studio.runs.errands() if e.deed == _PLAN and not e.is_over)
        same = (e for e in left if e.values == asked and orders.is_below(self._studio.places.projects, e))
        return next(same, None)

    def taken(self, plan: Mapping[str, Any]) -> str:
        """The order that has this plan, a new one if there is none. Raises BadFile that names the field."""
        try:
            text = json.dumps(plan)
        except RecursionError as error:
            raise BadFile("plan is nested too deeply to be read.") from error
        planned = comic_plan.of_text(text, Path("plan.json"))
        with self._making:
            return self._same(planned.comic) or self._made(planned)[0]

    def draw(self, id: str, variants: int = 1) -> int:
        """Ask for what has no picture yet; returns how many jobs that are. Raises StudioError."""
        project = self._project_of(id)
        if not is_file(project.comic):
            raise StudioError(f"{id} has no plan yet, so that nothing of it can be drawn.")
        studio, desk = self._studio, self._studio.desk_of(project.folder)
        panels = [panel.id for _, panel in comic_plan.read(project.comic).comic.panels]
        with desk.asking:
            asked = studio.runs.errands()
            wanted = comic_errands.wanted_for(desk, studio.means(desk), panels, variants, asked)
            # it counts on from what there is, but an order that comes twice is meant once
            wanted = [errand for errand in wanted if errand.values["variant"] <= variants]
            return len(studio.ask(wanted)) if wanted else 0

    def standing(self, id: str) -> Standing:
        """Raises Unknown."""
        project = self._project_of(id)
        if not is_file(project.comic):
            return self._of_planning(project)
        try:
            comic = comic_plan.read(project.comic).comic
        except StudioError as trouble:
            return Standing(_FAILED, 0.0, orders.counted(()), error=str(trouble))
        images = {
            panel: path.relative_to(project.folder).as_posix()
            for panel, path in pictures_of(comic, project).items()
        }
        asked = orders.newest(e for e in self._studio.runs.errands() if _is_drawing_of(e, project))
        jobs, panels = orders.counted(asked), len(list(comic.panels))
        made = len(images) / panels if panels else 0.0
        state, error, progress = _DRAWING, "", jobs["done"] / len(asked) if asked else made
        if not jobs["left"]:
            stopped = any(errand.state == STOPPED for errand in asked)
            error = _ENDED if stopped else orders.why(asked)
            state = _FAILED if error else _DONE if len(images) == panels else _PLANNED
            progress = 1.0 if state == _DONE else progress if error else made
        paused = self._studio.runs.paused if jobs["left"] else ""
        return Standing(state, round(progress, 4), jobs, comic_plan.as_plan(comic), images, error, paused)

    def project(self, id: str) -> Project:
        """The project of an order that has a plan. Raises Unknown."""
        project = self._project_of(id)
        if not is_file(project.comic):
            raise Unknown(f"{id} has no plan yet.")
        return project

    def _of_planning(self, project: Project) -> Standing:
        planning = self._planning(project)
        if planning is None or planning.state == STOPPED:
            return Standing(_FAILED, 0.0, orders.counted(()), error=_UNFINISHED)
        if not planning.is_over:
            progress = self._studio.runs.live(planning.id).fraction
            return Standing(_PLANNING, round(progress, 4), orders.counted(()))
        if is_file(project.comic):  # it was finished just now
            return self.standing(project.name)
        return Standing(_FAILED, 0.0, orders.counted(()), error=orders.why([planning]) or _GONE)

    def _made(self, planned: Planned) -> tuple[str, Planned]:
        comic, pictures, left = comic_pictures.taken_out(planned.comic)
        with self._project(comic.title) as project:
            comic_plan.write(comic, project.comic)
            left += comic_pictures.put(comic, pictures, project)
        return project.name, Planned(comic, [*planned.changed, *left], planned.advice)

    @contextmanager
    def _project(self, title: str) -> Iterator[Project]:
        """A new one, which the window lists with those that were open last; while nothing is in it, it goes
        again with what breaks."""
        project, recent = projects.create(self._studio.places.projects, title), self._studio.places.recent
        try:
            projects.remember(recent, project.folder)
            yield project
        except StudioError:
            projects.discard(project, recent)
            raise
        finally:
            self._studio.shelf.again()

    def _project_of(self, id: str) -> Project:
        """Raises Unknown."""
        project = orders.project_of(self._studio.places.projects, id)
        if project is None or not (is_file(project.comic) or self._was_planned(project)):
            raise Unknown(f"There is no comic with the id {id[:80]}.")
        return project

    def _was_planned(self, project: Project) -> bool:
        return self._planning(project) is not None or is_file(draft_path(project.comic))

    def _planning(self, project: Project) -> Errand | None:
        """The last time a language model was asked for this project's plan."""
        folder = str(project.folder)
        asked = [e for e in self._studio.runs.errands() if e.deed == _PLAN and e.project == folder]
        return max(asked, key=lambda errand: errand.asked, default=None)

    def _same(self, comic: Comic) -> str:
        """The order that has just this plan; "" when none has."""
        wanted = comic_plan.as_plan(comic_pictures.taken_out(comic).comic)
        root = self._studio.places.projects
        for file in sorted(root.glob("*/comic.json")):
            with suppress(StudioError):
                if comic_plan.as_plan(comic_plan.read(file).comic) == wanted:
                    return self._project_of(file.parent.name).name
        return ""


def _request(wish: Wish) -> PlanRequest:
    language = code_of(wish.language or LANGUAGE)
    return PlanRequest(wish.prompt or wish.script, wish.style or STYLES[0], language, wish.pages)


def _values(request: PlanRequest) -> dict[str, Any]:
    asked = {"idea": request.idea, "style": request.style, "language": request.language}
    return {**asked, "pages": request.pages, "about": request.idea[:60]}


def _is_drawing_of(errand: Errand, project: Project) -> bool:
    return errand.deed in comic_errands.DEEDS and errand.project == str(project.folder)
