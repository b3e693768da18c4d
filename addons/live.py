"""The part of a page that lives: an empty place which the page's own script fills from the feed.

Nothing of the artist's ever goes through Gradio's templates, which would run what is in it.
"""

from typing import Any

import gradio as gr


class Live(gr.HTML):
    """`name` is the page's script: static/js/NAME.js, registered as `Studio.page("NAME", …)`."""

    def __init__(self, name: str, **more: Any):
        super().__init__(
            html_template=f'<div class="live" data-live="{name}"></div>',
            js_on_load=f"Studio.mount('{name}', element.querySelector('.live'))",
            apply_default_css=False,
            **more,
        )
