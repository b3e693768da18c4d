"""extra_model_paths.yaml: where a version's ComfyUI finds models on a volume, wherever that is mounted."""

import json

from domain.versions.lock import Lock

FOLDERS = (  # of models, as ComfyUI calls them; nodes are not among them: they are the version's own
    "audio_encoders",
    "checkpoints",
    "classifiers",
    "clip_vision",
    "configs",
    "controlnet",
    "diffusers",
    "diffusion_models",
    "embeddings",
    "gligen",
    "hypernetworks",
    "loras",
    "model_patches",
    "photomaker",
    "style_models",
    "text_encoders",
    "upscale_models",
    "vae",
    "vae_approx",
)
ALSO = {"diffusion_models": "unet", "text_encoders": "clip"}  # ComfyUI's own older names of the same


def extra_model_paths(lock: Lock) -> str:
    """One file for pods, serverless and here: ComfyUI fills in the variable."""
    head = (
        f"# Models of {lock.id}. ComfyUI fills in STUDIO_VOLUME: /workspace on a pod, /runpod-volume on\n"
        "# serverless, a folder of yours elsewhere.\n"
    )
    return head + _section(lock, "$STUDIO_VOLUME", "models/")


def models_at(lock: Lock, folder: str) -> str:
    """The file for one folder of models, wherever it is."""
    return _section(lock, json.dumps(folder, ensure_ascii=False), "")


def _section(lock: Lock, base: str, below: str) -> str:
    others = {model.target.partition("/")[0] for model in lock.models} - {*FOLDERS, *ALSO.values()}
    lines = ["cindergrace:", f"  base_path: {base}", "  is_default: true"]
    for name in sorted({*FOLDERS, *others}):
        key = name if name in FOLDERS else json.dumps(name, ensure_ascii=False)
        if name in ALSO:
            lines += [f"  {key}: |", f"    {below}{name}", f"    {below}{ALSO[name]}"]
        else:
            path = f"{below}{name}"
            lines.append(f"  {key}: {path if name in FOLDERS else json.dumps(path, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"
