"""Batches of pictures as other programs order them, drawn by the studio's queue: an errand for each shot.

Each batch has a project of its own. The same batch sent twice is found again by its content.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from domain.errand import RUNNING, STOPPED, WAITING, Errand
from domain.errors import BadFile, StudioError
from domain.project import Project
from domain.workflow import Workflow
from infrastructure.handed_pictures import Handed, brief, handed
from infrastructure.json_files import read_json, write_json
from infrastructure.recipe_index import DONE, Entry
from infrastructure.strict_json import check
from infrastructure.there import is_file
from services import orders, projects, shots
from services.means import errand
from services.shot_errands import DEED, REFERENCES, Kept, Stamp, as_taken, batch_file, kept, stamp_of
from services.shots import BatchShot
from services.studio import Studio

_DRAWING, _DONE, _FAILED = "drawing", "done", "failed"
_ENDED = "The studio ended before it was drawn. Send the batch again, and it goes on where it was."
_GONE = "It is not drawn, and nobody asks for it any more. Send the batch again."
FIELD = "shots_with_references"


@dataclass(frozen=True)
class Standing:
    """How a batch stands. `images` are the answers of the shots that are over, each picture by its path
    in the project."""

    state: str
    progress: float
    jobs: Mapping[str, int]  # done, failed, left
    images: Sequence[Mapping[str, Any]]
    total: int
    error: str = ""
    paused: str = ""  # why nothing is drawn just now


class ShotOrders:
    """May be asked from many threads."""

    def __init__(self, studio: Studio):
        self._studio = studio
        self._making = threading.Lock()

    def taken(self, content: Mapping[str, Any], is_here: bool) -> str:
        """The id of the order that is this batch, a new one if there is none. Only a program of this machine
        (`is_here`) may bring a graph along: nodes can read files. Raises BadFile that names the field."""
        for field, value in content.items():
            check(value, field)
        batch, workflow = shots.read_batch(content, "the batch"), content.get("workflow")
        if not is_here and isinstance(workflow, dict) and shots.is_graph(workflow):
            raise BadFile("workflow must be a template's name: only programs of this machine bring a graph.")
        named = self._workflow(workflow, batch.shots, lambda name: Workflow(name, {}))
        pictures = self._pictures(batch.shots)
        asked = _kept_form(content, named, batch.shots, pictures)
        id = _id(asked)
        with self._making:
            if same := self._same(id):
                return same  # as it was taken, whatever became of its template
            usable = self._usable(workflow, batch.shots)
            taken = as_taken(usable) if "template" in asked else {}
            return self._made({"content": id, **asked, **taken}, pictures.values())

    def draw(self, id: str) -> int:
        """Ask for what has no picture yet and is not on its way; returns how many jobs that are. Raises
        StudioError."""
        project = self.project(id)
        desk, batch = self._studio.desk_of(project.folder), kept(project, self._studio.workflows)
        backend, run = self._studio.backend, uuid4().hex[:8]
        jobs = [batch.job(number) for number in range(len(batch.batch.shots))]  # of many, that takes seconds
        with desk.asking:
            coming = {e.values.get("number") for e in self._asked(project) if e.state in (WAITING, RUNNING)}
            wanted = [
                errand(DEED, project.folder, batch.asked(number).stem, run, number=number)
                for number, job in enumerate(jobs)
                if number not in coming and desk.ledger.made(backend, job) is None
            ]
            return len(self._studio.ask(wanted)) if wanted else 0

    def standing(self, id: str) -> Standing:
        """Raises Unknown, and StudioError for a batch that does not read any more."""
        project = self.project(id)
        batch = kept(project, self._studio.workflows)
        asked = orders.newest(self._asked(project))
        answers = self._answers(batch, {int(e.values["number"]): e for e in asked})
        jobs, total = orders.counted(asked), len(batch.batch.shots)
        drawn = sum(answer["success"] for answer in answers)
        running = sum(self._studio.runs.live(e.id).fraction for e in asked if e.state == RUNNING)
        if jobs["left"]:
            state, error, paused = _DRAWING, "", self._studio.runs.paused
        else:
            said = dict.fromkeys(answer["error"] for answer in answers if not answer["success"])
            state, error, paused = _FAILED if said else _DONE, " ".join(list(said)[:5]), ""
        progress = round(min(1.0, (drawn + running) / total), 4)
        return Standing(state, progress, jobs, answers, total, error, paused)

    def project(self, id: str) -> Project:
        """Raises Unknown."""
        project = orders.project_of(self._studio.places.projects, id)
        if project is None or not is_file(batch_file(project)):
            raise orders.Unknown(f"There is no batch with the id {id[:80]}.")
        return project

    def _workflow(self, asked: Any, batch: Sequence[BatchShot], load: Callable[[str], Workflow]) -> Workflow:
        usual = self._studio.workflow_choice.default("keyframe")
        with _told_of_workflow():
            return shots.workflow_of(load, asked, shots.references_of(batch), usual)

    def _usable(self, asked: Any, batch: Sequence[BatchShot]) -> Workflow:
        """With places for all that the shots bring."""
        workflow = self._workflow(asked, batch, self._load)
        with _told_of_workflow():
            workflow.require("prompt")
        for shot in batch:
            shots.check_places(workflow, shot)
        return workflow

    def _load(self, name: str) -> Workflow:
        """By a name alone: a path could be that of any file."""
        if name not in self._studio.workflows.names():
            near = ", ".join(self._studio.workflows.names("keyframe"))
            raise BadFile(f"There is no workflow called {name[:80]}. There are: {near}.")
        return self._studio.workflows.load(name)

    def _pictures(self, batch: Sequence[BatchShot]) -> dict[str, Handed]:
        """What the shots refer to, by how they say it."""
        found: dict[str, Handed] = {}
        for number, shot in enumerate(batch):
            for place, (url, _) in enumerate(shot.references):
                try:
                    found[url] = found.get(url) or handed(url, self._studio.places.projects)
                except BadFile as error:
                    raise BadFile(f"{FIELD}[{number}].references[{place}]: {error}") from error
        return found

    def _same(self, id: str) -> str:
        for file in sorted(self._studio.places.projects.glob("*/batch.json")):
            with suppress(StudioError):
                project = orders.project_of(self._studio.places.projects, file.parent.name)
                if project and _content_of(file, stamp_of(file)) == id:
                    return project.name
        return ""

    def _made(self, kept: Mapping[str, Any], pictures: Iterable[Handed]) -> str:
        """A project of its own; what was written of it goes again with what breaks."""
        project = projects.create(self._studio.places.projects, f"Batch {kept['content'][:12]}")
        references, put = project.folder / REFERENCES, list[Handed]()
        try:
            for picture in pictures:
                put.append(picture)
                picture.put(references)
            write_json(batch_file(project), kept)
        except StudioError:
            with suppress(OSError):
                for picture in put:
                    (references / picture.name).unlink(missing_ok=True)
                references.rmdir()
            projects.discard(project, self._studio.places.recent)
            raise
        return project.name

    def _asked(self, project: Project) -> list[Errand]:
        folder = str(project.folder)
        return [e for e in self._studio.runs.errands() if e.deed == DEED and e.project == folder]

    def _answers(self, batch: Kept, asked: Mapping[int, Errand]) -> list[dict[str, Any]]:
        """Of the shots that are over, in their order."""
        ledger, answers = self._studio.desk_of(batch.project.folder).ledger, list[dict[str, Any]]()
        engine = self._studio.backend.engine  # what another one drew is asked for anew
        drawn = {e.job: e for e in ledger.entries() if e.engine == engine and e.state == DONE and e.files}
        for number in range(len(batch.batch.shots)):
            shot, there = batch.asked(number), asked.get(number)
            if there and there.state in (WAITING, RUNNING):
                continue
            try:
                job = batch.job(number)
            except StudioError as error:  # a picture of the batch was taken away
                answers.append(shot.failed(str(error)))
                continue
            if file := _file_of(batch.project, drawn.get(job)):
                answers.append(shot.drawn(file, job))
            else:
                answers.append(shot.failed(_why(there)))
        return answers


@contextmanager
def _told_of_workflow() -> Iterator[None]:
    """A complaint names the field."""
    try:
        yield
    except StudioError as error:
        sentence = str(error)
        raise BadFile(sentence if "workflow" in sentence else f"workflow: {sentence}") from error


@lru_cache(maxsize=4096)
def _content_of(file: Path, stamp: Stamp | None) -> str:
    """The id of a batch's content, as its file says it."""
    content = read_json(file)
    return str(content.get("content", "")) if isinstance(content, dict) else ""


