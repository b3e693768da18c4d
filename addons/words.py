"""What Gradio's own parts say: words of the catalogues, chosen by the window in its own language."""

import gradio as gr
from gradio.i18n import I18nData

from services.words import LANGUAGES, catalogue

FORMS = ("field.", "settings.", "testbench.")  # the only words that Gradio's parts are given


def translations() -> gr.I18n:
    """The catalogues, for mount_gradio_app. What a language does not say yet is there in English."""
    return gr.I18n(
        **{
            language: {key: text for key, text in catalogue(language).items() if key.startswith(FORMS)}
            for language in LANGUAGES
        }
    )


def label(key: str) -> I18nData:
    """A word of the catalogue, for a label, a hint, a choice or a value."""
    return I18nData(key)
