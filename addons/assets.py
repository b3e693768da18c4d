"""Scripts, styles and fonts of the window: read once, named by what is in them, and then never asked for
again. All styles are one file, and every script is announced in the page's head, so that a page does
not find them one behind the other.
"""

import hashlib
import mimetypes
from collections.abc import Mapping
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import Response

from services.words import LANGUAGES, catalogue

STATIC = Path(__file__).parent / "static"
STYLES = "css/studio.css"
FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}
NEVER = {"Cache-Control": "no-store"}


class Assets:
    def __init__(self, folder: Path = STATIC):
        files = {
            path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()
        }
        self._contents = {name: path.read_bytes() for name, path in files.items() if path.suffix != ".css"}
        self._contents[STYLES] = b"".join(path.read_bytes() for path in _in_order(files))
        self.build = _hash(self._contents)

    def head(self) -> str:
        """early.js sets the look before anything is drawn."""
        scripts = sorted(name for name in self._contents if name.endswith(".js") and name != "js/early.js")
        return (
            f'<script src="{self._address("js/early.js")}" data-build="{self.build}"></script>'
            + self.styles()
            + "".join(f'<link rel="modulepreload" href="{self._address(name)}">' for name in scripts)
            + f'<script type="module" src="{self._address("js/studio.js")}"></script>'
        )

    def styles(self) -> str:
        """Once more for Gradio to add behind its own, which would win over those in front."""
        return f'<link rel="stylesheet" href="{self._address(STYLES)}">'

    def answer(self, build: str, name: str) -> Response:
        """A page of another build is answered too, as long as it takes to hear that it is to load anew."""
        content = self._contents.get(name)
        if content is None:
            return Response(status_code=404, headers=NEVER)
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Response(content, media_type=kind, headers=FOREVER if build == self.build else NEVER)

    def register(self, app: FastAPI) -> None:
        @app.get("/studio/static/{build}/{name:path}")
        async def static(build: str, name: str) -> Response:
            return self.answer(build, name)

    def _address(self, name: str) -> str:
        return f"studio/static/{self.build}/{name}"


def _in_order(files: Mapping[str, Path]) -> list[Path]:
    pages = [path for name, path in files.items() if name.startswith("css/page")]
    return [files["css/look.css"], files["css/frame.css"], *pages]


def _hash(contents: Mapping[str, bytes]) -> str:
    """Changes when scripts, styles or words do, so that an open page loads the new ones."""
    hashed = hashlib.sha256()
    for name, content in sorted(contents.items()):
        hashed.update(name.encode() + content)
    for language in LANGUAGES:
        hashed.update(repr(sorted(catalogue(language).items())).encode())
    return hashed.hexdigest()[:12]
