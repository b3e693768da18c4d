"""The studio's own routes: the event stream, pictures and clips of the open project, deeds, uploads.

Everything else under the address is Gradio's. Answers go to this machine's own pages only: a name
that is not ours, or a page from elsewhere that posts, is turned away.
"""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from addons.assets import FOREVER, NEVER
from addons.deeds import Deed, OtherProject, carry_out
from domain.errors import StudioError
from domain.project import Project
from services import media, words
from services.desk import Conflict
from services.feed import json_text
from services.project_facts import key_of
from services.studio import Studio

log = logging.getLogger(__name__)

LARGEST_ASKED = 4_000_000  # bytes of one deed's arguments
PING = 2.0  # seconds; a page that hears nothing for three of them takes its line for dead (line.js)
STEADY = 0.1  # seconds between two messages to one page, after the first


def register(app: FastAPI, studio: Studio, deeds: Mapping[str, Deed], build: str) -> None:
    @app.get("/studio/events")
    async def events() -> Response:
        stream = _events(studio, build)
        return StreamingResponse(stream, media_type="text/event-stream", headers=NEVER)

    @app.get("/studio/alive")
    async def alive() -> Response:
        return JSONResponse({"studio": build}, headers=NEVER)

    @app.get("/studio/preview/{id}")
    async def preview(id: str) -> Response:
        return _preview(studio.runs.live(id).preview)

    @app.get("/studio/media/{path:path}")
    def file(path: str, p: str = "") -> Response:
        return of_open(studio, p, lambda project: media.file_of(project, path))

    @app.get("/studio/thumb/{path:path}")
    def thumb(path: str, w: int = 480, p: str = "") -> Response:
        return of_open(studio, p, lambda project: media.thumb_of(project, path, w))

    @app.get("/studio/bench/preview")
    async def bench_preview() -> Response:
        return _preview(studio.bench.preview)

    @app.get("/studio/bench/{path:path}")
    def benched(path: str) -> Response:
        return told(lambda: FileResponse(media.file_in(studio.bench.folder, path), headers=FOREVER))

    @app.get("/studio/words/{language}.json")
    def catalogue(language: str, v: str = "") -> Response:
        headers = FOREVER if v == build else NEVER
        return told(lambda: JSONResponse(words.catalogue(language), headers=headers))

    @app.post("/studio/do/{name}")
    async def do(name: str, request: Request) -> Response:
        if refused := refusal(request):
            return refused
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_ASKED:
                return error_of("That is too much at once.", 413)
        project = request.headers.get("x-project", "")
        return await run_in_threadpool(_done, deeds, name, studio, bytes(body), project)

    @app.post("/studio/upload")
    async def upload(request: Request) -> Response:
        if refused := refusal(request):
            return refused
        try:
            with studio.uploads.receiving(unquote(request.headers.get("x-name", ""))) as received:
                async for chunk in request.stream():
                    await run_in_threadpool(received.write, chunk)
        except StudioError as error:
            return error_of(str(error))
        return JSONResponse({"upload": received.id})


def _done(deeds: Mapping[str, Deed], name: str, studio: Studio, body: bytes, project: str) -> Response:
    try:
        arguments = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return error_of("That is no JSON.")
    try:
        result = carry_out(deeds, name, studio, arguments, project)
    except Conflict as conflict:
        return _json({"error": str(conflict), "theirs": conflict.theirs}, 409)
    except OtherProject as error:
        return error_of(str(error), 409)
    except StudioError as error:
        return error_of(str(error))
    try:
        return _json({"result": result})
    except ValueError:
        log.exception("what %s answers is no JSON", name)
        return error_of("What was asked for cannot be told; the log says why.", 500)


def _json(content: Any, status: int = 200) -> Response:
    return Response(json_text(content), status, NEVER, "application/json")


def of_open(studio: Studio, key: str, file: Callable[[Project], Path]) -> Response:
    """A file of the open project."""
    return in_open(studio, key, lambda project: FileResponse(file(project), headers=FOREVER))


def in_open(studio: Studio, key: str, answer: Callable[[Project], Response]) -> Response:
    """Refused to a page that means the project that was open before and would keep it as that."""

    def of_it() -> Response:
        project = studio.desk.project
        if key not in ("", key_of(project)):
            return error_of("Another project is open now.", 409)
        return answer(project)

    return told(of_it)


def _preview(picture: bytes | None) -> Response:
    if picture is None:
        return Response(status_code=204, headers=NEVER)  # it is over by now, which is no fault
    return Response(picture, media_type=media.type_of(picture), headers=NEVER)


def told(answer: Callable[[], Response]) -> Response:
    try:
        return answer()
    except StudioError as error:
        return error_of(str(error), 404)


def error_of(sentence: str, status: int = 400) -> Response:
    return _json({"error": sentence}, status)


def refusal(request: Request) -> Response | None:
    """Posts come from our own pages: the header is one that no form and no other site can send along."""
    if request.headers.get("x-studio") == "1":
        return None
    return error_of("Only the studio's own page may ask for this.", 403)


async def _events(studio: Studio, build: str) -> AsyncIterator[str]:
    """Everything once, then what changes: at once after a quiet moment, else in steady steps."""
    wake, loop = asyncio.Event(), asyncio.get_running_loop()
    unlisten = studio.feed.listen(lambda: _wake(loop, wake))
    version, sent = 0, 0.0
    try:
        yield f"event: hello\ndata: {build}\n\n"
        while not studio.closing.is_set():
            wake.clear()
            studio.looking()
            news = studio.feed.since(version)
            if news.changed or news.gone:
                version, sent = news.version, time.monotonic()
                yield f"data: {news.as_json()}\n\n"
            try:
                await asyncio.wait_for(wake.wait(), PING)
            except asyncio.TimeoutError:
                yield "event: here\ndata: still\n\n"
            await asyncio.sleep(max(0.0, sent + STEADY - time.monotonic()))
    finally:
        unlisten()


def _wake(loop: asyncio.AbstractEventLoop, wake: asyncio.Event) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(wake.set)
