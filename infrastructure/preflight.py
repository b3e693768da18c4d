"""What a workflow needs and a server does not have: told all at once, before anything is spent."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from domain.errors import JobRejected
from domain.inventory import Model
from domain.job import Graph
from infrastructure.comfy_answers import missing_node

_MODEL_FILES = (".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".gguf", ".bin", ".onnx")
_FOLDERS = {  # loader input -> subfolder of ComfyUI's models/
    "ckpt_name": "checkpoints",
    "unet_name": "diffusion_models",
    "vae_name": "vae",
    "lora_name": "loras",
    "control_net_name": "controlnet",
    "style_model_name": "style_models",
    "gligen_name": "gligen",
    "hypernetwork_name": "hypernetworks",
    "photomaker_model_name": "photomaker",
    "audio_encoder_name": "audio_encoders",
    "text_encoder": "text_encoders",
    "bg_removal_name": "background_removal",
}
_FOLDERS_BY_CLASS = {
    "CLIPVisionLoader": "clip_vision",
    "UpscaleModelLoader": "upscale_models",
    "LatentUpscaleModelLoader": "latent_upscale_models",
    "ModelPatchLoader": "model_patches",
    "FrameInterpolationModelLoader": "frame_interpolation",
    "OpticalFlowLoader": "optical_flow",
}


def models(graph: Graph, object_info: Mapping[str, Any] | None = None) -> list[Model]:
    """Every model file a graph names, and whether the server has it."""
    return [
        model
        for id, node in graph.items()
        for model in _models(id, node, (object_info or {}).get(node["class_type"]) or {})
    ]


def unknown(graph: Graph, object_info: Mapping[str, Any]) -> dict[str, str]:
    """The nodes that a server does not know: the class of each, by its id."""
    return {id: node["class_type"] for id, node in graph.items() if node["class_type"] not in object_info}


def missing(object_info: dict[str, Any], graphs: Iterable[Graph]) -> None:
    """Raises JobRejected that names every node and model the server lacks."""
    if found := lacks(object_info, graphs):
        raise JobRejected("This server cannot run the workflow yet: " + "; ".join(found) + ".")


def lacks(object_info: Mapping[str, Any], graphs: Iterable[Graph]) -> list[str]:
    """Every node and model the server lacks, each once."""
    return list(dict.fromkeys(lack for graph in graphs for lack in _lacks(object_info, graph)))


def essence(object_info: Mapping[str, Any]) -> dict[str, Any]:
    """What `lacks` reads of it, to be kept: of tens of megabytes a few. Equal lists are one list."""
    lists: dict[tuple[Any, ...], list[Any]] = {}
    return {name: {"input": {"optional": _offers(info or {}, lists)}} for name, info in object_info.items()}


def _offers(info: Mapping[str, Any], lists: dict[tuple[Any, ...], list[Any]]) -> dict[str, list[Any]]:
    """The model files that each of a node's menus offers; none for a menu of something else."""
    offers = {}
    for input, spec in _inputs(info).items():
        if (choices := _choices(spec)) is not None:
            files = tuple(choice for choice in choices if isinstance(choice, str) and _is_model(choice))
            offers[input] = [lists.setdefault(files, list(files))]
    return offers


def _lacks(object_info: Mapping[str, Any], graph: Graph) -> Iterator[str]:
    for id, node in graph.items():
        name = node["class_type"]
        if name not in object_info:
            yield missing_node(name, f"“{node.get('_meta', {}).get('title') or name}”")
            continue
        for model in _models(id, node, object_info[name]):
            if model.is_there is False:
                yield f"the model {model.file} is missing; it belongs in models/{model.folder}"


def _models(id: str, node: dict[str, Any], info: Mapping[str, Any]) -> Iterator[Model]:
    inputs = _inputs(info)
    for input, value in node["inputs"].items():
        if isinstance(value, str) and _is_model(value):
            choices = _choices(inputs.get(input))
            is_there = None if choices is None else value in choices
            yield Model(value, folder_of(node["class_type"], input), id, input, is_there)


def _inputs(info: Mapping[str, Any]) -> dict[str, Any]:
    kinds = info.get("input") or {}
    return {**kinds.get("required", {}), **kinds.get("optional", {})}


def folder_of(class_type: str, input: str) -> str:
    """The subfolder of models/ that a loader reads, as ComfyUI names it."""
    if class_type in _FOLDERS_BY_CLASS:
        return _FOLDERS_BY_CLASS[class_type]
    return "text_encoders" if input.startswith("clip_name") else _FOLDERS.get(input, "…")


def _is_model(value: str) -> bool:
    return value.lower().endswith(_MODEL_FILES)


def _choices(input: Any) -> list[Any] | None:
    """What a combo offers, in either of the two ways servers write it."""
    match input:
        case [list(choices), *_]:
            return choices
        case ["COMBO", {"options": list(choices)}, *_]:
            return choices
    return None
