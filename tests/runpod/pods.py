"""The life of an emulated pod, by a clock that tests may set.

Built from documentation; proves nothing about the platform. Assumed where the documents are silent:
a stopped pod that is started goes through STARTING without PROVISIONING; a restart is STARTING once
more; a pod costs money from STARTING on until it is stopped, by the second; disks cost nothing here.
"""

import random
import socket
import string
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Protocol

from tests.runpod.manners import Manners

ACTIONS = {
    "PROVISIONING": ["stop", "terminate"],
    "STARTING": ["stop", "terminate"],
    "RUNNING": ["stop", "restart", "terminate"],
    "EXITED": ["start", "terminate"],
    "ERROR": ["start", "terminate"],
    "TERMINATED": [],
}
IMAGE = "runpod/comfyui:latest"
_LETTERS = string.ascii_lowercase + string.digits


class Served(Protocol):
    """What runs in a pod: FakeComfy, RealComfy, or anything else that says where it listens."""

    @property
    def url(self) -> str: ...


class Clock:
    """A clock that stands still until somebody sets it forward."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += seconds


def new_id() -> str:
    return "".join(random.choices(_LETTERS, k=14))


@dataclass(eq=False)
class EmulatedPod:
    """Everything may be set at any time; `server` is asked for its address with every request."""

    clock: Callable[[], float] = time.monotonic
    name: str = "comfyui"
    server: Served | None = None
    gpu: str = "NVIDIA GeForce RTX 4090"
    gpu_count: int = 1
    cost: float = 0.69  # USD per hour while it runs
    port: int = 8188  # the one that `server` listens on in the pod
    ports: list[str] | None = None  # those that are open to the proxy; by default the server's
    begins: str = "RUNNING"  # its first status; from then on the clock and its actions move it
    network_volume: str | None = None  # its id
    mounts: dict[str, Any] | None = None
    provisioning: float = 0.0  # seconds as PROVISIONING
    starting: float = 0.0  # … then as STARTING
    boot: float = 0.0  # … then as RUNNING, before ComfyUI listens
    cloud: str = "SECURE"
    data_center: str = "EU-RO-1"
    image: str = IMAGE
    env: dict[str, str] = field(default_factory=dict)
    disk: int = 20
    host_is_full: bool = False  # somebody took its GPU while it was stopped: it does not start
    id: str = field(default_factory=new_id)
    proxy: Manners = field(default_factory=Manners)

    def __post_init__(self) -> None:
        self.lock = threading.RLock()
        self.proxy.clock = self.clock
        self.ids = [self.id]  # all that it ever had
        self.ports = [f"{self.port}/http"] if self.ports is None else self.ports
        if self.mounts is None and self.network_volume:
            self.mounts = {"network": [{"volumeId": self.network_volume, "path": "/workspace"}]}
        self.mounts = self.mounts or {}
        self.logs: list[dict[str, str]] = []
        self.open: set[socket.socket] = set()  # connections that lead into it
        self._born, self._settled = self.clock(), 0.0
        self._began = self._born  # its last start, as if that had begun with PROVISIONING
        self._started: float | None = None
        self._halt = ""  # the state it stands still in
        if self.begins == "RUNNING":
            self._begin(self.provisioning + self.starting)
        elif self.begins == "PROVISIONING":
            self._begin(0.0)
        else:
            self._halt = self.begins

    # --- what it is

    @property
    def status(self) -> str:
        with self.lock:
            if self._halt:
                return self._halt
            age = self.clock() - self._began
            if age < self.provisioning:
                return "PROVISIONING"
            return "STARTING" if age < self.provisioning + self.starting else "RUNNING"

    @property
    def actions(self) -> list[str]:
        return ACTIONS[self.status]

    @property
    def uptime(self) -> float:
        """Seconds as RUNNING."""
        if self.status != "RUNNING":
            return 0.0
        return self.clock() - self._began - self.provisioning - self.starting

    @property
    def has_booted(self) -> bool:
        return self.status == "RUNNING" and self.uptime >= self.boot

    @property
    def costs_now(self) -> float:
        """USD per hour, as the API tells it."""
        return 0.0 if self._halt else self.cost

    @property
    def spent(self) -> float:
        """USD since it was made."""
        with self.lock:
            seconds = 0.0 if self._halt else max(0.0, self.clock() - self._began - self.provisioning)
            return self._settled + seconds / 3600 * self.cost

    def host(self, port: int | None = None) -> str:
        return f"{self.id}-{port or self.port}.proxy.runpod.net"

    @property
    def url(self) -> str:
        return f"https://{self.host()}"

    def opens(self, port: int) -> bool:
        return f"{port}/http" in (self.ports or [])

    # --- what happens to it

    def start(self) -> None:
        self._begin(self.provisioning)

    def restart(self) -> None:
        with self.lock:
            self._settled = self.spent
            self._begin(self.provisioning)
        self.cut()

    def stop(self) -> None:
        self._end("EXITED")

    def terminate(self) -> None:
        self._end("TERMINATED")

    def die(self, status: str = "ERROR") -> None:
        """Its host is lost, with all that was open to it."""
        self.log("host lost", "system")
        self._end(status)

    def migrate(self) -> str:
        """Onto another host: everything stays, but not the id."""
        with self.lock:
            self.id = new_id()
            self.ids.append(self.id)
        self.cut()
        return self.id

    def cut(self) -> None:
        for one in list(self.open):
            cut(one)

    def log(self, line: str, source: str = "container") -> None:
        self.logs.append({"source": source, "line": line, "ts": self._stamp(self.clock())})

    def _begin(self, age: float) -> None:
        with self.lock:
            now = self.clock()
            self._began, self._started, self._halt = now - age, now, ""
        self.log(f"start container for {self.image}: begin", "system")

    def _end(self, state: str) -> None:
        with self.lock:
            self._settled = self.spent
            self._halt = state
        self.cut()

    # --- what the API says of it

    def told(self) -> dict[str, Any]:
        with self.lock:
            return {
                "id": self.id,
                "name": self.name,
                "image": self.image,
                "args": "",
                "disk": self.disk,
                "ports": self.ports,
                "env": self.env,
                "registry": None,
                "status": self.status,
                "actions": self.actions,
                "mounts": self.mounts,
                "gpu": {"id": self.gpu, "count": self.gpu_count},
                "cloud": self.cloud,
                "dataCenterId": self.data_center,
                "cudaVersion": "12.8",
                "ssh": {"proxy": {"host": "ssh.runpod.io", "port": 22, "username": self.id}, "direct": None},
                "template": None,
                "cost": self.costs_now,
                "locked": False,
                "globalNetworking": {"enabled": False},
                "runtime": self._runtime(),
                "createdAt": self._stamp(self._born),
                "startedAt": None if self._started is None else self._stamp(self._started),
            }

    def _runtime(self) -> dict[str, Any] | None:
        if self.status != "RUNNING":
            return None
        ports = [one.partition("/") for one in self.ports or []]
        return {
            "uptime": int(self.uptime),
            "gpus": [{"util": 0, "memoryUtil": 0}] * self.gpu_count,
            "cpu": {"util": 1},
            "memory": {"util": 2},
            "ports": [
                {"private": int(port), "public": 60000 + n, "type": kind, "ip": "100.65.0.1"}
                for n, (port, _, kind) in enumerate(ports)
            ],
        }

    def _stamp(self, moment: float) -> str:
        """The clock's time as one of the calendar."""
        since = timedelta(seconds=moment - self.clock())
        return (datetime.now(timezone.utc) + since).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def cut(line: socket.socket) -> None:
    """Without a goodbye, and from any thread: the layers above it see the line end."""
    with suppress(OSError):  # it may be over already
        socket.socket.shutdown(line, socket.SHUT_RDWR)
