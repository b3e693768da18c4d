"""The window: the frame around all pages, served with the studio's own routes by one program."""

from types import ModuleType

import gradio as gr
from fastapi import FastAPI
from gradio.routes import App
from starlette.middleware.trustedhost import TrustedHostMiddleware

from addons import (
    api,
    comics,
    film,
    intro,
    keyframes,
    lean,
    machines,
    project_routes,
    projects,
    routes,
    runs,
    settings,
    storyboard,
    testbench,
    theme,
    versions,
    videos,
)
from addons.api_guard import PLACE
from addons.assets import Assets
from addons.guard import Head, Headers, Password, SameOrigin
from addons.live import live
from addons.words import translations
from services.studio import Studio

ADDONS: tuple[ModuleType, ...] = (
    projects,
    storyboard,
    keyframes,
    videos,
    film,
    comics,
    runs,
    machines,
    versions,
    settings,
    testbench,
)
DEEDS = {name: deed for addon in (*ADDONS, intro) for name, deed in addon.DEEDS.items()}


def app(studio: Studio, hosts: list[str], password: str = "", token: str = "") -> FastAPI:
    """Everything under one address. `hosts` are the names it answers to; with a password, only to those
    who know it, and programs with the `token`."""
    own = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    assets = Assets()
    assets.register(own)
    routes.register(own, studio, DEEDS, assets.build)
    project_routes.register(own, studio)
    own.mount(PLACE, api.app(studio, token))
    own.add_middleware(Head, head=assets.head())
    own.add_middleware(SameOrigin)
    own.add_middleware(Headers)
    if password:
        own.add_middleware(Password, password=password, but=PLACE if token else "")
    own.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts)
    with lean.without_servers():
        page = _page(studio)
        page.queue(default_concurrency_limit=8)
    if hasattr(page._queue, "sleep_when_free"):
        page._queue.sleep_when_free = 0.02  # it looks a thousand times a second for work otherwise
    mounted: FastAPI = gr.mount_gradio_app(
        own,
        page,
        path="/",
        theme=theme.make(),
        head=assets.styles(),
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        server_name="127.0.0.1",
        show_error=True,
        i18n=translations(),
    )
    page.app = next(route.app for route in mounted.routes if isinstance(getattr(route, "app", None), App))
    return mounted


def _page(studio: Studio) -> gr.Blocks:
    with gr.Blocks(title="Cindergrace Studio", fill_width=True, analytics_enabled=False) as page:
        live("rail", elem_id="rail")
        with gr.Tabs(selected=ADDONS[0].ID, elem_id="pages"):
            for addon in ADDONS:
                with gr.Tab(f"{addon.ID} page", id=addon.ID, elem_id=f"page-{addon.ID}"):
                    addon.build(studio)
        live("dock", elem_id="dock")
    return page
