"""Takes in the artist's own workflows: looked at, checked by the server, corrected by hand, kept.

Whatever is dropped becomes an `Intake`, which a page shows and which is kept or forgotten. Nothing
is written before `keep`.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
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
from infrastructure.workflow_files import WorkflowFolder, read_workflow
from services import every_server
from services.every_server import Elsewhere
from services.workflow_needs import Needs, needs

__all__ = [
    "Intake",
    "Model",
    "Needs",
    "Row",
    "Spot",
    "corrected",
    "examine",
    "forget",
    "form",
    "keep",
    "needs",
    "opened",
]


@dataclass(frozen=True)
class Intake:
    """What was found in a dropped file, for the artist to look at before it is kept."""

    workflow: Workflow
    origin: str  # "api", "window", "media", "recipe" or "kept"
    notes: tuple[str, ...]  # what was left out on the way
    unsure: tuple[str, ...]  # what should be looked at
    needs: Needs
    is_converted: bool = False  # from the form that ComfyUI's window saves
    asked: str = ""  # which machine answered best, where there are several
    others: tuple[Elsewhere, ...] = ()

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


def examine(dropped: Path | bytes, name: str = "", *servers: ComfyServer) -> Intake:
    """What a dropped file holds, and what it needs. Raises BadFile with a sentence.

    `name` is what the artist's file is called, where `dropped` is a copy of it. Without servers,
    graphs are read with the built-in table of nodes, and workflows of ComfyUI's window not at all.
    """
    drop = _read(dropped, name)
    if drop.graph is None:
        if not servers:
            raise BadFile(
                f"{drop.name} is a workflow for ComfyUI's window. Only a ComfyUI that is connected tells how "
                "to read it; an endpoint does not tell its nodes. Connect one, or choose Workflow → Export "
                "(API) in ComfyUI and drop that file."
            )
        return _best(servers, lambda server: _converted(drop, server))
    return _judged(_flow(drop, drop.graph), drop.origin, servers)


def opened(name: str, folder: WorkflowFolder, *servers: ComfyServer) -> Intake:
    """A workflow there is already, to be looked at anew, corrected and kept."""
    flow, trouble = folder.load_to_mend(name)
    return _judged(flow, "kept", servers, [trouble] if trouble else [])


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
    intake = _looked_at(_flow(drop, made.graph), drop.origin, info, server, made.unsure)
    about = replace(intake.workflow.about, models=made.models)
    known = {model["file"]: model["folder"] for model in made.models}
    return replace(
        intake,
        workflow=replace(intake.workflow, about=about),
        notes=made.dropped,
        needs=intake.needs.with_folders(known),
        is_converted=True,
    )


def _flow(drop: Drop, graph: Graph) -> Workflow:
    return Workflow(folder_name(drop.name, "workflow"), graph, About(title=drop.name))


def _judged(
    flow: Workflow, origin: str, servers: Sequence[ComfyServer], unsure: Sequence[str] = ()
) -> Intake:
    """As the servers say, where one of them answers."""

    def look(server: ComfyServer) -> Intake:
        return _looked_at(flow, origin, server.object_info(), server, unsure)

    if not servers:
        return _looked_at(flow, origin, None, None, unsure)
    try:
        return _best(servers, look)
    except BackendUnreachable as error:
        return _looked_at(flow, origin, None, None, [f"The server was not asked: {error}", *unsure])


def _best(servers: Sequence[ComfyServer], look: Callable[[ComfyServer], Intake]) -> Intake:
    best = every_server.best(servers, look, lambda intake: intake.needs)
    return best.found if len(servers) == 1 else replace(best.found, asked=best.address, others=best.others)


def _looked_at(
    flow: Workflow,
    origin: str,
    info: dict[str, Any] | None,
    server: ComfyServer | None,
    unsure: Sequence[str] = (),
) -> Intake:
    flow = flow.with_types(info) if info else flow
    asked = needs(flow, server, info)
    return Intake(flow, origin, (), (*unsure, *asked.unsure, *_unplaced(flow)), asked)


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
    about = flow.about
    more = {
        "purpose": about.purpose,
        "fps": about.fps,
        "frame_step": about.frame_step or (flow.frame_step if flow.frame_step != alone.frame_step else 0),
        "longest": about.longest,
        "grid": about.grid or (flow.grid if flow.grid != alone.grid else 0),
        "sizes": [list(size) for size in about.sizes],
        "models": [dict(model) for model in about.models],
    }
    yield from ((name, value) for name, value in {**about.extra, **more}.items() if value)


def _places(flow: Workflow, slot: str) -> list[str]:
    return [f"{place.node}.{place.input}" for place in flow.slots.get(slot, ())]
