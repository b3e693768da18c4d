"""What the machines of a pool are doing, for whoever wants to show it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LaneView:
    machine: str
    number: int  # from 1
    job: str = ""  # its name; "": the lane is free
    fraction: float = 0.0
    note: str = ""


@dataclass(frozen=True)
class MachineView:
    name: str
    is_up: bool
    said: str = ""  # why it is away
    away_since: float | None = None  # seconds since 1970
    done: int = 0  # jobs
    failed: int = 0  # attempts at jobs, of which another machine may have made good
    is_leaving: bool = False  # it finishes what it has, and gets nothing new


@dataclass(frozen=True)
class PoolView:
    machines: tuple[MachineView, ...]
    lanes: tuple[LaneView, ...]
