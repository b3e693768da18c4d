"""What a project took over from elsewhere: from which sources, and which file became which.

So a second import of the same source brings nothing twice. Lies in the project as imports.json.
"""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from domain.errors import BadFile
from domain.project import Project
from infrastructure.hashes import sha256
from infrastructure.json_files import aside_if_broken, read_json, write_json


class ImportNotes:
    """The notes of one project; `keep` writes them down."""

    def __init__(self, project: Project):
        self._project = project
        content = _content(project)
        sources, files = content.get("sources"), content.get("files")
        self._sources: dict[str, Any] = sources if isinstance(sources, dict) else {}
        self._files: dict[str, Any] = files if isinstance(files, dict) else {}
        self._is_new = False

    def knows(self, key: str) -> bool:
        """Was this source imported here before?"""
        return key in self._sources

    def add_source(self, key: str, name: str) -> None:
        if key not in self._sources:
            now = datetime.now(timezone.utc).isoformat(timespec="seconds")
            self._sources[key], self._is_new = {"name": name, "when": now}, True

    def copy_of(self, source: Path) -> Path | None:
        """What a file with this content became, if that is still there."""
        name = self._files.get(sha256(source))
        path = self._project.folder / name if isinstance(name, str) else None
        return path if path and path.is_file() else None

    def add_copy(self, source: Path, copy: Path) -> None:
        name = copy.relative_to(self._project.folder).as_posix()
        self._files[sha256(source)], self._is_new = name, True

    def keep(self) -> None:
        if self._is_new:
            aside_if_broken(_file(self._project), dict)
            write_json(_file(self._project), {"sources": self._sources, "files": self._files})
            self._is_new = False


def forget_sources(project: Project) -> None:
    """A copy of a project is not where its sources are looked for."""
    if content := _content(project):
        write_json(_file(project), {**content, "sources": {}})


def _file(project: Project) -> Path:
    return project.folder / "imports.json"


def _content(project: Project) -> dict[str, Any]:
    try:
        content = read_json(_file(project))
    except BadFile:
        return {}
    return content if isinstance(content, dict) else {}
