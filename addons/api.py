"""The studio's interface for programs: comics planned, drawn and fetched over HTTP, described by OpenAPI.

An application of its own below /api. Whatever it refuses, it says in JSON with `success` and `error`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from addons import api_models as models
from addons.api_guard import PLACE, Guard, refusal
from addons.assets import NEVER
from domain import VERSION
from domain.errors import BackendUnreachable, BadFile, CannotWrite, StudioError
from services import comic_plan, media
from services.comic_books import Books
from services.comic_orders import ComicOrders, Standing, Unknown, Wish
from services.comic_plan import Planned
from services.studio import Studio

_ABOUT = (
    "Plans comics of scripts and ideas, draws them with whatever the studio draws with, and hands out their "
    "pages. Each comic is a project of the studio, which its window shows as well. Programs of the studio's "
    "own machine are answered; others with the token in CINDERGRACE_API_TOKEN as Authorization: Bearer TOKEN."
)
_TYPES = {"cbz": "application/vnd.comicbook+zip", "pdf": "application/pdf", "epub": "application/epub+zip"}
_SHOWN = ("takes", "keyframes")  # folders of a project
_STATUS: Sequence[tuple[type[StudioError], int]] = (
    (Unknown, 404),
    (BadFile, 422),
    (CannotWrite, 507),
    (BackendUnreachable, 503),
    (StudioError, 409),
)
_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": models.Refused, "description": "The body is no JSON."},
    401: {"model": models.Refused, "description": "A token is set, and was not sent."},
    403: {"model": models.Refused, "description": "Asked from elsewhere."},
    404: {"model": models.Refused, "description": "There is no such comic."},
    409: {"model": models.Refused, "description": "It cannot be done as things stand, as at a limit."},
    413: {"model": models.Refused, "description": "The body is too large."},
    415: {"model": models.Refused, "description": "The body is not sent as application/json."},
    422: {"model": models.Refused, "description": "A field is wrong; the sentence names it."},
    503: {"model": models.Refused, "description": "Whoever draws does not answer."},
}


def app(studio: Studio, token: str = "") -> FastAPI:
    """To be mounted at PLACE."""
    api = FastAPI(
        title="Cindergrace Studio",
        version=VERSION,
        description=_ABOUT,
        docs_url=None,  # its page would be loaded from another server
        redoc_url=None,
        responses=_REFUSALS,
        exception_handlers={
            StudioError: _told,
            RequestValidationError: _wrong,
            HTTPException: _refused,
            Exception: _broken,
        },
    )
    api.add_middleware(Guard, token=token)
    orders = ComicOrders(studio)
    _register_orders(api, orders)
    _register_files(api, orders)
    return api


def _register_orders(api: FastAPI, orders: ComicOrders) -> None:
    @api.post(
        "/comic/plan",
        response_model=models.Planned,
        responses={202: {"model": models.Begun, "description": "A language model plans it now."}},
    )
    def plan(asked: models.PlanRequest) -> Response:
        """Plan a comic of a script or an idea, in a project of its own."""
        if (asked.prompt is None) == (asked.script is None):
            raise HTTPException(422, "Give prompt or script, one of the two.")
        with _naming("style"):
            comic_plan.check_style(asked.style or "noir")
        wish = Wish(
            asked.prompt or "", asked.script or "", asked.style or "", asked.language or "", asked.maxPages
        )
        if asked.model:
            return _answer(models.Begun(planId=orders.plan_by_model(wish)), 202)
        with _naming("script" if asked.script else "prompt"):
            id, planned = orders.plan(wish)
        return _answer(_planned(id, planned))

    @api.post("/comic/generate", status_code=202, response_model=models.Drawing)
    def generate(asked: models.GenerateRequest) -> Response:
        """Draw a comic's panels, and the portraits they need, in the studio's own queue."""
        if (asked.plan is None) == (asked.planId is None):
            raise HTTPException(422, "Give plan or planId, one of the two.")
        if asked.plan is not None:
            with _naming("plan"):
                id = orders.taken(asked.plan)
        else:
            id = asked.planId or ""
        jobs = orders.draw(id, asked.variants)
        is_done = not jobs and orders.standing(id).state == "done"
        return _answer(models.Drawing(planId=id, state="done" if is_done else "drawing", jobs=jobs), 202)

    @api.get("/comic/{id}", response_model=models.Standing)
    def standing(id: str) -> Response:
        """How a comic stands: its plan, its pictures, and how far drawing is."""
        return _answer(_standing(id, orders.standing(id)))


def _register_files(api: FastAPI, orders: ComicOrders) -> None:
    books = Books()

    @api.get(
        "/comic/{id}/pages.{format}",
        response_class=FileResponse,
        responses={200: {"content": {kind: {} for kind in _TYPES.values()}}},
    )
    def pages(id: str, format: Literal["cbz", "pdf", "epub"]) -> Response:
        """The lettered pages as they are now, for print. Made when asked for, which takes seconds."""
        project = orders.project(id)
        file, name = books.book(project, format), f"{project.name}.{format}"
        return FileResponse(file, media_type=_TYPES[format], filename=name, headers=NEVER)

    @api.get("/comic/{id}/images/{path:path}", response_class=FileResponse)
    def image(id: str, path: str) -> Response:
        """A picture of the comic, by the address that its state tells."""
        project = orders.project(id)
        try:
            if path.partition("/")[0] not in _SHOWN:
                raise BadFile("Only the comic's own pictures are shown.")
            return FileResponse(media.file_of(project, path), headers=NEVER)
        except BadFile as error:
            raise Unknown(str(error)) from error


def _planned(id: str, planned: Planned) -> models.Planned:
    comic = planned.comic
    return models.Planned(
        planId=id,
        title=comic.title,
        style=comic.style,
        language=comic.language,
        chaptersCount=len(comic.chapters),
        pagesCount=len(comic.pages),
        panelsCount=len(list(comic.panels)),
        charactersCount=len(comic.characters),
        changed=[models.Finding(**finding._asdict()) for finding in planned.changed],
        advice=[models.Finding(**finding._asdict()) for finding in planned.advice],
        plan=comic_plan.as_plan(comic),
    )


def _standing(id: str, now: Standing) -> models.Standing:
    place = f"{PLACE}/comic/{quote(id, safe='')}/images"
    images = {panel: f"{place}/{quote(path)}" for panel, path in (now.images or {}).items()}
    return models.Standing.model_validate(
        {
            "planId": id,
            "state": now.state,
            "progress": now.progress,
            "jobs": now.jobs,
            "plan": now.plan,
            "images": images,
            "error": now.error or None,
            "paused": now.paused or None,
        }
    )


def _answer(content: BaseModel, status: int = 200) -> Response:
    return JSONResponse(content.model_dump(), status, NEVER)


@contextmanager
def _naming(field: str) -> Iterator[None]:
    """What is wrong in here is wrong with a field, and says so."""
    try:
        yield
    except CannotWrite:
        raise
    except StudioError as error:
        sentence = str(error)
        raise HTTPException(422, sentence if field in sentence else f"{field}: {sentence}") from error


def _told(request: Request, error: Exception) -> Response:
    return refusal(next(status for kind, status in _STATUS if isinstance(error, kind)), str(error))


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return refusal(error.status_code, str(error.detail))


def _broken(request: Request, error: Exception) -> Response:
    return refusal(500, "Something unforeseen broke it; the studio's log says what.")


def _wrong(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first: Mapping[str, Any] = error.errors()[0]
    if first["type"] == "json_invalid":
        reason = first.get("ctx", {}).get("error", "")
        return refusal(400, f"The body is not valid JSON: {reason} at character {first['loc'][-1]}.")
    if len(first["loc"]) < 2:
        return refusal(422, "The body must be a JSON object.")
    field, given = str(first["loc"][1]), json.dumps(first.get("input"), ensure_ascii=False, default=str)
    shown = given if len(given) <= 40 else f"{given[:40]}…"
    return refusal(422, f"{field} {models.MUST.get(field, 'is wrong')}, not {shown}.")
