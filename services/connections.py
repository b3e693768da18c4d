"""Where pictures are made, as it is being entered: what is wrong of it, and what it comes to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar

from domain.addresses import parse_endpoint, parse_pod_id, parse_port, parse_url
from domain.errors import StudioError
from domain.settings import ComfySettings, Mode, Settings
from domain.versions.spec import checked_id

T = TypeVar("T")

NEEDED = {
    Mode.sketch: (),
    Mode.local: ("url",),
    Mode.runpod: ("pod_id", "port"),
    Mode.managed: ("version",),
    Mode.serverless: ("endpoint",),
}

SHAPE_MODES = {Mode.runpod: "runpod"}  # of other programs; everything else is "local" to them


class Form(NamedTuple):
    """The fields, as they are typed."""

    mode: str
    url: str = ""
    pod_id: str = ""
    port: object = None
    endpoint: str = ""
    version: str = ""


@dataclass(frozen=True)
class Entered:
    """`comfy` is what would be saved; a field with a fault has its kept value there."""

    comfy: ComfySettings
    faults: Mapping[str, str] = field(default_factory=dict)  # field -> sentence

    @property
    def is_good(self) -> bool:
        return not self.faults

    @property
    def address(self) -> str:
        """What it comes to; nothing when something is wrong, or nobody is asked."""
        return self.comfy.address if self.is_good and self.comfy.mode is not Mode.sketch else ""


def entered(form: Form, kept: ComfySettings) -> Entered:
    """What a form says. Only what its mode needs can be wrong; of the rest, what reads is kept as well."""
    try:
        chosen = Mode(form.mode)
    except ValueError:
        chosen = kept.mode
    faults: dict[str, str] = {}
    otherwise: tuple[str, int | None] = (kept.pod_id, None)
    pod, pasted_port = _read("pod_id", lambda: parse_pod_id(form.pod_id or ""), otherwise, faults)
    comfy = ComfySettings(
        chosen,
        _read("url", lambda: parse_url(form.url or ""), kept.url, faults),
        pod,
        pasted_port or _read("port", lambda: _port(form.port), kept.port, faults),
        kept.more,
        pod_name=kept.pod_name if pod == kept.pod_id else "",
        endpoint=_read("endpoint", lambda: parse_endpoint(form.endpoint or ""), kept.endpoint, faults),
        version=_read("version", lambda: _version(form.version or ""), kept.version, faults),
    )
    needed = NEEDED[chosen]
    return Entered(comfy, {name: said for name, said in faults.items() if name in needed})


def fields(comfy: ComfySettings) -> Form:
    """What a form shows of it."""
    return Form(comfy.mode.value, comfy.url, comfy.pod_id, comfy.port, comfy.endpoint, comfy.version)


def settings_fact(settings: Settings) -> dict[str, Any]:
    """Settings as pages are told them."""
    comfy = settings.comfy
    return {
        "mode": comfy.mode.value,
        "url": comfy.url,
        "pod_id": comfy.pod_id,
        "port": comfy.port,
        "endpoint": comfy.endpoint,
        "version": comfy.version,
        "bucket": {**vars(settings.bucket)},
        "chat": {**vars(settings.chat)},
        "more": list(comfy.more),
        "rented": comfy.is_rented,
        "address": entered(fields(comfy), comfy).address,
        "theme": settings.theme or "dark",
        "language": settings.language,
        "introduced": settings.is_introduced,
    }


def exported(comfy: ComfySettings) -> dict[str, dict[str, str]]:
    """The form that other programs of this family read. It has no word for sketching."""
    return {
        "comfyui": {
            "connection_mode": SHAPE_MODES.get(comfy.mode, "local"),
            "url": comfy.url,
            "runpod_pod_id": comfy.pod_id,
        }
    }


def taken(found: ComfySettings, kept: ComfySettings) -> ComfySettings:
    """Imported settings; what they do not say stays as it was."""
    untold = ComfySettings()
    return replace(
        found,
        url=kept.url if found.url == untold.url else found.url,
        pod_id=found.pod_id or kept.pod_id,
        port=kept.port if found.port == untold.port else found.port,
        more=kept.more,
        endpoint=kept.endpoint,
        version=kept.version,
        pod_name=kept.pod_name if found.pod_id in ("", kept.pod_id) else "",
    )


def _port(entered: object) -> int:
    return parse_port("" if entered is None else entered)


def _version(id: str) -> str:
    if not id:
        raise StudioError("Choose a version. New ones are made on the page ComfyUI versions.")
    return checked_id(id, "The version's id")


def _read(name: str, read: Callable[[], T], otherwise: T, faults: dict[str, str]) -> T:
    try:
        return read()
    except StudioError as error:
        faults[name] = str(error)
        return otherwise
