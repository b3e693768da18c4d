"""Where a model's file comes from: what an address in a spec means, and what its host says of the file.

Tokens and keys come from the environment and go to their own host alone.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit
from urllib.request import url2pathname

import requests

from domain.errors import BadFile
from domain.versions.errors import Unresolved
from domain.versions.hosts import CIVITAI, HUB, Host, hub_file, place_at
from domain.versions.variables import filled
from infrastructure.http_line import Session, json_object
from infrastructure.versions.s3_source import signed

CONNECT, SILENCE = 10.0, 60.0  # seconds to get through; seconds between two bytes
_SHA256 = re.compile(r"[0-9a-f]{64}")
_OPENS = {
    "hf": " Accept its licence on its page and set HF_TOKEN.",
    "civitai": " Accept its licence on its page and set CIVITAI_TOKEN.",
    "gs": " Set GOOGLE_OAUTH_ACCESS_TOKEN to what gcloud auth print-access-token prints.",
    "s3": " Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_REGION where it lies.",
}


@dataclass(frozen=True)
class Place:
    """Where the bytes are: a file here, or an address and what is sent along."""

    url: str = field(repr=False)  # it may hold a key or a signature
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    file: Path | None = None


@dataclass(frozen=True)
class Told:
    """What is known of a file before it is fetched."""

    sha256: str = ""
    size: int | None = None
    revision: str = ""  # what "main" is today


def place_of(source: str, revision: str = "", method: str = "GET") -> Place:
    """Raises BadFile for an address of a kind that is not known, or whose variable is not set. A signature is
    good for one `method` alone."""
    if found := place_at(source, revision):
        host, path = found
        return Place(f"{_url(host)}/{path}", _bearer(host))
    match source.partition("://")[0]:
        case "http" | "https":
            return Place(filled(source, os.environ, source), _bearer_for(source))
        case "s3":
            return Place(signed(source, method))
        case "file":
            return Place(source, file=Path(url2pathname(urlsplit(source).path)))
    if "://" not in source:
        return Place(source, file=Path(source).expanduser())
    raise BadFile(f"{source} is of no kind that models come from: http, https, hf, civitai, gs, s3, file.")


def told(source: str) -> Told:
    """Asked of the host, without the file itself. Raises Unresolved when nobody answers."""
    if source.startswith("hf://"):
        return _told_by_hub(source)
    place = place_of(source, method="HEAD")
    if place.file:
        if not place.file.is_file():
            raise Unresolved(f"There is no file {place.file}.")
        return Told(size=place.file.stat().st_size)
    return _told_by_head(source, place)


def _told_by_hub(source: str) -> Told:
    """The hub knows the sha256 of every large file."""
    wanted, models = hub_file(source), f"{_url(HUB)}/api/models"
    repo, rev, file = wanted.repo, wanted.revision, wanted.file
    about = _asked("GET", f"{models}/{repo}/revision/{quote(rev, safe='')}", source)
    revision = str((json_object(about) or {}).get("sha") or "")
    address = f"{models}/{repo}/paths-info/{quote(revision or rev, safe='')}"
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
            limits, token = (CONNECT, SILENCE), _bearer(HUB)
            reply = line.request(method, url, json=content, headers=token, timeout=limits)
    except requests.RequestException as error:
        raise Unresolved(f"Nobody answers for {source}. Is there a network?") from error
    if not reply.ok:
        raise Unresolved(refusal(source, reply.status_code))
    return reply


def refusal(source: str, status: int) -> str:
    if status in (401, 403):
        return f"{source} wants to know who asks (HTTP {status}).{_OPENS.get(source.partition('://')[0], '')}"
    if status == 301 and source.startswith("s3://"):
        return f"{source} lies in another region. Say which: AWS_REGION."
    return f"{source} is not there (HTTP {status})." if status == 404 else f"{source} answers HTTP {status}."


def _url(host: Host) -> str:
    return os.environ.get(host.variable, "").rstrip("/") or host.url


def _bearer(host: Host) -> dict[str, str]:
    token = os.environ.get(host.token, "").strip()
    return {"Authorization": f"Bearer {token}"} if token else {}


def _bearer_for(url: str) -> dict[str, str]:
    """A plain address of a host that is known gets that host's token."""
    for host in (HUB, CIVITAI):  # an address at Google may bring a signature, which goes with no token
        if _origin(url) == _origin(_url(host)):
            return _bearer(host)
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
