"""Where pictures are made: the sketch engine, a ComfyUI at an address or of a version, a pod, an endpoint."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from typing import Any

import gradio as gr

from addons.live import live
from addons.settings.part import BIT_BY_BIT, LATEST, QUIET, Asked, Changes, Part
from addons.words import label
from domain.addresses import URL
from domain.errors import StudioError
from domain.events import Progress
from domain.settings import ComfySettings, Mode
from services.connections import Entered, Form, entered, fields
from services.studio import Studio

MODES = ("sketch", "local", "managed", "runpod", "serverless")


def build(studio: Studio) -> Part:
    with gr.Column(elem_id="set-connection", elem_classes="set-card"):
        live("heading", value="settings.connection")
        form = _Form(studio)
    form.connect()
    return Part(form.shown, form.load, form.fields)


class _Form:
    """The fields, and what each of their changes does to the others."""

    def __init__(self, studio: Studio):
        self._studio = studio
        modes = [(label(f"settings.mode.{mode}"), mode) for mode in MODES]
        self.mode = gr.Radio(modes, label=label("settings.mode"), elem_id="set-mode", interactive=True)
        self.hint = live("said", elem_id="set-mode-hint", elem_classes="set-fault")
        with gr.Row(elem_classes="set-fields"):
            self.url = _text("url", URL)
            self.pod = _text("pod", "abc123def456gh")
            port = label("settings.port")
            self.port = gr.Number(
                label=port, elem_id="set-port", precision=0, interactive=True, visible=False
            )
            self.endpoint = _text("endpoint", "abc123def456gh")
            self.version = gr.Dropdown(
                [],
                label=label("settings.version"),
                elem_id="set-version",
                allow_custom_value=True,  # one that is chosen stays shown when its spec is gone
                interactive=True,
                visible=False,
            )
        self.faults = {
            name: live("said", elem_id=f"set-{name}-fault", elem_classes="set-fault")
            for name in ("url", "pod_id", "port", "endpoint", "version")
        }
        self.pods = live("set-pods", elem_id="set-pods")
        with gr.Row(elem_classes="set-tools"):
            self.test = _button("test")
            self.save = _button("save", variant="primary")
            self.state = live("set-state", says=("typed",), elem_id="set-state")
        self.answer = live("set-answer", says=("raised", "left"), elem_id="set-answer")
        self.fields = [self.mode, self.url, self.pod, self.port, self.endpoint, self.version]
        self.shown = [
            *self.fields,
            self.pods,
            *self.faults.values(),
            self.hint,
            self.test,
            self.save,
            self.state,
        ]

    def connect(self) -> None:
        fields, all_shown = self.fields, [*self.shown, self.answer]
        entries = (self.url, self.pod, self.port, self.endpoint)
        testing = [
            self.test.click(self._tested, fields, all_shown, **BIT_BY_BIT),
            self.answer.raised(self._raised, fields, all_shown, **BIT_BY_BIT),
        ]
        self.answer.left(lambda: None, None, self.answer, cancels=testing, **QUIET)
        self.version.input(self._typed, fields, all_shown, cancels=testing, **LATEST)
        self.mode.input(self._switched, fields, all_shown, cancels=testing, **LATEST)
        # a Textbox's own `input` misses what is pasted and what is deleted
        self.state.typed(self._typed, fields, all_shown, cancels=testing, **LATEST)
        gr.on([self.url.blur, self.pod.blur, self.endpoint.blur], self._settled, fields, [*entries], **LATEST)
        gr.on([self.save.click, *(e.submit for e in entries)], self._saved, fields, self.shown, **QUIET)

    def load(self, asked: Asked) -> Changes:
        """The settings as they are saved, unless something is being entered that is not."""
        form, kept = self._read(*asked.entered), self._studio.settings.comfy
        if asked.is_edited and (not form.is_good or form.comfy != kept):
            return self._told(form, "elsewhere")
        if asked.entered[0] and form.is_good and form.comfy == kept:
            return self._told(form)  # it is all there, and the next may be being typed in by now
        saved = entered(fields(kept), kept)
        return {**self._filled(kept), **self._told(saved)}

    def _typed(self, *values: Any) -> Changes:
        return {**self._told(self._read(*values)), self.answer: None}

    def _switched(self, *values: Any) -> Changes:
        return {**self._typed(*values), **self._of_mode(values[0])}

    def _settled(self, *values: Any) -> Changes:
        """A pasted address becomes what it comes to, once the field is left."""
        form = self._read(*values)
        pairs = zip(self.fields[1:], values[1:], fields(form.comfy)[1:], strict=True)
        changed = {place: value for place, was, value in pairs if value != was and form.is_good}
        return changed or {self.url: gr.skip()}  # what is as it was may be being typed in by now

    def _tested(self, *values: Any) -> Iterator[Changes]:
        """Who answers at what is entered, saved or not."""
        form = self._read(*values)
        yield {**self._told(form), self.answer: {"asking": form.address}}
        try:
            seen = asdict(self._studio.glance(form.comfy))
        except StudioError as error:
            yield {self.answer: {"is_up": False, "said": str(error)}}
            return
        if seen["is_up"] and form.comfy.mode is Mode.serverless:
            yield from self._asked(form.comfy.endpoint, seen)
        else:
            yield {self.answer: seen}

    def _asked(self, endpoint: str, seen: dict[str, Any]) -> Iterator[Changes]:
        """What a worker of the endpoint says of itself, which may have to start for that. When nobody waits
        for it any more, Gradio closes this, and the question is taken back."""
        yield {self.answer: {**seen, "asked": {"note": ""}}}
        note = ""
        try:
            with closing(self._studio.machines.drawing.ask(endpoint)) as work:
                while True:
                    event = next(work)
                    is_new = isinstance(event, Progress) and event.note != note
                    note = event.note if isinstance(event, Progress) else note
                    yield {self.answer: {**seen, "asked": {"note": note}} if is_new else gr.skip()}
        except StopIteration as end:
            yield {self.answer: {**seen, "asked": {"about": end.value.brief()}}}
        except StudioError as error:
            yield {self.answer: {**seen, "asked": {"said": str(error)}}}

    def _raised(self, *values: Any) -> Iterator[Changes]:
        """Let the endpoint that is entered start workers again, and see what it answers then."""
        form = self._read(*values)
        yield {self.answer: {"asking": form.address}}
        try:
            self._studio.machines.drawing.raise_workers(form.comfy.endpoint)
        except StudioError as error:
            yield {self.answer: {"is_up": False, "said": str(error)}}
            return
        self._studio.machines.look_again()
        yield from self._tested(*values)

    def _saved(self, *values: Any) -> Changes:
        form = self._read(*values)
        if not form.is_good:
            return self._told(form)
        self._studio.set(comfy=form.comfy)
        return {**self._filled(form.comfy), **self._told(form, "saved")}

    def _read(self, *values: Any) -> Entered:
        return entered(Form(*values), self._studio.settings.comfy)

    def _told(self, form: Entered, word: str = "") -> Changes:
        differs = not form.is_good or form.comfy != self._studio.settings.comfy
        state = {"address": form.address, "edited": differs, "isGood": form.is_good, "word": word}
        return {
            **{place: form.faults.get(name, "") for name, place in self.faults.items()},
            self.test: gr.update(interactive=form.is_good),
            self.save: gr.update(interactive=form.is_good and differs),
            self.state: state,
        }

    def _of_mode(self, mode: str) -> Changes:
        return {
            self.hint: {"key": f"settings.mode.{mode}.hint"},
            self.pods: mode,
            self.url: gr.update(visible=mode == "local"),
            self.pod: gr.update(visible=mode == "runpod"),
            self.port: gr.update(visible=mode == "runpod"),
            self.endpoint: gr.update(visible=mode == "serverless"),
            self.version: gr.update(visible=mode == "managed", choices=self._studio.managed.ids()),
        }

    def _filled(self, comfy: ComfySettings) -> Changes:
        changes = self._of_mode(comfy.mode.value)
        for place, value in zip(self.fields[1:], fields(comfy)[1:], strict=True):
            changes[place]["value"] = value
        return {**changes, self.mode: comfy.mode.value}


def _text(name: str, hint: str) -> gr.Textbox:
    words, id = label(f"settings.{name}"), f"set-{name}"
    return gr.Textbox(label=words, placeholder=hint, elem_id=id, max_lines=1, interactive=True, visible=False)


def _button(name: str, **more: Any) -> gr.Button:
    return gr.Button(label(f"settings.{name}"), elem_id=f"set-{name}", size="sm", interactive=False, **more)
