"""How near three workers of a serverless endpoint come to three GPUs that never wait. Prints a table.

    python -m bench.serverless [--shots 12] [--seconds 8]

The endpoint is emulated; the workers are ours in the loop of RunPod's own library, before real ComfyUIs whose
GPU is a node that waits (waiting_node.py). A film has a keyframe for each shot and a chain of three segments
that start from each other's last frames. The ideal is what one real ComfyUI takes by itself for a film with
a third of the shots. What the worker itself adds to a job is in bench.worker.
"""

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from bench.pool import Row, carry_out, real_servers, waits
from domain.events import Failed
from domain.job import Backend, Job
from domain.workflow import Workflow
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.presets_file import read_presets
from infrastructure.project_files import open_project
from infrastructure.runpod_backend import RunPodBackend
from infrastructure.storyboard_files import read_storyboard
from infrastructure.workflow_files import WorkflowFolder
from services.render import Order, render
from tests.runpod.emulator import RunPod
from tests.serverless import sdk
from tests.serverless.endpoints import EmulatedEndpoint
from tests.serverless.sdk import SdkWorker

WORKERS = 3
SEGMENTS, SECONDS = 3, 1.375  # of each shot


@contextmanager
def endpoint_before(urls: list[str], folder: Path) -> Iterator[tuple[RunPod, EmulatedEndpoint]]:
    """An endpoint with a worker before each ComfyUI, all ready."""
    installation = sdk.install()
    with RunPod() as runpod, ExitStack() as stack:
        os.environ.update(runpod.environment)
        endpoint = runpod.add_endpoint()
        for number, url in enumerate(urls):
            given = {**runpod.worker_environment(endpoint, f"w{number}"), "COMFY_URL": url}
            worker = SdkWorker(installation, f"w{number}", given, folder / f"w{number}.log")
            stack.callback(worker.kill)
        if not endpoint.wait(lambda: len(endpoint.workers) == len(urls), 60):
            raise SystemExit("the workers do not start")
        yield runpod, endpoint


def compared(folder: Path, shots: int, seconds: float) -> Iterator[Row]:
    with (
        real_servers(folder, WORKERS, Path(__file__).parent / "waiting_node.py") as servers,
        endpoint_before([server.url for server in servers], folder) as (runpod, endpoint),
    ):
        serverless = RunPodBackend(endpoint.id, lambda: runpod.key)
        serverless.status()
        warm = [Job(f"{seed}", waits(seed, 1.0), folder / "first" / "takes", {}) for seed in range(WORKERS)]
        carry_out(serverless, warm, WORKERS)
        alone = film(ComfyBackend(servers[0].url), folder / "alone", shots // WORKERS, seconds)
        ours = film(serverless, folder / "ours", shots, seconds)
        clips, jobs = len(list((folder / "ours" / "takes").glob("*.mp4"))), len(endpoint.jobs) - len(warm)
    yield (
        f"film of {shots // WORKERS} shots at one ComfyUI itself, to its last clip",
        f"{alone.made:.1f} s",
        "",
    )
    yield f"film of {shots} shots over {WORKERS} workers, to its last clip", f"{ours.made:.1f} s", ""
    yield "… of the ideal", f"{alone.made / ours.made:.1%}", "≥ 95 %"
    yield "both with the film put together, on this machine", f"{alone.whole:.1f} s, {ours.whole:.1f} s", ""
    yield "clips home; jobs handed over", f"{clips}; {jobs}", f"{shots * SEGMENTS}; {2 * shots}"


class Took(NamedTuple):
    made: float  # seconds to the last file of a GPU's
    whole: float


def film(backend: Backend, folder: Path, shots: int, seconds: float) -> Took:
    """A segment takes so long, a keyframe half of it."""
    listed = [{"shot_id": f"{n:03}", "prompt": f"Harbour {n}", "duration": SECONDS} for n in range(shots)]
    look = {"width": 256, "height": 256, "variants": 1, "base_seed": shots, "longest_segment": 0.5}
    folder.mkdir(parents=True)
    path = folder / "storyboard.json"
    path.write_text(json.dumps({**look, "shots": listed}), "utf-8")
    order = Order(
        read_storyboard(path)[0],
        open_project(folder),
        backend,
        slowed("keyframe_test", "SaveImage", seconds / 2),
        slowed("video_test", "CreateVideo", seconds),
        read_presets(),
        (256, 256),
    )
    began, at = time.time(), time.perf_counter()
    for event in render(order):
        if isinstance(event, Failed):
            raise SystemExit(f"{event.what}: {event.reason}")
    whole = time.perf_counter() - at
    return Took(max(file.stat().st_mtime for file in order.project.takes.glob("*.mp4")) - began, whole)


def slowed(name: str, before: str, seconds: float) -> Workflow:
    """A workflow that waits before what it ends with."""
    workflow = WorkflowFolder().load(name)
    graph = deepcopy(dict(workflow.graph))
    node = next(node for node in graph.values() if node["class_type"] == before)
    given = {"image": node["inputs"]["images"], "seconds": seconds, "seed": 0}
    graph["waiting"] = {"class_type": "BenchWaiting", "inputs": given}
    node["inputs"]["images"] = ["waiting", 0]
    return replace(workflow, graph=graph)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--shots", type=int, default=12)
    asked.add_argument("--seconds", type=float, default=8.0, help="for each segment; a keyframe takes half")
    words = asked.parse_args()
    if words.shots < WORKERS or words.shots % WORKERS:
        asked.error(
            f"--shots must be a multiple of {WORKERS}: each worker's share is what one ComfyUI does alone"
        )
    folder = Path(tempfile.mkdtemp(prefix="bench-serverless-"))
    try:
        for what, figure, aim in compared(folder, words.shots, words.seconds):
            print(f"| {what} | {figure} | {aim} |", flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
