"""Pieces of work side by side, in as many lanes as the backend has, told as one stream of events.

One piece that fails is told and passed over. Closing the stream closes every piece that is
under way, which cancels its job.
"""

import queue
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from domain.errors import BackendUnreachable, CannotWrite, StudioError
from domain.events import Event, Failed, Progress

T = TypeVar("T")
Piece = Generator[Event, None, T]


@dataclass(frozen=True)
class _Said:
    """What a lane hands over: an event of a piece, or that the piece or the lane is over."""

    name: str
    event: Event | None = None
    result: Any = None
    error: BaseException | None = None
    is_over: bool = False


class _Lanes(Generic[T]):
    def __init__(self, pieces: Mapping[str, Callable[[], Piece[T]]], lanes: int):
        self.said: queue.SimpleQueue[_Said] = queue.SimpleQueue()
        self._is_stopped = threading.Event()
        self._waiting: Iterator[tuple[str, Callable[[], Piece[T]]]] = iter(pieces.items())
        self._lock = threading.Lock()
        count = max(1, min(lanes, len(pieces)))
        self._threads = [threading.Thread(target=self._work, name=f"lane {n + 1}") for n in range(count)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Close what is under way, and come back when all of it has ended."""
        self._is_stopped.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _work(self) -> None:
        while not self._is_stopped.is_set():
            with self._lock:
                name, make = next(self._waiting, ("", None))
            if make is None:
                return
            self._carry_out(name, make)

    def _carry_out(self, name: str, make: Callable[[], Piece[T]]) -> None:
        try:
            with closing(make()) as piece:
                while not self._is_stopped.is_set():
                    try:
                        self.said.put(_Said(name, next(piece)))
                    except StopIteration as stop:
                        self.said.put(_Said(name, result=stop.value, is_over=True))
                        return
        except BaseException as error:  # noqa: BLE001  it is raised again in the thread that reads
            self.said.put(_Said(name, error=error, is_over=True))


def side_by_side(
    pieces: Mapping[str, Callable[[], Piece[T]]], lanes: int
) -> Generator[Event, None, dict[str, T]]:
    """What each piece returned, by its name; failed pieces are missing.

    Raises BackendUnreachable, CannotWrite, and anything that is not a StudioError, when a piece does.
    """
    results: dict[str, T] = {}
    shares = dict.fromkeys(pieces, 0.0)
    if not pieces:
        return results
    work = _Lanes(pieces, lanes)
    try:
        work.start()
        over = 0
        while over < len(pieces):
            said = work.said.get()
            over += said.is_over
            shares[said.name] = 1.0 if said.is_over else shares[said.name]
            match said.event, said.error:
                case Progress() as progress, _:
                    shares[said.name] = progress.fraction
                    note = f"{said.name}: {progress.note}"
                    yield Progress(sum(shares.values()) / len(shares), note, progress.preview)
                case None, None:
                    results[said.name] = said.result
                case None, StudioError() as error if not _ends_all(error):
                    yield Failed(said.name, str(error))
                case None, BaseException() as error:
                    raise error
                case event, _ if event is not None:
                    yield event
        return results
    finally:
        work.stop()


def _ends_all(error: StudioError) -> bool:
    return isinstance(error, BackendUnreachable | CannotWrite)
