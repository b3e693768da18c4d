"""How fast the sketch engine draws: panels, clips, and both in as many lanes as the backend offers.

    python bench/sketch.py

CPU of a panel is this process's own; a clip's frames a second are wall time with drawing its layers and
the encoder, and so is its CPU.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import mean

sys.path.insert(0, str(Path(__file__).parent.parent))

from domain.job import Graph, Job
from domain.workflow import Workflow
from infrastructure.json_files import read_json
from infrastructure.sketch.panel import panel
from infrastructure.sketch_backend import SketchBackend

PROMPTS = (
    "night train over a bridge in rain",
    "close-up of an old woman reading a letter by candlelight",
    "crowded market square at noon",
    "three children running through a wheat field, golden hour",
    "a detective under a street lamp in fog",
    "a wizard in a dark forest with a lantern",
)
SIZE = (1024, 576)
FRAMES = 97
TEMPLATES = Path(__file__).parent.parent / "workflow_templates"


def main() -> None:
    panel("a door", 1, SIZE).picture()  # the first one of a process reads the tables
    cpu = [_cpu(lambda p=prompt: panel(p, 1, SIZE).picture()) for prompt in PROMPTS for _ in range(2)]
    print(f"{'panel 1024x576, CPU':38} mean {mean(cpu):.3f} s   worst {max(cpu):.3f} s   (wanted: 0.300)")
    with tempfile.TemporaryDirectory() as folder:
        start = _run(_job("keyframe_test", "1_v1", Path(folder), {}))
        for move in ("static camera", "slow push in", "pan left", "orbit"):
            before = os.times()
            speed = FRAMES / _wall(lambda m=move: _run(_clip(f"{m[:3]}.01_v1", Path(folder), start, m)))
            spent = sum(b - a for a, b in zip(before[:4], os.times()[:4], strict=True)) / FRAMES
            name = f"clip 1024x576, {move}"
            print(f"{name:38} {speed:6.1f} frames/s   (wanted: 60)   {spent * 1000:.1f} ms of CPU a frame")
        lanes = SketchBackend().lanes
        for n in sorted({1, 2, lanes, 4}):
            print(f"{f'panels to file, {n} at once':38} {_side_by_side(n, Path(folder)):6.1f} panels/s")


def _clip(name: str, folder: Path, start: Path, move: str) -> Job:
    return _job("video_test", name, folder, {"start_image": start, "frames": FRAMES}, f"{PROMPTS[0]}. {move}")


def _job(template: str, name: str, folder: Path, more: dict, prompt: str = PROMPTS[0], seed: int = 1) -> Job:
    flow = Workflow(template, read_json(TEMPLATES / f"{template}.json"))
    graph: Graph = flow.with_values(prompt=prompt, seed=seed, width=SIZE[0], height=SIZE[1], **more)
    return Job(name, graph, folder, {})


def _run(job: Job) -> Path:
    work = SketchBackend().run(job)
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value[0]


def _side_by_side(lanes: int, folder: Path, count: int = 12) -> float:
    jobs = [
        _job("keyframe_test", f"{lanes}.{k}", folder, {}, PROMPTS[k % len(PROMPTS)], k) for k in range(count)
    ]
    with ThreadPoolExecutor(lanes) as pool:
        return count / _wall(lambda: list(pool.map(_run, jobs)))


def _cpu(deed: Callable[[], object]) -> float:
    began = time.process_time()
    deed()
    return time.process_time() - began


def _wall(deed: Callable[[], object]) -> float:
    began = time.perf_counter()
    deed()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
