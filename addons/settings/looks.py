"""How the window looks and which language it speaks; both at once, by the page's own script."""

import gradio as gr

from addons.live import live
from addons.settings.part import Asked, Changes, Part
from addons.words import label
from services.studio import Studio
from services.words import LANGUAGES


def build(studio: Studio) -> Part:
    with gr.Column(elem_id="set-looks", elem_classes="set-card"):
        live("heading", value="settings.looks")
        with gr.Row(elem_classes="set-fields"):
            themes = [(label(f"settings.theme.{theme}"), theme) for theme in ("dark", "light")]
            theme = gr.Radio(themes, label=label("settings.theme"), elem_id="set-theme", interactive=True)
            language = gr.Dropdown(
                [(label("settings.language.own"), ""), *((name, id) for id, name in LANGUAGES.items())],
                label=label("settings.language"),
                elem_id="set-language",
                filterable=False,
                interactive=True,
            )

    def load(asked: Asked) -> Changes:
        return {theme: asked.theme, language: asked.language}

    theme.input(None, theme, None, js="theme => { Studio.settings.setTheme(theme) }")
    language.input(None, language, None, js="language => { Studio.settings.setLanguage(language) }")
    return Part([theme, language], load)
