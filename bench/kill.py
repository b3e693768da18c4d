"""Kill -9 of a render of twelve shots at many random moments, each in a project of its own.

    python -m bench.kill [--moments 20] [--seed 1] [--real]

The built-in sketch engine draws, or with --real a ComfyUI that is started for it. After each kill
the same command runs again; then every take must be there once, no finished job may have run
twice, no part may be left, and the film must have exactly its frames. The real server's own log
tells how many jobs it carried out: as many as there are takes.
"""

import argparse
import tempfile
import time
from pathlib import Path

from tests import real_comfy_build
from tests.killing import Render, check_survives, moments, small_board
from tests.real_comfy import RealComfy

JOBS = 36


def main() -> None:
    asked = _asked()
    with tempfile.TemporaryDirectory() as folder:
        if not asked.real:
            _kill(Path(folder), asked, ())
            return
        server = RealComfy(real_comfy_build.install(), Path(folder) / "comfy")
        server.start()
        try:
            jobs = _kill(Path(folder), asked, ("--backend", "local", "--url", server.url))
            ran = server.log.read_text("utf-8", errors="replace").count("Prompt executed in")
            print(f"the server carried out {ran} jobs, and {jobs} takes are there")
        finally:
            server.stop()


def _kill(folder: Path, asked: argparse.Namespace, backend: tuple[str, ...]) -> int:
    """How many takes there are in the end."""
    start, jobs = time.monotonic(), 0
    for number, moment in enumerate(moments(asked.moments, JOBS, asked.seed), 1):
        home = folder / f"{number:03d}"
        home.mkdir()
        board = small_board(home, base_seed=asked.seed * 1000 + number)  # nothing the server has cached
        render = Render(board, home / "film", backend)
        check_survives(render, [moment])
        jobs += len(render.recipes())
        print(f"{number:3} killed {moment[1]:.3f} s after take {moment[0]:2}: whole", flush=True)
    print(f"{asked.moments} kills survived in {time.monotonic() - start:.0f} s")
    return jobs


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--real", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
