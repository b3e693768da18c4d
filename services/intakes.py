"""Workflows that were dropped and are being looked at, until they are kept or left.

What a page hands over is read once; correcting a place by hand or giving a name does not read it
again. Only the newest few are held.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from domain.errors import StudioError
from infrastructure.comfy_server import ComfyServer
from infrastructure.workflow_files import WorkflowFolder
from services import every_server, workflows
from services.uploads import Uploads
from services.workflows import Intake, Row, Spot

HELD = 8
TRIED = 50  # workflows kept for one more try
KINDS = ("keyframe", "video")
Slots = Mapping[str, Sequence[str]]


class Intakes:
    """`servers` gives whom to ask about nodes and models: all machines that draw, or nobody."""

    def __init__(
        self, uploads: Uploads, own: Path, tries: Path, servers: Callable[[], Sequence[ComfyServer]]
    ):
        self._uploads, self._own, self._tries, self._servers = uploads, own, tries, servers
        self._held: dict[str, Intake] = {}
        self._lock = threading.Lock()

    def look(self, upload: str) -> dict[str, Any]:
        """What a dropped file holds. The upload's id is what the other deeds take."""
        with self._uploads.taken(upload) as file:
            intake = workflows.examine(file, file.name, *self._servers())
        return self._hold(upload, intake)

    def open(self, name: str, folder: WorkflowFolder) -> dict[str, Any]:
        """One that is kept, or comes with the studio, as if it had been dropped."""
        return self._hold(uuid4().hex, workflows.opened(name, folder, *self._servers()))

    def correct(self, id: str, slots: Slots, kind: str = "") -> dict[str, Any]:
        """Choose places by hand, or what the workflow is for. The choices replace those made before."""
        if kind and kind not in KINDS:
            raise StudioError("A workflow makes keyframes or videos.")
        return self._hold(id, workflows.corrected(self._of(id), dict(slots), kind=kind))

    def keep(self, id: str, name: str, title: str = "", is_replacing: bool = False) -> str:
        """Put it among the artist's own workflows; returns what it is called there."""
        path = workflows.keep(self._of(id), name, self._own, title=title, replace=is_replacing)
        self.leave(id)
        return path.stem

    def leave(self, id: str) -> None:
        with self._lock:
            self._held.pop(id, None)

    def forget(self, name: str) -> None:
        """Move one of the artist's own workflows to the bin beside them."""
        workflows.forget(name, self._own)

    def to_try(self, id: str) -> Path:
        """Write it where one quick run finds it."""
        intake = self._of(id)
        written = workflows.keep(intake, f"try_{uuid4().hex[:8]}", self._tries)
        tried = sorted(self._tries.glob("try_*.json"), key=_changed)
        for old in tried[: -2 * TRIED]:  # a workflow and what it is about
            old.unlink(missing_ok=True)
        return written

    def _of(self, id: str) -> Intake:
        with self._lock:
            if id not in self._held:
                raise StudioError("The dropped workflow is not held any more. Drop it again.")
            return self._held[id]

    def _hold(self, id: str, intake: Intake) -> dict[str, Any]:
        with self._lock:
            self._held.pop(id, None)
            self._held[id] = intake
            for old in list(self._held)[:-HELD]:
                del self._held[old]
        return {"id": id, **shown(intake)}


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # it went
        return 0.0


def shown(intake: Intake) -> dict[str, Any]:
    """An intake as a page shows it."""
    asked = intake.needs
    return {
        "name": intake.name,
        "title": intake.workflow.about.title,
        "kind": intake.kind,
        "origin": intake.origin,
        "nodes": len(intake.graph),
        "rows": [_row(row) for row in workflows.form(intake.workflow)],
        "left": list(intake.notes),
        "unsure": list(intake.unsure),
        "by_hand": {slot: list(places) for slot, places in intake.workflow.about.slots.items()},
        "models": [
            {"file": model.file, "folder": model.folder, "there": model.is_there} for model in asked.models
        ],
        "missing": list(asked.missing),
        "faults": list(asked.faults),
        "met": asked.are_met,
        "asked": intake.asked,
        "others": every_server.shown(intake.others),
        "may_be_kept": intake.may_be_kept,
    }


def listed(folder: WorkflowFolder, own: Path) -> list[dict[str, Any]]:
    """All workflows there are, the artist's own first; one that does not read says why."""
    mine = {path.stem for path in own.glob("*.json") if not path.name.endswith(".about.json")}
    return sorted((_listed(folder, name, name in mine) for name in folder.names()), key=_order)


def _listed(folder: WorkflowFolder, name: str, is_own: bool) -> dict[str, Any]:
    about = {"name": name, "own": is_own}
    try:
        flow = folder.load(name)
        return {**about, "title": flow.about.title or name, "kind": flow.kind, "purpose": flow.about.purpose}
    except StudioError as error:
        return {**about, "title": name, "kind": "", "purpose": "", "problem": str(error)}


def _order(one: Mapping[str, Any]) -> tuple[bool, str, str]:
    return not one["own"], one["kind"], one["title"].casefold()


def _row(row: Row) -> dict[str, Any]:
    spots, others = ([_spot(spot) for spot in some] for some in (row.spots, row.others))
    return {"slot": row.slot, "spots": spots, "others": others, "by_hand": row.is_by_hand}


def _spot(spot: Spot) -> dict[str, Any]:
    value = spot.value if isinstance(spot.value, int | float | str | bool) else str(spot.value)
    short = value[:80] if isinstance(value, str) else value
    return {"place": spot.place, "title": spot.title, "input": spot.input, "value": short, "why": spot.why}
