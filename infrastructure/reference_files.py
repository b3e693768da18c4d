"""Pictures that a batch refers to by path or URL, as files on this machine."""

import re
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from threading import get_ident
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import requests
from PIL import Image
from urllib3.exceptions import HTTPError

from domain.errors import BadFile, StudioError
from infrastructure.comfy_api import CHUNK, CONNECT, SILENCE
from infrastructure.http_line import NoAuthorities, Session

LARGEST = 64 << 20  # bytes of a reference picture
_WEB = re.compile(r"(https?://)(?:[^/?#]*@)?([^?#]*)", re.IGNORECASE)
SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp", "GIF": ".gif", "BMP": ".bmp", "TIFF": ".tif"}

_JPEG = ("JPEG", "MPO")  # a phone's JPEG with several pictures in it is called so


def suffix_of(format: str | None) -> str:
    """Raises LookupError for what is none of them."""
    return SUFFIXES["JPEG" if format in _JPEG else format or ""]


def reference(url: str, near: Path, kept: Path) -> Path:
    """The picture at a path (seen from the folder `near`) or URL; what is fetched is kept in `kept`."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise BadFile(f"The reference picture {shown(url)} is neither a path nor an address.") from error
    if parts.scheme in ("http", "https"):
        return _fetched(url, kept)
    path = Path(url2pathname(unquote(parts.path))) if parts.scheme == "file" else Path(url)
    path = path if path.is_absolute() else near / path
    with suppress(OSError):  # a name longer than any file's: the picture itself, written as text
        if path.is_file():
            return _checked(path, url)
    raise BadFile(f"The reference picture {url[:200]} is not there.")


def shown(url: str) -> str:
    """An address as it may be told: without the name, password or token that came along."""
    web = _WEB.match(url)
    return f"{web[1]}{web[2]}" if web else url


def _fetched(url: str, kept: Path) -> Path:
    name = sha256(url.encode()).hexdigest()[:24]
    if there := next((path for path in kept.glob(f"{name}.*") if path.suffix != ".part"), None):
        return there
    part = kept / f"{name}-{get_ident()}.part"  # several shots may fetch the same at once
    try:
        kept.mkdir(parents=True, exist_ok=True)
        _download(url, part)
        with Image.open(_checked(part, shown(url))) as picture:
            format = picture.format
        suffix = suffix_of(format) if format in (*SUFFIXES, *_JPEG) else ".png"
        return part.replace(kept / f"{name}{suffix}")
    except OSError as error:
        raise StudioError(f"{shown(url)} cannot be kept in {kept}: {error.strerror or error}.") from error
    finally:
        with suppress(OSError):
            part.unlink()


def _download(url: str, to: Path) -> None:
    try:
        timeout = CONNECT, SILENCE
        with (
            Session() as session,
            session.get(url, timeout=timeout, stream=True) as reply,
            to.open("wb") as out,
        ):
            reply.raise_for_status()
            for chunk in reply.iter_content(CHUNK):
                out.write(chunk)
                if out.tell() > LARGEST:
                    raise BadFile(f"The reference picture at {shown(url)} is larger than {LARGEST >> 20} MB.")
    except NoAuthorities as error:
        raise BadFile(f"The reference picture at {shown(url)} cannot be fetched. {error}") from error
    except (requests.RequestException, HTTPError, UnicodeError) as error:
        why = "Open it in a browser to see why."
        raise BadFile(f"The reference picture at {shown(url)} cannot be fetched. {why}") from error


def _checked(path: Path, said: str) -> Path:
    try:
        with Image.open(path) as picture:
            picture.verify()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadFile(f"{said} is not a picture that can be read.") from error
    return path
