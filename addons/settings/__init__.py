"""Settings: where pictures are made, with which workflows, how the window looks, keys and folders.

Built from Gradio's own form parts. None has a value of its own at first: the page asks for them when
it is seen, and again when they were changed in another window.
"""

from itertools import islice
from typing import Any

import gradio as gr

from addons.live import live
from addons.settings import buckets, connection, defaults, exchange, folders, keys, looks
from addons.settings.part import ONE_BY_ONE, Asked, Changes
from domain.errors import StudioError
from services.studio import Studio
from services.words import LANGUAGES

ID = "settings"


def build(studio: Studio) -> None:
    page = live(ID, says=("form_wanted",))
    with gr.Row(elem_id="set"):
        with gr.Column(elem_id="set-left"):
            parts = [connection.build(studio), *buckets.build(studio), *defaults.build(studio)]
            with gr.Column(elem_id="set-intake", elem_classes="set-card"):
                live("workflows")
        with gr.Column(elem_id="set-right"):
            parts += [looks.build(studio), *keys.build(studio), folders.build(studio), exchange.build(studio)]

    def load(evt: gr.EventData, request: gr.Request, *entered: Any) -> Changes:
        values, changes = iter(entered), Changes({page: evt.number})
        for part in parts:
            own = [*islice(values, len(part.fields))]
            changes |= part.load(Asked(evt.edited, evt.theme, evt.language, folders.is_here(request), own))
        return changes

    fields = [place for part in parts for place in part.fields]
    shown = [page, *(place for part in parts for place in part.shown)]
    page.form_wanted(load, fields, shown, **ONE_BY_ONE)


def look(studio: Studio, theme: str = "", language: str | None = None) -> None:
    if theme and theme not in ("dark", "light"):
        raise StudioError("The window is dark or light.")
    if language and language not in LANGUAGES:
        raise StudioError("The studio does not speak this language.")
    changes = {"theme": theme} if theme else {}
    studio.set(**changes, **({} if language is None else {"language": language}))


def introduced(studio: Studio) -> None:
    studio.set(is_introduced=True)


def workflow_look(studio: Studio, upload: str) -> dict[str, Any]:
    """What a dropped file holds."""
    return studio.intakes.look(upload)


def workflow_open(studio: Studio, name: str) -> dict[str, Any]:
    """One there is already, to be corrected."""
    return studio.intakes.open(name, studio.workflows)


def workflow_correct(studio: Studio, id: str, slots: dict[str, Any], kind: str = "") -> dict[str, Any]:
    return studio.intakes.correct(id, slots, kind)


def workflow_keep(studio: Studio, id: str, name: str, title: str = "", replace: bool = False) -> str:
    kept = studio.intakes.keep(id, name, title, replace)
    studio.tell_workflows()
    return kept


def workflow_forget(studio: Studio, name: str) -> None:
    studio.intakes.forget(name)
    studio.tell_workflows()


def workflow_try(studio: Studio, id: str) -> list[str]:
    return studio.try_workflow(id)


DEEDS = {
    "settings.look": look,
    "settings.introduced": introduced,
    "workflow.look": workflow_look,
    "workflow.open": workflow_open,
    "workflow.correct": workflow_correct,
    "workflow.keep": workflow_keep,
    "workflow.forget": workflow_forget,
    "workflow.try": workflow_try,
}
