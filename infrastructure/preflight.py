"""What a workflow needs and a server does not have: told all at once, before anything is spent."""

from collections.abc import Iterable, Iterator
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


def missing(object_info: dict[str, Any], graphs: Iterable[Graph]) -> None:
    """Raises JobRejected that names every node and model the server lacks."""
    lacks = dict.fromkeys(lack for graph in graphs for lack in _lacks(object_info, graph))
    if lacks:
        raise JobRejected("This server cannot run the workflow yet: " + "; ".join(lacks) + ".")


def _lacks(object_info: dict[str, Any], graph: Graph) -> Iterator[str]:
    for id, node in graph.items():
        if node["class_type"] not in object_info:
            title = node.get("_meta", {}).get("title") or node["class_type"]
            yield missing_node(node["class_type"], f"“{title}”")
        for model in models(object_info, {id: node}):
            if not model.is_there:
                yield f"the model {model.file} is missing; it belongs in models/{model.folder}"


def lacking_nodes(object_info: dict[str, Any], graph: Graph) -> Iterator[str]:
    """The classes of a graph's nodes that the server does not know."""
    return (node["class_type"] for node in graph.values() if node["class_type"] not in object_info)


def models(object_info: dict[str, Any], graph: Graph) -> Iterator[Model]:
    """The model files that a graph's nodes ask for, as far as the server knows the nodes."""
    for node in graph.values():
        name = node["class_type"]
        kinds = object_info.get(name, {}).get("input") or {}
        inputs = {**kinds.get("required", {}), **kinds.get("optional", {})}
        for input, value in node["inputs"].items():
            choices = _choices(inputs.get(input))
            if isinstance(value, str) and _is_model(value) and choices is not None:
                yield Model(value, folder_of(name, input), value in choices)


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
