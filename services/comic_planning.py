"""Plans that a language model makes for other programs, while those ask now and then how far they are."""

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from domain.errors import StudioError
from domain.events import Progress
from domain.plan_request import PlanRequest
from domain.project import Project
from infrastructure.chat import Chat
from services import comic_plan
from services.comic_plan import Planned, check_style
from services.planning import planner
from services.planning.drafts import draft_path
from services.studio import Studio

MOST = 4  # at once: what a model costs is not held by the studio's limits
_BROKEN = "Something unforeseen broke it; the log says what."


@dataclass
class Planning:
    progress: float = 0.0
    error: str = ""
    is_over: bool = False


class Plannings:
    """A thread each, beside the queue: nothing is drawn for them."""

    def __init__(self, studio: Studio):
        self._studio = studio
        self._all: dict[str, Planning] = {}
        self._lock = threading.Lock()

    @staticmethod
    def draft(project: Project) -> Path:
        return draft_path(project.comic)

    def of(self, id: str) -> Planning | None:
        return self._all.get(id)

    def begin(self, request: PlanRequest, project: Callable[[str], Project]) -> str:
        """Returns the id of the order. `project` makes one of a title. Raises StudioError."""
        check_style(request.style)
        chat = self._studio.comic.chat()
        with self._lock:
            if sum(not planning.is_over for planning in self._all.values()) >= MOST:
                raise StudioError(f"{MOST} comics are being planned already. Wait until one of them is done.")
            made, planning = project(" ".join(request.idea.split())[:60]), Planning()
            self._all[made.name] = planning
        work = (made, chat, request, planning)
        threading.Thread(target=self._work, args=work, name="planning", daemon=True).start()
        return made.name

    def _work(self, project: Project, chat: Chat, request: PlanRequest, planning: Planning) -> None:
        error = _BROKEN
        try:
            planned = self._planned(project, chat, request, planning)
            comic_plan.write(planned.comic, project.comic)
            planner.finish(project.comic)
            error = ""
        except StudioError as trouble:
            error = str(trouble)
        finally:
            planning.error, planning.is_over = error, True

    def _planned(self, project: Project, chat: Chat, request: PlanRequest, planning: Planning) -> Planned:
        with closing(planner.plan(chat, request, project.comic)) as work:
            while True:
                try:
                    event = next(work)
                except StopIteration as stop:
                    planned: Planned = stop.value
                    return planned
                if isinstance(event, Progress):
                    planning.progress = max(planning.progress, min(1.0, event.fraction))
                if self._studio.is_closing:
                    raise StudioError("The studio ended before the comic was planned.")
