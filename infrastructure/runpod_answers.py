"""What RunPod's API says: its objects read with doubt, its refusals as one sentence each."""

import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit

import requests

from domain.doubt import number
from domain.errors import NoCapacity, PlatformError, PlatformSilent
from domain.pods import Endpoint, GpuOffer, NetworkVolume, Pod, PodState
from infrastructure.http_line import json_object

_STATES = {
    "PROVISIONING": PodState.provisioning,
    "STARTING": PodState.starting,
    "RUNNING": PodState.running,
    "EXITED": PodState.stopped,
    "ERROR": PodState.broken,
    "TERMINATED": PodState.gone,
}
_ACTIONS = frozenset(("start", "stop", "restart", "terminate"))
_THINGS = {  # by what stands in the address that was asked: what it is, and why there may be none
    "pods": ("pod", "it was terminated, or moved"),
    "serverless": ("endpoint", "it was deleted, or belongs to another key"),
    "network-volumes": ("network volume", "it was deleted, or belongs to another key"),
}
_MOST = 1e9  # of anything
_NO_CAPACITY = ("no longer any instances", "no instances available", "not enough free gpu", "no capacity")


def pod(said: Mapping[str, Any]) -> Pod:
    gpu, runtime = _dict(said.get("gpu")), said.get("runtime")
    mounts = _dict(said.get("mounts"))
    networks = mounts.get("network")
    network = _dict(networks[0]) if isinstance(networks, list) and networks else {}
    return Pod(
        id=_text(said.get("id")),
        name=_text(said.get("name")),
        state=_STATES.get(_text(said.get("status")).upper(), PodState.unknown),
        can=_ACTIONS & {_text(action) for action in _list(said.get("actions"))},
        gpu=_text(gpu.get("id")),
        gpus=int(_number(gpu.get("count")) or 1),
        price=_number(said.get("cost")),
        uptime=_uptime(said, runtime),
        volume=int(_number(_dict(mounts.get("persistent")).get("size"))),
        network_volume=_text(network.get("volumeId")),
        data_centre=_text(said.get("dataCenterId")),
        ports=tuple(_http_ports(said.get("ports"))),
        is_up=isinstance(runtime, dict),
    )


def endpoint(said: Mapping[str, Any]) -> Endpoint:
    gpu, workers = _dict(said.get("gpu")), _dict(said.get("workers"))
    most = number(workers.get("max"), _MOST)
    return Endpoint(
        id=_text(said.get("id")),
        name=_text(said.get("name")),
        gpu=_text(gpu.get("id")),
        gpus=int(_number(gpu.get("count")) or 1),
        workers_max=None if most is None else int(most),
    )


def serverless_price(said: Mapping[str, Any]) -> float:
    return _number(_dict(said.get("price")).get("serverless"))


def offer(said: Mapping[str, Any], cloud: str) -> GpuOffer:
    prices = _dict(said.get("price"))
    centres = [_dict(centre) for centre in _list(said.get("dataCenters"))]
    is_offered = said.get(cloud.lower()) is not False  # a price is told for clouds that have none, too
    return GpuOffer(
        id=_text(said.get("id")),
        name=_text(said.get("name")) or _text(said.get("id")),
        memory=int(_number(said.get("memory"))),
        price=_number(prices.get(cloud.lower())),
        availability=_text(said.get("availability")).upper() if is_offered else "NONE",
        data_centres=tuple(
            _text(centre.get("id")) for centre in centres if centre.get("availability") not in (None, "NONE")
        ),
    )


def network_volume(said: Mapping[str, Any]) -> NetworkVolume:
    centre = said.get("dataCenter") or said.get("dataCenterId")
    id = _dict(centre).get("id") if isinstance(centre, dict) else centre
    return NetworkVolume(
        _text(said.get("id")), _text(said.get("name")), int(_number(said.get("size"))), _text(id)
    )


def billed(said: Mapping[str, Any], id: str) -> tuple[float, float]:
    """When an hour began, and what the endpoint cost in it; 0 of another one, and of a record that tells no
    hour."""
    try:
        start = datetime.fromisoformat(_text(said.get("startTime")).replace("Z", "+00:00"))
    except ValueError:
        return 0.0, 0.0
    start = start if start.tzinfo else start.replace(tzinfo=timezone.utc)
    is_its = said.get("serverlessId") in (None, id)
    return start.timestamp(), _number(said.get("totalAmount")) if is_its else 0.0


def complaint(reply: requests.Response) -> PlatformError:
    """What an answer other than a good one means. Says nothing of the key."""
    status, said = reply.status_code, _detail(reply)
    if status == 403 and "1010" in said:
        return PlatformError("RunPod turned this program away (error 1010). Please report it.")
    if status == 401:
        return PlatformError("RunPod does not know this API key. Enter it again in Settings.")
    if status == 402:
        return PlatformError("The RunPod account has no credit left. Top it up in RunPod first.")
    if status == 403:
        return PlatformError(f"The API key may not do this in RunPod: {said or 'it lacks the permission'}.")
    if status == 404:
        thing, why = _asked_for(reply)
        return PlatformError(f"RunPod has no such {thing} in this account: {why}.")
    if status == 409:
        thing, _ = _asked_for(reply)
        return PlatformError(
            f"RunPod cannot do this with the {thing} as it is now: {said or 'no reason given'}."
        )
    if status == 410:
        return PlatformError("RunPod has closed the interface that was asked. Is there a newer studio?")
    if status == 429:
        return PlatformSilent("RunPod asks for fewer questions (429). The studio waits a little.")
    if status >= 500:
        return PlatformSilent(f"RunPod has trouble of its own ({status}).")
    if status == 400 and any(words in said.lower() for words in _NO_CAPACITY):
        return NoCapacity("RunPod has none of these GPUs free just now.")
    return PlatformError(f"RunPod refused this ({status}): {said or 'no reason given'}.")


def _asked_for(reply: requests.Response) -> tuple[str, str]:
    parts = urlsplit(reply.url).path.split("/")
    return next((_THINGS[part] for part in parts if part in _THINGS), ("thing", "it was deleted"))


def _detail(reply: requests.Response) -> str:
    """RFC 9457 in v2, {"error": …} from what came before; of anything else its first words."""
    said = json_object(reply)
    if said is None:
        text = " ".join(reply.content[:2000].decode("utf-8", "replace").split())
        return "1010" if "1010" in text else "" if text.startswith("<") else text[:200]
    words = [_text(said.get(key)) for key in ("detail", "error", "title")]
    return next((word for word in words if word), "")[:300].rstrip(".")


def _uptime(said: Mapping[str, Any], runtime: Any) -> float | None:
    uptime = number(_dict(runtime).get("uptime"), _MOST)
    if uptime is not None:
        return uptime
    if _text(said.get("status")).upper() not in ("RUNNING", "STARTING"):
        return None
    try:
        started = datetime.fromisoformat(_text(said.get("startedAt")).replace("Z", "+00:00"))
    except ValueError:
        return None
    return max(0.0, time.time() - started.timestamp()) if started.tzinfo else None


def _http_ports(said: Any) -> list[int]:
    words = [_text(port).partition("/") for port in _list(said)]
    return [int(number) for number, _, kind in words if kind == "http" and number.isdigit()]


def _text(said: Any) -> str:
    return said if isinstance(said, str) else ""


def _number(said: Any) -> float:
    return number(said, _MOST) or 0.0


def _dict(said: Any) -> dict[str, Any]:
    return said if isinstance(said, dict) else {}


def _list(said: Any) -> list[Any]:
    return said if isinstance(said, list) else []
