"""How long a large board takes to open and to plan: 500 shots with 5,000 takes.

    python -m bench.plan [--shots 500] [--keep DIR]

Makes such a project of recipes and empty takes in a temporary folder, and measures in fresh
processes, because that is how a studio starts. The aim is at most a second, also without the
index that spares reading every recipe.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from domain.job import Job
from domain.project import Project
from infrastructure.presets_file import read_presets
from infrastructure.recipes import Ledger
from infrastructure.storyboard_files import read_storyboard
from infrastructure.workflow_files import WorkflowFolder
from services import film, keyframes, videos

VARIANTS = 8  # and two segments make ten takes a shot
KEYFRAME, VIDEO = "keyframe_z_image_turbo", "video_wan22_5b"
RUNS = 5


class Nobody:
    """A backend that is only asked for its name."""

    engine = "comfyui"


def main(words: list[str]) -> None:
    asked = _asked(words)
    if asked.once:
        return _once(Path(asked.once))
    with tempfile.TemporaryDirectory() as folder:
        board = made(Path(asked.keep or folder), asked.shots)
        index = board.parent / "cache" / "recipes.json"
        print(f"{asked.shots} shots, {len(list((board.parent / 'takes').glob('*.json')))} takes")
        for title in ("without an index", "with an index"):
            times = [_measured(board) for _ in range(RUNS)]
            middle = sorted(times, key=lambda t: t["all"])[RUNS // 2]
            print(f"{title:18}", "  ".join(f"{name} {seconds:.3f} s" for name, seconds in middle.items()))
            if not index.exists():
                ledger = Ledger(Project(board.parent))
                ledger.keep_index()
    return None


def _asked(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shots", type=int, default=500)
    parser.add_argument("--keep", metavar="DIR")
    parser.add_argument("--once", help=argparse.SUPPRESS)
    return parser.parse_args(words)


def _measured(board: Path) -> dict[str, float]:
    words = [sys.executable, "-m", "bench.plan", "--once", str(board)]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    times: dict[str, float] = json.loads(said)
    return times


def _once(path: Path) -> None:
    times, start = {}, time.perf_counter()

    def lap(name: str) -> None:
        times[name] = time.perf_counter() - start - sum(times.values())

    board, _ = read_storyboard(path)
    lap("board")
    ledger = Ledger(Project(path.parent))
    lap("ledger")
    folder, presets = WorkflowFolder(), read_presets()
    variants = keyframes.plan(folder.load(KEYFRAME), board, VARIANTS, 5, presets)
    lap("keyframes")
    takes = keyframes.takes_of(Nobody(), ledger, variants)
    assert sum(map(len, takes.values())) == len(variants), "not every take was found"
    lap("takes")
    workflow = folder.load(VIDEO)
    wanted = film.Format(videos.film_rate(workflow, board, None), (board.width, board.height))
    maker = videos.Maker(Nobody(), ledger, workflow, board, presets, wanted, 5)
    starts = {id: keyframes.picture(found[1]) for id, found in takes.items()}
    plans = [videos.plan(workflow, board, shot, starts[shot.id]) for shot in board.shots]
    missing = [w for w in videos.first_jobs(maker, plans) if ledger.done(maker.backend, w) is None]
    assert not missing, "not every clip was found"
    lap("clips")
    print(json.dumps({**times, "all": time.perf_counter() - start}))


def made(folder: Path, count: int) -> Path:
    """A project as if everything had been rendered: recipes as long as real ones, takes without content."""
    words = "a keeper climbs the spiral stairs with a lamp, the storm behind the panes, salt on the glass"
    shots = [
        {"shot_id": f"{n:04d}", "prompt": f"Shot {n}: {words}.", "duration": 8, "presets": {"mood": "tense"}}
        for n in range(1, count + 1)
    ]
    path = folder / "storyboard.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"project": "Large", "style": {"lighting": "golden_hour"}, "shots": shots}))
    board, _ = read_storyboard(path)
    ledger, presets, templates = Ledger(Project(folder)), read_presets(), WorkflowFolder()
    ledger.project.takes.mkdir(exist_ok=True)
    for variant in keyframes.plan(templates.load(KEYFRAME), board, VARIANTS, 5, presets):
        _write(ledger, variant.wanted, f"{variant.shot.id}_v{variant.number}", ".png")
    workflow = templates.load(VIDEO)
    wanted = film.Format(videos.film_rate(workflow, board, None), (board.width, board.height))
    maker = videos.Maker(Nobody(), ledger, workflow, board, presets, wanted, 5)
    for shot in board.shots:
        plan = videos.plan(workflow, board, shot, ledger.project.takes / f"{shot.id}_v1.png")
        for number in range(len(plan.lengths)):
            clip = videos.segment_job(maker, plan, number, plan.start)
            _write(ledger, clip, f"{clip.stem}_v1", ".mp4")
    return path


def _write(ledger: Ledger, wanted, name: str, suffix: str) -> None:
    job = Job(name, wanted.graph, ledger.project.takes, wanted.job.hashes)
    recipe = ledger._intent(job, wanted, Nobody.engine)
    (job.folder / f"{name}{suffix}").write_text(name)
    recipe |= {"state": "done", "files": [f"{name}{suffix}"], "finished": recipe["started"], "seconds": 41.3}
    (job.folder / f"{name}.json").write_text(json.dumps(recipe, indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
