"""A batch of single pictures, asked for and answered as JSON: shots with references in, images out."""

from collections.abc import Generator, Iterator, Mapping, Sequence
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


def make(
    backend: Backend, ledger: Ledger, workflow: Workflow, batch: Batch, near: Path
) -> Generator[Event, None, dict[str, Any]]:
    """The answer to a batch; each shot stands or fails alone. `near` is where its paths start from."""
    pieces = {
        f"{n + 1}: {shot.id}": partial(_answer, backend, ledger, workflow, _Asked(batch, n, near))
        for n, shot in enumerate(batch.shots)
    }
    answers = yield from side_by_side(pieces, batch.size)
    images = list(map(answers.__getitem__, pieces))
    return {"generated_images": images, "total_images": len(images)}


@dataclass(frozen=True)
class _Asked:
    """One shot of a batch."""

    batch: Batch
    number: int
    near: Path

    @property
    def shot(self) -> BatchShot:
        return self.batch.shots[self.number]


def _answer(
    backend: Backend, ledger: Ledger, workflow: Workflow, asked: _Asked
) -> Generator[Event, None, dict[str, Any]]:
    try:
        return (yield from _make(backend, ledger, workflow, asked))
    except (BackendUnreachable, CannotWrite):
        raise
    except StudioError as error:
        yield Failed(f"shot {asked.shot.id}", str(error))
        return {"shot_id": asked.shot.id, "success": False, "error": str(error)}


def _make(
    backend: Backend, ledger: Ledger, workflow: Workflow, asked: _Asked
) -> Generator[Event, None, dict[str, Any]]:
    shot = asked.shot
    kept = ledger.project.folder / "references"
    pictures = [reference(url, asked.near, kept) for url, _ in shot.references]
    _check_places(workflow, shot, len(pictures))
    values: dict[str, Any] = {"seed": seed_of(Shot(str(shot.id), shot.prompt), 1, 0), **asked.batch.values}
    values |= {"prompt": shot.prompt, "references": pictures}
    graph, changes = workflow.filled(**values)
    wanted = Wanted(_stem(asked), graph, workflow.name, values, changes)
    take = yield from ledger.carry_out(backend, wanted)
    yield Saved(take.path, take.reused)
    return {
        "shot_id": shot.id,
        "success": True,
        "image_url": picture(take).as_uri(),
        "prompt": shot.prompt,
        "prompt_id": wanted.job.id,
        "references_used": [name for _, name in shot.references],
    }


def _check_places(workflow: Workflow, shot: BatchShot, count: int) -> None:
    places = len(workflow.slots.get("reference", ()))
    if count > places:
        raise StudioError(
            f"Shot {shot.id} has {count} reference pictures, and the workflow {workflow.name} takes "
            f"{places}. Choose one with more, such as keyframe_qwen_edit_3ref."
        )


def _stem(asked: _Asked) -> str:
    plain = "".join(c if (c.isalnum() and c.isascii()) or c in "-_" else "-" for c in str(asked.shot.id))[:40]
    return plain.strip("-") or f"shot-{asked.number + 1}"


def references_of(shots: Sequence[BatchShot]) -> int:
    """The most reference pictures that one shot has."""
    return max((len(shot.references) for shot in shots), default=0)
