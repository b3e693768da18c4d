"""Takes in the artist's own workflows: looked at, checked by the server, corrected by hand, kept.

Whatever is dropped becomes an `Intake`, which a page shows and which is kept or forgotten. Nothing
is written before `keep`.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from domain.errors import BackendUnreachable, BadFile, StudioError
from domain.inventory import Model
from domain.job import Graph
from domain.safe_names import folder_name
from domain.slot_rules.corrections import Corrections
from domain.slots import CORRECTABLE, Slot
from domain.workflow import About, Workflow
from domain.workflow_form import Row, Spot, form
from infrastructure.comfy_server import ComfyServer
from infrastructure.own_workflows import OwnWorkflows
from infrastructure.ui_workflows import convert
from infrastructure.workflow_drops import Drop, read_drop
from infrastructure.workflow_files import read_graph, read_workflow
from services.workflow_needs import Needs, needs

__all__ = [
    "Intake",
    "Model",
    "Needs",
    "Row",
    "Spot",
    "correct",
    "corrected",
    "examine",
    "forget",
    "form",
    "keep",
    "needs",
]


@dataclass(frozen=True)
class Intake:
    """What was found in a dropped file, for the artist to look at before it is kept."""

    workflow: Workflow
    origin: str  # "api", "window", "media" or "recipe"
    notes: tuple[str, ...]  # what was left out on the way
    unsure: tuple[str, ...]  # what should be looked at
    needs: Needs
    is_converted: bool = False  # from the form that ComfyUI's window saves

    @property
    def name(self) -> str:
        return self.workflow.name

    @property
    def kind(self) -> str:
        return self.workflow.kind

    @property
    def graph(self) -> Graph:
        return self.workflow.graph

    @property
    def slots(self) -> dict[str, list[Slot]]:
        return self.workflow.slots

    @property
    def may_be_kept(self) -> bool:
        """A graph that was made here from a window's workflow must be one that the server takes."""
        return not self.is_converted or not self.needs.faults


def examine(dropped: Path | bytes, name: str = "", server: ComfyServer | None = None) -> Intake:
    """What a dropped file holds, and what it needs. Raises BadFile with a sentence.

    `name` is what the artist's file is called, where `dropped` is a copy of it. Without a server,
    graphs are read with the built-in table of nodes, and workflows of ComfyUI's window not at all.
    """
    drop = _read(dropped, name)
    if drop.graph is None:
        if server is None:
            raise BadFile(
                f"{drop.name} is a workflow for ComfyUI's window. To read it, a ComfyUI must be connected: "
                "set one up first, or choose Workflow → Export (API) in ComfyUI and drop that file."
            )
        return _converted(drop, server)
    try:
        info = server.object_info() if server else None
    except BackendUnreachable as error:
        return _intake(drop, drop.graph, None, unsure=(f"The server was not asked: {error}",))
    return _intake(drop, drop.graph, info, server)


def corrected(intake: Intake, slots: Corrections | None = None, title: str = "", kind: str = "") -> Intake:
    """The same with what the artist says of it. Raises StudioError for a place that is not there."""
    about = intake.workflow.about
    about = replace(
        about,
        title=title or about.title,
        kind=kind or about.kind,
        slots=about.slots if slots is None else slots,
    )
    changed = replace(intake, workflow=replace(intake.workflow, about=about))
    _ = changed.slots
    return changed


def keep(
    intake: Intake,
    name: str,
    folder: Path,
    *,
    slots: Corrections | None = None,
    title: str = "",
    replace: bool = False,
) -> Path:
    """Write the workflow and what it is about into the artist's folder; returns where it stands.

    Never over one that is there, unless told to replace it: then the old one goes to the bin.
    """
    if not intake.may_be_kept:
        raise StudioError(f"ComfyUI would not run this workflow: {'; '.join(intake.needs.faults)}.")
    name = name.removesuffix(".json")
    whole = corrected(intake, slots, title or intake.workflow.about.title or name.strip())
    safe = folder_name(name, "workflow")
    path = OwnWorkflows(folder).write(safe, whole.graph, dict(_about(whole.workflow, safe)), replace)
    read_workflow(path)
    return path


def correct(name: str, folder: Path, slots: Corrections) -> Workflow:
    """Choose places by hand in a workflow that is kept already. No slot at all: the rules find them again."""
    own = OwnWorkflows(folder)
    if own.has(name):
        _ = Workflow(name, read_graph(folder / f"{name}.json"), About(slots=slots)).slots
    own.describe(name, {"slots": {slot: list(places) for slot, places in slots.items()} or None})
    return read_workflow(folder / f"{name}.json")


def forget(name: str, folder: Path) -> list[Path]:
    """Move a workflow of the artist's own to the bin; returns where its files lie now."""
    return OwnWorkflows(folder).discard(name)


def _read(dropped: Path | bytes, name: str) -> Drop:
    if isinstance(dropped, Path):
        return read_drop(dropped, name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dropped"
        path.write_bytes(dropped)
        return read_drop(path, name or "workflow")


def _converted(drop: Drop, server: ComfyServer) -> Intake:
    info = server.object_info()
    made = convert(drop.window, info, drop.name, server.version())
    intake = _intake(drop, made.graph, info, server, unsure=made.unsure)
    about = replace(intake.workflow.about, models=made.models)
    known = {model["file"]: model["folder"] for model in made.models}
    return replace(
        intake,
        workflow=replace(intake.workflow, about=about),
        notes=made.dropped,
        needs=intake.needs.with_folders(known),
        is_converted=True,
    )


def _intake(
    drop: Drop,
    graph: Graph,
    info: dict[str, Any] | None,
    server: ComfyServer | None = None,
    unsure: tuple[str, ...] = (),
) -> Intake:
    flow = Workflow(folder_name(drop.name, "workflow"), graph, About(title=drop.name))
    flow = flow.with_types(info) if info else flow
    asked = needs(flow, server, info)
    told = (*unsure, *asked.unsure, *_unplaced(flow))
    return Intake(flow, drop.origin, (), told, asked)


def _unplaced(flow: Workflow) -> Iterator[str]:
    if not flow.takes("prompt"):
        yield "No place for the prompt was found. If the workflow has one, choose it by hand."


def _about(flow: Workflow, name: str) -> Iterator[tuple[str, Any]]:
    """What is written beside the graph: also what is only known with the server's word on its nodes."""
    yield "title", flow.about.title
    yield "kind", flow.kind
    alone = Workflow(name, flow.graph, replace(flow.about, slots={}))
    slots = {
        slot: _places(flow, slot)
        for slot in CORRECTABLE
        if slot in flow.about.slots or _places(flow, slot) != _places(alone, slot)
    }
    if slots:
        yield "slots", slots
    if flow.grid != alone.grid:
        yield "grid", flow.grid
    if flow.frame_step != alone.frame_step:
        yield "frame_step", flow.frame_step
    if flow.about.models:
        yield "models", [dict(model) for model in flow.about.models]


def _places(flow: Workflow, slot: str) -> list[str]:
    return [f"{place.node}.{place.input}" for place in flow.slots.get(slot, ())]
