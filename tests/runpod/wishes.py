"""What somebody may ask for who creates a pod, and what the emulated API refuses.

Built from documentation; proves nothing about the platform. The documents disagree on `templateId`:
here a pod needs an image or a template that is known.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.runpod.catalog import Gpu

FIELDS: dict[str, Any] = {
    "name": str,
    "image": str,
    "templateId": str,
    "args": str,
    "disk": int,
    "ports": list,
    "env": dict,
    "registry": (str, type(None)),
    "mounts": dict,
    "gpu": dict,
    "cloud": str,
    "dataCenterIds": list,
    "globalNetworking": bool,
    "startSsh": bool,
}
NESTED = {
    "gpu": {"id": str, "count": int, "minCudaVersion": str},
    "mounts": {"persistent": dict, "network": list},
    "persistent": {"size": int, "path": str},
    "network": {"volumeId": str, "path": str},
}
NO_CAPACITY = (
    "There are no longer any instances available with the requested specifications. "
    "Please refresh and try again."
)


class Refused(Exception):
    def __init__(self, status: int, detail: str, errors: list[dict[str, str]] | None = None):
        super().__init__(detail)
        self.status, self.detail, self.errors = status, detail, errors


@dataclass
class Wish:
    """The fields of an EmulatedPod that somebody chose."""

    name: str
    image: str
    gpu: str
    gpu_count: int
    cost: float
    cloud: str
    data_center: str
    ports: list[str] = field(default_factory=list)
    mounts: dict[str, Any] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    disk: int = 20


def wish(runpod: Any, body: dict[str, Any]) -> Wish:
    """Raises Refused: 422 for what is not in the schema, 400 for what cannot be."""
    _check_schema(body)
    _check_rules(runpod, body)
    cloud, count = body.get("cloud", "SECURE"), body["gpu"].get("count", 1)
    gpu: Gpu = runpod.gpus[body["gpu"]["id"]]
    place = gpu.place(_places(runpod, body))
    if place is None or not gpu.price(cloud) or count > gpu.max_count:
        raise Refused(400, NO_CAPACITY)
    chosen = {key: body[key] for key in ("ports", "mounts", "env", "disk") if key in body}
    image = body.get("image") or _template(runpod, body)["image"]
    cost = round(gpu.price(cloud) * count, 6)
    return Wish(body["name"], image, gpu.id, count, cost, cloud, place, **chosen)


def _check_schema(body: dict[str, Any]) -> None:
    errors = _faults(body, FIELDS, "body")
    if isinstance(body.get("gpu"), dict):
        errors += _faults(body["gpu"], NESTED["gpu"], "body.gpu")
    if isinstance(mounts := body.get("mounts"), dict):
        errors += _faults(mounts, NESTED["mounts"], "body.mounts")
        several = mounts.get("network") if isinstance(mounts.get("network"), list) else []
        for kind, mount in [("persistent", mounts.get("persistent")), *(("network", one) for one in several)]:
            if isinstance(mount, dict):
                errors += _faults(mount, NESTED[kind], f"body.mounts.{kind}")
                missing = NESTED[kind].keys() - mount.keys()
                errors += [_fault(f"body.mounts.{kind}.{name}", "required") for name in sorted(missing)]
    if errors:
        raise Refused(422, "validation failed", errors)


def _faults(content: dict[str, Any], fields: dict[str, Any], where: str) -> list[dict[str, str]]:
    unknown = [_fault(f"{where}.{name}", "unexpected property") for name in content if name not in fields]
    wrong = [name for name in content if name in fields and not isinstance(content[name], fields[name])]
    return unknown + [_fault(f"{where}.{name}", "of another type than expected") for name in wrong]


def _fault(where: str, said: str) -> dict[str, str]:
    return {"location": where, "message": said}


def _check_rules(runpod: Any, body: dict[str, Any]) -> None:
    mounts, cloud = body.get("mounts", {}), body.get("cloud", "SECURE")
    network = mounts.get("network", [])
    http_ports = [port for port in body.get("ports", []) if str(port).endswith("/http")]
    rules = [
        (bool(body.get("name")), "name is required."),
        (bool(body.get("gpu", {}).get("id")), "Exactly one of gpu or cpu is required."),
        (bool(body.get("image")) or _template(runpod, body) is not None, "image is required."),
        (body.get("gpu", {}).get("id") in runpod.gpus, "The GPU type is not known."),
        (cloud in ("SECURE", "COMMUNITY"), "cloud is neither SECURE nor COMMUNITY."),
        (not (network and "persistent" in mounts), "Only one of persistent and network may be set."),
        (len(network) <= 1, "At most one network volume may be mounted."),
        (not (network and cloud != "SECURE"), "Network volumes need the SECURE cloud."),
        (all(_volume(runpod, one) for one in network), "The network volume does not exist."),
        (len(http_ports) <= 10, "At most 10 HTTP ports may be exposed."),
    ]
    for is_kept, said in rules:
        if not is_kept:
            raise Refused(400, said)


def _places(runpod: Any, body: dict[str, Any]) -> list[str]:
    """Where it may stand; a network volume leaves no choice."""
    wanted = list(body.get("dataCenterIds", []))
    for mount in body.get("mounts", {}).get("network", []):
        place = _volume(runpod, mount)["dataCenter"]
        wanted = [place] if not wanted or place in wanted else ["nowhere"]
    return wanted


def _volume(runpod: Any, mount: dict[str, Any]) -> Any:
    return next((one for one in runpod.network_volumes if one["id"] == mount["volumeId"]), None)


def _template(runpod: Any, body: dict[str, Any]) -> Any:
    return next((one for one in runpod.templates if one["id"] == body.get("templateId")), None)
