"""The versions as the window has them: what there is, and one piece of work at a time.

It is no errand of the queue: it belongs to no project, and whoever draws may need it first.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

from domain.errors import StudioError
from domain.events import Event, Progress, Told
from domain.versions.errors import Drift
from infrastructure.versions import running
from services.feed import Feed
from services.versions import comparing, exporting, keeping, specs
from services.versions.facts import facts
from services.versions.shelf import Shelf
from services.versions.works import Outcome, Work, Works

log = logging.getLogger(__name__)

RUNNING, CANCELLING, CANCELLED, FAILED, DONE = "running", "cancelling", "cancelled", "failed", "done"
_SHOWN = 0.2  # seconds between two words of progress
_END = 10.0  # seconds that the studio's end waits for work; what is half done is gone on with later
_MOST = 200  # files that are named where something is not as it was


@dataclass
class _Live:
    """What is at work, or was last."""

    number: int
    deed: str
    id: str
    works: Works
    torch: str | None = None
    began: float = field(default_factory=time.time)
    state: str = RUNNING
    progress: Progress = field(default_factory=lambda: Progress(0.0, ""))
    said: list[str] = field(default_factory=list)
    error: str = ""
    differences: tuple[str, ...] = ()
    outcome: Outcome = field(default_factory=dict)
    shown: float = 0.0

    @property
    def is_on(self) -> bool:
        return self.state in (RUNNING, CANCELLING)

    def fact(self) -> dict[str, Any]:
        lines = self.differences[:_MOST]
        return {
            "number": self.number,
            "deed": self.deed,
            "id": self.id,
            "torch": self.torch,
            "began": self.began,
            "state": self.state,
            "fraction": round(self.progress.fraction, 3),
            "note": self.progress.note,
            "said": self.said,
            "error": self.error,
            "differences": [*lines, *(["…"] if len(self.differences) > _MOST else [])],
            "log": list(self.works.log) if self.state == FAILED else [],
            "outcome": self.outcome,
        }


class VersionDesk:
    """May be asked from many threads."""

    def __init__(self, feed: Feed, shelf: Shelf):
        self._feed, self._shelf = feed, shelf
        self._live: _Live | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.RLock()
        self._looks = 0  # how many are wanted; one thread at a time carries them out
        self._room: dict[str, int] = {}
        self._shared: dict[str, int] = {}

    # --- asked for, and answered at once

    def look(self) -> None:
        """Have pages told what there is; what it takes on the disk follows, as counting it takes a while."""
        with self._lock:
            self._looks += 1
            if self._looks == 1:
                threading.Thread(target=self._look, name="versions", daemon=True).start()

    def compare(self, id: str, other: str) -> list[str]:
        """Where the locks of two differ. Raises StudioError."""
        return comparing.differences(*(self._shelf.version(one).needed_lock() for one in (id, other)))

    def export(self, id: str, form: str) -> str:
        """Raises StudioError."""
        if form not in exporting.FORMS:
            raise StudioError(f"A version is not exported as {form}.")
        return exporting.exported(self._shelf.version(id), form)

    def spec(self, id: str) -> str:
        """As it stands in its file."""
        return specs.text_of(self._shelf, id)

    def rewrite(self, id: str, text: str, was: str) -> None:
        """Another spec in place of `was`, which is kept beside it. Raises BadFile."""
        specs.rewrite(self._shelf, id, text, was)
        self.look()

    def check_free(self, id: str) -> None:
        """Raises StudioError when no new version can have this name."""
        self._shelf.check_free(id)

    def clone(self, id: str, new: str) -> None:
        specs.cloned(self._shelf, id, new)
        self.look()

    def log(self, id: str) -> list[str]:
        """What the ComfyUI of a version said last."""
        build = self._shelf.version(id).builds.current
        return running.log_of(build) if build else []

    # --- work

    def begin(self, deed: str, id: str, work: Callable[[Works], Work], torch: str | None = None) -> None:
        """`torch`: what the work was told of it, for who begins it again. Raises StudioError while other work
        is under way."""
        with self._lock:
            if self._live and self._live.is_on:
                raise StudioError("Work on a version is under way. Wait for it, or cancel it.")
            number = self._live.number + 1 if self._live else 1
            self._live = live = _Live(number, deed, id, Works(self._shelf), torch)
            self._thread = threading.Thread(
                target=self._carry_out, args=(live, work), name="version", daemon=True
            )
            self._thread.start()
        self._tell(live)

    def cancel(self) -> None:
        """It ends at its next word; what is home by then stays."""
        with self._lock:
            live = self._live
            if not live or live.state != RUNNING:
                return
            live.state = CANCELLING
        self._tell(live)

    def dismiss(self, number: int) -> None:
        """Its end was read."""
        with self._lock:
            if self._live and self._live.number == number and not self._live.is_on:
                self._feed.put("version/work", None)

    def stop(self) -> None:
        self.cancel()
        if self._thread:
            self._thread.join(_END)

    def _carry_out(self, live: _Live, work: Callable[[Works], Work]) -> None:
        state, error = FAILED, "Something unforeseen broke it; the terminal says what."
        try:
            with closing(work(live.works)) as events:
                state, error = self._followed(live, events), ""
        except Drift as drift:
            error, live.differences = str(drift), drift.differences
        except StudioError as fault:
            error = str(fault)
        except OSError as fault:
            error = f"{fault.filename or 'The disk'}: {fault.strerror or fault}."
        finally:
            with self._lock:
                live.state, live.error = state, error
            self._tell(live)
            self.look()

    def _followed(self, live: _Live, events: Work) -> str:
        while live.state != CANCELLING:
            try:
                event = next(events)
            except StopIteration as stop:
                live.outcome = stop.value
                return DONE
            self._hear(live, event)
        return CANCELLED

    def _hear(self, live: _Live, event: Event) -> None:
        now = time.monotonic()
        if isinstance(event, Told):
            live.said.append(event.sentence)
        elif isinstance(event, Progress):
            live.progress = replace(event, fraction=max(live.progress.fraction, event.fraction))
            if now - live.shown < _SHOWN:
                return
        live.shown = now
        self._tell(live)

    # --- telling

    def _tell(self, live: _Live) -> None:
        with self._lock:
            self._feed.put("version/work", live.fact())

    def _look(self) -> None:
        looks = 0
        try:
            while looks != self._looks:
                looks = self._looks
                self._tell_all()
                self._room, self._shared = keeping.room(self._shelf)
                self._tell_all()
        except (StudioError, OSError) as error:
            log.warning("versions: %s", error)
        finally:
            with self._lock:
                is_wanted, self._looks = self._looks != looks, 0
            if is_wanted:  # since
                self.look()

    def _tell_all(self) -> None:
        told: Mapping[str, Any] = {
            "list": facts(self._shelf, self._room),
            "shared": self._shared,
            "store": str(self._shelf.store.folder),
        }
        self._feed.put("versions", told)
