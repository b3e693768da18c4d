"""How near a pool of four machines comes to four times one. Prints a table; changes nothing.

    python -m bench.pool [--jobs 40] [--real | --waiting]

The machines are fake servers in processes of their own, whose jobs take one second: what one of them
does alone with a quarter of the jobs is the ideal. With --waiting they are real ComfyUIs, whose GPU is a
node that waits (waiting_node.py). With --real they draw, and share this machine's cores, so that only
what they made is counted.
"""

import argparse
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests

from bench.client import model_free, serving
from domain.job import Backend, Graph, Job
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.pool import HANDOVER, Pool
from tests import real_comfy_build
from tests.comfy_jobs import picture
from tests.real_comfy import RealComfy

MACHINES = 4
Row = tuple[str, str, str]  # what was measured, the figure, what it should be
STEPS = 9  # of 0.1 s each; saving is one more


def carry_out(backend: Backend, jobs: Sequence[Job], lanes: int) -> float:
    """Seconds from the first job to the last file."""
    left, lock = iter(jobs), threading.Lock()

    def lane() -> None:
        while True:
            with lock:
                job = next(left, None)
            if job is None:
                return
            for _ in backend.run(job):
                pass

    threads = [threading.Thread(target=lane) for _ in range(lanes)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start


def pool_of(urls: Sequence[str]) -> Pool:
    return Pool({f"machine {n + 1}": ComfyBackend(url, HANDOVER) for n, url in enumerate(urls)})


def compared(urls: Sequence[str], graph: Callable[[int], Graph], folder: Path, count: int) -> Iterator[Row]:
    """The first machine alone with its share of the jobs, then the others together. Each has made one job
    before: the first of a server's life takes longer, however many there are."""

    def jobs(name: str, seeds: range) -> list[Job]:
        takes = folder / name / "takes"
        return [Job(f"{seed:03}", graph(seed), takes, {}) for seed in seeds]

    for n, url in enumerate(urls):
        carry_out(ComfyBackend(url), jobs("first", range(9000 + n, 9001 + n)), 1)
    one = ComfyBackend(urls[0])
    ideal = carry_out(one, jobs("one", range(count // MACHINES)), one.lanes)
    pool = pool_of(urls[1:])
    ours = carry_out(pool, jobs("pool", range(1000, 1000 + count)), pool.lanes)
    done = [machine.done for machine in pool.view().machines]
    files = len(list((folder / "pool" / "takes").iterdir()))
    yield f"{count // MACHINES} jobs of 1 s on one machine: the ideal", f"{ideal:.2f} s", ""
    yield f"{count} jobs on {MACHINES}, with their first look at them", f"{ours:.2f} s", ""
    yield "throughput, of the ideal", f"{ideal / ours:.1%}", "≥ 95 %"
    yield "… of one job a second at each", f"{count / MACHINES / ours:.1%}", ""
    yield "files; jobs at each machine", f"{files}; {', '.join(map(str, done))}", f"{count}"


def fakes(folder: Path, count: int) -> Iterator[Row]:
    with ExitStack() as stack:
        urls = [stack.enter_context(serving("comfy", "good")) for _ in range(MACHINES + 1)]
        yield from compared(urls, lambda seed: picture(seed, STEPS), folder, count)


def waiting(folder: Path, count: int) -> Iterator[Row]:
    with real_servers(folder, MACHINES + 1, node=Path(__file__).parent / "waiting_node.py") as servers:
        yield from compared([server.url for server in servers], waits, folder, count)


def waits(seed: int, seconds: float = 1.0) -> Graph:
    flat = {"width": 512, "height": 288, "batch_size": 1, "color": seed}
    return {
        "1": {"class_type": "EmptyImage", "inputs": flat},
        "2": {"class_type": "BenchWaiting", "inputs": {"image": ["1", 0], "seconds": seconds, "seed": seed}},
        "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "bench"}},
    }


@contextmanager
def real_servers(folder: Path, count: int, node: Path | None = None) -> Iterator[list[RealComfy]]:
    installation = real_comfy_build.install()
    flags = {"disable_all_custom_nodes": node is None}
    servers = [RealComfy(installation, folder / f"server{n}", **flags) for n in range(count)]
    try:
        for server in servers:
            if node:
                shutil.copy(node, server.base / "custom_nodes")
            server.start()
        yield servers
    finally:
        for server in servers:
            server.stop()


def real(folder: Path, count: int) -> Iterator[Row]:
    """One of four is killed on the way."""
    takes = folder / "real" / "takes"
    jobs = [Job(f"{seed:03}", model_free(seed), takes, {}) for seed in range(count)]
    with real_servers(folder, MACHINES) as servers:
        pool = pool_of([server.url for server in servers])
        killer = threading.Timer(1.0, servers[0].kill)
        killer.start()
        seconds = carry_out(pool, jobs, pool.lanes)
        killer.join()
        ran = [
            entry["prompt"][1]
            for server in servers[1:]
            for entry in requests.get(f"{server.url}/history", timeout=30).json().values()
        ]
        first = pool.view().machines[0]
    files = len(list(takes.iterdir()))
    yield f"{count} jobs on {MACHINES} real ones, of which one is killed after 1 s", f"{seconds:.1f} s", ""
    yield "files", f"{files}", f"{count}"
    yield "jobs carried out by the three that live, and by the one before", f"{len(ran)}, {first.done}", ""
    yield "… of these more than once", f"{len(ran) - len(set(ran))}", "0"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--jobs", type=int, default=40)
    kinds = asked.add_mutually_exclusive_group()
    for kind in (real, waiting):
        kinds.add_argument(f"--{kind.__name__}", dest="kind", action="store_const", const=kind, default=fakes)
    words = asked.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-pool-"))
    try:
        for what, figure, aim in words.kind(folder, words.jobs):
            print(f"| {what} | {figure} | {aim} |", flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
