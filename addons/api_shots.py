"""Batches of pictures for programs: asked for, looked after and fetched over HTTP."""

from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, Response

from addons import api_models as models
from addons.api_answers import answer, picture
from addons.api_guard import PLACE
from services import folders
from services.shot_orders import ShotOrders, Standing
from services.studio import Studio


def register(api: FastAPI, studio: Studio) -> None:
    orders = ShotOrders(studio)

    @api.post("/shots/generate", status_code=202, response_model=models.Batch)
    def generate(asked: models.ShotsRequest, request: Request) -> Response:
        """Draw a batch of pictures with references, in the studio's own queue. The same batch sent twice is
        drawn once; sent again, it goes on where it was."""
        host = request.client.host if request.client else None
        is_here = folders.is_here(host, request.headers)
        id = orders.taken({name: getattr(asked, name) for name in asked.model_fields_set}, is_here)
        jobs = orders.draw(id)
        is_done = not jobs and orders.standing(id).state == "done"
        return answer(models.Batch(batchId=id, state="done" if is_done else "drawing", jobs=jobs), 202)

    @api.get("/shots/{id}", response_model=models.BatchStanding)
    def standing(id: str) -> Response:
        """How a batch stands: how far drawing is, and the answer for every shot that is over."""
        return answer(_standing(id, orders.standing(id)))

    @api.get("/shots/{id}/images/{path:path}", response_class=FileResponse)
    def image(id: str, path: str) -> Response:
        """A picture of the batch, by the address that its state tells."""
        return picture(orders.project(id), path)


def _standing(id: str, now: Standing) -> models.BatchStanding:
    place = f"{PLACE}/shots/{quote(id, safe='')}/images"
    images = [
        {**one, "image_url": f"{place}/{quote(one['image_url'])}"} if one["success"] else one
        for one in now.images
    ]
    return models.BatchStanding.model_validate(
        {
            "batchId": id,
            "state": now.state,
            "progress": now.progress,
            "jobs": now.jobs,
            "generated_images": images,
            "total_images": now.total,
            "error": now.error or None,
            "paused": now.paused or None,
        }
    )
