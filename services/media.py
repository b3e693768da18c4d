"""Pictures and clips for the pages: only what lies in its folder and can be shown."""

from pathlib import Path

from domain.errors import BadFile
from domain.project import Project
from infrastructure.there import is_file
from services.proxies import thumbnail

SHOWN = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".apng", ".mp4", ".webm", ".mov", ".mkv"}
WIDTHS = (160, 320, 480, 640, 960, 1600)  # a page cannot fill the cache with a file for every number
FOLDERS = {"takes", "keyframes", "videos", "references", "films", "cache", "film.mp4"}


def file_of(project: Project, path: str) -> Path:
    """A file by its path within the project. Raises BadFile for everything that may not be shown."""
    if path.replace("\\", "/").split("/")[0] not in FOLDERS:
        raise BadFile("Only pictures and clips of the open project are shown.")
    return file_in(project.folder, path)


def file_in(folder: Path, path: str) -> Path:
    """A file by its path within a folder. Raises BadFile for what is elsewhere, or cannot be shown."""
    parts = path.replace("\\", "/").split("/")
    is_plain = all(part not in ("", ".", "..") and not {":", "\0"} & {*part} for part in parts)
    file = folder.joinpath(*parts) if is_plain else folder
    if file.suffix.lower() not in SHOWN or not file.resolve().is_relative_to(folder.resolve()):
        raise BadFile("Only pictures and clips are shown, each from where it belongs.")
    if not is_file(file):
        raise BadFile(f"{file.name} is not there any more.")
    return file


def thumb_of(project: Project, path: str, width: int) -> Path:
    """The same small, as WebP; of a video the first frame that is not black."""
    return thumbnail(project, file_of(project, path), min(WIDTHS, key=lambda one: abs(one - width)))


def type_of(picture: bytes) -> str:
    """The MIME type of a preview."""
    return "image/png" if picture.startswith(b"\x89PNG") else "image/jpeg"
