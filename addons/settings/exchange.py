"""The connection as a few lines of JSON that other programs read, and settings that come in from a file."""

import json
from pathlib import Path
from typing import Any

import gradio as gr

from addons.live import live
from addons.settings.part import QUIET, Asked, Changes, Part
from addons.words import label
from domain.errors import StudioError
from services.connections import exported
from services.studio import Studio


def build(studio: Studio) -> Part:
    with gr.Column(elem_id="set-exchange", elem_classes="set-card"):
        live("heading", value="settings.exchange")
        shape = gr.Textbox(
            label=label("settings.json"), elem_id="set-json", lines=7, max_lines=7, interactive=False
        )
        with gr.Row(elem_classes="set-tools"):
            copy = gr.Button(label("settings.json.copy"), elem_id="set-json-copy", size="sm")
            bring = gr.UploadButton(label("settings.bring"), elem_id="set-bring", size="sm")
        notes = live("set-notes", elem_id="set-notes")

    def load(asked: Asked) -> Changes:
        return {shape: json.dumps(exported(studio.settings.comfy), indent=2)}

    def brought(file: str) -> dict[str, Any]:
        try:
            return {"notes": studio.take_over(Path(file))}
        except StudioError as error:
            return {"fault": str(error).replace(file, Path(file).name)}
        finally:
            Path(file).unlink(missing_ok=True)  # it may hold keys

    copy.click(None, shape, None, js="text => { Studio.settings.copy(text) }")
    bring.upload(brought, bring, notes, **QUIET)
    return Part([shape], load)
