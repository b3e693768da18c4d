"""The test bench as the window has it: one at a time, in a thread of its own, told through the feed.

It is no errand of the queue: a bench is wanted most when the queue stands still because nobody
answers, and it belongs to no project. The last reports outlive the program.
"""

import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

from domain.errors import CannotWrite, StudioError
from domain.events import Progress
from domain.kept_report import KeptReport
from infrastructure.reports_file import read_reports, write_reports
from services.feed import Feed
from services.means import Means
from services.testbench import PARTS, Bench, bench
from services.testbench_report import RUNNING, Report, Stage

KEPT = 10  # reports
MOST_IMAGES, LARGEST_SEED = 16, 2**53 - 1  # a page cannot count further
NEVER, CANCELLING, CANCELLED, BROKEN, DONE = "never", "cancelling", "cancelled", "broken", "done"
WAITING = "waiting"  # a stage that is still to come
_SHOWN = 0.1  # seconds between two reports of progress


@dataclass
class _Live:
    """The bench that runs, or ran without coming to a report."""

    images: int
    seed: int
    id: str = field(default_factory=lambda: uuid4().hex[:12])
    began: float = field(default_factory=time.time)
    stages: list[Stage] = field(default_factory=list)
    stage_began: float = 0.0
    state: str = RUNNING
    error: str = ""
    progress: Progress = field(default_factory=lambda: Progress(0.0, ""))
    preview: bytes | None = None
    previews: int = 0
    shown: float = 0.0

    @property
    def is_on(self) -> bool:
        return self.state in (RUNNING, CANCELLING)


