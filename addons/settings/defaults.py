"""Which workflows keyframes and videos are made with, unless a shot says otherwise."""

from typing import Any

import gradio as gr

from addons.live import live
from addons.settings.part import QUIET, Asked, Changes, Part
from addons.words import label
from services import defaults
from services.studio import Studio


def build(studio: Studio) -> list[Part]:
    with gr.Column(elem_id="set-defaults", elem_classes="set-card"):
        live("heading", value="settings.defaults")
        return [_choice(studio, kind) for kind in ("keyframe", "video")]


def _choice(studio: Studio, kind: str) -> Part:
    with gr.Row(elem_classes="set-fields"):
        chosen = gr.Dropdown(
            defaults.choices(studio.workflows, kind),
            label=label(f"settings.{kind}_workflow"),
            elem_id=f"set-{kind}-workflow",
            interactive=True,
        )
        check = gr.Button(label("settings.check"), elem_id=f"set-{kind}-check", size="sm")
    about = live("set-flow", elem_id=f"set-{kind}-about")

    def load(asked: Asked) -> Changes:
        name = studio.workflow_choice.default(kind)
        choices = defaults.choices(studio.workflows, kind)
        return {
            chosen: gr.update(choices=choices, value=name),
            about: defaults.named(studio.workflows, name),
        }

    def choose(name: str) -> dict[str, Any]:
        studio.set(**{f"{kind}_workflow": name})
        return defaults.named(studio.workflows, name)

    def checked(name: str) -> dict[str, Any]:
        comfy = studio.managed.at_address(studio.settings.comfy)
        return defaults.checked(studio.workflows.load(name), comfy, studio.machines.drawing.told)

    chosen.input(choose, chosen, about, **QUIET)
    check.click(checked, chosen, about, **QUIET)
    return Part([chosen, about], load)
