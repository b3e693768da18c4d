"""Kill -9 of a render of twelve shots at many random moments, each in a project of its own.

    python -m bench.kill [--moments 20] [--seed 1] [--url http://127.0.0.1:8188]

Without a URL the built-in sketch engine draws. After each kill the same command runs again; then
every take must be there once, no finished job may have run twice, no part may be left, and the
film must have exactly its frames. With --log, ComfyUI's own log is asked how many jobs it ran.
"""

import argparse
import tempfile
import time
from pathlib import Path

from tests.killing import Render, board_of_twelve, check_survives, moments

JOBS = 36


def main() -> None:
    asked = _asked()
    backend = ("--backend", "local", "--url", asked.url) if asked.url else ()
    start, all_jobs = time.monotonic(), 0
    before = _executions(asked.log)
    with tempfile.TemporaryDirectory() as folder:
        for number, moment in enumerate(moments(asked.moments, JOBS, asked.seed), 1):
            home = Path(folder) / f"{number:03d}"
            home.mkdir()
            board = board_of_twelve(
                home, base_seed=asked.seed * 1000 + number
            )  # nothing the server has cached
            render = Render(board, home / "film", backend)
            check_survives(render, [moment])
            all_jobs += len(render.recipes())
            takes, seconds = moment
            print(f"{number:3} killed {seconds:.3f} s after take {takes:2}: whole", flush=True)
    print(f"{asked.moments} kills survived in {time.monotonic() - start:.0f} s; {all_jobs} jobs")
    if asked.log:
        print(f"the server carried out {_executions(asked.log) - before}")


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--url", default="")
    parser.add_argument("--log", type=Path)
    return parser.parse_args()


def _executions(log: Path | None) -> int:
    return log.read_text("utf-8", errors="replace").count("Prompt executed in") if log else 0


if __name__ == "__main__":
    main()
