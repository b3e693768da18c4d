"""How well uploads and downloads go on beside a pod's GPU when the line to it is slow. Prints a table.

    python -m bench.pod_link [--jobs 12] [--delay 0.25]

The pod is emulated, its ComfyUI a fake whose jobs take one second; every request takes `delay` seconds
longer, as over an ocean. Each job brings a picture of its own and a picture home. The ideal is the GPU
at work all the time: as many seconds as there are jobs.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

from PIL import Image

from bench.pool import carry_out
from domain.job import Job
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.hashes import sha256
from tests.comfy_jobs import picture
from tests.fake_comfy import FakeComfy
from tests.runpod.emulator import RunPod

STEPS = 9  # of 0.1 s each; saving is one more
LANES = (1, 2, 3, 4)


def jobs(folder: Path, count: int) -> list[Job]:
    made = []
    for n in range(count):
        start = folder / f"start_{n}.png"
        start.parent.mkdir(parents=True, exist_ok=True)
        Image.effect_noise((512, 288), 60).save(start)
        graph = {**picture(n, STEPS), "9": {"class_type": "LoadImage", "inputs": {"image": start}}}
        made.append(Job(f"{n:03}", graph, folder / "takes", {start: sha256(start)}))
    return made


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--jobs", type=int, default=12)
    asked.add_argument("--delay", type=float, default=0.25)
    words = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder, RunPod() as runpod:
        os.environ.update(runpod.environment)
        for lanes in LANES:
            with FakeComfy() as fake:
                fake.step_seconds = 0.1
                pod = runpod.add_pod(server=fake)
                pod.proxy.delay = words.delay
                backend = ComfyBackend(pod.url)
                began = time.perf_counter()
                carry_out(backend, jobs(Path(folder) / str(lanes), words.jobs), lanes)
                took = time.perf_counter() - began
            share = f"{words.jobs / took:.0%} of the GPU"
            print(f"| {lanes} lanes: {words.jobs} jobs of 1 s, {took:.1f} s | {share} |", flush=True)


if __name__ == "__main__":
    main()
