"""The line to one server: connections that are kept, and nothing else a browser would do.

No cookies, no redirects, no passwords from ~/.netrc. Less than half the work of a session of
requests, which is most of what a short job costs on our side. May be used from many threads.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

_CONNECTIONS = 16  # kept open for the next request


class Line:
    def __init__(self, url: str, user_agent: str):
        self._url = url
        self._headers = {**requests.utils.default_headers(), "User-Agent": user_agent}
        self._adapter = HTTPAdapter(pool_connections=1, pool_maxsize=_CONNECTIONS)
        session = requests.Session()
        host = urlsplit(url).hostname or ""
        # no proxy stands between us and this machine
        session.trust_env = not (host in ("localhost", "::1") or host.startswith("127."))
        surroundings = session.merge_environment_settings(url, {}, None, None, None)
        self._surroundings: dict[str, Any] = {key: surroundings[key] for key in ("proxies", "verify", "cert")}

    def send(
        self,
        method: str,
        path: str,
        timeout: tuple[float, float],
        stream: bool = False,
        headers: Mapping[str, str] | None = None,
        **content: Any,
    ) -> requests.Response:
        """Raises requests.RequestException. `content`: params, json or data, as requests takes them."""
        asked = requests.Request(method, self._url + path, {**self._headers, **(headers or {})}, **content)
        reply = self._adapter.send(asked.prepare(), stream=stream, timeout=timeout, **self._surroundings)
        if not stream:
            _ = reply.content  # read now, so that the connection is free
        return reply
