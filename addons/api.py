"""The studio's interface for programs: comics and batches of pictures over HTTP, described by OpenAPI.

An application of its own below /api. Whatever it refuses, it says in JSON with `success` and `error`.
"""

from typing import Literal
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.responses import FileResponse, Response
from starlette.exceptions import HTTPException

from addons import api_models as models
from addons import api_shots
from addons.api_answers import HANDLERS, REFUSALS, answer, naming, picture
from addons.api_guard import PLACE, Guard
from addons.assets import NEVER
from domain import VERSION
from services import comic_plan
from services.comic_books import Books
from services.comic_orders import ComicOrders, Standing, Wish
from services.comic_plan import Planned
from services.studio import Studio

_ABOUT = (
    "Plans comics of scripts and ideas, draws them and batches of single pictures, and hands out the pages. "
    "Each comic and each batch is a project of the studio, which its window shows as well. Programs of this "
    "machine are answered; others with the token in CINDERGRACE_API_TOKEN as Authorization: Bearer TOKEN."
)
_TYPES = {"cbz": "application/vnd.comicbook+zip", "pdf": "application/pdf", "epub": "application/epub+zip"}


def app(studio: Studio, token: str = "") -> FastAPI:
    """To be mounted at PLACE."""
    api = FastAPI(
        title="Cindergrace Studio",
        version=VERSION,
        description=_ABOUT,
        docs_url=None,  # its page would be loaded from another server
        redoc_url=None,
        responses=REFUSALS,
        exception_handlers=dict(HANDLERS),
    )
    api.add_middleware(Guard, token=token)
    orders = ComicOrders(studio)
    _register_orders(api, orders)
    _register_files(api, orders)
    api_shots.register(api, studio)
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
        with naming("style"):
            comic_plan.check_style(asked.style or "noir")
        wish = Wish(
            asked.prompt or "", asked.script or "", asked.style or "", asked.language or "", asked.maxPages
        )
        if asked.model:
            return answer(models.Begun(planId=orders.plan_by_model(wish)), 202)
        with naming("script" if asked.script else "prompt"):
            id, planned = orders.plan(wish)
        return answer(_planned(id, planned))

    @api.post("/comic/generate", status_code=202, response_model=models.Drawing)
    def generate(asked: models.GenerateRequest) -> Response:
        """Draw a comic's panels, and the portraits they need, in the studio's own queue."""
        if (asked.plan is None) == (asked.planId is None):
            raise HTTPException(422, "Give plan or planId, one of the two.")
        if asked.plan is not None:
            with naming("plan"):
                id = orders.taken(asked.plan)
        else:
            id = asked.planId or ""
        jobs = orders.draw(id, asked.variants)
        is_done = not jobs and orders.standing(id).state == "done"
        return answer(models.Drawing(planId=id, state="done" if is_done else "drawing", jobs=jobs), 202)

    @api.get("/comic/{id}", response_model=models.Standing)
    def standing(id: str) -> Response:
        """How a comic stands: its plan, its pictures, and how far drawing is."""
        return answer(_standing(id, orders.standing(id)))


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
        return picture(orders.project(id), path)


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
