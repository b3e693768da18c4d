"""Keyframes for a storyboard: some variants of every shot, from which one is chosen."""

import hashlib
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from domain.cast import lora_of, references_of
from domain.errors import JobFailed
from domain.events import Event, Saved, Work
from domain.job import Backend
from domain.prompts import Presets, keyframe_prompt, negative
from domain.storyboard import Sampling, Shot, Storyboard
from domain.workflow import Workflow
from infrastructure.recipes import Ledger, Take, Wanted
from services.lanes import side_by_side

IMAGES = {".png", ".jpg", ".jpeg", ".webp"}


@dataclass(frozen=True)
class Variant:
    """One take to be of one shot."""

    shot: Shot
    number: int  # from 1
    wanted: Wanted

    @property
    def name(self) -> str:
        return f"shot {self.shot.id}, variant {self.number}"


def plan(
    workflow: Workflow, board: Storyboard, variants: int, base_seed: int, presets: Presets
) -> list[Variant]:
    """What `generate` would make for every shot that can be rendered, in board order."""
    plan = []
    for shot in board.shots:
        if shot.is_renderable and shot.start_image is None:
            values = values_of(workflow, board, shot, presets)
            for number in range(1, variants + 1):
                seed = seed_of(shot, number, base_seed)
                plan.append(Variant(shot, number, wanted(workflow, shot, {**values, "seed": seed})))
    return plan


def generate(backend: Backend, ledger: Ledger, variants: Sequence[Variant]) -> Work:
    """Make the takes that are not there yet; a variant that fails is told and passed over."""
    pieces = {v.name: partial(make, backend, ledger, v.wanted) for v in variants}
    yield from side_by_side(pieces, backend.lanes)


def takes_of(backend: Backend, ledger: Ledger, variants: Sequence[Variant]) -> dict[str, dict[int, Take]]:
    """The takes that are there, by shot and number."""
    takes: dict[str, dict[int, Take]] = {}
    for variant in variants:
        if take := ledger.done(backend, variant.wanted):
            takes.setdefault(variant.shot.id, {})[variant.number] = take
    return takes


def seed_of(shot: Shot, number: int, base_seed: int) -> int:
    """The artist's seed and those after it, else one drawn from the base seed, whatever the shot's place."""
    if shot.keyframe.seed is not None:
        return (shot.keyframe.seed + number - 1) % 2**64
    return seed_from(base_seed, f"{shot.id}/{number}")


def seed_from(base_seed: int, of: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{base_seed}/{of}".encode()).digest()[:4], "big")


def size_of(workflow: Workflow, board: Storyboard, shot: Shot) -> tuple[int, int]:
    """Pixels to generate: the shot's or the board's size on the model's grid."""
    return workflow.size_for(shot.width or board.width, shot.height or board.height)


def values_of(workflow: Workflow, board: Storyboard, shot: Shot, presets: Presets) -> dict[str, Any]:
    """What all variants of a shot have in common."""
    shared = shared_values(workflow, board, shot, keyframe_prompt(shot, board, presets), shot.keyframe)
    return {**shared, "lora": _lora_file(lora_of(shot, board))}


def shared_values(
    workflow: Workflow, board: Storyboard, shot: Shot, prompt: str, sampling: Sampling
) -> dict[str, Any]:
    """What pictures and clips of a shot are given alike."""
    width, height = size_of(workflow, board, shot)
    return {
        "prompt": prompt,
        "negative": negative(shot) or None,
        "width": width,
        "height": height,
        "steps": sampling.steps,
        "cfg": sampling.cfg,
        "references": list(references_of(shot, board)),
    }


def wanted(workflow: Workflow, shot: Shot, values: Mapping[str, Any]) -> Wanted:
    graph, changes = workflow.filled(**values)
    return Wanted(shot.id, graph, workflow.name, values, changes)


def _lora_file(name: str) -> str | None:
    """Boards name a LoRA, ComfyUI its file."""
    return f"{name}.safetensors" if name and not Path(name).suffix else name or None


def make(backend: Backend, ledger: Ledger, wanted: Wanted) -> Generator[Event, None, Take]:
    """One take; told when it stands."""
    take = yield from ledger.carry_out(backend, wanted)
    yield Saved(take.path, take.reused)
    return take


def picture(take: Take) -> Path:
    """The picture among a take's files."""
    for file in take.files:
        if file.suffix.lower() in IMAGES:
            return file
    raise JobFailed(f"{take.name}: the workflow saved no picture. Does it end in a node that saves one?")
