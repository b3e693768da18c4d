"""Brings a model's file from Hugging Face: resumed where it was left, whole and checked or not there."""

import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

import requests

from domain.errors import StudioError
from domain.events import Progress
from infrastructure.hashes import sha256
from infrastructure.http_line import Session

HOST = "https://huggingface.co"
CONNECT, SILENCE = 10.0, 60.0  # seconds to get through; seconds between two bytes
TRIES = 5  # in a row that bring nothing new
PAUSE = 1.0  # seconds before the second of them; doubles
RENAMES = 5  # that are followed
WORD = 1.0  # seconds between two words about how far it is
_CHUNK = 1 << 20
_PLAIN = {"Accept-Encoding": "identity"}


@dataclass(frozen=True)
class Remote:
    """What the host says of a file before it is fetched."""

    url: str
    size: int | None
    sha256: str  # "" when it does not say


def address(source: str, host: str = HOST) -> str:
    """Of "owner/name:path/file.safetensors"."""
    repository, _, path = source.partition(":")
    if repository.count("/") != 1 or not path:
        raise StudioError(f"{source!r} names no file of a repository: it should be owner/name:path.")
    return f"{host}/{repository}/resolve/main/{quote(path)}"


def download_model(url: str, to: Path, token: str = "") -> Generator[Progress, None, bool]:
    """Returns whether anything had to be fetched. Raises StudioError."""
    remote = _asked(url, token)
    if to.is_file() and remote.size in (None, to.stat().st_size):
        return False
    part = to.with_name(f"{to.name}.fetching")  # stays when it breaks: the next time goes on from there
    part.parent.mkdir(parents=True, exist_ok=True)
    misses = 0
    while not _is_whole(part, remote):
        have = _size(part)
        try:
            yield from _attempt(remote, part, token)
        except (requests.RequestException, OSError) as error:
            misses = 0 if _size(part) > have else misses + 1
            if misses >= TRIES:
                raise StudioError(f"{to.name} does not arrive: {error}. What is here is kept.") from error
            yield Progress(_share(part, remote), f"{to.name}: the line broke, going on")
            time.sleep(PAUSE * 2**misses)
    yield Progress(1.0, f"{to.name}: checking")
    if remote.sha256 and sha256(part) != remote.sha256:
        part.unlink()
        raise StudioError(f"{to.name} arrived damaged. Run it again.")
    part.replace(to)
    return True


def _asked(url: str, token: str) -> Remote:
    """The host's answer leads elsewhere, and tells size and content of what is there."""
    reply = _headed(url, token)
    if reply.status_code in (401, 403):
        raise StudioError(
            f"{url} wants to know who asks: accept the licence on its page, and set HF_TOKEN to your token."
        )
    if reply.status_code >= 400:
        raise StudioError(f"{url} answers {reply.status_code}.")
    length = reply.headers.get("Content-Length", "") if reply.status_code == 200 else ""
    size = reply.headers.get("X-Linked-Size") or length
    digest = reply.headers.get("X-Linked-ETag", "").strip('"')
    return Remote(url, int(size) if size.isdigit() else None, digest if len(digest) == 64 else "")


def _headed(url: str, token: str) -> requests.Response:
    """Of a repository that was renamed the host leads to the new name first, and tells of no file."""
    for _ in range(RENAMES):
        try:
            with Session() as line:
                reply = line.head(
                    url, headers=_headers(token), timeout=(CONNECT, SILENCE), allow_redirects=False
                )
        except requests.RequestException as error:
            raise StudioError(f"Nobody answers at {url}. Is there a network?") from error
        next_url = urljoin(url, reply.headers.get("Location", ""))
        is_told = "X-Linked-Size" in reply.headers
        if not reply.is_redirect or is_told or urlsplit(next_url).netloc != urlsplit(url).netloc:
            return reply
        url = next_url
    raise StudioError(f"{url} leads in a circle.")


def _attempt(remote: Remote, part: Path, token: str) -> Generator[Progress, None, None]:
    have, told = _size(part), 0.0
    headers = _headers(token) | ({"Range": f"bytes={have}-"} if have else {})
    limits = CONNECT, SILENCE
    with Session() as line, line.get(remote.url, headers=headers, stream=True, timeout=limits) as reply:
        reply.raise_for_status()
        with part.open("ab" if reply.status_code == 206 else "wb") as out:
            for chunk in reply.iter_content(_CHUNK):
                out.write(chunk)
                if time.monotonic() - told > WORD:
                    told = time.monotonic()
                    yield Progress(_share(part, remote), part.name.removesuffix(".fetching"))
    if not _is_whole(part, remote):
        raise requests.ConnectionError(f"{_size(part)} of {remote.size} bytes arrived")


def _headers(token: str) -> dict[str, str]:
    """requests drops the token when the answer leads to another host."""
    return _PLAIN | ({"Authorization": f"Bearer {token}"} if token else {})


def _is_whole(part: Path, remote: Remote) -> bool:
    return part.is_file() and remote.size in (None, _size(part))


def _size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _share(part: Path, remote: Remote) -> float:
    return min(1.0, _size(part) / remote.size) if remote.size else 0.0
