"""The folders the studio keeps its things in: where they are, how full, shown and emptied."""

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from domain.errors import StudioError
from domain.places import Places
from infrastructure.opener import show_folder

FRESH = 600.0  # seconds in which a file of the cache may still be in use
_KEPT = {"instance.json", ".lock"}  # say that the studio is open
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


def folders(places: Places) -> dict[str, Path]:
    """By name, in the order they are shown."""
    return {
        "projects": places.projects,
        "workflows": places.workflows,
        "settings": places.settings.parent,
        "cache": places.cache,
    }


def show(places: Places, name: str) -> None:
    folder = folders(places).get(name)
    if folder is None:
        raise StudioError("The studio keeps nothing in a folder of that name.")
    show_folder(folder)


def is_here(host: str | None, headers: Mapping[str, str]) -> bool:
    """Whether who asks sits at the studio's own machine: only there does it help to open a folder."""
    if any(name in headers for name in _FORWARDED):
        return False
    return _is_own(host or "") and ("host" not in headers or _is_own(_name_of(headers["host"])))


def _name_of(host: str) -> str:
    """What the Host header names: a tunnel that says no more still names the address it is reached at."""
    with suppress(ValueError):
        return urlsplit(f"//{host}").hostname or ""
    return ""


def _is_own(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def size(folder: Path) -> int:
    """Bytes in a folder."""
    return sum(length for _, length, _ in _files(folder))


def empty_cache(places: Places) -> int:
    """Delete what can be made again, but not what may be in use; returns the bytes that are free again."""
    now, freed = time.time(), 0
    for file, length, changed in _files(places.cache):
        if file.name not in _KEPT and now - changed > FRESH:
            with suppress(OSError):
                file.unlink()
                freed += length
    for folder in sorted(places.cache.rglob("*"), reverse=True):
        if folder.is_dir() and not folder.is_symlink():
            with suppress(OSError):
                folder.rmdir()  # only those that are empty go
    return freed


def _files(folder: Path) -> Iterator[tuple[Path, int, float]]:
    for file in folder.rglob("*"):
        with suppress(OSError):
            if file.is_file() and not file.is_symlink():
                about = file.stat()
                yield file, about.st_size, about.st_mtime
