"""The worker's own ComfyUI: found, started unless it answers already, waited for, and watched."""

import logging
import os
import shlex
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from domain.errors import BackendError, BackendUnreachable
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.comfy_process import TOO_LONG, ComfyProcess, output_of, wait_until_up
from worker.environment import Environment
from worker.installs import Install, find
from worker.model_paths import write_model_paths

PATIENCE = 15.0  # seconds that a ComfyUI may be away which nobody here watches: it is on this very machine
LEAVING = 30.0  # seconds until a cancelled job is off ComfyUI; one step of a film model may take so long
LOOK = 0.25  # seconds between two looks whether it is
EMPTIED = "input", "output", "temp"
_NONE = 3  # exit code
_LOOK_AT_GPU = f"""
import sys, torch
try:
    torch.cuda.init()
    print(torch.cuda.get_device_name(0))
except RuntimeError as error:  # no GPU, or too old a driver; all other errors are the installation's
    print(str(error).partition("\\n")[0])
    sys.exit({_NONE})
"""

log = logging.getLogger(__name__)


class NoGpu(BackendUnreachable):
    """Another machine may have one."""


@dataclass
class Site:
    backend: ComfyBackend
    install: Install | None
    process: ComfyProcess | None = None  # when ComfyUI was started here
    own: Path | None = None  # where that one writes
    _stuck: str = ""  # why one that was started elsewhere is of no more use
    _jobs: int = 0
    _mending: threading.Lock = field(default_factory=threading.Lock)
    _counting: threading.Lock = field(default_factory=threading.Lock)

    def ended(self) -> str:
        return self.process.end if self.process else ""

    def revive(self, environment: Environment, tell: Callable[[str], None] = log.warning) -> None:
        """Between two jobs it may have died, which is no fault of the next. Raises BackendUnreachable."""
        with self._mending:
            if self._stuck:
                raise BackendUnreachable(self._stuck)
            if self.install and (death := self.ended()):
                tell(f"{death} It is started again.")
                self._cleared()
                self.process, self.own = _started(self.install, environment)
                wait_until_up(
                    self.backend.status, self.process, environment.number("COMFY_START_TIMEOUT"), tell
                )

    def see_off(self, job_id: str) -> None:
        """Wait until a cancelled job has left. A ComfyUI that cannot stop it keeps all others waiting."""
        with self._mending:
            end = time.monotonic() + LEAVING
            try:
                while self.backend.has(job_id):
                    if time.monotonic() > end:
                        self._given_up()
                        return
                    time.sleep(LOOK)
            except BackendError as error:
                log.warning("%s", error)

    def _given_up(self) -> None:
        if self.process:
            log.warning("ComfyUI does not stop a cancelled job, and is ended.")
            self.process.kill()
        else:
            self._stuck = (
                f"ComfyUI at {self.backend.status().address} does not stop a job that was cancelled."
            )

    @contextmanager
    def job(self) -> Iterator[None]:
        """While nobody is at work its files are of no use: a job takes home what it made, and brings along
        what it needs."""
        with self._counting:
            self._jobs += 1
        try:
            yield
        finally:
            with self._counting:
                self._jobs -= 1
                if not self._jobs and self.own:
                    for name in EMPTIED:
                        _emptied(self.own / name)

    def close(self) -> None:
        if self.process:
            self.process.stop()
        self._cleared()

    def _cleared(self) -> None:
        if self.own:
            shutil.rmtree(self.own, ignore_errors=True)


def _emptied(folder: Path) -> None:
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()


