"""What the serverless worker adds to a job, and how well several of them share many jobs. Prints a table.

    python -m bench.worker [--jobs 12] [--steps 100]

The platform is emulated and its SDK real; each worker has a fake ComfyUI of its own, whose jobs take as
many steps of 0.02 s. The ideal is every ComfyUI at work all the time.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from infrastructure.comfy_backend import ComfyBackend
from tests.comfy_jobs import carried_out, make_job, picture
from tests.fake_comfy import FakeComfy
from tests.runpod.emulator import RunPod
from tests.serverless import sdk
from tests.serverless.sdk import SdkWorker
from worker.environment import Environment
from worker.handler import Handler
from worker.work import Bench
from worker.work import carried_out as order_carried_out

WORKERS, STEP, ALIKE = 3, 0.02, 40


async def added() -> tuple[float, float]:
    """Medians in seconds: of a job by the client alone, and of the same by the worker's handler."""

    async def unheard(job: dict[str, Any], payload: dict[str, Any]) -> None:
        pass

    with FakeComfy() as fake, tempfile.TemporaryDirectory() as folder:
        backend, direct, handled = ComfyBackend(fake.url), [], []
        bench = Bench(backend, Environment({}))
        handler = Handler(lambda said: order_carried_out(said, bench), unheard)
        for n in range(ALIKE):
            began = time.perf_counter()
            await handler.handle({"id": "", "input": {"workflow": picture(n)}})
            handled.append(time.perf_counter() - began)
            job = make_job(Path(folder), picture(ALIKE + n), f"{n}")
            began = time.perf_counter()
            await asyncio.to_thread(carried_out, backend, job)
            direct.append(time.perf_counter() - began)
    return statistics.median(direct), statistics.median(handled)


def shared(jobs: int, steps: int, at_once: int) -> float:
    """Seconds until all jobs are done."""
    installation = sdk.install()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        runpod = stack.enter_context(RunPod())
        endpoint = runpod.add_endpoint()
        for n in range(WORKERS):
            fake = stack.enter_context(FakeComfy())
            fake.step_seconds = STEP
            given = runpod.worker_environment(endpoint, f"w{n}")
            given |= {"COMFY_URL": fake.url, "WORKER_CONCURRENCY": str(at_once)}
            stack.callback(SdkWorker(installation, f"w{n}", given, folder / f"w{n}.log").kill)
        while sum(worker.asks_since is not None for worker in endpoint.workers.values()) < WORKERS:
            time.sleep(0.05)
        began = time.perf_counter()
        made = [endpoint.add({"input": {"workflow": picture(n, steps)}}) for n in range(jobs)]
        while not all(job.is_over for job in made):
            time.sleep(0.01)
        return time.perf_counter() - began


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--jobs", type=int, default=12)
    asked.add_argument("--steps", type=int, default=100)
    words = asked.parse_args()
    direct, handled = asyncio.run(added())
    print(f"| time the handler adds to a job, median of {ALIKE} | {(handled - direct) * 1000:.1f} ms |")
    one = (words.steps + 1) * STEP
    ideal = one * -(-words.jobs // WORKERS)
    for at_once in (1, 2):
        took = shared(words.jobs, words.steps, at_once)
        what = f"{words.jobs} jobs of {one:.1f} s on {WORKERS} workers, {at_once} at once in each"
        print(f"| {what} | {took:.1f} s, {ideal / took:.0%} of ideal |", flush=True)


if __name__ == "__main__":
    main()
