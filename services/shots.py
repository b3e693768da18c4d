"""A batch of single pictures, asked for and answered as JSON: shots with references in, images out."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from domain.errors import BackendUnreachable, BadFile, CannotWrite, StudioError
from domain.events import Event, Failed, Saved
from domain.job import Backend
from domain.storyboard import Shot
from domain.workflow import Workflow
from infrastructure.recipes import Ledger, Wanted
from infrastructure.reference_files import reference, shown
from infrastructure.workflow_files import check_nodes
from services.keyframes import picture, seed_of
from services.lanes import side_by_side
from services.workflow_choice import KEYFRAME_WORKFLOW

_VALUES = {  # key of a batch's workflow object -> the slot it goes to
    "width": "width",
    "height": "height",
    "steps": "steps",
    "cfg_scale": "cfg",
    "cfg": "cfg",
    "negative_prompt": "negative",
    "seed": "seed",
}
_WHOLE = ("width", "height", "steps", "seed")
_BY_TYPE = {"flux": "keyframe_flux_dev", "standard": "keyframe_sdxl", "sd15": "keyframe_sd15"}
_BY_REFERENCES = {1: "keyframe_qwen_edit_1ref", 2: "keyframe_qwen_edit_2ref", 3: "keyframe_qwen_edit_3ref"}


@dataclass(frozen=True)
class BatchShot:
    id: Any  # as the caller wrote it: text or a number
    prompt: str
    references: tuple[tuple[str, str], ...]  # (url, reference_id)


@dataclass(frozen=True)
class Batch:
    shots: tuple[BatchShot, ...]
    values: Mapping[str, Any]  # of the workflow object, by slot
    size: int  # how many run at once


def read_batch(content: Any, where: str) -> Batch:
    """Raises BadFile that names the field."""
    shots = content.get("shots_with_references") if isinstance(content, dict) else None
    if not isinstance(shots, list) or not shots:
        raise BadFile(f"{where}: shots_with_references must be a list of shots.")
    size = content.get("batch_size", 1)
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= 64:
        raise BadFile(f"{where}: batch_size must be a number from 1 to 64, not {size!r}.")
    settings = content.get("workflow")
    settings = settings if isinstance(settings, dict) else {}
    if is_graph(settings):
        check_nodes(settings, f"{where}: workflow")
        settings = {}
    return Batch(
        tuple(_shot(shot, f"{where}: shots_with_references[{n}]") for n, shot in enumerate(shots)),
        dict(_values(settings, f"{where}: workflow")),
        size,
    )


def _values(settings: Mapping[str, Any], where: str) -> Iterator[tuple[str, Any]]:
    """What the workflow object sets; -1 and nothing leave it to the workflow."""
    for key, slot in _VALUES.items():
        value = settings.get(key)
        if value in (None, -1, ""):
            continue
        if slot == "negative":
            is_fit, kind = isinstance(value, str), "text"
        else:
            is_fit, kind = _is_number(value, slot in _WHOLE), "a number from 0 on"
        if not is_fit:
            raise BadFile(f"{where}.{key} must be {kind}, not {value!r}.")
        yield slot, value


def _is_number(value: Any, is_whole: bool) -> bool:
    kinds = int if is_whole else (int, float)
    return isinstance(value, kinds) and not isinstance(value, bool) and 0 <= value < 2**64


def _shot(content: Any, where: str) -> BatchShot:
    if not isinstance(content, dict) or content.get("shot_id") in (None, ""):
        raise BadFile(f"{where} needs a shot_id.")
    if isinstance(content["shot_id"], bool) or not isinstance(content["shot_id"], str | int | float):
        raise BadFile(f"{where}.shot_id must be text or a number.")
    prompt = content.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise BadFile(f"{where}.prompt must be text.")
    references = content.get("references") or []
    if not isinstance(references, list):
        raise BadFile(f"{where}.references must be a list.")
    return BatchShot(
        content["shot_id"],
        prompt,
        tuple(_reference(r, f"{where}.references[{n}]") for n, r in enumerate(references)),
    )


def _reference(content: Any, where: str) -> tuple[str, str]:
    if isinstance(content, str) and content:
        return content, shown(content)
    if isinstance(content, dict) and isinstance(content.get("url"), str) and content["url"]:
        return content["url"], str(content.get("reference_id") or shown(content["url"]))
    raise BadFile(f"{where} needs a url.")


def is_graph(content: Mapping[str, Any]) -> bool:
    """Whether the workflow of a batch is one in ComfyUI's API format, rather than a few settings."""
    return any(isinstance(node, dict) and "class_type" in node for node in content.values())