def open_site(environment: Environment, tell: Callable[[str], None] = log.info) -> Site:
    """Returns when ComfyUI answers. Raises BackendUnreachable."""
    url = environment["COMFY_URL"]
    backend = ComfyBackend(url)
    if (status := backend.status()).is_up:
        tell(f"{status.name} answers at {url}.")
        backend = ComfyBackend(url, PATIENCE)
        with suppress(BackendUnreachable):
            return Site(backend, find(environment))
        return Site(backend, None)
    install = find(environment)
    tell(f"ComfyUI found at {install.home}, run by {install.python}.")
    process, own = _started(install, environment)
    site = Site(backend, install, process, own)
    with ExitStack() as broken:
        broken.callback(site.close)
        check_gpu(install, environment)
        status = wait_until_up(backend.status, process, environment.number("COMFY_START_TIMEOUT"), tell)
        broken.pop_all()
    tell(f"{status.name} is up, on {status.gpu}.")
    return site


def _started(install: Install, environment: Environment) -> tuple[ComfyProcess, Path]:
    """It, and the folder that it writes to."""
    own = Path(tempfile.mkdtemp(prefix="comfyui-"))
    with ExitStack() as broken:
        broken.callback(shutil.rmtree, own, ignore_errors=True)
        process = ComfyProcess(command(install, environment, own), install.home, _surroundings())
        broken.pop_all()
    return process, own


def command(install: Install, environment: Environment, own: Path) -> list[str]:
    """What comes later counts: COMFY_ARGS may change all of it."""
    address = urlsplit(environment["COMFY_URL"])
    words = [str(install.python), str(install.home / "main.py")]
    words += ["--listen", address.hostname or "127.0.0.1", "--port", str(address.port or 8188)]
    words += ["--disable-auto-launch", "--preview-method", "auto"]
    words += _own_places(install, own)
    if paths := write_model_paths(install, own):
        words += ["--extra-model-paths-config", str(paths)]
    return [*words, *_more_words(environment)]


def _more_words(environment: Environment) -> list[str]:
    try:
        return shlex.split(environment["COMFY_ARGS"])
    except ValueError as error:
        raise BackendUnreachable(f"COMFY_ARGS cannot be read as a command line: {error}.") from error


def _own_places(install: Install, own: Path) -> list[str]:
    """Where it writes, on this worker's own disk: several workers share a volume, and count alike."""
    known = install.home / "comfy" / "cli_args.py"
    text = known.read_text(encoding="utf-8", errors="replace") if known.is_file() else ""
    places = {f"--{name}-directory": str(own / name) for name in ("input", "output", "temp")}
    places |= {"--database-url": f"sqlite:///{own / 'comfyui.db'}"}
    words: list[str] = []
    for flag, place in places.items():
        if f'"{flag}"' in text:  # older ones do not know them all
            words += [flag, place]
    for name in ("input", "output"):
        (own / name).mkdir(parents=True, exist_ok=True)
    return words


def check_gpu(install: Install, environment: Environment) -> str:
    """The GPU's name. Raises NoGpu when torch finds none, BackendUnreachable when it cannot look."""
    if not environment.is_on("GPU_CHECK") or "--cpu" in _more_words(environment):
        return "not looked at"
    seconds = environment.number("COMFY_START_TIMEOUT")
    code, said = output_of([str(install.python), "-c", _LOOK_AT_GPU], seconds)
    if code == TOO_LONG:
        raise BackendUnreachable(
            f"torch did not load within {seconds:.0f} seconds, so nobody knows whether there is a GPU. A "
            "volume that is slow at first needs a larger COMFY_START_TIMEOUT."
        )
    if code == _NONE:
        why = said.splitlines()[0] if said else "it says nothing"
        raise NoGpu(f"torch finds no GPU on this worker: {why}")
    if code:
        why = said.splitlines()[-1] if said else f"exit code {code}"
        raise BackendUnreachable(
            f"torch cannot look for a GPU: {why.rstrip('.')}. Is it installed beside ComfyUI, for CUDA?"
        )
    return said.splitlines()[0]


def _surroundings() -> dict[str, str]:
    """ComfyUI and its nodes get no keys of ours."""
    secret = ("KEY", "SECRET", "TOKEN", "CREDENTIALS")
    kept = {k: v for k, v in os.environ.items() if not any(word in k.upper() for word in secret)}
    return kept | {"PYTHONUNBUFFERED": "1"}
