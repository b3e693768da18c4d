"""What is going on: everything that was asked for, in as many lanes as the backend has.

No page holds any of it: pages only ask and cancel, and hear through the feed. The queue is on disk,
so a studio that was killed shows what it did not get to, and goes on when told to.
"""

import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from domain.errand import CANCELLED, DONE, FAILED, RUNNING, STOPPED, WAITING, Errand
from domain.errors import BackendUnreachable, CannotWrite, JobRejected, StudioError
from domain.events import Event, Failed, Progress, Saved, Told
from infrastructure.queue_file import read_queue, write_queue
from services.feed import Feed
from services.pace import Pace

Begin = Callable[[Errand], Generator[Event, None, Any]]

_WRITE = 1.0  # seconds between two writings of a queue that goes on
_SHOWN = 0.1  # seconds between two reports of one errand's progress


@dataclass
class _Live:
    """What is known of an errand only while it runs."""

    fraction: float = 0.0
    note: str = ""
    preview: bytes | None = None
    previews: int = 0
    is_cancelled: bool = False
    shown: float = 0.0


class Runs:
    def __init__(self, begin: Begin, lanes: Callable[[], int], feed: Feed, file: Path):
        self._begin, self._lanes, self._feed, self._file = begin, lanes, feed, file
        self._errands: dict[str, Errand] = {errand.id: errand for errand in read_queue(file)}
        self._live: dict[str, _Live] = {}
        self._threads: dict[threading.Thread, bool] = {}  # whether it does what is done aside
        self._pace = Pace()
        self._lock = threading.RLock()
        self._written = 0.0
        self._is_closing = False
        self.paused = ""  # why nothing new begins
        self._publish_all()

    # --- asking ----------------------------------------------------------------------------------

    def add(self, errands: Sequence[Errand]) -> list[str]:
        """Queue errands; what waits already with the same content is not asked for twice."""
        with self._lock:
            waiting = {_content(errand) for errand in self._errands.values() if errand.state == WAITING}
            fresh = [replace(e, asked=time.time()) for e in errands if _content(e) not in waiting]
            self._errands.update((errand.id, errand) for errand in fresh)
        self._changed(fresh)
        self._start()
        return [errand.id for errand in fresh]

    def cancel(self, ids: Sequence[str]) -> None:
        """A waiting errand leaves the queue; a running one ends at its next word."""
        with self._lock:
            for id in ids:
                errand, live = self._errands.get(id), self._live.get(id)
                if live:
                    live.is_cancelled = True
                    live.note = "cancelling"
                elif errand and errand.state in (WAITING, STOPPED):
                    self._errands[id] = replace(errand, state=CANCELLED, ended=time.time())
        self._changed([self._errands[id] for id in ids if id in self._errands], is_urgent=True)

    def cancel_all(self) -> None:
        self.cancel([errand.id for errand in self.errands() if not errand.is_over])

    def again(self, ids: Sequence[str]) -> None:
        """Failed, cancelled and stopped errands are asked for anew."""
        with self._lock:
            chosen = [e for id in ids if (e := self._errands.get(id)) and e.state not in (WAITING, RUNNING)]
            for errand in chosen:
                del self._errands[errand.id]  # to the end of the queue
                self._errands[errand.id] = replace(
                    errand, state=WAITING, error="", files=(), began=0, ended=0, asked=time.time()
                )
        self._changed([self._errands[errand.id] for errand in chosen], is_urgent=True)
        self.resume()

    def move(self, id: str, before: str | None) -> None:
        """Put a waiting errand in front of another one, or at the end."""
        with self._lock:
            if id not in self._errands or id == before:
                return
            rest = [errand for errand in self._errands.values() if errand.id != id]
            at = next((n for n, errand in enumerate(rest) if errand.id == before), len(rest))
            rest.insert(at, self._errands[id])
            self._errands = {errand.id: errand for errand in rest}
        self._changed([], is_urgent=True)

    def forget(self) -> None:
        """Drop what is over from the list; what was made stays."""
        with self._lock:
            gone = [errand.id for errand in self._errands.values() if errand.is_over]
            for id in gone:
                del self._errands[id]
        self._publish_all()
        self._write(is_urgent=True)

    def pause(self, why: str = "paused") -> None:
        """Nothing new begins; what runs goes on to its end."""
        self.paused = why
        self._publish_queue()

    def resume(self) -> None:
        self.paused = ""
        self._publish_queue()
        self._start()

    def errands(self) -> list[Errand]:
        with self._lock:
            return list(self._errands.values())

    def preview(self, id: str) -> bytes | None:
        """The newest picture of an errand as it forms."""
        live = self._live.get(id)
        return live.preview if live else None

    @property
    def is_busy(self) -> bool:
        return any(errand.state in (RUNNING, WAITING) for errand in self.errands()) and not self.paused

    def close(self) -> None:
        """Stop what runs and come back when it has ended; the queue stays on disk."""
        self._is_closing = True
        for thread in list(self._threads):
            thread.join()
        self._write(is_urgent=True)

    # --- working ---------------------------------------------------------------------------------

    def _start(self) -> None:
        """As many lanes as there is work for, and as the backend has; one more for what is done aside."""
        wanted = {False: self._lanes(), True: 1}
        with self._lock:
            for is_aside, most in wanted.items():
                ready = sum(self._may_begin(errand, is_aside) for errand in self._errands.values())
                going = sum(aside == is_aside for aside in self._threads.values())
                for _ in range(min(ready, most - going)):
                    thread = threading.Thread(target=self._lane, args=(is_aside,), name="lane", daemon=True)
                    self._threads[thread] = is_aside
                    thread.start()

    def _lane(self, is_aside: bool) -> None:
        try:
            while errand := self._next(is_aside):
                self._carry_out(errand)
        finally:
            with self._lock:
                self._threads.pop(threading.current_thread(), None)
            if not self._is_closing:
                self._start()  # something was asked for while this lane was going
            self._write()

    def _next(self, is_aside: bool) -> Errand | None:
        with self._lock:
            if self._is_closing:
                return None
            errand = next((e for e in self._errands.values() if self._may_begin(e, is_aside)), None)
            if errand:
                errand = replace(errand, state=RUNNING, began=time.time())
                self._errands[errand.id] = errand
                self._live[errand.id] = _Live()
        if errand:
            self._changed([errand])
        return errand

    def _may_begin(self, errand: Errand, is_aside: bool) -> bool:
        """Whether a lane of that kind may begin it now."""
        return errand.is_aside == is_aside and (is_aside or not self.paused) and self._is_ready(errand)

    def _is_ready(self, errand: Errand) -> bool:
        if errand.state != WAITING:
            return False
        before = (self._errands.get(id) for id in errand.after)
        return all(other is None or other.is_over for other in before)

    def _carry_out(self, errand: Errand) -> None:
        live, files, told = self._live[errand.id], list[str](), list[str]()
        end = replace(errand, state=FAILED, error="Something unforeseen broke it; the log says what.")
        try:
            with closing(self._begin(errand)) as work:
                for event in work:
                    self._heard(errand, event, files, told)
                    if live.is_cancelled or self._is_closing:
                        break
            is_stopped = self._is_closing and not live.is_cancelled
            broken = STOPPED if is_stopped else CANCELLED if live.is_cancelled else None
            state = broken or (FAILED if told else DONE)
            end = replace(errand, state=state, error=" ".join(told))
        except (BackendUnreachable, CannotWrite) as error:
            end = replace(errand, state=FAILED if errand.is_aside else STOPPED, error=str(error))
            if not errand.is_aside:
                self.pause(str(error))
        except StudioError as error:
            end = replace(errand, state=FAILED, error=str(error))
            if isinstance(error, JobRejected) and not self._has_worked(errand.run):
                self.pause(str(error))  # the rest of this run would be refused as well
        finally:
            self._ended(replace(end, files=tuple(files), ended=time.time()))

    def _has_worked(self, run: str) -> bool:
        return any(errand.run == run and errand.state == DONE for errand in self.errands())

    def _heard(self, errand: Errand, event: Event, files: list[str], told: list[str]) -> None:
        live = self._live[errand.id]
        match event:
            case Progress(fraction, note, preview):
                live.fraction, live.note = max(live.fraction, min(1.0, fraction)), note
                if preview:
                    live.preview, live.previews = preview, live.previews + 1
                now = time.monotonic()
                if preview or now - live.shown > _SHOWN:
                    live.shown = now
                    self._publish(errand)
            case Saved(path):
                files.append(path.name)
            case Failed(_, reason):
                told.append(reason)
            case Told(sentence):
                self._feed.put("told", {"text": sentence, "at": time.time()})

    def _ended(self, errand: Errand) -> None:
        with self._lock:
            self._live.pop(errand.id, None)
            if errand.id in self._errands:
                self._errands[errand.id] = errand
            if errand.state == DONE:
                self._pace.took(errand)
        self._changed([errand])
        self._start()

    # --- telling ---------------------------------------------------------------------------------

    def _changed(self, errands: Sequence[Errand], is_urgent: bool = False) -> None:
        for errand in errands:
            self._publish(errand)
        self._publish_queue()
        self._write(is_urgent or any(errand.state == WAITING for errand in errands))

    def _publish_all(self) -> None:
        self._feed.put_all({f"run/{e.id}": self._shown(e) for e in self.errands()}, instead_of="run/")
        self._publish_queue()

    def _publish(self, errand: Errand) -> None:
        self._feed.put(f"run/{errand.id}", self._shown(self._errands.get(errand.id, errand)))

    def _shown(self, errand: Errand) -> Mapping[str, Any]:
        live = self._live.get(errand.id, _Live())
        return {
            "id": errand.id,
            "deed": errand.deed,
            "shot": errand.shot,
            "run": errand.run,
            "project": Path(errand.project).name,
            "state": "cancelling" if live.is_cancelled else errand.state,
            "fraction": round(live.fraction, 3),
            "note": live.note,
            "preview": live.previews,
            "error": errand.error,
            "files": errand.files,
            "asked": errand.asked,
            "began": errand.began,
            "ended": errand.ended,
        }

    def _publish_queue(self) -> None:
        with self._lock:
            order = [errand.id for errand in self._errands.values()]
            left = [errand for errand in self._errands.values() if errand.state in (WAITING, RUNNING)]
            shares = {errand.id: live.fraction for errand in left if (live := self._live.get(errand.id))}
            seconds = self._pace.seconds_left(left, shares, max(1, len(self._threads)))
        facts = {"order": order, "left": len(left), "seconds": seconds, "paused": self.paused}
        self._feed.put("queue", facts)

    def _write(self, is_urgent: bool = False) -> None:
        with self._lock:
            now = time.monotonic()
            is_idle = not self._live
            if not (is_urgent or is_idle) and now - self._written < _WRITE:
                return
            self._written = now
            write_queue(self._file, list(self._errands.values()))


def _content(errand: Errand) -> tuple[Any, ...]:
    return errand.deed, errand.project, errand.shot, tuple(sorted(map(repr, errand.values.items())))
