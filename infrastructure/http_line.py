"""The line to one server: connections that are kept, and nothing else a browser would do.

No cookies, no redirects, no passwords from ~/.netrc. Less than half the work of a session of
requests, which is most of what a short job costs on our side. May be used from many threads.
"""

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

import certifi
import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

_CONNECTIONS = 16  # kept open for the next request


def authorities() -> str:
    """The file or folder of those whose certificates are trusted: a company's own, if it names them."""
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or certifi.where()


class SizedBody(Protocol):
    """What is read while it is sent."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[bytes]: ...


class Line:
    def __init__(self, url: str, user_agent: str):
        self._url = url
        self._headers = {"User-Agent": user_agent, "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
        self._adapter = HTTPAdapter(pool_connections=1, pool_maxsize=_CONNECTIONS)
        session = requests.Session()
        host = urlsplit(url).hostname or ""
        # no proxy stands between us and this machine
        session.trust_env = not (host in ("localhost", "::1") or host.startswith("127."))
        surroundings = session.merge_environment_settings(url, {}, None, None, None)
        self._surroundings: dict[str, Any] = {
            "proxies": surroundings["proxies"],
            "verify": authorities(),
            "cert": surroundings["cert"],
        }

    def send(
        self,
        method: str,
        path: str,
        timeout: tuple[float, float],
        headers: Mapping[str, str] | None = None,
        body: bytes | SizedBody | None = None,
        stream: bool = False,
    ) -> requests.Response:
        """Raises requests.RequestException."""
        asked = requests.PreparedRequest()  # made by hand: preparing it costs as much as sending it
        asked.method, asked.url, asked.body = method, self._url + path, cast(Any, body)
        asked.headers = CaseInsensitiveDict({**self._headers, **(headers or {})})
        if method == "POST":
            asked.headers["Content-Length"] = str(len(body) if body is not None else 0)
        reply = self._adapter.send(asked, stream=stream, timeout=timeout, **self._surroundings)
        if not stream:
            _ = reply.content  # read now, so that the connection is free
        return reply


def json_object(reply: requests.Response) -> dict[str, Any] | None:
    """An answer's JSON object, if it is one: what stands in between answers in pages."""
    try:
        content = json.loads(reply.content)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None
