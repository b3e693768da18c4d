"""What an addon can reach: settings, the open project, what is going on, and what pages are told."""

import logging
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from domain.errand import Errand
from domain.errors import StudioError
from domain.events import Event
from domain.job import Backend
from domain.places import Places
from domain.settings import ComfySettings, Settings
from domain.status import Status
from infrastructure import backends
from infrastructure.presets_file import read_presets
from infrastructure.project_files import open_project
from infrastructure.secrets_file import RUNPOD_KEY, SecretsFile
from infrastructure.settings_file import SettingsFile
from infrastructure.there import is_file
from infrastructure.workflow_files import SHIPPED, WorkflowFolder
from services import errands, project_work, projects, sample
from services.backend_watch import BackendWatch
from services.bench_runs import BenchRuns
from services.comic_desk import ComicDesk
from services.connections import settings_fact
from services.desk import Desk
from services.errands import lacks
from services.feed import Feed
from services.film_desk import FilmDesk
from services.intakes import Intakes, listed
from services.machines import Around, Machines
from services.means import Means, errand
from services.older_settings import taken_over
from services.outcomes import Outcomes
from services.project_facts import ProjectFacts, fixed_facts
from services.runs import Runs
from services.shelf import Shelf
from services.spending import Work
from services.stale import Today
from services.stale_facts import StaleFacts
from services.under_way import Afar, unless_under_way
from services.uploads import Uploads
from services.versions.managed import Managed
from services.workflow_choice import WorkflowChoice

log = logging.getLogger(__name__)

_LOOK = 1.5  # seconds between two looks whether the board's file was changed by somebody else


