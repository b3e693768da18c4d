"""RunPod's account interface (REST v2), one method a call. The key goes to this host and to no other.

Source: RunPod's documentation and published captures; nothing of it was tried against the live service.
"""

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import requests
from urllib3.exceptions import HTTPError

from domain.errors import PlatformError, PlatformSilent
from domain.pods import Endpoint, GpuOffer, NetworkVolume, NewPod, Pod
from infrastructure.http_line import Line, NoAuthorities, json_object
from infrastructure.runpod_answers import (
    billed,
    complaint,
    endpoint,
    network_volume,
    offer,
    pod,
    serverless_price,
)

HOST = "https://api.runpod.io"
TIMEOUT = 10.0, 20.0  # seconds to get through, and between two bytes
CREATING = 10.0, 60.0  # … when a machine has to be found
WHERE = "/workspace"  # a pod's volume, as RunPod's templates expect it
PAGES = 50  # of a list, at most
_BALANCE = "query { myself { clientBalance } }"


class RunPodAPI:
    """May be used from many threads. Every method raises PlatformError; PlatformSilent when no answer says
    whether it was done."""

    def __init__(self, key: str):
        self._line = Line(HOST)
        self._key = key

    def pods(self) -> list[Pod]:
        return [pod(said) for said in self._listed("/v2/pods", "pods")]

    def pod(self, id: str) -> Pod:
        return pod(self._ask("GET", f"/v2/pods/{quote(id, safe='')}"))

    def act(self, id: str, action: str) -> None:
        """`action` is one that the pod can: start, stop, restart or terminate."""
        self._send("POST", f"/v2/pods/{quote(id, safe='')}/action", {"action": action})

    def create(self, wanted: NewPod) -> Pod:
        """Once and no more: after PlatformSilent look for the name before another is made."""
        return pod(self._ask("POST", "/v2/pods", _body(wanted), CREATING))

    def offers(self, cloud: str = "SECURE") -> list[GpuOffer]:
        """The kinds of GPU there are, cheapest first."""
        asked = urlencode({"include": "AVAILABILITY", "product": "POD", "cloud": cloud})
        found = [offer(said, cloud) for said in self._listed(f"/v2/catalog/gpus?{asked}", "gpus")]
        return sorted((one for one in found if one.id), key=lambda one: (one.price or 1e9, one.name))

    def network_volumes(self) -> list[NetworkVolume]:
        return [network_volume(said) for said in self._listed("/v2/network-volumes", "networkVolumes")]

    def endpoint(self, id: str) -> Endpoint:
        return endpoint(self._ask("GET", f"/v2/serverless/{quote(id, safe='')}"))

    def change_endpoint(self, id: str, workers_max: int) -> None:
        """How many workers it may start at most."""
        self._ask("PATCH", f"/v2/serverless/{quote(id, safe='')}", {"workers": {"max": workers_max}})

    def serverless_price(self, gpu: str) -> float:
        """USD an hour of one GPU at work; 0 where the catalogue does not tell."""
        listed = self._listed("/v2/catalog/gpus", "gpus")
        return next((serverless_price(said) for said in listed if said.get("id") == gpu), 0.0)

    def serverless_bill(self, id: str, back: float) -> dict[float, float]:
        """USD billed for an endpoint, by the moment an hour began, so many seconds back and more."""
        asked = urlencode({"bucketSize": "hour", "lastN": int(back // 3600) + 2, "serverlessId": id})
        bill: dict[float, float] = {}
        for said in self._listed(f"/v2/billing/serverless?{asked}", "records"):
            start, amount = billed(said, id)
            bill[start] = bill.get(start, 0.0) + amount
        return bill

    def logs(self, id: str, tail: int = 50, seconds: float = 3.0) -> list[str]:
        """A pod's last lines. RunPod's answer never ends: it is left after so many seconds of silence, or
        twice as long in all."""
        asked = urlencode({"source": "container", "tail": tail})
        reply = self._send(
            "GET", f"/v2/pods/{quote(id, safe='')}/logs?{asked}", timeout=(10.0, seconds), stream=True
        )
        with reply:
            return list(_lines(reply, time.monotonic() + 2 * seconds))[-tail:]

    def balance(self) -> float | None:
        """USD, where the older interface still tells it; None where not."""
        try:
            answer = self._ask("POST", "/graphql", {"query": _BALANCE})
            said = answer["data"]["myself"]["clientBalance"]
        except (PlatformError, LookupError, TypeError):
            return None
        return float(said) if isinstance(said, int | float) else None

    def _listed(self, path: str, name: str) -> Iterator[dict[str, Any]]:
        cursor, start = "", path
        for _ in range(PAGES):
            answer = self._ask("GET", path)
            entries = answer.get(name)
            if not isinstance(entries, list):
                raise PlatformError(
                    "RunPod answered something else than it documents. Is there a newer studio?"
                )
            yield from (entry for entry in entries if isinstance(entry, dict))
            pagination = answer.get("pagination")
            more = pagination if isinstance(pagination, dict) else answer
            if not isinstance(following := more.get("nextCursor"), str) or following in ("", cursor):
                return
            cursor = following
            path = f"{start}{'&' if '?' in start else '?'}{urlencode({'cursor': cursor})}"

    def _ask(
        self, method: str, path: str, body: Any = None, timeout: tuple[float, float] = TIMEOUT
    ) -> dict[str, Any]:
        answer = json_object(self._send(method, path, body, timeout))
        if answer is None:
            raise PlatformSilent(
                "What answers for RunPod is not its API. Is the network one that asks to log in?"
            )
        return answer

    def _send(
        self,
        method: str,
        path: str,
        body: Any = None,
        timeout: tuple[float, float] = TIMEOUT,
        stream: bool = False,
    ) -> requests.Response:
        headers = {"Authorization": f"Bearer {self._key}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = None if body is None else json.dumps(body).encode()
        try:
            reply = self._line.send(method, path, timeout, headers, content, stream)
            if reply.ok and not reply.is_redirect:
                return reply
            with reply:
                said = complaint(reply)  # which reads what it says
        except NoAuthorities as error:
            raise PlatformError(str(error)) from error
        except requests.RequestException as error:
            raise PlatformSilent("RunPod does not answer. Is the network up?") from error
        except ValueError:  # it would tell the key
            raise PlatformError("This API key has letters that no key has. Enter it again.") from None
        raise said


def _body(wanted: NewPod) -> dict[str, Any]:
    """Nothing that was not asked for: RunPod refuses what it does not know, and gives nothing by itself."""
    body: dict[str, Any] = {
        "name": wanted.name,
        "templateId": wanted.template,
        "gpu": {"id": wanted.gpu, "count": 1},
        "cloud": wanted.cloud,
        "ports": [f"{port}/http" for port in wanted.ports],
    }
    if wanted.network_volume:
        body["mounts"] = {"network": [{"volumeId": wanted.network_volume, "path": WHERE}]}
    elif wanted.volume:
        body["mounts"] = {"persistent": {"size": wanted.volume, "path": WHERE}}
    if wanted.data_centres:
        body["dataCenterIds"] = list(wanted.data_centres)
    return body


def _lines(reply: requests.Response, end: float) -> Iterator[str]:
    """The lines of a stream of server-sent events, until it falls silent."""
    rest = b""
    while time.monotonic() < end:
        try:
            chunk = reply.raw.read1(1 << 16)
        except (requests.RequestException, HTTPError, OSError):
            return
        if not chunk:
            return
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if line.startswith(b"data:"):
                yield _said(line[5:])


def _said(data: bytes) -> str:
    try:
        line = json.loads(data).get("line")
    except (ValueError, AttributeError):
        return data.decode("utf-8", "replace").strip()
    return line if isinstance(line, str) else ""
