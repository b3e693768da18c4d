"""How near three workers of a serverless endpoint come to three GPUs that never wait. Prints a table.

    python -m bench.serverless [--jobs 12] [--seconds 10]

The endpoint is emulated; the workers are ours in the loop of RunPod's own library, before real ComfyUIs whose
GPU is a node that waits (waiting_node.py). Counted is from the first job handed over to the last file home;
what the worker itself adds to a job is in bench.worker.
"""

import argparse
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.pool import Row, carry_out, real_servers, waits
from domain.job import Job
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
        alone = ComfyBackend(servers[0].url)
        ideal = carry_out(alone, jobs("alone", range(8000, 8000 + count // WORKERS)), 1)
        took = carry_out(backend, jobs("film", range(count)), backend.lanes)
    yield f"{count // WORKERS} jobs of {seconds:g} s at one ComfyUI itself: the ideal", f"{ideal:.2f} s", ""
    yield f"{count} jobs of {seconds:g} s over {WORKERS} workers", f"{took:.2f} s", ""
    yield "… of the ideal", f"{ideal / took:.1%}", "≥ 95 %"
    yield "… of the jobs' own seconds", f"{count * seconds / WORKERS / took:.1%}", ""


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--jobs", type=int, default=12)
    asked.add_argument("--seconds", type=float, default=10.0)
    words = asked.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-serverless-"))
    try:
        for what, figure, aim in film(folder, words.jobs, words.seconds):
            print(f"| {what} | {figure} | {aim} |", flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
