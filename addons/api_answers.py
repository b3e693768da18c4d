"""How the studio answers programs: in JSON, and what it refuses with `success`, `error` and a status."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from addons import api_models as models
from addons.api_guard import refusal
from addons.assets import NEVER
from domain.errors import BackendUnreachable, BadFile, CannotWrite, StudioError
from domain.project import Project
from services import media
from services.orders import Unknown

_SHORT = 40  # letters of what was sent
_SHOWN = ("takes", "keyframes")  # folders of a project
_STATUS: Sequence[tuple[type[StudioError], int]] = (
    (Unknown, 404),
    (BadFile, 422),
    (CannotWrite, 507),
    (BackendUnreachable, 503),
    (StudioError, 409),
)
REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": models.Refused, "description": "The body is no JSON."},
    401: {"model": models.Refused, "description": "A token is set, and was not sent."},
    403: {"model": models.Refused, "description": "Asked from elsewhere."},
    404: {"model": models.Refused, "description": "There is no such comic or batch."},
    409: {"model": models.Refused, "description": "It cannot be done as things stand, as at a limit."},
    413: {"model": models.Refused, "description": "The body is too large."},
    415: {"model": models.Refused, "description": "The body is not sent as application/json."},
    422: {"model": models.Refused, "description": "A field is wrong; the sentence names it."},
    408: {"model": models.Refused, "description": "The rest of the body did not come."},
    503: {
        "model": models.Refused,
        "description": "Whoever draws does not answer, or other large bodies come.",
    },
}


def answer(content: BaseModel, status: int = 200) -> Response:
    return JSONResponse(content.model_dump(), status, NEVER)


def picture(project: Project, path: str) -> Response:
    """A picture that was made for an order. Raises Unknown."""
    try:
        if path.partition("/")[0] not in _SHOWN:
            raise BadFile("Only the order's own pictures are shown.")
        return FileResponse(media.file_of(project, path), headers=NEVER)
    except BadFile as error:
        raise Unknown(str(error)) from error


@contextmanager
def naming(field: str) -> Iterator[None]:
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
    field = str(first["loc"][1])
    return refusal(422, f"{field} {models.MUST.get(field, 'is wrong')}, not {_shown(first.get('input'))}.")


def _shown(given: Any) -> str:
    """What was sent, in short; of what is large, no more is read than is shown."""
    if isinstance(given, list | dict) and given:
        return "[…]" if isinstance(given, list) else "{…}"
    text = json.dumps(given[:_SHORT] if isinstance(given, str) else given, ensure_ascii=False, default=str)
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}…"


HANDLERS: Mapping[int | type[Exception], Any] = {
    StudioError: _told,
    RequestValidationError: _wrong,
    HTTPException: _refused,
    Exception: _broken,
}
