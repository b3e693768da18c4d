"""What it costs to keep thousands of errands in order: nothing that an event does may grow with them.

    python -m bench.runs [--waiting 2000]

A page listens, as one that is open does. The work itself does nothing, so that all the time measured is
the studio's own: errands begin, tell ten steps each, and end.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from domain.errand import Errand
from domain.events import Event, Progress, Saved
from domain.project import Project
from infrastructure.json_files import write_json
from infrastructure.recipes import Ledger
from services import run_history
from services.desk import Desk
from services.feed import Feed
from services.means import errand
from services.run_history import Sought
from services.runs import Runs
from tests.run_bench import is_busy

STEPS, LANES, TAKES = 10, 2, 5000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waiting", type=int, nargs="+", default=[100, 2000, 10_000])
    for count in parser.parse_args().waiting:
        with tempfile.TemporaryDirectory() as folder:
            _bench(Path(folder), count)
    with tempfile.TemporaryDirectory() as folder:
        _history(Path(folder))


def _bench(folder: Path, count: int) -> None:
    page = _Page()
    runs = Runs(_work, lambda: LANES, page.feed, folder / "queue.json")
    wanted = [errand("keyframe", folder, f"{n:05d}", "click", variant=1) for n in range(count)]
    runs.pause()
    page.hear()
    added = _took(lambda: runs.add(wanted))
    moved = _took(lambda: runs.move(wanted[-1].id, wanted[0].id))
    cancelled = _took(lambda: runs.cancel([wanted[count // 2].id]))
    page.hear()
    page.bytes, cpu, start = 0, time.process_time(), time.perf_counter()
    runs.resume()
    while is_busy(runs):
        page.hear()
        time.sleep(0.1)  # as often as a page is told
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    runs.close()
    page.hear()
    print(f"{count} errands: added {added:.1f} ms, moved {moved:.1f} ms, cancelled {cancelled:.1f} ms")
    each, cpu_each = seconds / count * 1000, cpu / count * 1000
    print(f"  each, from its beginning to its end: {each:.2f} ms, CPU {cpu_each:.2f} ms")
    print(f"  told to a page: {page.bytes / count:.0f} bytes an errand")


class _Page:
    """One that is open: it hears what is new, as the stream of events tells it."""

    def __init__(self) -> None:
        self.feed, self.version, self.bytes = Feed(), 0, 0
        self.feed.listen(lambda: None)

    def hear(self) -> None:
        news = self.feed.since(self.version)
        self.version, self.bytes = news.version, self.bytes + len(news.as_json())


def _work(errand: Errand) -> Generator[Event, None, None]:
    for step in range(STEPS):
        yield Progress(step / STEPS, "drawing", b"jpeg")
    yield Saved(Path(errand.project) / "takes" / f"{errand.shot}_v1.png")


def _history(folder: Path) -> None:
    """The page of jobs from before, of a project with thousands of recipes."""
    project = Project(folder / "film")
    write_json(project.storyboard, {"project": "film", "shots": [{"shot_id": "001", "prompt": "A door"}]})
    for n in range(TAKES):
        write_json(project.takes / f"{n // 10:03d}_v{n % 10}.json", _recipe(f"{n // 10:03d}_v{n % 10}", n))
    Ledger(project).keep_index()
    desk = Desk(project, lambda desk, ids: None)
    earlier = run_history.History(desk, (), run_history.deeds(desk, None))
    first = _took(lambda: earlier.page(Sought()))
    found = _took(lambda: earlier.page(Sought(text="memory", state="failed")))
    print(f"history of {TAKES} recipes: a page {first:.1f} ms, searched {found:.1f} ms")


def _recipe(name: str, n: int) -> dict[str, Any]:
    state, error = ("failed", "The GPU ran out of memory.") if n % 50 == 0 else ("done", "")
    when = f"2026-01-{n % 28 + 1:02d}T10:{n % 60:02d}:00.000+00:00"
    about = {
        "workflow": "keyframe_z_image_turbo",
        "server": "ComfyUI 0.30.0",
        "started": when,
        "finished": when,
    }
    return {
        "name": name,
        "engine": "comfyui",
        "job": str(n),
        "state": state,
        "files": [],
        "error": error,
    } | about


def _took(deed: Callable[[], object]) -> float:
    start = time.perf_counter()
    deed()
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    main()
