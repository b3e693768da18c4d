"""How long a command takes to begin: `main.py --help`, in fresh processes, and what it imports.

    python -m bench.start

The aim is at most 0.3 s. Gradio alone takes two seconds, so only the window imports it.
"""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

MAIN = Path(__file__).parent.parent / "main.py"
RUNS = 15
COMMANDS = (["--help"], ["render", "--help"], ["workflows"], ["check"])


def main() -> None:
    print(f"{'python alone':20} {_seconds(['-c', 'pass']):.3f} s")
    for words in COMMANDS:
        print(f"main.py {' '.join(words):12} {_seconds([str(MAIN), *words]):.3f} s")


def _seconds(words: list[str]) -> float:
    """The median of some runs; the first one, which compiles, does not count."""
    times = []
    for _ in range(RUNS + 1):
        start = time.perf_counter()
        subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - start)
    return median(times[1:])


if __name__ == "__main__":
    main()