def _file_of(project: Project, entry: Entry | None) -> str:
    """The picture's path in the project; "" when there is none."""
    file = project.takes / entry.files[0] if entry else None
    return file.relative_to(project.folder).as_posix() if file and is_file(file) else ""


def _why(there: Errand | None) -> str:
    if there is None:
        return _GONE
    return _ENDED if there.state == STOPPED else orders.why([there]) or _GONE


def _kept_form(
    content: Mapping[str, Any], workflow: Workflow, batch: Sequence[BatchShot], pictures: Mapping[str, Handed]
) -> dict[str, Any]:
    """The batch with its pictures in files of its own, and the name of its workflow as it is chosen now."""
    rows = [
        {
            "shot_id": shot.id,
            "prompt": shot.prompt,
            "references": [
                {"url": f"{REFERENCES}/{pictures[url].name}", "reference_id": brief(name)}
                for url, name in shot.references
            ],
        }
        for shot in batch
    ]
    asked = content.get("workflow")
    is_graph = isinstance(asked, dict) and shots.is_graph(asked)
    template = {} if is_graph else {"template": workflow.name}
    return {FIELD: rows, "workflow": asked if isinstance(asked, dict) else {}, **template}


def _id(asked: Mapping[str, Any]) -> str:
    """Of a batch's content."""
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
