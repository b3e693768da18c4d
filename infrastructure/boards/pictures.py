"""Pictures a board names: references, start and end images. A missing one stops only its shot."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from infrastructure.boards.fields import Fields, shown

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"}
KEYS = ("path", "url", "file", "image")  # where an object may name its picture


def pictures(fields: Fields, key: str, folder: Path, problems: list[str]) -> tuple[Path, ...]:
    what = key.removesuffix("s")
    found = (_picture(f"{what} {n + 1}", e, folder, problems) for n, e in fields.entries(key))
    return tuple(path for path in found if path)


def picture(fields: Fields, key: str, folder: Path, problems: list[str]) -> Path | None:
    value = fields.clean.get(key)
    return _picture(key.replace("_", " "), value, folder, problems) if value not in (None, "") else None


def text_of(entry: Any) -> str | None:
    """The path or address that an entry holds."""
    if isinstance(entry, dict):
        entry = next((entry[key] for key in KEYS if entry.get(key)), None)
    return entry if isinstance(entry, str) and entry.strip() else None


def located(text: str, folder: Path) -> Path:
    """A path as written, from the board's folder; backslashes count as slashes where that finds it."""
    if text.startswith("file:"):
        text = unquote(urlparse(text).path)
    path = folder / Path(text).expanduser()
    turned = folder / text.replace("\\", "/")
    return turned if not path.exists() and turned.exists() else path


def _picture(what: str, entry: Any, folder: Path, problems: list[str]) -> Path | None:
    text = text_of(entry)
    if text is None:
        problems.append(f"The {what} {shown(entry)} names no file.")
        return None
    if text.lower().startswith(("http://", "https://")):
        problems.append(f"The {what} {shown(text)} is a web address. Save the picture and name the file.")
        return None
    path = _absolute(text, folder)
    if path is None or not path.is_file():
        problems.append(f"The {what} {shown(text)} was not found; it is looked for in {folder}.")
    elif path.suffix.lower() not in SUFFIXES:
        problems.append(f"The {what} {shown(text)} is not a picture.")
    return path


def _absolute(text: str, folder: Path) -> Path | None:
    try:
        return located(text, folder.absolute()).absolute()
    except (ValueError, OSError, RuntimeError):  # a null byte, a name too long, a home nobody has
        return None
