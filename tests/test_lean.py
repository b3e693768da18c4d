"""Gradio's start without what nobody here uses, and with all that is used."""

import subprocess
import sys

import gradio as gr
import pytest
from gradio.routes import App

from addons.lean import without_servers


def run(program: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_gradio_starts_without_writing_for_editors_and_without_pandas():
    program = (
        "import addons, sys, gradio; from gradio import component_meta as meta;"
        "print('pandas' in sys.modules, meta.create_or_modify_pyi(int, 'int', []))"
    )
    assert run(program) == "False None"


def test_what_needs_pandas_still_has_it():
    program = "import addons, gradio.caching as caching; print(caching.cache_hash(1), caching.pd.DataFrame)"
    hashed, table = run(program).split(" ", 1)
    assert hashed and table == "<class 'pandas.DataFrame'>"


def test_a_page_is_made_without_servers_and_then_they_are_made_again():
    with without_servers(), gr.Blocks(analytics_enabled=False) as page:
        gr.Textbox()
    assert page.app is None
    assert isinstance(page.queue().app, App)


def test_servers_are_made_again_after_an_error():
    with pytest.raises(ZeroDivisionError), without_servers():
        raise ZeroDivisionError
    with gr.Blocks(analytics_enabled=False) as page:
        gr.Textbox()
    assert isinstance(page.app, App)
