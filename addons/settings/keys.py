"""Keys for services on the net. They go in and never come out: the page is told how each one ends."""

import gradio as gr

from addons.live import live
from addons.settings.part import QUIET, Changes, Part
from addons.words import label
from domain.errors import StudioError
from services.studio import Studio

NAMES = ("RUNPOD_API_KEY", "HF_TOKEN", "CIVITAI_TOKEN", "OPENROUTER_API_KEY", "CHAT_API_KEY")


def build(studio: Studio) -> list[Part]:
    with gr.Column(elem_id="set-keys", elem_classes="set-card"):
        live("heading", value="settings.keys")
        return [key(studio, name) for name in NAMES]


def key(studio: Studio, name: str) -> Part:
    """One of them, also for another place of the page."""
    id = name.lower().replace("_", "-")
    with gr.Column(elem_classes="set-key"):
        with gr.Row(elem_classes="set-fields"):
            entry = gr.Textbox(
                label=label(f"settings.key.{name}"),
                type="password",
                elem_id=f"set-{id}",
                max_lines=1,
                interactive=True,
                html_attributes=gr.InputHTMLAttributes(autocomplete="off", spellcheck=False),
            )
            save = gr.Button(label("settings.save"), elem_id=f"set-{id}-save", size="sm")
            clear = gr.Button(label("settings.clear"), elem_id=f"set-{id}-clear", size="sm", visible=False)
        said = live("said", elem_id=f"set-{id}-said", elem_classes="set-fault")

    def hint() -> Changes:
        known = studio.secrets.hints()[name]
        word = {"": "settings.key.none", "file": "settings.key.set", "environment": "settings.key.outside"}
        is_ours = known["from"] == "file"
        return {
            said: {"key": word[known["from"]], "values": {"end": known["end"]}},
            clear: gr.update(visible=is_ours),
            entry: gr.update(interactive=known["from"] != "environment"),
        }

    def put(entered: str) -> Changes:
        try:
            studio.secrets.put(name, entered)
        except StudioError as error:
            return {said: str(error)}
        studio.tell_keys()
        return {**hint(), entry: gr.update(value="")}

    def forget() -> Changes:
        studio.secrets.clear(name)
        studio.tell_keys()
        return hint()

    shown = [said, clear, entry]
    gr.on([save.click, entry.submit], put, entry, shown, **QUIET)
    clear.click(forget, None, shown, **QUIET)
    return Part(shown, lambda asked: hint())
