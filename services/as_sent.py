"""A shot's prompts as they will be sent: in pieces with where each comes from, and what is left out."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from domain.cast import lora_of, references_of
from domain.prompts import (
    LeftOut,
    Phrase,
    keyframe_left_out,
    keyframe_parts,
    negative,
    video_left_out,
    video_parts,
)
from domain.storyboard import Shot
from domain.workflow import Workflow
from services.stale import Today

Side = Mapping[str, Any]


def as_sent(today: Today, shot: Shot) -> Mapping[str, Side]:
    """What goes into the shot's picture and into its clip now."""
    asked = shot, today.board, today.presets
    picture = _side(keyframe_parts(*asked), keyframe_left_out(*asked))
    clip = _side(video_parts(*asked), video_left_out(*asked))
    lora = lora_of(shot, today.board)
    return {
        "picture": {**picture, **_beside(today, shot, today.keyframe_workflow), "lora": lora},
        "clip": {**clip, **_beside(today, shot, today.video_workflow), "lora": ""},
    }


def _side(parts: list[Phrase], left_out: list[LeftOut]) -> Side:
    return {"parts": [asdict(part) for part in parts], "left_out": [asdict(out) for out in left_out]}


def _beside(today: Today, shot: Shot, workflow: Workflow) -> Side:
    """What is sent beside the prompt, and which of it the workflow has a place for."""
    return {
        "negative": negative(shot),
        "references": len(references_of(shot, today.board)),
        "workflow": workflow.name,
        "places": {
            "negative": workflow.takes("negative"),
            "references": len(workflow.slots.get("reference", ())),
            "lora": workflow.takes("lora"),
        },
    }
