"""Where a model's file comes from: what an address in a spec means, and what its host says of the file.

Tokens come from the environment and go to their own host alone: HF_TOKEN, CIVITAI_TOKEN.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit
from urllib.request import url2pathname

import requests

from domain.errors import BadFile
from domain.versions.errors import Unresolved
from infrastructure.http_line import Session, json_object

CONNECT, SILENCE = 10.0, 60.0  # seconds to get through; seconds between two bytes
_HUB, _CIVITAI = "https://huggingface.co", "https://civitai.com"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FILE = re.compile(r"(?P<repo>[^/@?]+/[^/@?]+)(?:@(?P<rev>[^/]+))?/(?P<file>[^?]+)")


@dataclass(frozen=True)
class Place:
    """Where the bytes are: a file here, or an address and what is sent along."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    file: Path | None = None


@dataclass(frozen=True)
class Told:
    """What is known of a file before it is fetched."""

    sha256: str = ""
    size: int | None = None
    revision: str = ""  # what "main" is today


def place_of(source: str, revision: str = "") -> Place:
    """Raises BadFile for an address of a kind that is not known, or whose variable is not set."""
    kind, _, rest = source.partition("://")
    match kind:
        case "http" | "https":
            return Place(_filled(source), _bearer_for(source))
        case "hf":
            repo, rev, file = _hub_file(source)
            return Place(
                f"{_hub()}/{repo}/resolve/{quote(revision or rev, safe='')}/{quote(file)}",
                _bearer("HF_TOKEN"),
            )
        case "civitai":
            path = rest if rest.startswith("api/") else f"api/download/{rest}"
            return Place(f"{_civitai()}/{path}", _bearer("CIVITAI_TOKEN"))
        case "file":
            path = url2pathname(urlsplit(source).path)
            return Place(source, file=Path(path))
    if "://" not in source:
        return Place(source, file=Path(source).expanduser())
    raise BadFile(f"{source} is of no kind that models come from: http, https, hf, civitai, file.")


def told(source: str) -> Told:
    """Asked of the host, without the file itself. Raises Unresolved when nobody answers."""
    if source.startswith("hf://"):
        return _told_by_hub(source)
    place = place_of(source)
    if place.file:
        if not place.file.is_file():
            raise Unresolved(f"There is no file {place.file}.")
        return Told(size=place.file.stat().st_size)
    return _told_by_head(source, place)


def _told_by_hub(source: str) -> Told:
    """The hub knows the sha256 of every large file."""
    repo, rev, file = _hub_file(source)
    about = _asked("GET", f"{_hub()}/api/models/{repo}/revision/{quote(rev, safe='')}", source)
    revision = str((json_object(about) or {}).get("sha") or "")
    address = f"{_hub()}/api/models/{repo}/paths-info/{quote(revision or rev, safe='')}"
    found = _asked("POST", address, source, {"paths": [file]})
    listed = _list(found.content)
    entry = next((e for e in listed if isinstance(e, dict) and e.get("path") == file), None)
    if entry is None:
        raise Unresolved(f"{repo} has no file {file} at {rev}.")
    size, lfs = entry.get("size"), entry.get("lfs")
    digest = str(lfs.get("oid") or "").lower() if isinstance(lfs, dict) else ""
    if digest and not _SHA256.fullmatch(digest):
        raise Unresolved(f"{source}: its host tells a sha256 that is none.")
    return Told(digest, size if isinstance(size, int) else None, revision)


def _told_by_head(source: str, place: Place) -> Told:
    try:
        with Session() as line:
            headers = {"Accept-Encoding": "identity", **place.headers}
            reply = line.head(place.url, headers=headers, timeout=(CONNECT, SILENCE), allow_redirects=True)
    except requests.RequestException as error:
        raise Unresolved(f"Nobody answers at {source}. Is there a network?") from error
    length = reply.headers.get("Content-Length", "") if reply.ok else ""
    return Told(size=int(length) if length.isdigit() else None)


def _asked(method: str, url: str, source: str, content: object = None) -> requests.Response:
    try:
        with Session() as line:
            limits, token = (CONNECT, SILENCE), _bearer("HF_TOKEN")
            reply = line.request(method, url, json=content, headers=token, timeout=limits)
    except requests.RequestException as error:
        raise Unresolved(f"Nobody answers for {source}. Is there a network?") from error
    if not reply.ok:
        raise Unresolved(refusal(source, reply.status_code))
    return reply


def refusal(source: str, status: int) -> str:
    if status in (401, 403):
        name = {"hf": "HF_TOKEN", "civitai": "CIVITAI_TOKEN"}.get(source.partition("://")[0], "")
        what = f" Accept its licence on its page and set {name}." if name else ""
        return f"{source} wants to know who asks (HTTP {status}).{what}"
    return f"{source} is not there (HTTP {status})." if status == 404 else f"{source} answers HTTP {status}."


def _hub_file(source: str) -> tuple[str, str, str]:
    parts = urlsplit(source)
    match = _FILE.fullmatch(source.removeprefix("hf://").partition("?")[0])
    if not match:
        raise BadFile(f"{source} names no file: it should be hf://owner/name@revision/file.")
    asked = dict(parse_qsl(parts.query))
    return match["repo"], match["rev"] or asked.get("rev") or "main", match["file"]


def _hub() -> str:
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or _HUB


def _civitai() -> str:
    return os.environ.get("CIVITAI_ENDPOINT", "").rstrip("/") or _CIVITAI


def _bearer(name: str) -> dict[str, str]:
    token = os.environ.get(name, "").strip()
    return {"Authorization": f"Bearer {token}"} if token else {}


def _bearer_for(url: str) -> dict[str, str]:
    """A plain address of a host that is known gets that host's token."""
    for name, base in (("HF_TOKEN", _hub()), ("CIVITAI_TOKEN", _civitai())):
        if _origin(url) == _origin(base):
            return _bearer(name)
    return {}


def _origin(url: str) -> tuple[str, str, int | None]:
    """Another port is another server, and http another line than https."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = 0
    return parts.scheme, parts.hostname or "", port or {"https": 443, "http": 80}.get(parts.scheme)


def _list(content: bytes) -> list[object]:
    try:
        found = json.loads(content)
    except ValueError:
        return []
    return found if isinstance(found, list) else []


def _filled(url: str) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1] not in os.environ:
            raise BadFile(f"{url} needs the variable {match[1]}, which is not set.")
        return os.environ[match[1]]

    return _VARIABLE.sub(value, url)
