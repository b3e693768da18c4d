"""The sample project: drawn by the built-in engine the first time the studio opens."""

import logging
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from domain.errors import StudioError
from domain.events import Progress
from services.render import Order, Outcome, render

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class State:
    """How far the sample film is."""

    title: str
    fraction: float = 0.0
    note: str = ""
    film: Path | None = None
    keyframes: tuple[Path, ...] = ()
    error: str = ""

    @property
    def is_over(self) -> bool:
        return self.film is not None or bool(self.error)


class Sample:
    """Renders in a thread of its own; pages ask `state` how far it is."""

    def __init__(self, order: Callable[[], Order], title: str, folder: Path):
        self._order, self.folder = order, folder
        self.state = State(title)
        self._is_stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="sample")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Come back when the thread has ended; what is unfinished goes on at the next start."""
        self._is_stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        try:
            with closing(render(self._order())) as work:
                while not self._is_stopped.is_set():
                    try:
                        event = next(work)
                    except StopIteration as stop:
                        self._done(stop.value)
                        return
                    if isinstance(event, Progress):
                        self.state = replace(self.state, fraction=event.fraction, note=event.note)
        except StudioError as error:
            log.warning("the sample project could not be made: %s", error)
            self.state = replace(self.state, error=str(error))
        finally:
            if not self.state.is_over:
                self.state = replace(self.state, error="The sample could not be drawn. The log says why.")

    def _done(self, outcome: Outcome) -> None:
        if outcome.film is None:
            self.state = replace(self.state, error="Some shots of the sample could not be drawn.")
        else:
            pictures = tuple(outcome.keyframes.values())
            self.state = replace(self.state, fraction=1.0, film=outcome.film, keyframes=pictures)
