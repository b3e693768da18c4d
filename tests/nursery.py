"""python nursery.py MODULE …: imports these once, then forks a server for every line that orders one.

Most of the work that a server's start is are its imports, the same each time.
"""

import ctypes
import importlib
import json
import os
import random
import runpy
import signal
import sys
import time
from pathlib import Path
from typing import Any

DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def main() -> None:
    sys.path[0] = str(Path.cwd())
    for name in sys.argv[1:]:
        importlib.import_module(name)
    assert len(os.listdir("/proc/self/task")) == 1, "only what has one thread can be forked"  # noqa: PTH208
    print("ready", flush=True)
    nursery = os.getpid()
    for line in sys.stdin:
        _bury_the_dead()
        pid = os.fork()
        if not pid:
            return _become_server(json.loads(line), nursery)
        print(pid, flush=True)
    return None


def _bury_the_dead() -> None:
    """Their numbers are given to others from now on; whoever looked at one of them knows of its end."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _become_server(order: dict[str, Any], nursery: int) -> None:
    ctypes.CDLL(None).prctl(DIES_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != nursery:
        os._exit(1)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for to, source in ((0, os.open(os.devnull, os.O_RDONLY)), (1, log), (2, log)):
        os.dup2(source, to)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    time.tzset()
    random.seed()  # else all of them would draw the same
    sys.argv = order["words"]
    sys.path[0] = str(Path(order["words"][0]).absolute().parent)
    runpy.run_path(order["words"][0], run_name="__main__")


if __name__ == "__main__":
    main()