class BenchRuns:
    """`folder` is all its own: what is in it and belongs to no report is thrown away."""

    def __init__(self, means: Callable[[], Means], feed: Feed, file: Path, folder: Path):
        self._means, self._feed, self._file, self.folder = means, feed, file, folder
        self._reports = read_reports(file)[:KEPT]
        self._live: _Live | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.RLock()
        self._throw_away()
        self._tell()

    @property
    def is_on(self) -> bool:
        return self._live is not None and self._live.is_on

    def start(self, images: int, seed: int) -> None:
        """Begin, unless one runs."""
        if not 1 <= images <= MOST_IMAGES:
            raise StudioError(f"The bench draws 1 to {MOST_IMAGES} pictures.")
        if not 0 <= seed <= LARGEST_SEED:
            raise StudioError(f"A seed is a whole number from 0 to {LARGEST_SEED}.")
        with self._lock:
            if self._live and self._live.is_on:
                raise StudioError("The bench is running already.")
            self._live = live = _Live(images, seed)
            self._thread = threading.Thread(target=self._carry_out, args=(live,), name="bench", daemon=True)
            self._thread.start()
        self._tell()

    def cancel(self) -> None:
        """It ends at its next word."""
        with self._lock:
            if self._live and self._live.state == RUNNING:
                self._live.state = CANCELLING
        self._tell()

    def close(self) -> None:
        """Come back when nothing runs any more."""
        self.cancel()
        if self._thread:
            self._thread.join()

    def report(self, id: str) -> dict[str, Any]:
        """One that is remembered, as `bench` was when it was new."""
        for report in self._reports:
            if report.id == id:
                return self._seen(report)
        raise StudioError("This report is not remembered any more.")

    @property
    def preview(self) -> bytes | None:
        """The newest picture as it forms."""
        return self._live.preview if self._live else None

    # --- working

    def _carry_out(self, live: _Live) -> None:
        end, error = BROKEN, "Something unforeseen broke it; the terminal says what."
        try:
            means = self._means()
            flows = means.keyframe_workflow, means.video_workflow
            folder = self.folder / live.id
            with closing(bench(means.backend, *flows, folder, live.images, live.seed)) as work:
                report = self._followed(live, work)
            if report:
                self._keep(live, report)
            end, error = (DONE, "") if report else (CANCELLED, "")
        except StudioError as broken:
            error = str(broken)
        finally:
            self._ended(live, end, error)

    def _followed(self, live: _Live, work: Bench) -> Report | None:
        """None when it was cancelled."""
        while live.state != CANCELLING:
            try:
                event = next(work)
            except StopIteration as stop:
                report: Report = stop.value
                return report
            if isinstance(event, Progress):
                self._hear(live, event)
            else:
                self._begin_or_end(live, event)
        return None

    def _hear(self, live: _Live, progress: Progress) -> None:
        live.progress = progress
        if progress.preview:
            live.preview, live.previews = progress.preview, live.previews + 1
        now = time.monotonic()
        if progress.preview or now - live.shown > _SHOWN:
            live.shown = now
            self._tell_progress()

    def _begin_or_end(self, live: _Live, stage: Stage) -> None:
        with self._lock:
            live.stages = [known for known in live.stages if known.name != stage.name] + [stage]
            live.stage_began = time.time()
        self._tell()

    def _keep(self, live: _Live, report: Report) -> None:
        with self._lock:
            self._reports = [self._kept(live, report), *self._reports][:KEPT]
        try:
            write_reports(self._file, self._reports)
        except CannotWrite as error:  # it is known until the studio ends
            self._feed.put("told", {"text": str(error), "at": time.time()})

    def _ended(self, live: _Live, state: str, error: str) -> None:
        self._throw_away()
        with self._lock:
            live.state, live.error = state, error
            if state == DONE:
                self._live = None
        self._tell()

    def _throw_away(self) -> None:
        kept = {report.id for report in self._reports}
        for folder in self.folder.iterdir() if self.folder.is_dir() else ():
            if folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)

    # --- telling

    def _tell(self) -> None:
        with self._lock:
            self._feed.put_all({"bench": self._state(), "bench/reports": list(map(_row, self._reports))})
            self._tell_progress()

    def _tell_progress(self) -> None:
        with self._lock:
            live = self._live or _Live(0, 0)
            now = {"fraction": round(live.progress.fraction, 3), "note": live.progress.note}
            self._feed.put("bench/now", {**now, "preview": live.previews})

    def _state(self) -> dict[str, Any]:
        live = self._live
        if live is None:
            return self._seen(self._reports[0]) if self._reports else {"state": NEVER, "stages": _planned()}
        return {
            "state": live.state,
            "error": live.error,
            "id": live.id,
            "at": live.began,
            "images": live.images,
            "seed": live.seed,
            "stages": _planned(live),
        }

    def _seen(self, report: KeptReport) -> dict[str, Any]:
        def there(name: str) -> str:
            return name if name and (self.folder / name).is_file() else ""

        files = {"clip": there(report.clip), "last_frame": there(report.last_frame)}
        pictures = list(filter(None, map(there, report.pictures)))
        return {**asdict(report), "state": DONE, "error": "", "pictures": pictures, **files}

    def _kept(self, live: _Live, report: Report) -> KeptReport:
        facts = {stage.name: stage.facts for stage in report.stages}
        said = report.as_json()
        return KeptReport(
            live.id,
            time.time(),
            live.images,
            live.seed,
            said["backend"],
            tuple(said["stages"]),
            report.text(),
            tuple(self._name(path) for path in report.pictures),
            self._name(report.clip),
            self._name(report.last_frame),
            _rates(facts),
            tuple(facts[name]["workflow"] for name in ("images", "clip") if "workflow" in facts[name]),
        )

    def _name(self, path: Path | None) -> str:
        return path.relative_to(self.folder).as_posix() if path else ""


def _planned(live: _Live | None = None) -> list[dict[str, Any]]:
    """All stages in order, also those still to come."""
    known = {stage.name: stage for stage in live.stages} if live else {}
    stages = [asdict(known.get(part.name) or Stage(part.name, part.title, WAITING)) for part in PARTS]
    for stage in stages:
        if live and stage["state"] == RUNNING:
            stage |= {"began": live.stage_began} if live.is_on else {"state": CANCELLED}
    return stages


def _rates(facts: Mapping[str, Mapping[str, Any]]) -> dict[str, float | None]:
    """Seconds for a picture and for the clip, megabytes a second up and down."""
    images: Sequence[float] = facts["images"].get("seconds", ())
    return {
        "image": round(median(images), 3) if images else None,
        "clip": facts["clip"].get("seconds"),
        "upload": _speed(facts["upload"]),
        "download": _speed(facts["download"]),
    }


def _speed(facts: Mapping[str, Any]) -> float | None:
    return round(facts["bytes"] / 1e6 / max(facts["seconds"], 1e-6), 2) if "bytes" in facts else None


def _row(report: KeptReport) -> dict[str, Any]:
    """What the table of reports shows of one."""
    return {
        "id": report.id,
        "at": report.at,
        "name": report.backend.get("name", ""),
        "address": report.backend.get("address", ""),
        "gpu": report.backend.get("gpu", ""),
        "images": report.images,
        "rates": report.rates,
        "workflows": report.workflows,
        "states": [stage.get("state", "") for stage in report.stages],
    }
