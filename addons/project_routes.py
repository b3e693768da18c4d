"""Routes for projects as a whole: pictures of recent ones, the contact sheet, what was packed or printed."""

from io import BytesIO

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from addons.routes import FOREVER, NEVER, error_of, in_open, refusal, told
from domain.errors import StudioError
from domain.project import Project
from services import folders, reveal, sheet_preview
from services.studio import Studio

_TYPES = {".pdf": "application/pdf", ".zip": "application/zip"}


def register(app: FastAPI, studio: Studio) -> None:
    @app.get("/studio/recent/{key}/{number}")
    def strip(key: str, number: int) -> Response:
        return told(lambda: FileResponse(studio.shelf.picture(key, number), headers=FOREVER))

    @app.get("/studio/comic/{id}")
    def comic_page(id: str, size: str = "card", p: str = "", v: str = "") -> Response:
        """A lettered page as it is planned now, which may be another than the one asked for."""

        def answer(project: Project) -> Response:
            file, stamp = studio.comic.page(project, id, size)
            return FileResponse(file, headers=FOREVER if v == stamp else NEVER)

        return in_open(studio, p, answer)

    @app.get("/studio/sheet")
    def sheet(columns: int = 3, landscape: bool = False) -> Response:
        """The first page of the contact sheet as it would be now."""

        def answer() -> Response:
            page, count = sheet_preview.first_page(studio.desk, columns, landscape)
            content = BytesIO()
            page.save(content, "PNG")
            headers = {**NEVER, "X-Pages": str(count)}
            return Response(content.getvalue(), media_type="image/png", headers=headers)

        return told(answer)

    @app.get("/studio/made/{id}")
    def made(id: str, inline: bool = False) -> Response:
        """What an errand made: only files that the studio itself wrote down."""

        def answer() -> Response:
            file = studio.outcomes.file(id)
            how = "inline" if inline and file.suffix == ".pdf" else "attachment"
            kind = _TYPES.get(file.suffix, "application/octet-stream")
            return FileResponse(
                file, media_type=kind, filename=file.name, content_disposition_type=how, headers=NEVER
            )

        return told(answer)

    @app.get("/studio/here")
    async def here(request: Request) -> Response:
        return JSONResponse({"here": _is_here(request)}, headers=NEVER)

    @app.post("/studio/reveal/{what}")
    def show(what: str, request: Request) -> Response:
        """The open project's folder, or the one that holds what an errand made."""
        if refused := refusal(request):
            return refused
        if not _is_here(request):
            return error_of("Folders are shown on the studio's own machine only.", 403)
        try:
            reveal.show(
                studio.desk.project.folder if what == "project" else studio.outcomes.file(what).parent
            )
        except StudioError as error:
            return error_of(str(error))
        return JSONResponse({"result": None}, headers=NEVER)


def _is_here(request: Request) -> bool:
    return folders.is_here(request.client.host if request.client else None, dict(request.headers))
