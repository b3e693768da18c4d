"""How Gradio's own parts look: as the rest of the window, whose colours are variables in look.css."""

import inspect

import gradio as gr
from gradio.themes.utils import sizes

_FONT = ("Inter Variable", "system-ui", "sans-serif")
_MONO = ("JetBrains Mono Variable", "ui-monospace", "monospace")
_COLOURS = {
    "body_background_fill": "var(--p0)",
    "body_text_color": "var(--tx)",
    "body_text_color_subdued": "var(--mut)",
    "background_fill_primary": "var(--p1)",
    "background_fill_secondary": "var(--p0)",
    "border_color_primary": "var(--line)",
    "border_color_accent": "var(--acc)",
    "block_background_fill": "var(--p1)",
    "block_border_color": "var(--line)",
    "block_label_background_fill": "var(--p1)",
    "block_label_text_color": "var(--mut)",
    "block_title_text_color": "var(--mut)",
    "block_info_text_color": "var(--mut)",
    "input_background_fill": "var(--in)",
    "input_background_fill_focus": "var(--in)",
    "input_border_color": "var(--line2)",
    "input_border_color_focus": "var(--acc)",
    "input_placeholder_color": "var(--dim)",
    "panel_background_fill": "var(--p1)",
    "panel_border_color": "var(--line)",
    "color_accent_soft": "var(--accsoft)",
    "slider_color": "var(--acc)",
    "loader_color": "var(--acc)",
    "button_primary_background_fill": "var(--acc)",
    "button_primary_background_fill_hover": "var(--acc2)",
    "button_primary_text_color": "var(--onacc)",
    "button_primary_border_color": "var(--acc)",
    "button_secondary_background_fill": "var(--p2)",
    "button_secondary_background_fill_hover": "var(--p3)",
    "button_secondary_text_color": "var(--tx)",
    "button_secondary_border_color": "var(--line2)",
    "button_cancel_background_fill": "var(--badsoft)",
    "button_cancel_background_fill_hover": "var(--badsoft)",
    "button_cancel_text_color": "var(--bad)",
    "button_cancel_border_color": "var(--line2)",
    "checkbox_background_color": "var(--in)",
    "checkbox_border_color": "var(--line2)",
    "checkbox_background_color_selected": "var(--acc)",
    "checkbox_border_color_selected": "var(--acc)",
    "checkbox_label_background_fill": "var(--p2)",
    "checkbox_label_background_fill_hover": "var(--p3)",
    "checkbox_label_background_fill_selected": "var(--accsoft)",
    "checkbox_label_border_color": "var(--line2)",
    "checkbox_label_border_color_selected": "var(--acc)",
    "checkbox_label_text_color": "var(--tx)",
    "checkbox_label_text_color_selected": "var(--acctx)",
    "table_even_background_fill": "var(--p1)",
    "table_odd_background_fill": "var(--p1)",
    "table_border_color": "var(--line)",
    "error_background_fill": "var(--badsoft)",
    "error_border_color": "var(--bad)",
    "error_text_color": "var(--bad)",
    "link_text_color": "var(--acctx)",
    "link_text_color_hover": "var(--acc)",
    "code_background_fill": "var(--in)",
    "block_shadow": "none",
    "input_shadow": "none",
}


def make() -> gr.themes.Base:
    """The same variables in light and dark: which colours they are is up to the page."""
    theme = gr.themes.Base(
        spacing_size=sizes.spacing_sm,
        radius_size=sizes.radius_sm,
        text_size=sizes.text_sm,
        font=_FONT,
        font_mono=_MONO,
    )
    known = set(inspect.signature(theme.set).parameters)
    dark = {f"{name}_dark": value for name, value in _COLOURS.items() if f"{name}_dark" in known}
    theme.set(
        **_COLOURS,
        **dark,
        block_border_width="0px",
        block_label_text_size="11px",
        block_title_text_size="11px",
        block_title_text_weight="600",
        layout_gap="10px",
        block_padding="0px",
        input_padding="7px 9px",
        button_large_padding="8px 14px",
        button_large_text_size="13px",
        button_small_padding="4px 9px",
        button_small_text_size="12px",
        prose_text_size="13px",
    )
    return theme