class Studio:
    def __init__(self, places: Places, connect: Callable[[ComfySettings], Backend] | None = None):
        self.places = places
        self.feed = Feed()
        self.presets = read_presets()
        self.workflows = WorkflowFolder(SHIPPED, places.workflows)
        self.secrets = SecretsFile(places.secrets)
        self._settings_file = SettingsFile(places.settings)
        self.settings, complaints = self._settings_file.load()
        self.workflow_choice = WorkflowChoice(self.workflows, lambda: self.settings)
        self.versions = Managed.at(places)
        bucket = lambda: self.settings.bucket
        self._connect = connect or backends.connector(self.secrets, bucket, self.versions.backend)
        self._backend: tuple[ComfySettings, Backend] | None = None
        self._desks: dict[Path, Desk] = {}
        self._desk: Desk | None = None
        self._facts = ProjectFacts(self.feed)
        self._lock = threading.RLock()
        # what may take a while has a lock of its own: who only asks for the backend does not wait for it
        self._opening, self._telling = threading.Lock(), threading.RLock()
        self.closing = threading.Event()  # event streams end
        self.uploads = Uploads(places.cache / "uploads")
        self.outcomes = Outcomes(self.feed, places.data / "outcomes.json")
        self.shelf = Shelf(self.feed, places, lambda: self._desk)
        self.intakes = Intakes(
            self.uploads,
            places.workflows,
            places.tries,
            lambda: backends.servers(self.versions.at_address(self.settings.comfy)),
        )
        self.runs = Runs(self._begin, lambda: self.backend.lanes, self.feed, places.queue)
        self.bench = BenchRuns(self.means, self.feed, places.reports, places.bench)
        self._watch = BackendWatch(
            lambda: self.backend, self._tell_backend, self.runs.is_back, lambda: self.runs.waits_for_backend
        )
        self.machines = Machines(self.feed, places, self._around_machines())
        self._stale = StaleFacts(self.feed, self.today)
        self.film = FilmDesk(self.feed, self.today)
        self.comic = ComicDesk(self.feed, lambda: self._desk, lambda: self.settings, self.secrets)
        self._shown = self._stale, self.film, self.comic
        self.outcomes.complain(places.settings.name, complaints)
        self._tell_settings()
        self.tell_keys()
        self.tell_workflows()
        self.feed.put_all(fixed_facts(self.presets))
        threading.Thread(target=self._look, name="look", daemon=True).start()
        self._watch.start()
        self.machines.start()

    @property
    def desk(self) -> Desk:
        """The project that is open. Raises StudioError when none is."""
        if self._desk is None:
            raise StudioError("No project is open. Open one, or create a new one.")
        return self._desk

    @property
    def is_open(self) -> bool:
        """Whether a project is."""
        return self._desk is not None

    @property
    def backend(self) -> Backend:
        """Whoever draws, as the settings are now; the same one for as long as they stay."""
        with self._lock:
            if self._backend is None or self._backend[0] != self.settings.comfy:
                comfy, before = self.settings.comfy, self._backend and self._backend[1]
                self._backend = comfy, self.machines.drawing.backend(before, comfy, self._connect)
                self.versions.only(comfy)
                threading.Thread(target=self.versions.end_retired, name="end").start()  # may take seconds
            return self._backend[1]

    def means(self, desk: Desk | None = None) -> Means:
        """What a project's things are made with: as it says itself, else as the settings are now."""
        desk = desk or self._desk
        chosen = self.workflow_choice.of(desk.project if desk else None)
        return Means(self.backend, *chosen, self.presets, self.workflows)

    def glance(self, comfy: ComfySettings) -> Status:
        """Who would answer with these settings, saved or not. Raises StudioError for what is no address."""
        return self.versions.glance(comfy, self.settings.comfy) or self._connect(comfy).status()

    def take_over(self, file: Path) -> list[str]:
        """Settings from a file; returns sentences about what was taken and what was left."""
        with self._lock:
            settings, notes = taken_over(file, self.settings, self.places.settings)
            self.change(lambda _: settings)
        return notes

    def try_workflow(self, intake: str) -> list[str]:
        """One quick run of a dropped workflow, in the project that is open."""
        folder, file = self.desk.project.folder, str(self.intakes.to_try(intake))
        return self.ask([errand("try", folder, run=uuid4().hex[:8], workflow=file)])

    def today(self) -> Today | None:
        """What the open project's shots would be sent with now; None when no project is open."""
        if (desk := self._desk) is None:
            return None
        means = self.means()
        return Today(desk.project, desk.board, means.keyframe_workflow, means.video_workflow, means.presets)

    def looking(self) -> None:
        """An open page's heartbeat."""
        self._watch.looking()

    def open(self, folder: Path) -> Desk:
        """Open a project; the one open before stays as it is on disk."""
        desk = self.desk_of(folder)
        desk.look()
        with self._lock:
            self._desk = desk
        desk.tell()
        try:
            self.set(last_project=str(desk.project.folder))
            projects.remember(self.places.recent, desk.project.folder)
        except StudioError as error:
            log.warning("what was opened last cannot be kept: %s", error)
        self.shelf.again()
        return desk

    def set(self, **changes: Any) -> None:
        """Change settings and keep them."""
        self.change(lambda settings: replace(settings, **changes))

    def change(self, to: Callable[[Settings], Settings]) -> None:
        """The same for changes that begin with what is set."""
        with self._lock:
            settings = to(self.settings)
            if settings != self.settings:
                self._settings_file.save(settings)
                self.settings = settings
        self._tell_settings()
        for part in (self._watch, *self._shown):
            part.again()

    def tell_keys(self) -> None:
        """Which keys are set; of each no more than how it ends."""
        self.feed.put("keys", self.secrets.hints())
        self.machines.look_again()

    def tell_workflows(self) -> None:
        """The workflows there are to choose from."""
        self.feed.put("workflows", listed(self.workflows, self.places.workflows))

    def ask(self, wanted: Sequence[Errand]) -> list[str]:
        """Have things made; returns the errands' ids. Raises StudioError when they would cost too much."""
        self.machines.allow(wanted)
        return self.runs.add(wanted)

    def begin(self, board: Path) -> None:
        """Open what was open last, at the very first start the sample; what went on elsewhere comes home."""
        self.shelf.again()
        last = Path(self.settings.last_project) if self.settings.last_project else None
        try:
            if last and is_file(last / "storyboard.json"):
                self.open(last)
            elif not self.settings.is_introduced:
                desk = self.open(sample.laid_out(board, self.places.projects))
                self.ask(sample.errands(desk.project.folder, [shot.id for shot in desk.board.shots]))
            threading.Thread(target=Afar(self.runs, lambda: self.backend).bring_home, daemon=True).start()
        except StudioError as error:
            self.feed.put("trouble", str(error))

    def close(self) -> None:
        """End what runs; the queue goes on at the next start, when it is told to."""
        self.closing.set()
        self.bench.close()
        self.runs.end_cancelled()  # before what is under way is left to go on
        for part in (self.machines, self._watch, *self._shown, self.shelf):
            part.stop()
        self.runs.close()
        self.machines.drawing.left()
        self.versions.close()

    def desk_of(self, folder: Path) -> Desk:
        project = open_project(folder)
        with self._opening:
            if project.folder not in self._desks:
                self._desks[project.folder] = Desk(project, self._told)
            return self._desks[project.folder]

    def _told(self, desk: Desk, ids: Sequence[str] | None) -> None:
        with self._telling:
            if desk is self._desk:
                self._facts.tell(desk, ids)
                for part in self._shown:
                    part.again()

    def _begin(self, errand: Errand) -> Generator[Event, None, Any]:
        try:
            if errand.is_aside:
                around = self.places.projects, self.uploads, self.outcomes, self.desk_of, self.comic
                yield from project_work.begin(errand, project_work.Around(*around))
            else:
                desk = errands.desk_for(errand, self.desk_of)
                yield from errands.begin(errand, desk, lambda: self._means_of(errand, desk))
        finally:
            self.shelf.again()

    def _means_of(self, errand: Errand, desk: Desk) -> Means:
        means = self.means(desk)
        if errand.is_of_sample:
            return replace(means, backend=self._connect(ComfySettings()))
        unless_under_way(errand, lambda: self.machines.allow([errand]))
        return means

    def _around_machines(self) -> Around:
        work = Work(
            lambda: self.runs.at_work() if self.settings.comfy.is_rented else (),
            lambda: self.bench.is_on,
            lambda: str(self._desk.project.folder) if self._desk else "",
            lambda: self.settings.comfy.drawn_on,
            self.runs.pace.of,
            self.runs.end,
        )
        return Around(
            lambda: self.settings,
            lambda: self.secrets.get(RUNPOD_KEY),
            work,
            lambda to: self.change(lambda settings: replace(settings, comfy=to(settings.comfy))),
            lambda: self._backend and self._backend[1],
            lambda: self._watch.again(),
            lambda: lacks(self.means),
        )

    def _tell_settings(self) -> None:
        chosen = {f"{kind}_workflow": self.workflow_choice.default(kind) for kind in ("keyframe", "video")}
        self.feed.put("settings", {**settings_fact(self.settings), **chosen})

    def _tell_backend(self, status: Status) -> None:
        facts = asdict(status)
        self.machines.saw(status)
        self.feed.put("backend", {**facts, "up": facts.pop("is_up")})

    def _look(self) -> None:
        """Notice what is changed outside while somebody is looking."""
        while not self.closing.wait(_LOOK):
            if self._desk and self.feed.is_heard:
                try:
                    for part in (self._desk, self.film, self.comic):
                        part.look()
                    self.feed.put("trouble", "")
                except (StudioError, OSError) as error:
                    self.feed.put("trouble", str(error))
