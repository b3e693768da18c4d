"""How much the ComfyUI client adds to a server's own work. Prints a table; changes nothing.

    python -m bench.client            everything
    python -m bench.client added busy preview download loss

"added" and "busy" need the real ComfyUI that the tests build (python3 start.py test --real).
"""

import itertools
import json
import os
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import requests

from domain.events import Fact, Progress
from domain.job import Job
from infrastructure.comfy_api import ComfyAPI
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.comfy_history import RemoteFile
from infrastructure.downloads import download
from tests import real_comfy_build
from tests.comfy_jobs import picture
from tests.real_comfy import RealComfy

JOBS = 100
LARGE = 200 << 20
Row = tuple[str, str, str]


def model_free(seed: int, side: int = 1536) -> dict[str, Any]:
    """About 0.2 s on two cores, without any model."""
    flat = {"width": side, "height": side, "batch_size": 1, "color": 3368601}
    return {
        "1": {"class_type": "EmptyImage", "inputs": flat},
        "2": {"class_type": "ImageAddNoise", "inputs": {"image": ["1", 0], "seed": seed, "strength": 0.6}},
        "3": {"class_type": "ImageBlur", "inputs": {"image": ["2", 0], "blur_radius": 6, "sigma": 4.0}},
        "4": {
            "class_type": "ImageScale",
            "inputs": {
                "image": ["3", 0],
                "upscale_method": "area",
                "width": 512,
                "height": 288,
                "crop": "disabled",
            },
        },
        "5": {"class_type": "SaveImage", "inputs": {"images": ["4", 0], "filename_prefix": "bench"}},
    }


def finish(backend: ComfyBackend, job: Job, each: Callable[[Any], None] = lambda event: None) -> float:
    """Carry a job out; returns the seconds the server itself worked."""
    seconds = 0.0
    for event in backend.run(job):
        each(event)
        if isinstance(event, Fact) and event.key == "gpu_seconds":
            seconds = event.value
    return seconds


@contextmanager
def real(folder: Path) -> Iterator[ComfyBackend]:
    server = RealComfy(real_comfy_build.install(), folder / "base")
    server.start()
    try:
        backend = ComfyBackend(server.url)
        for seed in range(5):
            finish(backend, Job("warm", model_free(seed), folder / "warm" / "takes", {}))
        yield backend
    finally:
        server.stop()


@contextmanager
def serving(*words: str) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.client_servers", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin and process.stdout
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(10)


def added(folder: Path) -> Iterator[Row]:
    """From the call to the file on disk, less the server's own execution time."""
    with real(folder) as backend:
        extra, work, cpu = [], [], time.process_time()
        for number in range(JOBS):
            job = Job(f"{number:03}", model_free(1000 + number), folder / "added" / "takes", {})
            start = time.perf_counter()
            work.append(finish(backend, job))
            extra.append((time.perf_counter() - start - work[-1]) * 1000)
        cpu = (time.process_time() - cpu) / JOBS * 1000
    extra.sort()
    yield "a job's own time on the server, median", f"{statistics.median(work) * 1000:.0f} ms", "about 200 ms"
    yield "time added per job, median", f"{statistics.median(extra):.1f} ms", "≤ 10 ms"
    yield "time added per job, 95th percentile", f"{extra[int(0.95 * JOBS)]:.1f} ms", "≤ 25 ms"
    yield "CPU of the client per job", f"{cpu:.1f} ms", "≤ 5 ms"


def busy(folder: Path) -> Iterator[Row]:
    """Two lanes, each handing over its next job when its last one is on disk."""
    with real(folder) as backend:

        def lane(first: int) -> None:
            for number in range(first, JOBS, backend.lanes):
                job = Job(f"{number:03}", model_free(5000 + number), folder / "busy" / "takes", {})
                finish(backend, job)

        lanes = [Thread(target=lane, args=(number,)) for number in range(backend.lanes)]
        for thread in lanes:
            thread.start()
        for thread in lanes:
            thread.join()
        url = backend._api.url
        spans = []  # of each job: when it came, began and ended, by the server's clock
        for entry in requests.get(f"{url}/history", timeout=30).json().values():
            stamps = {kind: data["timestamp"] for kind, data in entry["status"]["messages"]}
            if any(node["inputs"].get("seed", 0) >= 5000 for node in entry["prompt"][2].values()):
                came = entry["prompt"][3]["create_time"]
                spans.append((stamps["execution_start"], stamps["execution_success"], came))
    spans.sort()
    whole = spans[-1][1] - spans[0][0]
    work = sum(end - start for start, end, _ in spans)
    pairs = list(itertools.pairwise(spans))
    idle = sum(max(0, came - before[1]) for before, (_, _, came) in pairs)
    yield (
        f"share of time with a job at the server, {len(spans)} jobs, 2 lanes",
        f"{1 - idle / whole:.2%}",
        "≥ 99 %",
    )
    yield "share of time it executes (the rest: its own pauses between jobs)", f"{work / whole:.2%}", ""
    gaps = [after[0] - before[1] for before, after in pairs]
    yield "pause between two jobs, median and longest", f"{statistics.median(gaps):.0f}, {max(gaps)} ms", ""