def workflow_of(
    load: Callable[[str], Workflow], asked: Any, references: int, usual: str = KEYFRAME_WORKFLOW
) -> Workflow:
    """A graph as it is, a template's name, or a kind of model; without one, what takes the references."""
    match asked:
        case str(name) if name:
            return load(_BY_TYPE.get(name, name))
        case {"name": str(name)}:
            return load(name)
        case {"nodes": list(), "links": list()}:
            raise StudioError(
                "The batch has a workflow for ComfyUI's window, not for running. Open it in ComfyUI, choose "
                "Workflow → Export (API), and put in what that gives you."
            )
        case dict() if is_graph(asked):
            return Workflow("batch", asked)
        case {"type": str(kind)} if references == 0:
            if kind not in _BY_TYPE:
                known = ", ".join(_BY_TYPE)
                raise StudioError(
                    f"workflow.type {kind!r} is not known: take one of {known}, or a template's name."
                )
            return load(_BY_TYPE[kind])
    return load(_BY_REFERENCES.get(min(references, 3), usual))


def make(
    backend: Backend, ledger: Ledger, workflow: Workflow, batch: Batch, near: Path
) -> Generator[Event, None, dict[str, Any]]:
    """The answer to a batch; each shot stands or fails alone. `near` is where its paths start from."""
    pieces = {
        f"{n + 1}: {shot.id}": partial(_answer, backend, ledger, workflow, Asked(batch, n, near))
        for n, shot in enumerate(batch.shots)
    }
    answers = yield from side_by_side(pieces, batch.size)
    images = list(map(answers.__getitem__, pieces))
    return {"generated_images": images, "total_images": len(images)}


@dataclass(frozen=True)
class Asked:
    """One shot of a batch."""

    batch: Batch
    number: int
    near: Path

    @property
    def shot(self) -> BatchShot:
        return self.batch.shots[self.number]

    @property
    def stem(self) -> str:
        """What its takes are called."""
        id = str(self.shot.id)
        plain = "".join(c if (c.isalnum() and c.isascii()) or c in "-_" else "-" for c in id)[:40]
        return plain.strip("-") or f"shot-{self.number + 1}"

    def drawn(self, url: str, job: str) -> dict[str, Any]:
        """What is answered when its picture is there."""
        return {
            "shot_id": self.shot.id,
            "success": True,
            "image_url": url,
            "prompt": self.shot.prompt,
            "prompt_id": job,
            "references_used": [name for _, name in self.shot.references],
        }

    def failed(self, why: str) -> dict[str, Any]:
        return {"shot_id": self.shot.id, "success": False, "error": why}


def _answer(
    backend: Backend, ledger: Ledger, workflow: Workflow, asked: Asked
) -> Generator[Event, None, dict[str, Any]]:
    try:
        made = wanted(workflow, asked, ledger.project.folder / "references")
        take = yield from ledger.carry_out(backend, made)
        yield Saved(take.path, take.reused)
        return asked.drawn(picture(take).as_uri(), made.job.id)
    except (BackendUnreachable, CannotWrite):
        raise
    except StudioError as error:
        yield Failed(f"shot {asked.shot.id}", str(error))
        return asked.failed(str(error))


def wanted(workflow: Workflow, asked: Asked, kept: Path) -> Wanted:
    """What draws a shot; reference pictures that are fetched for it are kept in `kept`."""
    shot = asked.shot
    pictures = [reference(url, asked.near, kept) for url, _ in shot.references]
    check_places(workflow, shot)
    values: dict[str, Any] = {"seed": seed_of(Shot(str(shot.id), shot.prompt), 1, 0), **asked.batch.values}
    values |= {"prompt": shot.prompt, "references": pictures}
    graph, changes = workflow.filled(**values)
    return Wanted(asked.stem, graph, workflow.name, values, changes)


def check_places(workflow: Workflow, shot: BatchShot) -> None:
    """Raises BadFile when a shot has more reference pictures than its workflow takes."""
    count, places = len(shot.references), len(workflow.slots.get("reference", ()))
    if count > places:
        more = " Choose one with more, such as keyframe_qwen_edit_3ref." if places < 3 else ""
        raise BadFile(
            f"Shot {shot.id} has {count} reference pictures, and the workflow {workflow.name} takes "
            f"{places}.{more}"
        )


def references_of(shots: Sequence[BatchShot]) -> int:
    """The most reference pictures that one shot has."""
    return max((len(shot.references) for shot in shots), default=0)
