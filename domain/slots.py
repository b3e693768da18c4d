"""The places in a graph where values go in, by what they are for."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Slot:
    """One input of one node that takes a value, and why it was taken for that."""

    node: str
    input: str
    why: str
    scale: float = 1.0  # what is written for a value of 1: 0.5 where a later stage doubles the size


@dataclass(frozen=True)
class Change:
    """One value put into a graph, for the artist to read."""

    node: str
    title: str
    input: str
    old: Any
    new: Any
    why: str


# What a slot is called here -> the titles with which an artist marks its node in ComfyUI.
TITLES = {
    "prompt": ("prompt", "positive prompt", "positive"),
    "negative": ("negative", "negative prompt"),
    "seed": ("seed", "noise seed"),
    "steps": ("steps",),
    "cfg": ("cfg",),
    "width": ("width", "size"),
    "height": ("height", "size"),
    "frames": ("frames", "length"),
    "seconds": ("seconds", "duration"),
    "fps": ("fps", "frame rate"),
    "start_image": ("start image", "start frame", "first frame"),
    "end_image": ("end image", "end frame", "last frame"),
    "reference": ("reference", "reference image"),
    "control": ("control", "control image", "control video"),
    "mask": ("mask",),
    "source": ("source", "source image"),
    "video": ("video", "source video"),
    "audio": ("audio", "speech"),
    "lora": ("lora", "[lora]"),
    "prefix": ("prefix", "file name"),
}
# Slots that are only read or only come from the rules.
UNTITLED = (
    *("other_prompts", "split", "aspect_ratio", "megapixels", "size_follows"),
    *("model", "model_high", "model_low"),
)
NAMES = (*TITLES, *UNTITLED)
# Slots for which an artist may choose the places by hand, and those of them that take a number.
CORRECTABLE = (*TITLES, "aspect_ratio", "megapixels", "model", "model_high", "model_low")
NUMBERS = ("seed", "steps", "cfg", "width", "height", "frames", "seconds", "fps", "megapixels")

TEXTS = (
    *("text", "prompt", "positive_prompt", "positive", "user_prompt", "tags"),
    *("text_g", "text_l", "clip_l", "clip_g", "t5xxl", "llama", "bert", "mt5xl", "qwen25_7b"),
)
NEGATIVE_TEXTS = ("negative_prompt", "negative")
LENGTHS = ("length", "video_frames", "num_frames", "frames_number")
FILES = ("image", "file", "audio", "video")
MODELS = ("unet_name", "ckpt_name", "model_name")

# The inputs of a titled node that take the value; the first group with one present counts.
INPUTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "prompt": (TEXTS, ("value", "string")),
    "negative": (TEXTS, NEGATIVE_TEXTS, ("value", "string")),
    "seed": (("seed", "noise_seed"), ("value",)),
    "steps": (("steps",), ("value",)),
    "cfg": (("cfg",), ("value",)),
    "width": (("width",), ("value",)),
    "height": (("height",), ("value",)),
    "frames": ((*LENGTHS, "frames", "frame_count"), ("amount",), ("value",)),
    "seconds": (("seconds", "duration"), ("value",)),
    "fps": (("fps", "frame_rate"), ("value",)),
    "lora": (("lora_name", "lora"),),
    "prefix": (("filename_prefix",), ("value",)),
}