def preview(folder: Path) -> Iterator[Row]:
    with serving("comfy", "good") as url:
        delays = []

        def look(event: Any) -> None:
            if isinstance(event, Progress) and event.preview:
                (sent,) = struct.unpack_from(">d", event.preview)
                delays.append((time.time() - sent) * 1000)

        backend = ComfyBackend(url)
        for seed in range(10):
            finish(backend, Job(f"{seed}", picture(seed, 10), folder / "preview" / "takes", {}), look)
    delays.sort()
    assert len(delays) == 100
    yield "preview in hand after the server sent it, median", f"{statistics.median(delays):.1f} ms", ""
    yield "preview in hand after the server sent it, worst of 100", f"{delays[-1]:.1f} ms", "≤ 20 ms"


def fetch(url: str, to: str) -> None:
    """In a process of its own: what a download costs in memory and time."""
    api, path = ComfyAPI(url), Path(to)
    list(download(api, RemoteFile("small", "", "output"), path.with_name("first")))
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before, start, cpu = _memory("VmRSS"), time.perf_counter(), time.process_time()
    list(download(api, RemoteFile("clip.mp4", "", "output"), path))
    seconds = time.perf_counter() - start
    growth = _memory("VmHWM") - before
    print(json.dumps({"seconds": seconds, "growth": growth, "cpu": time.process_time() - cpu}))


def _memory(key: str) -> int:
    """Bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(key))


def download_large(folder: Path) -> Iterator[Row]:
    source = folder / "source.mp4"
    with source.open("wb") as out:
        for _ in range(LARGE >> 20):
            out.write(os.urandom(1 << 20))
    ours, theirs, growth = [], [], []
    with serving("file", str(source)) as url:
        for _ in range(5):
            words = [sys.executable, "-m", "bench.client", "--fetch", url, str(folder / "ours.mp4")]
            said = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
            ours.append(LARGE / said["seconds"] / 1e6)
            growth.append(said["growth"] / (1 << 20))
            start = time.perf_counter()
            subprocess.run(["curl", "-s", "-o", str(folder / "theirs.mp4"), f"{url}/view"], check=True)
            theirs.append(LARGE / (time.perf_counter() - start) / 1e6)
    ratio = statistics.median(ours) / statistics.median(theirs)
    yield "200 MB: memory growth", f"{max(growth):.1f} MB", "≤ 8 MB"
    yield "200 MB: throughput, ours", f"{statistics.median(ours):.0f} MB/s", ""
    yield "200 MB: throughput, curl", f"{statistics.median(theirs):.0f} MB/s", ""
    yield "200 MB: ours of curl's", f"{ratio:.0%}", "≥ 80 %"


def loss(folder: Path) -> Iterator[Row]:
    """From the server's end of a two-second job to the file on disk."""
    for how in ("none", "silent", "execution_start", "progress", "executed"):
        with serving("comfy", how) as url:
            late = []
            for seed in range(5):
                job = Job(f"{how}{seed}", picture(seed, 17 + seed), folder / "loss" / "takes", {})
                finish(ComfyBackend(url), job)
                history = requests.get(f"{url}/history/{job.id}", timeout=10).json()[job.id]
                end = history["status"]["messages"][-1][1]["timestamp"] / 1000
                late.append(time.time() - end)
        told = {"none": "never opened", "silent": "silent"}.get(how, f"lost at {how}")
        yield f"file here after the server's end, socket {told}", f"{max(late):.2f} s", "≤ 1 s"


PARTS: dict[str, Callable[[Path], Iterator[Row]]] = {
    "added": added,
    "busy": busy,
    "preview": preview,
    "download": download_large,
    "loss": loss,
}


def main(words: list[str]) -> None:
    if words[:1] == ["--fetch"]:
        return fetch(*words[1:])
    folder = Path(tempfile.mkdtemp(prefix="bench-client-"))
    try:
        for name in words or PARTS:
            (folder / name).mkdir()
            for what, figure, target in PARTS[name](folder / name):
                print(f"| {what} | {figure} | {target} |", flush=True)
    finally:
        shutil.rmtree(folder)
    return None


if __name__ == "__main__":
    main(sys.argv[1:])
