"""The studio's page: its title and the sample project's film."""

import gradio as gr

from services.sample import Sample, State

WORDS = {
    "title": "Cindergrace Studio",
    "purpose": "From a storyboard to a film, on any GPU or none.",
    "making": "The studio draws its sample film “{title}” for you … {percent:.0%}",
    "made": "“{title}”, drawn by the built-in sketch engine from its storyboard, without a GPU.",
    "render": "Your own: `python3 start.py render my-board.json`",
}
LOOK = 1.0  # seconds between two looks at how far the sample is
CSS = """
:root { --body-background-fill: #0e1013; --body-text-color: #d9dce2; --background-fill-primary: #14171b;
  --background-fill-secondary: #0e1013; --block-background-fill: #0e1013; --border-color-primary: #252a32;
  --block-label-background-fill: #14171b; --block-label-text-color: #9aa2af; --code-background-fill: #22272e;
  --button-secondary-background-fill: #20242b; --button-secondary-text-color: #d9dce2 }
body, gradio-app { background: #0e1013 !important }
.gradio-container { max-width: 1120px !important; margin: auto; width: 100% }
#head h1 { font-size: 22px; letter-spacing: .02em; margin: 28px 0 2px; color: #f2f3f5 }
#head p, #state p { color: #9aa2af } #state code { color: #ffb27d; border: 0; background: #22272e }
#film { border: 1px solid #252a32; border-radius: 8px; background: #000; aspect-ratio: 16 / 9 }
#strip { border: 0 } #strip .grid-wrap { padding: 0; height: auto !important; min-height: 0 !important }
#strip .thumbnail-item { border: 1px solid #252a32; border-radius: 6px; aspect-ratio: 16 / 9 }
footer { display: none !important }
"""


def build(sample: Sample) -> gr.Blocks:
    """The page; it asks the sample how far it is until the film stands."""
    with gr.Blocks(title=WORDS["title"], analytics_enabled=False) as page:
        gr.Markdown(f"# {WORDS['title']}\n{WORDS['purpose']}", elem_id="head")
        film = gr.Video(show_label=False, elem_id="film", interactive=False, autoplay=False)
        state = gr.Markdown(elem_id="state")
        strip = gr.Gallery(
            columns=6, show_label=False, elem_id="strip", visible=False, interactive=False, buttons=[]
        )
        clock = gr.Timer(LOOK)

        def look() -> dict[gr.Component, object]:
            now = sample.state
            shown: dict[gr.Component, object] = {state: _told(now)}
            if now.film:
                shown[film] = gr.Video(value=str(now.film))
                shown[strip] = gr.Gallery(value=[str(path) for path in now.keyframes], visible=True)
            if now.is_over:
                shown[clock] = gr.Timer(active=False)
            return shown

        outputs = [film, state, strip, clock]
        gr.on(
            [page.load, clock.tick], look, outputs=outputs, show_progress="hidden", api_visibility="private"
        )
    return page


def _told(state: State) -> str:
    if state.error:
        return state.error
    if state.film:
        return f"{WORDS['made'].format(title=state.title)}\n\n{WORDS['render']}"
    return WORDS["making"].format(title=state.title, percent=state.fraction)


def launch(page: gr.Blocks, port: int, opens_browser: bool, sample: Sample) -> None:
    """Serve the page on this machine only, until the studio is stopped."""
    page.queue(default_concurrency_limit=None)
    page.launch(
        server_name="127.0.0.1",
        server_port=port,
        inbrowser=opens_browser,
        prevent_thread_lock=True,
        quiet=True,
        css=CSS,
        theme=gr.themes.Base(font=("system-ui", "sans-serif"), font_mono=("ui-monospace", "monospace")),
        allowed_paths=[str(sample.folder)],
    )
