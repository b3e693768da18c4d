"""What pages are told of errands: a fact for each, and one of the whole queue."""

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from domain.errand import Errand
from domain.events import Event, Fact, Failed, Progress, Saved
from services.pace import Pace
from services.queue import Queue

_SHOWN = 0.1  # seconds between two reports of one errand's progress


@dataclass
class Live:
    """What is known of an errand only while it runs."""

    fraction: float = 0.0
    note: str = ""
    preview: bytes | None = None
    previews: int = 0
    is_cancelled: bool = False
    is_queued: bool = False  # over there, where no machine has it yet
    shown: float = 0.0
    saved: list[Saved] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    takes: list[str] = field(default_factory=list)
    server: str = ""
    over: threading.Event = field(default_factory=threading.Event)

    def heard(self, event: Event) -> bool:
        """Take in what the errand says; whether pages should be told now."""
        match event:
            case Progress(fraction, note, preview):
                self.fraction, self.note = max(self.fraction, min(1.0, fraction)), note
                if preview:
                    self.preview, self.previews = preview, self.previews + 1
                now, was_queued, self.is_queued = time.monotonic(), self.is_queued, event.is_queued
                if preview or was_queued != self.is_queued or now - self.shown > _SHOWN:
                    self.shown = now
                    return True
            case Fact("server", server):
                self.server = str(server)
            case Fact("take", name):
                self.takes.append(str(name))
            case Saved():
                self.saved.append(event)
            case Failed(_, reason):
                self.failures.append(reason)
        return False

    def result(self, errand: Errand) -> Errand:
        """The errand with what came of it."""
        return replace(
            errand,
            files=tuple(_in_project(saved.path, errand.project) for saved in self.saved),
            takes=tuple(self.takes),
            server=self.server,
            is_reused=bool(self.saved) and all(saved.reused for saved in self.saved),
            ended=time.time(),
        )


NOTHING = Live()


def run_fact(errand: Errand, live: Live | None, pace: Pace) -> Mapping[str, Any]:
    until = pace.until(errand, live.fraction, time.time()) if live else None
    live = live or NOTHING
    return {
        "id": errand.id,
        "deed": errand.deed,
        "shot": errand.shot,
        "run": errand.run,
        "values": errand.values,
        "project": Path(errand.project).name,
        "path": errand.project,
        "state": "cancelling" if live.is_cancelled else errand.state,
        "fraction": round(live.fraction, 3),
        "note": live.note,
        "queued": live.is_queued,
        "preview": live.previews,
        "until": until and round(until),
        "error": errand.error,
        "files": errand.files,
        "takes": errand.takes or live.takes,
        "server": errand.server or live.server,
        "reused": errand.is_reused,
        "asked": errand.asked,
        "began": errand.began,
        "ended": errand.ended,
    }


def run_facts(
    queue: Queue, live: Mapping[str, Live], pace: Pace, ids: Iterable[str]
) -> dict[str, Mapping[str, Any]]:
    errands = [errand for id in ids if (errand := queue.get(id))]
    return {f"run/{errand.id}": run_fact(errand, live.get(errand.id), pace) for errand in errands}


def queue_fact(queue: Queue, live: Mapping[str, Live], pace: Pace, lanes: int) -> Mapping[str, Any]:
    """Small, because it is told at every event; the order is a fact of its own."""
    running = [(errand, one.fraction) for id, one in live.items() if (errand := queue.get(id))]
    lanes = max(1, min(lanes, queue.left))
    return {
        "left": queue.left,
        "share": round(queue.share(fraction for _, fraction in running), 3),
        "seconds": pace.seconds_left(queue.waiting, running, time.time(), lanes),
    }


def _in_project(path: Path, project: str) -> str:
    return path.relative_to(project).as_posix() if path.is_relative_to(project) else path.name
