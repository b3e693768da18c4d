"""The nodes of the fake ComfyUI, and how it checks a graph before it starts."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests import film_corpus

MODELS = {"checkpoints": ["tiny.safetensors"], "loras": ["ink.safetensors"]}


class Interrupted(Exception):
    """Somebody stopped the job."""


class NodeFailed(Exception):
    def __init__(self, message: str, kind: str):
        super().__init__(message)
        self.told = {"executed": [], "exception_message": message, "exception_type": kind}
        self.told |= {"traceback": [], "current_inputs": {}, "current_outputs": []}


def png(color: int = 0, size: tuple[int, int] = (8, 8)) -> bytes:
    """A plain picture that differs by color."""
    width, height = size
    rows = (b"\0" + struct.pack(">I", color)[1:] * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in parts
    )


def preview(step: int) -> bytes:
    return b"\xff\xd8\xff\xe0 step %d \xff\xd9" % step


def _nothing(fake: Any, prompt: Any, id: str, inputs: dict[str, Any]) -> dict[str, Any]:
    return {}


def _sample(fake: Any, prompt: Any, id: str, inputs: dict[str, Any]) -> dict[str, Any]:
    for step in range(1, inputs["steps"] + 1):
        fake.step(prompt)
        fake.show(prompt, id, preview(step))
        fake.say(prompt, "progress", {"value": step, "max": inputs["steps"], "node": id})
    return {}


def _save(fake: Any, prompt: Any, id: str, inputs: dict[str, Any]) -> dict[str, Any]:
    folder, _, stem = inputs["filename_prefix"].rpartition("/")
    count = 1
    while ("output", folder, f"{stem}_{count:05}_.png") in fake.files:
        count += 1
    fake.step(prompt)
    size = _value(prompt, "width", 8), _value(prompt, "height", 8)
    content = inputs.get("content", "").encode() or png(hash(prompt.id) & 0xFFFFFF, size)
    fake.files["output", folder, f"{stem}_{count:05}_.png"] = content
    return {"images": [{"filename": f"{stem}_{count:05}_.png", "subfolder": folder, "type": "output"}]}


def _film(fake: Any, prompt: Any, id: str, inputs: dict[str, Any]) -> dict[str, Any]:
    fake.step(prompt)
    name = f"clip_{len(fake.files):05}_.mp4"
    size = _value(prompt, "width", 64), _value(prompt, "height", 64)
    fake.files["output", "", name] = mp4(size, _value(prompt, "amount", 1), inputs.get("content", "teal"))
    return {"images": [{"filename": name, "subfolder": "", "type": "output"}], "animated": [True]}


@cache
def mp4(size: tuple[int, int], frames: int, color: str) -> bytes:
    source = f"color={color}:s={size[0]}x{size[1]}:r=16"
    with TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        film_corpus.ffmpeg("-f", "lavfi", "-i", source, "-frames:v", frames, *film_corpus.X264, clip)
        return clip.read_bytes()


def _value(prompt: Any, input: str, otherwise: int) -> int:
    """What the last node with such an input asks for."""
    found = [node["inputs"][input] for node in prompt.graph.values() if input in node["inputs"]]
    return next((value for value in reversed(found) if isinstance(value, int)), otherwise)


def _preview(fake: Any, prompt: Any, id: str, inputs: dict[str, Any]) -> dict[str, Any]:
    fake.step(prompt)
    name = f"ComfyUI_temp_{len(fake.files):05}_.png"
    fake.files["temp", "", name] = png(1)
    return {"images": [{"filename": name, "subfolder": "", "type": "temp"}]}


def _break(fake: Any, prompt: Any, id: str, inputs: dict[str, Any]) -> dict[str, Any]:
    fake.step(prompt)
    raise NodeFailed(inputs["message"], inputs["kind"])


def _put_out(fake: Any, prompt: Any, id: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """Whatever the test wants in the history; files of these names are there to be fetched."""
    fake.step(prompt)
    for items in inputs["output"].values():
        for item in items:
            if isinstance(item, dict) and "filename" in item:
                key = item.get("type", "output"), item.get("subfolder", ""), item["filename"]
                fake.files[key] = inputs.get("content", f"content of {item['filename']}").encode()
    return inputs["output"]


@dataclass(frozen=True)
class Kind:
    run: Callable[..., dict[str, Any]]
    is_output: bool = False
    required: dict[str, Any] = field(default_factory=dict)


PASSING = ("PrimitiveStringMultiline", "StringLength", "ImageAddNoise", "ImageBlur", "ImageScale")
PASSING += ("RepeatImageBatch", "CreateVideo", "EmptyLatentImage", "VAEDecode")
NODES = {
    "CheckpointLoaderSimple": Kind(_nothing, required={"ckpt_name": "checkpoints"}),
    "LoraLoader": Kind(_nothing, required={"lora_name": "loras", "strength_model": "FLOAT"}),
    "CLIPTextEncode": Kind(_nothing, required={"text": "STRING"}),
    "EmptyImage": Kind(_nothing, required={"width": "INT", "height": "INT"}),
    "LoadImage": Kind(_nothing, required={"image": "STRING"}),
    "KSampler": Kind(_sample, required={"seed": "INT", "steps": "INT"}),
    "SaveImage": Kind(_save, True, {"images": "IMAGE", "filename_prefix": "STRING"}),
    "PreviewImage": Kind(_preview, True, {"images": "IMAGE"}),
    "Break": Kind(_break, True, {"message": "STRING", "kind": "STRING"}),
    "SaveVideo": Kind(_film, True, {"video": "VIDEO"}),
    **{name: Kind(_nothing) for name in PASSING},
    "PutOut": Kind(_put_out, True, {"output": "DICT"}),
}


def object_info(fake: Any) -> dict[str, Any]:
    """Model lists are written in one of two ways, which real servers mix."""

    def spec(type: str) -> list[Any]:
        if type not in fake.models:
            return [type, {}]
        choices = fake.models[type]
        return ["COMBO", {"options": choices}] if fake.has_new_lists else [choices]

    return {
        name: {
            "input": {"required": {input: spec(type) for input, type in kind.required.items()}},
            "output_node": kind.is_output,
            "display_name": name,
        }
        for name, kind in NODES.items()
    }


def refusal(fake: Any, graph: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], bool]:
    """The error and node errors of a graph, and whether any output of it can run all the same."""
    for id, node in graph.items():
        if node["class_type"] not in NODES:
            return _missing(fake, id, node), {}, False
    ends = [id for id, node in graph.items() if NODES[node["class_type"]].is_output]
    if not ends:
        error = {"type": "prompt_no_outputs", "message": "Prompt has no outputs", "details": ""}
        return {**error, "extra_info": {}}, {}, False
    bad = {id: errors for id, node in graph.items() if (errors := _errors(fake, node))}
    node_errors = {
        id: {"errors": errors, "dependent_outputs": ends, "class_type": graph[id]["class_type"]}
        for id, errors in bad.items()
    }
    error = {"type": "prompt_outputs_failed_validation", "message": "Prompt outputs failed validation"}
    return {**error, "details": "", "extra_info": {}}, node_errors, any(_runs(graph, id, bad) for id in ends)


def _missing(fake: Any, id: str, node: dict[str, Any]) -> dict[str, Any]:
    title = node.get("_meta", {}).get("title") or node["class_type"]
    if fake.version == "0.3.75":
        message = f"Cannot execute because node {node['class_type']} does not exist."
        return {"type": "invalid_prompt", "message": message, "details": f"Node ID '#{id}'", "extra_info": {}}
    message = f"Node '{title}' not found. The custom node may not be installed."
    info = {"node_id": id, "class_type": node["class_type"], "node_title": title}
    return {
        "type": "missing_node_type",
        "message": message,
        "details": f"Node ID '#{id}'",
        "extra_info": info,
    }


def _runs(graph: dict[str, Any], id: str, bad: dict[str, Any]) -> bool:
    """Nothing that this node needs is in error."""
    links = [v[0] for v in graph[id]["inputs"].values() if isinstance(v, list) and len(v) == 2]
    return id not in bad and all(_runs(graph, link, bad) for link in links if link in graph)


def _errors(fake: Any, node: dict[str, Any]) -> list[dict[str, Any]]:
    errors = []
    for input, type in NODES[node["class_type"]].required.items():
        value = node["inputs"].get(input)
        info = {"input_name": input, "input_config": [type, {}], "received_value": value}
        if input not in node["inputs"]:
            message = "Required input is missing"
            errors.append({"type": "required_input_missing", "message": message, "details": input})
            errors[-1]["extra_info"] = {"input_name": input}
        elif type in fake.models and value not in fake.models[type]:
            details = f"{input}: '{value}' not in {fake.models[type]}"
            errors.append({"type": "value_not_in_list", "message": "Value not in list", "details": details})
            errors[-1]["extra_info"] = info
        elif input == "image" and ("input", *_split(value)) not in fake.files:
            details = f"image - Invalid image file: {value}"
            message = "Custom validation failed for node"
            errors.append({"type": "custom_validation_failed", "message": message, "details": details})
            errors[-1]["extra_info"] = info
    return errors


def _split(name: str) -> tuple[str, str]:
    folder, _, file = name.rpartition("/")
    return folder, file
