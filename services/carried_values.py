"""The values a picture says it was made with, whoever made it, and taking them over into shots."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from domain import board_edits
from domain.errors import BadFile, StudioError
from domain.parameters_text import parameters
from domain.storyboard import Storyboard
from domain.workflow import Workflow
from infrastructure.media_workflows import carried, media_texts
from infrastructure.sketch_backend import CHUNK
from infrastructure.workflow_files import graph_in
from services.desk import Desk

FIELDS = {  # value -> the field of a shot it goes to
    "prompt": "prompt",
    "negative": "negative",
    "seed": "keyframe.seed",
    "steps": "keyframe.steps",
    "cfg": "keyframe.cfg",
    "width": "width",
    "height": "height",
}


def carried_values(picture: Path) -> dict[str, Any]:
    """By the names of FIELDS; {} when the picture says nothing of how it was made. Seeds are texts: they
    have more digits than a page can count with."""
    texts: dict[str, str] = {}
    try:
        for key, text in media_texts(picture, picture.name):
            texts.setdefault(key, text)
    except BadFile:
        return {}
    said = _of_sketch(texts.get(CHUNK, "")) or _of_graph(picture) or _of_text(texts)
    clean = ((name, _clean(name, value)) for name, value in said.items())
    return {name: value for name, value in clean if value is not None}


def needed_values(picture: Path) -> dict[str, Any]:
    """As `carried_values`; raises BadFile where there are none."""
    if values := carried_values(picture):
        return values
    raise BadFile(
        f"{picture.name} does not say how it was made. Programs that send pictures on often remove that: "
        "take the file as it was saved first."
    )


def use(desk: Desk, shot_ids: Sequence[str], values: Mapping[str, Any]) -> None:
    """Give shots these values, as one step that can be undone."""
    if unknown := [name for name in values if name not in FIELDS]:
        raise StudioError(f"A picture's {unknown[0]} cannot be taken over.")

    def edit(board: Storyboard) -> Storyboard:
        for name, value in values.items():
            if name == "seed" and isinstance(value, str) and value.isdecimal():
                value = int(value)
            board = board_edits.with_shots_field(board, shot_ids, FIELDS[name], value)
        return board

    desk.edit("values", edit, ", ".join(shot_ids[:4]))


def _of_sketch(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
        return {"prompt": said["prompt"], "seed": said["seed"]}
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}


def _of_graph(picture: Path) -> dict[str, Any]:
    try:
        workflow = Workflow("", graph_in(carried(picture).graph, picture.name))
        return {name: value for name in FIELDS if (value := _held(workflow, name)) is not None}
    except StudioError:
        return {}


def _held(workflow: Workflow, name: str) -> Any:
    """What the graph has where a value goes."""
    for slot in workflow.slots.get(name, ()):
        value = workflow.graph[slot.node]["inputs"][slot.input]
        is_scaled = slot.scale != 1 and isinstance(value, int | float)
        if _clean(name, value) is not None:
            return round(value / slot.scale) if is_scaled else value
    return None


def _of_text(texts: Mapping[str, str]) -> dict[str, Any]:
    return next((values for text in texts.values() if (values := parameters(text))), {})


def _clean(name: str, value: Any) -> Any:
    """The value as its kind; None for what others wrote that is not of that kind."""
    if name in ("prompt", "negative"):
        return value.strip() or None if isinstance(value, str) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        return None
    if name == "cfg":
        return value
    if value != int(value):
        return None
    return str(int(value)) if name == "seed" else int(value)
