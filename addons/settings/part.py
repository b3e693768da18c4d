"""A part of the page: which of its components are given values when the page asks for them, and how."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

Changes = dict[Any, Any]  # component -> its value, or a gr.update
_UNSEEN: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
# Values come in the answer to the question: the stream of Gradio's queue closes once none seems awaited,
# and may lose one that is asked for in that moment: only what comes bit by bit goes by it.
QUIET: dict[str, Any] = {**_UNSEEN, "queue": False}
BIT_BY_BIT: dict[str, Any] = {**_UNSEEN, "concurrency_limit": None}
ONE_BY_ONE: dict[str, Any] = {**QUIET, "trigger_mode": "multiple"}  # the page's script asks one by one itself
LATEST: dict[str, Any] = {**QUIET, "trigger_mode": "always_last"}  # while typing: the last word counts


@dataclass(frozen=True)
class Asked:
    """A page that wants its values, and what it knows itself."""

    is_edited: bool  # something was entered that is not saved
    theme: str
    language: str  # "": the browser's own
    is_here: bool  # it is open on the studio's own machine
    entered: Sequence[Any]  # in the part's `fields`


@dataclass(frozen=True)
class Part:
    shown: Sequence[gr.components.Component]
    load: Callable[[Asked], Changes]
    fields: Sequence[gr.components.Component] = ()
