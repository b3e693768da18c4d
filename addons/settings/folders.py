"""Where things lie on the studio's machine."""

from typing import Any

import gradio as gr

from addons.live import live
from addons.settings.part import QUIET, Asked, Changes, Part
from addons.words import label
from domain.errors import StudioError
from services import folders
from services.studio import Studio


def build(studio: Studio) -> Part:
    with gr.Column(elem_id="set-folders", elem_classes="set-card"):
        live("heading", value="settings.folders")
        said = live("said", elem_id="set-folders-said", elem_classes="set-fault", render=False)
        rows = {name: _folder(studio, name, said) for name in folders.folders(studio.places)}
        said.render()
        empty = gr.Button(label("settings.folder.empty"), elem_id="set-empty-cache", size="sm")

    def emptied() -> dict[str, Any]:
        freed = folders.empty_cache(studio.places)
        return {"key": "settings.folder.emptied", "bytes": freed}

    def load(asked: Asked) -> Changes:
        places = folders.folders(studio.places)
        paths = {path: str(places[name]) for name, (path, _) in rows.items()}
        return {**paths, **{show: gr.update(visible=asked.is_here) for _, show in rows.values()}}

    empty.click(emptied, None, said, **QUIET)
    return Part([place for row in rows.values() for place in row], load)


def _folder(studio: Studio, name: str, said: gr.HTML) -> tuple[gr.Textbox, gr.Button]:
    with gr.Row(elem_classes="set-fields set-folder"):
        path = gr.Textbox(
            label=label(f"settings.folder.{name}"),
            elem_id=f"set-folder-{name}",
            max_lines=1,
            interactive=False,
            buttons=["copy"],
        )
        show = gr.Button(label("settings.folder.open"), elem_id=f"set-open-{name}", size="sm", visible=False)

    def opened(request: gr.Request) -> Any:
        if not is_here(request):
            return {"key": "settings.folder.elsewhere"}
        try:
            folders.show(studio.places, name)
        except StudioError as error:
            return str(error)
        return ""

    show.click(opened, None, said, **QUIET)
    return path, show


def is_here(request: gr.Request) -> bool:
    return folders.is_here(request.client.host if request.client else None, dict(request.headers))
