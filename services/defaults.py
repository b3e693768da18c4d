"""Which workflows keyframes and videos are made with: what there is to choose from, and what each needs."""

from collections.abc import Callable, Mapping
from typing import Any

from domain.errors import StudioError
from domain.serverless_about import About
from domain.settings import ComfySettings, Mode
from domain.workflow import Workflow
from infrastructure.backends import servers
from infrastructure.workflow_files import WorkflowFolder
from services import every_server
from services.every_server import Best
from services.workflow_needs import Needs, needs


def choices(folder: WorkflowFolder, kind: str) -> list[tuple[str, str]]:
    """Title and first sentence of the purpose, and the name."""
    return [(_line(flow), flow.name) for flow in folder.of(kind)]


def about(flow: Workflow) -> dict[str, Any]:
    """What an artist wants to know of a workflow before choosing it."""
    known = flow.about
    models = [
        {
            "file": model.get("file", ""),
            "folder": model.get("folder", ""),
            "gib": model.get("gib"),
            "licence": model.get("licence", ""),
            "commercial": model.get("commercial", ""),
        }
        for model in known.models
    ]
    is_video = flow.kind == "video"
    return {
        "name": flow.name,
        "title": known.title or flow.name,
        "purpose": known.purpose,
        "kind": flow.kind,
        "gib": round(sum(model["gib"] or 0 for model in models), 1),
        "models": models,
        "fps": flow.fps if is_video else None,
        "longest": flow.longest if is_video else None,
        "sizes": known.sizes[:3],
        "vram": str(known.extra.get("vram", "")),
        "notes": [str(note) for note in known.extra.get("notes", ())],
    }


def checked(
    flow: Workflow, comfy: ComfySettings, told: Callable[[str], About | None] = lambda endpoint: None
) -> dict[str, Any]:
    """The same, and whether one of the machines that are set can run it, else what each of them lacks.

    `asked` is the machine that lacks least, "" when nobody had to be asked. A worker of an endpoint would
    have to start for it: `told` gives what one said when it was asked last.
    """
    shown = about(flow)
    try:
        if comfy.mode is Mode.serverless:
            best = _told(flow, comfy, told(comfy.endpoint))
        elif comfy.mode is Mode.managed:
            raise StudioError(
                f"{comfy.version} does not run yet. Save it above, and check again when it is up."
            )
        elif asked := servers(comfy):
            best = every_server.best(asked, lambda server: needs(flow, server), lambda found: found)
        else:
            return {**shown, "check": {"asked": ""}}
    except StudioError as error:
        return {**shown, "check": {"asked": "server", "said": str(error)}}
    there: Mapping[str, bool | None] = {model.file: model.is_there for model in best.found.models}
    listed = {model["file"] for model in shown["models"]}
    shown["models"] = [{**model, "there": there.get(model["file"])} for model in shown["models"]]
    check = {
        "asked": best.address,
        "lacks": list(best.found.lacks(but=listed if len(comfy.addresses) == 1 else ())),
        "met": best.found.are_met,
        "others": every_server.shown(best.others),
    }
    return {**shown, "check": check}


def _told(flow: Workflow, comfy: ComfySettings, word: About | None) -> Best[Needs]:
    """By what a worker of the endpoint said of itself. Raises StudioError when none did."""
    if word is None:
        raise StudioError(
            "No worker of this endpoint was asked yet what it has. Test the connection above, then check."
        )
    if not word.worker:
        raise StudioError("A public worker does not say which nodes and models it has.")
    return Best(comfy.address, needs(flow, None, dict(word.object_info)), ())


def named(folder: WorkflowFolder, name: str) -> dict[str, Any]:
    """What there is to say of the workflow of a name."""
    try:
        return about(folder.load(name))
    except StudioError as error:
        return {"name": name, "title": name, "models": [], "check": {"asked": "", "said": str(error)}}


def _line(flow: Workflow) -> str:
    title, purpose = flow.about.title or flow.name, flow.about.purpose.partition(". ")[0].rstrip(".")
    return f"{title} – {purpose}" if purpose else title
