"""What the user set up on this machine. Read at the top and handed down; nothing below reads it.

Secrets are not here. They come from the environment or from a file of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from domain.addresses import PORT, URL, endpoint_url, is_pod, machine_url, parse_pod_id, pod_url
from domain.buckets import BucketSettings
from domain.chat_settings import ChatSettings
from domain.spending import Limits


class Mode(str, Enum):
    """Where pictures are made."""

    sketch = "sketch"
    local = "local"  # a ComfyUI at a URL, wherever that is
    managed = "managed"  # a version's, which the studio starts itself
    runpod = "runpod"
    serverless = "serverless"  # an endpoint of RunPod


@dataclass(frozen=True)
class ComfySettings:
    mode: Mode = Mode.sketch
    url: str = URL
    pod_id: str = ""
    port: int = PORT  # of ComfyUI in the pod
    more: tuple[str, ...] = ()  # further machines that draw as well, each a URL or a pod's id
    pod_name: str = ""  # by which it is found again when its id has changed
    endpoint: str = ""  # its id
    version: str = ""  # the id of the version that is managed

    @property
    def address(self) -> str:
        """Where ComfyUI answers, or who stands for it; for the sketch backend, where it would. A version has
        one only while it runs."""
        if self.mode is Mode.managed:
            return ""
        if self.mode is Mode.serverless:
            return endpoint_url(self.endpoint)
        return pod_url(self.pod_id, self.port) if self.mode is Mode.runpod else self.url

    @property
    def has_machines(self) -> bool:
        """Whether who draws is one or several ComfyUIs at addresses."""
        return self.mode in (Mode.local, Mode.runpod)

    @property
    def drawn_on(self) -> tuple[str, ...]:
        """The ids of the pods that draw."""
        if not self.has_machines:
            return ()
        first = [self.pod_id] if self.mode is Mode.runpod else []
        return tuple(dict.fromkeys([*first, *(parse_pod_id(one)[0] for one in self.more if is_pod(one))]))

    @property
    def is_rented(self) -> bool:
        """Whether drawing costs."""
        return self.mode is Mode.serverless or bool(self.drawn_on)

    def port_of(self, pod: str) -> int:
        """Where ComfyUI is asked in one of the pods that draw."""
        pasted = (parse_pod_id(one) for one in self.more if is_pod(one))
        return next((port for id, port in pasted if id == pod and port), self.port)

    @property
    def pods(self) -> tuple[str, ...]:
        """The same, and one that is chosen and does not draw: it may still run."""
        also = [parse_pod_id(one)[0] for one in self.more if is_pod(one)]
        return tuple(dict.fromkeys([*([self.pod_id] if self.pod_id else []), *also]))

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where all of them answer, each once."""
        if self.mode in (Mode.serverless, Mode.managed):
            return (self.address,)
        more = (machine_url(machine, self.port) for machine in self.more)
        return tuple(dict.fromkeys((self.address, *more)))


@dataclass(frozen=True)
class Settings:
    comfy: ComfySettings = ComfySettings()
    keyframe_workflow: str = ""  # "": the studio's own choice
    video_workflow: str = ""
    width: int = 1024
    height: int = 576
    last_project: str = ""
    extra: Mapping[str, Any] = field(
        default_factory=dict
    )  # what the file holds besides, also in comfy and limits
    theme: str = ""  # "dark" or "light"; "": dark
    language: str = ""  # "": the browser's own
    is_introduced: bool = False  # the first start's three steps were gone through or skipped
    limits: Limits = field(default_factory=Limits)  # of what rented machines may cost
    bucket: BucketSettings = field(
        default_factory=BucketSettings
    )  # for inputs that a serverless job cannot carry
    chat: ChatSettings = field(default_factory=ChatSettings)  # the language model that plans comics
