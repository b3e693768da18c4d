"""Where inputs go that a serverless job cannot carry: folded, and there only while an endpoint draws."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from addons.live import live
from addons.settings.keys import key
from addons.settings.part import BIT_BY_BIT, QUIET, Asked, Changes, Part
from addons.words import label
from domain.buckets import EXAMPLE, READERS, BucketSettings
from domain.errors import StudioError
from services.buckets import EnteredBucket, entered, trial
from services.studio import Studio

KEYS = ("S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY")
HINTS = {"address": EXAMPLE, "bucket": "films", "region": "eu-central-1"}


def build(studio: Studio) -> list[Part]:
    with gr.Accordion(
        label("settings.bucket"), open=False, elem_id="set-bucket-card", elem_classes="set-card"
    ):
        hint = live("said", elem_id="set-bucket-hint", elem_classes="set-fault")
        form = _Form(studio, hint)
        keys = [key(studio, name) for name in KEYS]
        form.tools()
    return [Part(form.shown, form.load, form.fields), *keys]


class _Form:
    def __init__(self, studio: Studio, hint: gr.HTML):
        self._studio, self._hint = studio, hint
        with gr.Row(elem_classes="set-fields"):
            self._texts = [_text(name) for name in READERS]
        # what the fields were given last: what differs from it was typed. With a State, each page would hold
        # one of the six lines open that a browser has
        self._filled = gr.JSON(visible=False)
        self.fields = [*self._texts, self._filled]
        self.shown = [*self.fields, hint]

    def tools(self) -> None:
        with gr.Row(elem_classes="set-tools"):
            test = gr.Button(label("settings.bucket.test"), elem_id="set-bucket-test", size="sm")
            save = gr.Button(label("settings.save"), elem_id="set-bucket-save", size="sm", variant="primary")
            self._said = live("said", elem_id="set-bucket-said", elem_classes="set-fault")
        told = [*self.fields, self._said]
        gr.on([save.click, *(text.submit for text in self._texts)], self._saved, self._texts, told, **QUIET)
        test.click(self._tested, self._texts, told, **BIT_BY_BIT)

    def load(self, asked: Asked) -> Changes:
        """What is saved, unless something else is being entered."""
        *typed, filled = asked.entered
        hint = {self._hint: {"key": "settings.bucket.hint"}}
        if filled is not None and (typed != filled or filled == self._kept()):
            return hint  # what is there already stays: the next may be being typed in by now
        return {**hint, **self._shown()}

    def _shown(self) -> Changes:
        values = self._kept()
        return {**dict(zip(self._texts, values, strict=True)), self._filled: values}

    def _kept(self) -> list[str]:
        kept = self._studio.settings.bucket
        return [getattr(kept, name) for name in READERS]

    def _saved(self, *values: str) -> Changes:
        form = self._read(*values)
        if form.faults:
            return {self._said: " ".join(form.faults.values())}
        self._studio.set(bucket=form.bucket)
        return {**self._shown(), self._said: {"key": "settings.saved"}}

    def _tested(self, *values: str) -> Iterator[Changes]:
        """What is entered, saved or not, with the keys that are kept."""
        form = self._read(*values)
        said: Any = " ".join(form.faults.values())
        if not said:
            yield {self._said: {"key": "settings.askingHere"}}
            said = self._trial(form.bucket)
        yield {self._said: said}

    def _trial(self, bucket: BucketSettings) -> Any:
        try:
            for _ in trial(bucket, self._studio.secrets):
                pass
        except StudioError as error:
            return str(error)
        return {"key": "settings.bucket.good"}

    def _read(self, *values: str) -> EnteredBucket:
        return entered(dict(zip(READERS, values, strict=True)), self._studio.settings.bucket)


def _text(name: str) -> gr.Textbox:
    return gr.Textbox(
        label=label(f"settings.bucket.{name}"),
        placeholder=HINTS[name],
        elem_id=f"set-bucket-{name}",
        max_lines=1,
        interactive=True,
    )
