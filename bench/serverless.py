"""What a serverless endpoint costs in time: beside ComfyUI itself, and beside three GPUs that never wait.

    python -m bench.serverless [--jobs 12] [--seconds 2]

The endpoint is emulated; the workers are ours in the loop of RunPod's own library, before real ComfyUIs whose
GPU is a node that waits (waiting_node.py).
"""

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.client import model_free
from bench.pool import Row, carry_out, real_servers, waits
from domain.job import Backend, Job
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.runpod_backend import RunPodBackend
from tests.runpod.emulator import RunPod
from tests.serverless import sdk
from tests.serverless.endpoints import EmulatedEndpoint
from tests.serverless.sdk import SdkWorker

WORKERS = 3


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


def film(folder: Path, count: int, seconds: float) -> Iterator[Row]:
    with (
        real_servers(folder, WORKERS, Path(__file__).parent / "waiting_node.py") as servers,
        endpoint_before([server.url for server in servers], folder) as (runpod, endpoint),
    ):
        backend = RunPodBackend(endpoint.id, lambda: runpod.key)
        backend.status()

        def jobs(name: str, seeds: range) -> list[Job]:
            takes = folder / name / "takes"
            return [Job(f"{seed:03}", waits(seed, seconds), takes, {}) for seed in seeds]

        carry_out(backend, jobs("first", range(9000, 9000 + WORKERS)), WORKERS)
        took = carry_out(backend, jobs("film", range(count)), backend.lanes)
    ideal = count * seconds / WORKERS
    yield (
        f"{count} jobs of {seconds:g} s over {WORKERS} workers; the ideal is {ideal:g} s",
        f"{took:.2f} s",
        "",
    )
    yield "… of the ideal", f"{ideal / took:.1%}", "≥ 95 %"


def overhead(folder: Path, count: int) -> Iterator[Row]:
    """By the clock of the endpoint: from the moment a worker takes a job to the moment it hands it back."""
    with (
        real_servers(folder, 1) as servers,
        endpoint_before([servers[0].url], folder) as (runpod, endpoint),
    ):
        direct = ComfyBackend(servers[0].url)
        backend = RunPodBackend(endpoint.id, lambda: runpod.key)
        took: dict[str, list[float]] = {"direct": [], "worker": []}
        for seed in range(count):
            began = time.perf_counter()
            _carried_out(direct, seed, folder)
            took["direct"].append(time.perf_counter() - began)
            _carried_out(backend, 5000 + seed, folder)
            job = list(endpoint.jobs.values())[-1]
            took["worker"].append((job.ended or 0.0) - (job.taken or 0.0))
    direct_ms, worker_ms = (statistics.median(took[name]) * 1000 for name in ("direct", "worker"))
    yield f"{count} small jobs at ComfyUI itself, median", f"{direct_ms:.0f} ms", ""
    yield "the same by a worker", f"{worker_ms:.0f} ms", ""
    yield "what the worker adds", f"{worker_ms - direct_ms:.1f} ms", "≤ 10 ms"


def _carried_out(backend: Backend, seed: int, folder: Path) -> None:
    for _ in backend.run(Job(f"{seed:05}", model_free(seed, 256), folder / "small" / "takes", {})):
        pass


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--jobs", type=int, default=12)
    asked.add_argument("--seconds", type=float, default=2.0)
    words = asked.parse_args()
    for rows in (lambda to: overhead(to, 2 * words.jobs), lambda to: film(to, words.jobs, words.seconds)):
        folder = Path(tempfile.mkdtemp(prefix="bench-serverless-"))
        try:
            for what, figure, aim in rows(folder):
                print(f"| {what} | {figure} | {aim} |", flush=True)
        finally:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
