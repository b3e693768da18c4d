"""Workflows as ComfyUI's window saves them, and what a server says of the nodes in them."""

from typing import Any

OBJECT_INFO: dict[str, Any] = {
    "CheckpointLoaderSimple": {
        "input": {"required": {"ckpt_name": [["tiny.safetensors"]]}},
        "output": ["MODEL", "CLIP", "VAE"],
    },
    "CLIPTextEncode": {
        "input": {"required": {"text": ["STRING", {"multiline": True}], "clip": ["CLIP"]}},
        "output": ["CONDITIONING"],
        "display_name": "CLIP Text Encode",
    },
    "EmptyLatentImage": {
        "input": {
            "required": {"width": ["INT", {"step": 8}], "height": ["INT", {"step": 8}], "batch_size": ["INT"]}
        },
        "output": ["LATENT"],
    },
    "KSampler": {
        "input": {
            "required": {
                "model": ["MODEL"],
                "seed": ["INT", {"control_after_generate": True}],
                "steps": ["INT", {"default": 20}],
                "cfg": ["FLOAT", {"default": 8.0}],
                "sampler_name": [["euler", "ddim"]],
                "positive": ["CONDITIONING"],
                "negative": ["CONDITIONING"],
                "latent_image": ["LATENT"],
            },
            "optional": {"denoise": ["FLOAT", {"default": 1.0}]},
        },
        "output": ["LATENT"],
    },
    "VAEDecode": {"input": {"required": {"samples": ["LATENT"], "vae": ["VAE"]}}, "output": ["IMAGE"]},
    "LoadImage": {"input": {"required": {"image": [["a.png"], {"image_upload": True}]}}, "output": ["IMAGE"]},
    "ImageInvert": {"input": {"required": {"image": ["IMAGE"]}}, "output": ["IMAGE"]},
    "PrimitiveInt": {"input": {"required": {"value": ["INT"]}}, "output": ["INT"]},
    "Curve": {"input": {"required": {"curve": ["CURVE"], "images": ["IMAGE"]}}, "output": ["IMAGE"]},
    "SaveVideo": {
        "input": {
            "required": {
                "images": ["IMAGE"],
                "codec": [
                    "COMFY_DYNAMICCOMBO_V3",
                    {
                        "options": [
                            {"key": "none", "inputs": {}},
                            {"key": "h264", "inputs": {"required": {"quality": ["INT", {"default": 3}]}}},
                        ]
                    },
                ],
                "filename_prefix": ["STRING", {"default": "video"}],
            }
        },
        "output": [],
        "output_node": True,
    },
    "SaveImage": {
        "input": {"required": {"images": ["IMAGE"], "filename_prefix": ["STRING", {"default": "ComfyUI"}]}},
        "output": [],
        "output_node": True,
    },
}


def ui_node(
    id: int, type: str, widgets: Any = (), inputs: str = "", outputs: str = "", **more: Any
) -> dict[str, Any]:
    """inputs="model:MODEL=4 text:STRING*=9": links after =, and * for one that is a widget too."""
    return {
        "id": id,
        "type": type,
        "mode": 0,
        "inputs": [_input(word) for word in inputs.split()],
        "outputs": [{"name": kind, "type": kind} for kind in outputs.split()],
        "widgets_values": list(widgets) if isinstance(widgets, tuple) else widgets,
        "properties": {},
        **more,
    }


def _input(word: str) -> dict[str, Any]:
    named, _, link = word.partition("=")
    name, _, kind = named.partition(":")
    widget = {"widget": {"name": name}} if kind.endswith("*") and kind != "*" else {}
    return {
        "name": name,
        "type": kind.removesuffix("*") or "*",
        "link": int(link) if link else None,
        **widget,
    }


def ui(*nodes: dict[str, Any], links: str = "", **more: Any) -> dict[str, Any]:
    """links="9:4.0>6.1": link 9 goes from output 0 of node 4 to input 1 of node 6."""
    return {"nodes": list(nodes), "links": [_link(word) for word in links.split()], "version": 0.4, **more}


def _link(word: str) -> list[Any]:
    id, _, ends = word.partition(":")
    origin, target = (end.split(".") for end in ends.split(">"))
    return [int(id), int(origin[0]), int(origin[1]), int(target[0]), int(target[1]), "*"]


def subgraph(id: str, *nodes: dict[str, Any], links: str = "", inputs: str = "") -> dict[str, Any]:
    """-10 stands for its inputs, -20 for its outputs; its links are objects, as the window writes them."""
    keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    return {
        "id": id,
        "name": f"group {id}",
        "nodes": list(nodes),
        "links": [dict(zip(keys, _link(word), strict=True)) for word in links.split()],
        "inputs": [{"name": name} for name in inputs.split()],
        "outputs": [{"name": "out"}],
    }


def picture(**more: Any) -> dict[str, Any]:
    """Words to picture, as the window saves it."""
    return ui(
        ui_node(4, "CheckpointLoaderSimple", ("tiny.safetensors",), "", "MODEL CLIP VAE"),
        ui_node(6, "CLIPTextEncode", ("a hill",), "clip:CLIP=1", "CONDITIONING", title="Positive"),
        ui_node(7, "CLIPTextEncode", ("rain",), "clip:CLIP=2", "CONDITIONING"),
        ui_node(5, "EmptyLatentImage", (512, 320, 1), "", "LATENT"),
        ui_node(
            3,
            "KSampler",
            (42, "randomize", 12, 7.5, "euler", 1.0),
            "model:MODEL=3 positive:CONDITIONING=4 negative:CONDITIONING=5 latent_image:LATENT=6",
            "LATENT",
        ),
        ui_node(8, "VAEDecode", (), "samples:LATENT=7 vae:VAE=8", "IMAGE"),
        ui_node(9, "SaveImage", ("out",), "images:IMAGE=9"),
        links="1:4.1>6.0 2:4.1>7.0 3:4.0>3.0 4:6.0>3.1 5:7.0>3.2 6:5.0>3.3 7:3.0>8.0 8:4.2>8.1 9:8.0>9.0",
        **more,
    )
