"""What work says while it goes. Work yields these; a command prints them, a page shows them."""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, cast


@dataclass(frozen=True)
class Progress:
    """How far the work is: a share from 0 to 1, and a word about what goes on."""

    fraction: float
    note: str
    preview: bytes | None = None  # a JPEG or PNG of the picture as it forms
    is_queued: bool = False  # it waits over there: no machine has it yet


@dataclass(frozen=True)
class Fact:
    """Something the backend knows of a job and the recipe should keep: server, attempt, seconds …"""

    key: str
    value: Any
    is_urgent: bool = False  # to be kept at once: without it nobody finds the job again after a crash


@dataclass(frozen=True)
class Saved:
    """A file stands where it belongs."""

    path: Path
    reused: bool = False  # it was there already; nothing ran for it


@dataclass(frozen=True)
class Failed:
    """One piece of the work broke; the rest goes on."""

    what: str
    reason: str


@dataclass(frozen=True)
class Told:
    """Something the user should know that is neither a file nor a failure: a repair, a choice made."""

    sentence: str


Event = Progress | Fact | Saved | Failed | Told
Work = Generator[Event, None, None]

E = TypeVar("E")
F = TypeVar("F")
T = TypeVar("T")


def finished(work: Generator[Any, None, T]) -> T:
    """Carry out work to its end where nobody asks how it goes."""
    while True:
        try:
            next(work)
        except StopIteration as stop:
            return cast(T, stop.value)


def retold(work: Generator[E, None, T], tell: Callable[[E], F]) -> Generator[F, None, T]:
    """Pass on what `tell` makes of each of `work`'s events; returns what it returns."""
    with closing(work):
        while True:
            try:
                event = next(work)
            except StopIteration as stop:
                return cast(T, stop.value)
            yield tell(event)


def heard(work: Generator[E, None, T], hear: Callable[[E], None]) -> Generator[E, None, T]:
    """Pass `work`'s events on, each after `hear` has heard it."""

    def tell(event: E) -> E:
        hear(event)
        return event

    return retold(work, tell)


def as_part(
    work: Generator[Event, None, T], start: float, end: float, label: str = ""
) -> Generator[Event, None, T]:
    """Pass `work`'s events on with its progress as the stretch from `start` to `end` of something larger."""

    def tell(event: Event) -> Event:
        if not isinstance(event, Progress):
            return event
        note = f"{label}: {event.note}" if label else event.note
        return replace(event, fraction=start + (end - start) * event.fraction, note=note)

    return retold(work, tell)
