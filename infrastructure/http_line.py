"""How requests leave this program: under its own name, and to this machine never by a proxy.

`Line` goes to one server: connections that are kept, and nothing else a browser would do. No cookies,
no redirects, no passwords from ~/.netrc. Less than half the work of a session of requests, which is
most of what a short job costs on our side. May be used from many threads. `Session` follows links.
"""

import json
import os
import ssl
from collections.abc import Iterator, Mapping
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

import certifi
import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from domain import VERSION

USER_AGENT = f"CindergraceStudio/{VERSION}"  # RunPod's proxy turns away anonymous ones
_CONNECTIONS = 16  # kept open for the next request
_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class NoAuthorities(requests.RequestException):
    """The file of those whose certificates are trusted is not there, or none. The message is for artists."""


def authorities() -> str:
    """The file or folder of those whose certificates are trusted: a company's own, if it names them."""
    return next(filter(None, map(os.environ.get, _VARIABLES)), certifi.where())


def is_here(url: str) -> bool:
    """Whether an address is this machine's own: no proxy stands between it and us."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _check_trust(url: str, verify: object) -> None:
    if not url.startswith("https:") or not isinstance(verify, str):
        return
    is_there = Path(verify).exists()
    if is_there and (verify == certifi.where() or _holds_certificates(verify)):
        return
    fault = "that holds none" if is_there else "that is not there"
    name = next((name for name in _VARIABLES if os.environ.get(name) == verify), _VARIABLES[0])
    raise NoAuthorities(
        f"The variable {name} names a file of certificates {fault}: {verify}. "
        "Correct it or remove it, and start the studio again."
    )


@cache
def _holds_certificates(path: str) -> bool:
    """Looked at once: the sentence asks for another start of the studio."""
    if Path(path).is_dir():
        return True
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except OSError:  # SSLError is one
        return False
    return True


class SizedBody(Protocol):
    """What is read while it is sent."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[bytes]: ...


class Line:
    def __init__(self, url: str):
        self._url = url
        self._headers = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
        self._adapter = HTTPAdapter(pool_connections=1, pool_maxsize=_CONNECTIONS)
        session = requests.Session()
        session.trust_env = not is_here(url)
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
        _check_trust(self._url, self._surroundings["verify"])
        asked = requests.PreparedRequest()  # made by hand: preparing it costs as much as sending it
        asked.method, asked.url, asked.body = method, self._url + path, cast(Any, body)
        asked.headers = CaseInsensitiveDict({**self._headers, **(headers or {})})
        if method == "POST":
            asked.headers["Content-Length"] = str(len(body) if body is not None else 0)
        reply = self._adapter.send(asked, stream=stream, timeout=timeout, **self._surroundings)
        if not stream:
            _ = reply.content  # read now, so that the connection is free
        return reply


class Session(requests.Session):
    """For what is asked for once, wherever its redirects lead. Passwords of ~/.netrc stay there."""

    def __init__(self) -> None:
        super().__init__()
        self.headers["User-Agent"] = USER_AGENT
        self.auth = _as_it_is  # else one from ~/.netrc takes the place of a token that was given

    def rebuild_auth(self, prepared: requests.PreparedRequest, response: requests.Response) -> None:
        """A token goes no further than to the host it is for."""
        if self.should_strip_auth(str(response.request.url), str(prepared.url)):
            prepared.headers.pop("Authorization", None)

    def send(self, request: requests.PreparedRequest, **how: Any) -> requests.Response:
        """Every step of the way. Raises requests.RequestException."""
        if is_here(request.url or ""):
            how["proxies"] = {}
        _check_trust(request.url or "", how.get("verify"))
        return super().send(request, **how)


def json_object(reply: requests.Response) -> dict[str, Any] | None:
    """An answer's JSON object, if it is one: what stands in between answers in pages."""
    try:
        content = json.loads(reply.content)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
