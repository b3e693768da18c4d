"""Makes the studio's environment beside this file, then runs the studio, or its tests, in it.

    python3 start.py                    the studio, in the browser
    python3 start.py render BOARD.json  any command of main.py
    python3 start.py test [--real]      the tests; --real adds those against a real ComfyUI

Standard library only. This file also reads on older Pythons, so that they can say what is missing:
no annotations or statements newer than Python 3.6.
"""

import contextlib
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

OLDEST = (3, 10)
HOUSE = Path(__file__).resolve().parent
VENV = HOUSE / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
UNFINISHED = HOUSE / ".venv.unfinished"  # stands there while packages are being put in
LOG = HOUSE / ".venv.log"
LOCK = HOUSE / ".venv.lock"
NEEDS = {
    "studio": ["requirements.txt"],
    "tests": ["requirements.txt", "requirements-dev.txt"],
}
LONGEST_WAIT = 3600  # seconds for another start to finish its setup
PIP = ("-m", "pip", "install", "--no-user", "--no-input", "--retries", "2", "--disable-pip-version-check")
NO_NETWORK = ("connection broken", "could not fetch url", "timed out", "incompleteread", "connection aborted")


class Trouble(Exception):
    """One sentence that says what to do."""


def main(arguments):
    try:
        check_python(sys.version_info)
        if arguments[:1] == ["test"]:
            set_up("tests")
            os.chdir(str(HOUSE))
            return run(["-m", "pytest", *arguments[1:]])
        set_up("studio")
        return run([str(HOUSE / "main.py"), *arguments])
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped; the next start sets up what is missing.", file=sys.stderr)
        return 130


def check_python(version):
    if tuple(version[:2]) < OLDEST:
        raise Trouble(
            "Cindergrace Studio needs Python {}.{} or newer, and this is {}.{}; "
            "get one from python.org and start again with it.".format(*OLDEST + tuple(version[:2]))
        )


def set_up(purpose):
    """Put in what the purpose needs, unless it is there already."""
    try:
        if not is_ready(purpose):
            with locked(LOCK) as lock:
                if not is_ready(purpose):
                    install(purpose, lock)
    except OSError as error:
        raise Trouble(
            f"The studio cannot set itself up in {HOUSE} ({error.strerror or error}); "
            "move it to a folder you may write in, with 1 GB free, and start again."
        ) from error


def is_ready(purpose):
    stamp = stamp_of(purpose)
    if UNFINISHED.exists() or not stamp.is_file() or not PYTHON.exists():
        return False
    return stamp.read_bytes() == wanted(purpose) and not has_python_moved_on()


def has_python_moved_on():
    """Was the system's Python replaced by a newer one, under the environment made with it?"""
    if os.path.realpath(str(PYTHON)) != os.path.realpath(sys.executable):
        return False
    settings = (VENV / "pyvenv.cfg").read_text(encoding="utf-8")
    return "= {}.{}.".format(*sys.version_info[:2]) not in settings


def stamp_of(purpose):
    return VENV / (purpose + ".installed")


def wanted(purpose):
    """What stands in the stamp when everything needed is in."""
    hashed = hashlib.sha256()
    for name in NEEDS[purpose]:
        hashed.update((HOUSE / name).read_bytes())
    return hashed.hexdigest().encode()


def install(purpose, lock):
    tell(f"Setting up the {purpose}: a minute or two, once.")
    LOG.write_bytes(b"")
    has_venv = not UNFINISHED.exists() and is_usable(lock)
    UNFINISHED.touch()
    if not has_venv:
        make_venv(lock)
    files = [part for name in NEEDS[purpose] for part in ("-r", str(HOUSE / name))]
    if logged([str(PYTHON), *PIP, *files], lock) != 0:
        said = last_words()
        if "Installing collected packages" not in said:
            UNFINISHED.unlink()  # it got no further than downloading; what was there still works
        raise Trouble(why_pip_failed(said))
    for other in NEEDS:
        if set(NEEDS[other]) <= set(NEEDS[purpose]):
            stamp_of(other).write_bytes(wanted(other))
    UNFINISHED.unlink()


def is_usable(lock):
    """Is there an environment with a pip and a Python that will do?"""
    if not PYTHON.exists() or has_python_moved_on():
        return False
    check = f"import sys, pip; sys.exit(sys.version_info < {OLDEST})"
    return logged([str(PYTHON), "-c", check], lock) == 0


def make_venv(lock):
    try:
        import ensurepip  # noqa: F401  Debian ships it apart from Python, and venv needs it
        import venv  # noqa: F401
    except ImportError as error:
        raise Trouble(
            f"Python's {error.name} module is missing; install it (Debian and Ubuntu: "
            "sudo apt install python{}.{}-venv) and start again.".format(*sys.version_info[:2])
        ) from error
    if logged([sys.executable, "-m", "venv", "--clear", str(VENV)], lock) != 0:
        raise Trouble(f"Python could not make the environment {VENV}; {LOG} says why.")


def logged(command, lock):
    """Run a command to its end, with all it says in the log; returns its exit code.

    It shares the lock: should this process be killed, the next start waits for what it left running.
    """
    shared = {} if os.name == "nt" else {"pass_fds": [lock.fileno()]}
    with LOG.open("a", encoding="utf-8") as log:
        log.write("\n$ " + " ".join(command) + "\n")
        log.flush()
        return subprocess.call(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **shared)


def last_words():
    """What the last logged command said."""
    return LOG.read_text(encoding="utf-8", errors="replace").rpartition("\n$ ")[2]


def why_pip_failed(said):
    if "No space left" in said or "not enough space" in said:
        return f"The disk is full: make 1 GB of room on the one with {HOUSE} and start again."
    if any(sign in said.lower() for sign in NO_NETWORK):
        return (
            "What the studio needs could not be downloaded; check the internet connection "
            f"and start again ({LOG} has the details)."
        )
    errors = [line.partition("ERROR: ")[2].rstrip(".") for line in said.splitlines() if "ERROR: " in line]
    reason = errors[-1] if errors else "pip does not say why"
    return f"What the studio needs could not be installed: {reason}; {LOG} has the details."


@contextlib.contextmanager
def locked(path, longest_wait=LONGEST_WAIT):
    """Only one process at a time gets in; the lock goes with the process, however it ends."""
    end = time.monotonic() + longest_wait
    with path.open("a") as file:
        has_told = False
        while not has_locked(file):
            if time.monotonic() > end:
                raise Trouble(f"Another start holds {path} for too long; end that one and start again.")
            if not has_told:
                tell("Another start is setting up; waiting for it.")
                has_told = True
            time.sleep(0.1)
        yield file


def has_locked(file):
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def run(arguments):
    """Become the program, with its exit code and its Ctrl-C."""
    command = [str(PYTHON), *arguments]
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name != "nt":
        os.execv(command[0], command)
    process = subprocess.Popen(command)
    while True:
        with contextlib.suppress(KeyboardInterrupt):  # the program got it too and ends by itself
            return process.wait()


def tell(sentence):
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
