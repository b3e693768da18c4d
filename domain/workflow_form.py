"""A workflow as a form: what can be set in it and where that goes, and where else it could go."""

from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from domain.slot_rules.corrections import is_fit
from domain.slots import CORRECTABLE, LENGTHS, MODELS, NEGATIVE_TEXTS, TEXTS, TITLES
from domain.workflow import Workflow

_ENDS = (".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".gguf", ".bin", ".onnx")
_ANY = ("value", "string", "int", "float", "number")  # what value nodes call theirs
_WHOLE = ("seed", "steps", "width", "height", "frames")
_WORDS: dict[str, tuple[str, ...]] = {  # what the name of an input has in it that may be chosen for a slot
    "prompt": (*TEXTS, *NEGATIVE_TEXTS, "text", "prompt"),
    "negative": (*TEXTS, *NEGATIVE_TEXTS, "text", "prompt"),
    "seed": ("seed",),
    "steps": ("steps",),
    "cfg": ("cfg", "guidance"),
    "width": ("width",),
    "height": ("height",),
    "frames": (*LENGTHS, "frames", "frame_count", "amount"),
    "seconds": ("seconds", "duration", "length"),
    "fps": ("fps", "frame_rate"),
    "prefix": ("prefix", "filename"),
    "aspect_ratio": ("aspect", "ratio"),
    "megapixels": ("megapixel",),
}
_PICTURES = ("image", "file", "video")
_FILES = {  # slot -> the inputs of loaders that may be chosen for it
    **dict.fromkeys(("start_image", "end_image", "reference", "control", "mask", "source"), _PICTURES),
    "video": ("video", "file"),
    "audio": ("audio", "file"),
}


@dataclass(frozen=True)
class Spot:
    """One input of one node that takes, or could take, a value."""

    place: str  # "6.text", as corrections name it
    title: str  # what the artist knows the node by
    input: str
    value: Any  # that stands there now
    why: str = ""  # it was chosen; "" for one that was not


@dataclass(frozen=True)
class Row:
    slot: str
    spots: tuple[Spot, ...]  # where the value goes; none: nowhere
    others: tuple[Spot, ...]  # where it could go
    is_by_hand: bool


def form(workflow: Workflow) -> tuple[Row, ...]:
    """Every slot that has a place in the workflow or could have one, in the order of a form."""
    rows = (_row(workflow, name) for name in CORRECTABLE)
    return tuple(row for row in rows if row.spots or row.others or row.is_by_hand)


def _row(workflow: Workflow, name: str) -> Row:
    slots = workflow.slots.get(name, [])
    taken = {(slot.node, slot.input) for slot in slots}
    others = tuple(
        _spot(workflow, node, input)
        for node in workflow.graph
        for input, value in workflow.reader.inputs(node).items()
        if (node, input) not in taken and _could_take(name, input, value)
    )
    spots = tuple(_spot(workflow, slot.node, slot.input, slot.why) for slot in slots)
    return Row(name, spots, others, name in workflow.about.slots)


def _spot(workflow: Workflow, node: str, input: str, why: str = "") -> Spot:
    value = workflow.reader.inputs(node)[input]
    return Spot(f"{node}.{input}", workflow.reader.label(node), input, value, why)


def _could_take(name: str, input: str, value: Any) -> bool:
    if not is_fit(name, value) or (name in _WHOLE and value != int(value)):
        return False
    if name in _FILES:
        return input.lower() in _FILES[name]
    is_model = isinstance(value, str | PurePath) and str(value).lower().endswith(_ENDS)
    if name == "lora":
        return is_model and "lora" in input.lower()
    if name.startswith("model"):
        return is_model and input.lower() in MODELS
    if is_model:
        return False
    if input.lower() in _ANY and name in TITLES:
        return True
    is_prose = name in ("prompt", "negative") and len(str(value).split()) > 2
    return is_prose or any(word in input.lower() for word in _WORDS[name])
