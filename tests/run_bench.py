"""Runs on a bench: work that is held, breaks and tells as a test says."""

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

from domain.errand import RUNNING, WAITING
from domain.errors import BackendUnreachable, JobRejected
from domain.events import Progress, Saved
from services.feed import Feed
from services.means import errand
from services.runs import Runs

LONGEST = 60.0  # seconds
GONE = BackendUnreachable("No ComfyUI answers. Is it running?")
REFUSED = JobRejected("The model is missing.")


def until(is_so, what="it did not come to that"):
    end = time.monotonic() + LONGEST
    while not is_so():
        assert time.monotonic() < end, what
        time.sleep(0.002)


class Work:
    """What errands do: each yields, may be held until it is let go, and breaks as told."""

    def __init__(self, folder):
        self.folder = folder
        self.begun: list[str] = []  # shots, in order
        self.closed: list[str] = []
        self.breaks: dict[str, Exception] = {}
        self.tells: dict[str, list] = {}
        self.held: dict[str, threading.Event] = {}
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()

    def hold(self, *shots):
        self.held.update({shot: threading.Event() for shot in shots})

    def let_go(self, *shots):
        for shot in shots or self.held:
            self.held[shot].set()

    def __call__(self, errand):
        with self.lock:
            self.begun.append(errand.shot)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            yield Progress(0.1, "drawing")
            while errand.shot in self.held and not self.held[errand.shot].wait(0.005):
                yield Progress(0.5, "drawing", b"jpeg")
            yield from self.tells.get(errand.shot, [])
            if broken := self.breaks.get(errand.shot):
                raise broken
            yield Saved(self.folder / "takes" / f"{errand.shot}_v1.png")
        except GeneratorExit:
            self.closed.append(errand.shot)
            raise
        finally:
            with self.lock:
                self.at_once -= 1


def is_busy(runs):
    """Whether something runs, or will without anybody's doing."""
    waits = any(errand.state in (WAITING, RUNNING) for errand in runs.errands())
    return bool(runs._live) or (waits and not runs.paused)


class Bench:
    """A Runs with its work, its feed and its file; after `with`, nothing of it is left over."""

    def __init__(self, folder, lanes=1):
        self.folder, self.lanes = folder, lanes
        self.work, self.file = Work(folder), folder / "queue.json"
        self.feed = Feed()
        self.runs = self.started()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.work.let_go()
        self.runs.close()

    def started(self):
        return Runs(self.work, lambda: self.lanes, self.feed, self.file)

    def want(self, shot, deed="keyframe", run="click", after=(), **values):
        return replace(
            errand(deed, self.folder, shot, run, **values), after=tuple(other.id for other in after)
        )

    def add(self, *shots, **how):
        wanted = [self.want(shot, **how) for shot in shots]
        self.runs.add(wanted)
        return wanted

    def state(self, one):
        return next((e.state for e in self.runs.errands() if e.id == one.id), None)

    def error(self, one):
        return next(e.error for e in self.runs.errands() if e.id == one.id)

    def states(self):
        return [(e.shot, e.state) for e in self.runs.errands()]

    def fact(self, key):
        text = self.feed.since(0).changed.get(key)
        return None if text is None else json.loads(text)

    def until(self, one, state):
        until(lambda: self.state(one) == state, f"{one.shot} is {self.state(one)}, not {state}")

    def until_quiet(self):
        until(lambda: not is_busy(self.runs) and not self.runs._threads, "still at work")


@contextmanager
def dying_threads():
    """The traces of threads that die meanwhile, as the terminal would show them."""
    traces, hook = [], threading.excepthook
    threading.excepthook = lambda arguments: traces.append(arguments.exc_value)
    try:
        yield traces
    finally:
        threading.excepthook = hook
