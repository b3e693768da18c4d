"""Small ComfyUI graphs for the tests of workflows."""

from pathlib import Path
from typing import Any

from domain.job import Graph
from domain.workflow import Workflow
from infrastructure.workflow_files import WorkflowFolder

TEMPLATES = WorkflowFolder()


def node(class_type: str, title: str = "", **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs, "_meta": {"title": title or class_type}}


def picture(**more: Any) -> Graph:
    """Words to picture, with nodes added or replaced."""
    graph = {
        "model": node("CheckpointLoaderSimple", ckpt_name="a.safetensors"),
        "words": node("CLIPTextEncode", text="a hill", clip=["model", 1]),
        "unwanted": node("CLIPTextEncode", text="rain", clip=["model", 1]),
        "canvas": node("EmptyLatentImage", width=512, height=512, batch_size=1),
        "sampler": node(
            "KSampler",
            model=["model", 0],
            positive=["words", 0],
            negative=["unwanted", 0],
            latent_image=["canvas", 0],
            seed=7,
            steps=20,
            cfg=8,
        ),
        "decode": node("VAEDecode", samples=["sampler", 0], vae=["model", 2]),
        "save": node("SaveImage", images=["decode", 0], filename_prefix="out"),
    }
    return {**graph, **more}


def sampler(**inputs: Any) -> dict[str, Any]:
    """The sampler of `picture` with other inputs."""
    old = picture()["sampler"]
    return {**old, "inputs": {**old["inputs"], **inputs}}


def workflow(**more: Any) -> Workflow:
    return Workflow("mine", picture(**more))


def places(flow: Workflow, name: str) -> list[str]:
    """Where a value goes, as "node.input"."""
    return [f"{slot.node}.{slot.input}" for slot in flow.slots.get(name, ())]


def template(name: str) -> Workflow:
    return TEMPLATES.load(name)


def start(folder: Path) -> Path:
    path = folder / "start.png"
    path.write_bytes(b"a picture")
    return path
