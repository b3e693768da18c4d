"""The part of a page that lives: an empty place which the page's own script fills from the feed.

Nothing of the artist's ever goes through Gradio's templates, which would run what is in it.
"""

from collections.abc import Sequence
from typing import Any

import gradio as gr


def live(name: str, says: Sequence[str] = (), **more: Any) -> gr.HTML:
    """The place of static/js/NAME.js. No class of its own: Gradio would write a file beside its source.

    The script finds what Python gives the component as `place.value`, and hears a "value" event
    when it changes. Each word of `says` becomes an event of the component: `place.say.WORD({…})`.
    """
    words = "".join(f"{word}: about => trigger('{word}', about), " for word in says)
    return gr.HTML(
        html_template=f'<div class="live" data-live="{name}"></div>',
        js_on_load=(
            f"const place = element.querySelector('.live'); place.say = {{{words}}};"
            "const tell = () => { place.value = props.value; place.dispatchEvent(new Event('value')) };"
            f"watch('value', tell); tell(); Studio.mount('{name}', place)"
        ),
        apply_default_css=False,
        **more,
    )
