"""What is going on: everything that was asked for, in as many lanes as the backend has.

No page holds any of it: pages only ask and cancel, and hear through the feed. The queue is on disk,
so a studio that was killed shows what it did not get to, and goes on when told to.

Two locks, always in this order: `_telling` makes what is told arrive in the order it happened, and
`_lock` guards the queue. The feed is never called, and the disk never written, under `_lock`.
"""

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from domain.errand import CANCELLED, DONE, FAILED, OVER, STOPPED, WAITING, Errand
from domain.errors import StudioError
from domain.events import Event, Told
from infrastructure.queue_file import QueueFile
from services.feed import Feed
from services.pace import Pace
from services.queue import Queue
from services.queue_keeper import QueueKeeper
from services.run_facts import NOTHING, Live, queue_fact, run_facts
from services.standstill import Standstill, Standstills, broken

log = logging.getLogger(__name__)
Begin = Callable[[Errand], Generator[Event, None, Any]]
PAUSED = "paused"  # why nothing begins, when the artist said so


class Runs:
    def __init__(self, begin: Begin, lanes: Callable[[], int], feed: Feed, file: Path):
        self._begin, self._lanes, self._feed = begin, lanes, feed
        kept = QueueFile(file)
        self._queue, self._keeper = Queue(kept.read()), QueueKeeper(kept, self.errands)
        self._live: dict[str, Live] = {}
        self._threads: dict[threading.Thread, bool] = {}  # whether it does what is done aside
        self._wanted = 1  # lanes
        self.pace = Pace()
        self._worked: set[str] = set()  # runs of which something was made
        self._lock, self._telling = threading.RLock(), threading.RLock()
        self._is_closing = False
        self._stills = Standstills()
        self.dropped: Callable[[Sequence[Errand]], None] = lambda errands: None  # hears what is cancelled
        for errand in sorted(self.errands(), key=lambda errand: errand.ended):
            self._remember(errand)
        self._tell([errand.id for errand in self.errands()], is_reordered=True)

    # --- asking ----------------------------------------------------------------------------------

    def add(self, errands: Sequence[Errand]) -> list[str]:
        """Queue errands; what waits already with the same content is not asked for twice."""
        with self._lock:
            changed = self._queue.add(errands)
        self._changed(changed, is_by_hand=True)
        self._start()
        return [errand.id for errand in changed]

    def cancel(self, ids: Sequence[str]) -> None:
        """A waiting errand leaves the queue; a running one ends at its next word."""
        with self._lock:
            running = [(self._queue.get(id), live) for id in ids if (live := self._live.get(id))]
            for _, live in running:
                live.is_cancelled = True
            dropped = self._queue.cancel(ids)
        self._changed([errand for errand, _ in running if errand] + dropped, is_by_hand=True)
        self.dropped(dropped)

    def cancel_all(self) -> None:
        self.cancel([errand.id for errand in self.errands() if not errand.is_over])

    def end(self, project: str, why: str) -> bool:
        """Nothing more is drawn for a project, or ("") for any; tells why if anything was."""
        with self._lock:
            all = [e for e in self.errands() if e.is_drawn and not e.is_over and project in ("", e.project)]
            ids = [e.id for e in all if not (live := self._live.get(e.id)) or not live.is_cancelled]
        if ids:
            self.cancel(ids)
            self._feed.put("told", {"text": why, "at": time.time()})
        return bool(ids)

    def again(self, ids: Sequence[str]) -> list[str]:
        """Failed, cancelled and stopped errands are asked for anew; a queue that trouble has paused tries
        again, too. Returns what waits again."""
        with self._lock:
            changed = self._queue.again(ids)
            for still in self._stills.each():
                if still.why != PAUSED:
                    still.over()
        self._changed(changed, is_by_hand=True)
        self._start()
        return [errand.id for errand in changed]

    def move(self, id: str, before: str | None) -> None:
        """Put a waiting errand in front of another one, or at the end."""
        with self._lock:
            self._queue.move(id, before)
        self._changed([], is_by_hand=True)

    def forget(self, states: Sequence[str] = OVER) -> None:
        """Drop what is over, or in other states, from the list; what was made stays."""
        with self._lock:
            self._queue.drop([state for state in states if state in (*OVER, STOPPED)])
        self._changed([], is_by_hand=True)
        self._start()  # what waited for one of them

    def pause(self, why: str = PAUSED) -> None:
        """Nothing new begins; what runs goes on to its end."""
        with self._lock:
            self._stills.whole.ordered(why)
        self._tell([])

    def resume(self) -> None:
        """Go on; with what trouble had paused the queue over."""
        self._resume(lambda still: True)

    def is_back(self) -> None:
        """Whoever draws answers: what only waited for that, or for its project, goes on."""
        self._resume(lambda still: still.is_due(time.monotonic()))

    @property
    def waits_for_backend(self) -> bool:
        """Whether work goes on as soon as whoever draws is back, or a project can be worked in again."""
        with self._lock:
            return self._queue.left > 0 and any(still.is_passing for still in self._stills.each())

    def at_work(self) -> list[Errand]:
        """What is being drawn, or begins without anybody's doing before long."""
        with self._lock:
            live = [errand for id in self._live if (errand := self._queue.get(id)) and errand.is_drawn]
            ready = (e for e in self._queue.ready(held=self._stills.held) if e.is_drawn)
            return live or list(islice(ready, 0 if self._stills.whole.is_lasting(time.monotonic()) else 1))

    def go_on(self) -> None:
        """Also with everything that was not finished when the studio ended."""
        with self._lock:
            changed = self._queue.again(self._queue.ids(STOPPED))
        self._changed(changed, is_by_hand=True)
        self.resume()

    def errands(self) -> list[Errand]:
        with self._lock:
            return self._queue.all()

    def live(self, id: str) -> Live:
        """What is known of an errand as it runs: how far it is, its newest picture as it forms."""
        return self._live.get(id, NOTHING)

    @property
    def paused(self) -> str:
        """Why nothing new begins; "" when something may."""
        with self._lock:
            return self._stills.why(self._queue.projects)

    def end_cancelled(self) -> None:
        """Come back when what was cancelled has ended, or takes too long to."""
        with self._lock:
            cancelled = [live for live in self._live.values() if live.is_cancelled]
        for live in cancelled:
            live.over.wait(30.0)  # seconds

    def close(self) -> None:
        """Stop what runs and come back when it has ended; the queue stays on disk."""
        with self._lock:
            self._is_closing = True
            threads = list(self._threads)
        for thread in threads:
            thread.join()
        self._keeper.write(is_urgent=True)

    # --- working ---------------------------------------------------------------------------------

    def _resume(self, may: Callable[[Standstill], bool]) -> None:
        with self._lock:  # a pause that comes now counts
            if not (stills := [still for still in self._stills.each() if may(still)]):
                return
            changed = self._queue.again([id for still in stills for id in still.over()])
        self._changed(changed, is_by_hand=True)
        self._start()

    def _start(self) -> None:
        """As many lanes as there is work for, and as the backend has; two more for what is done aside."""
        self._start_lanes(True, 2)
        try:
            self._wanted = max(1, self._lanes())
        except StudioError as error:
            self.pause(str(error))
            return
        self._start_lanes(False, self._wanted)

    def _start_lanes(self, is_aside: bool, most: int) -> None:
        with self._lock:
            if self._is_closing or (self._stills.whole.why and not is_aside):
                return
            ready = self._queue.ready(is_aside, self._stills.held)
            for _ in islice(ready, max(0, most - self._going(is_aside))):
                thread = threading.Thread(target=self._lane, args=(is_aside,), name="lane", daemon=True)
                thread.start()  # its first step waits for the lock
                self._threads[thread] = is_aside

    def _going(self, is_aside: bool) -> int:
        return sum(aside == is_aside for aside in self._threads.values())

    def _lane(self, is_aside: bool) -> None:
        try:
            while errand := self._next(is_aside):
                self._carry_out(errand)
        finally:
            with self._lock:
                self._threads.pop(threading.current_thread(), None)
            self._start()  # something may have been asked for while this lane was going
            self._keeper.write(is_urgent=True)

    def _next(self, is_aside: bool) -> Errand | None:
        with self._lock:
            is_too_many = not is_aside and (self._stills.whole.why or self._going(False) > self._wanted)
            if self._is_closing or is_too_many:
                return None
            errand = self._queue.begin(is_aside, self._stills.held)
            if errand:
                self._live[errand.id] = Live()
            return errand

    def _carry_out(self, errand: Errand) -> None:
        live, trouble = self._live[errand.id], None
        end = replace(errand, state=FAILED, error="Something unforeseen broke it; the log says what.")
        try:
            self._changed([errand])
            with closing(self._begin(errand)) as work:
                is_whole = self._heard_out(errand, work)
            state = CANCELLED if live.is_cancelled else STOPPED
            whole = FAILED if live.failures else DONE
            end = replace(errand, state=whole if is_whole else state, error=" ".join(live.failures))
        except StudioError as error:
            is_first = errand.run not in self._worked
            end, trouble = broken(errand, error, live.is_cancelled, self._is_closing, is_first)
        finally:
            self._ended(end, trouble)

    def _heard_out(self, errand: Errand, work: Generator[Event, None, Any]) -> bool:
        """Whether it came to its end; no, when it is cancelled or the studio ends."""
        live = self._live[errand.id]
        for event in work:
            if live.heard(event):
                self._tell([errand.id])
                self._keeper.write()
            elif isinstance(event, Told):
                self._feed.put("told", {"text": event.sentence, "at": time.time()})
            if live.is_cancelled or self._is_closing:
                return False
        return True

    def _ended(self, errand: Errand, trouble: StudioError | None) -> None:
        with self._lock:
            live = self._live.pop(errand.id)
            errand = errand if errand.state == WAITING else live.result(errand)
            self._remember(errand)
            changed = self._queue.end(errand)
            self._queue.let_go()
            if trouble:
                culprit = errand.id if errand.state == FAILED else ""
                self._stills.trouble(trouble, errand.project, culprit, time.monotonic())
        try:
            self._changed(changed)
            if errand.state == CANCELLED:
                self.dropped([errand])  # it may have been cancelled before it asked after what is under way
        finally:
            live.over.set()
        self._start()

    def _remember(self, errand: Errand) -> None:
        if errand.state == DONE:
            self.pace.took(errand)
            self._worked.add(errand.run)
            self._stills.worked(errand.project)

    # --- telling ---------------------------------------------------------------------------------

    def _changed(self, errands: Sequence[Errand], is_by_hand: bool = False) -> None:
        """`is_by_hand` when the order may have changed: then it is told, and on disk at once."""
        self._keeper.changed()
        self._tell([errand.id for errand in errands], is_by_hand)
        self._keeper.write(is_by_hand)

    def _tell(self, ids: Iterable[str], is_reordered: bool = False) -> None:
        with self._telling:
            with self._lock:
                facts: dict[str, Any] = dict(run_facts(self._queue, self._live, self.pace, ids))
                queue = queue_fact(self._queue, self._live, self.pace, self._wanted)
                facts["queue"] = {**queue, "paused": self.paused, "lanes": self._wanted}
                if is_reordered:
                    facts["queue/order"] = self._queue.ids()
                gone = self._queue.taken_off()
            self._feed.put_all(facts)
            self._feed.drop(*(f"run/{id}" for id in gone))
