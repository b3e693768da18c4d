"""Pods: machines with a GPU that are rented by the second, and what they cost. USD and hours throughout."""

from dataclasses import dataclass
from enum import Enum

MONTH = 730.0  # hours, as storage is paid by the month
DISK_STOPPED = 0.20 / MONTH  # a GB of a stopped pod's own volume, an hour: twice what it costs while running
AVAILABLE = ("HIGH", "MEDIUM", "LOW")  # of a GPU type, best first; what is not listed is not to be had


class PodState(str, Enum):
    provisioning = "provisioning"  # a machine is looked for
    starting = "starting"  # its image is loaded
    running = "running"
    stopped = "stopped"
    broken = "broken"
    gone = "gone"
    unknown = "unknown"  # a word that RunPod did not use when this was written


@dataclass(frozen=True)
class Pod:
    id: str
    name: str
    state: PodState
    can: frozenset[str] = frozenset()  # of start, stop, restart, terminate
    gpu: str = ""
    gpus: int = 1
    price: float = 0.0  # an hour; RunPod tells it only while it runs
    uptime: float | None = None  # seconds since it was started; None when it is not told
    volume: int = 0  # GB of its own that stay, and are paid for, while it is stopped
    network_volume: str = ""  # the id of one that outlives it
    data_centre: str = ""
    ports: tuple[int, ...] = ()  # that its proxy opens
    is_up: bool = False  # its container runs; what is in it may still be starting

    @property
    def costs(self) -> bool:
        """Whether its GPU is being paid for, or soon will be. A state that is not known costs when a price is
        told."""
        if self.state is PodState.unknown:
            return self.is_up or self.price > 0
        return self.state in (PodState.provisioning, PodState.starting, PodState.running)

    @property
    def stopped_price(self) -> float:
        """What its volume costs an hour while it is stopped."""
        return self.volume * DISK_STOPPED

    @property
    def dies_without_credit(self) -> bool:
        """Whether its files are deleted when the account's balance reaches 0."""
        return not self.network_volume


@dataclass(frozen=True)
class GpuOffer:
    """A kind of GPU to rent. `price` is that of the cloud that was asked about; 0 when it is not told."""

    id: str
    name: str
    memory: int  # GB
    price: float
    availability: str  # one of AVAILABLE, or "NONE"
    data_centres: tuple[str, ...] = ()  # that have one now

    @property
    def is_there(self) -> bool:
        return self.availability in AVAILABLE


@dataclass(frozen=True)
class NetworkVolume:
    id: str
    name: str
    size: int  # GB
    data_centre: str


@dataclass(frozen=True)
class NewPod:
    """A pod to be made. Its name is how it is found again when the answer is lost, so no other has it."""

    name: str
    template: str
    gpu: str
    cloud: str = "SECURE"
    ports: tuple[int, ...] = (8188,)
    volume: int = 0  # GB of its own; not with a network volume
    network_volume: str = ""
    data_centres: tuple[str, ...] = ()


@dataclass(frozen=True)
class Endpoint:
    """A serverless endpoint: a queue before as many workers as it may start."""

    id: str
    name: str
    gpu: str
    gpus: int = 1  # of each worker
    workers_max: int | None = None  # None: that is not told
    price: float = 0.0  # of an hour that one worker works; start and idling come on top; 0: that is not told
