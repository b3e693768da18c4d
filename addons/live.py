"""The part of a page that lives: an empty place which the page's own script fills from the feed.

Nothing of the artist's ever goes through Gradio's templates, which would run what is in it.
"""

from typing import Any

import gradio as gr


def live(name: str, **more: Any) -> gr.HTML:
    """The place of static/js/NAME.js. No class of its own: Gradio would write a file beside its source."""
    return gr.HTML(
        html_template=f'<div class="live" data-live="{name}"></div>',
        js_on_load=f"Studio.mount('{name}', element.querySelector('.live'))",
        apply_default_css=False,
        **more,
    )
