"""The worker's own ComfyUI: found, started unless it answers already, waited for, and watched."""

import logging
import os
import shlex
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from domain.errors import BackendUnreachable
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.comfy_process import ComfyProcess, output_of, wait_until_up
from worker.environment import Environment
from worker.installs import Install, find
from worker.model_paths import write_model_paths

PATIENCE = 15.0  # seconds that a ComfyUI may be away which nobody here watches: it is on this very machine
GPU_LOOK = 60.0  # seconds that loading torch may take
_LOOK_AT_GPU = "import torch; torch.cuda.init(); print(torch.cuda.get_device_name(0))"

log = logging.getLogger(__name__)


@dataclass
class Site:
    backend: ComfyBackend
    install: Install | None
    process: ComfyProcess | None = None  # when ComfyUI was started here

    def ended(self) -> str:
        return self.process.end if self.process else ""

    def revive(self, environment: Environment, tell: Callable[[str], None] = log.warning) -> None:
        """Between two jobs it may have died, which is no fault of the next. Raises BackendUnreachable."""
        if self.install and (death := self.ended()):
            tell(f"{death} It is started again.")
            self.process = _started(self.install, environment)
            wait_until_up(self.backend.status, self.process, environment.number("COMFY_START_TIMEOUT"), tell)

    def close(self) -> None:
        if self.process:
            self.process.stop()


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
    process = _started(install, environment)
    site = Site(backend, install, process)
    with ExitStack() as broken:
        broken.callback(site.close)
        check_gpu(install, environment)
        status = wait_until_up(backend.status, process, environment.number("COMFY_START_TIMEOUT"), tell)
        broken.pop_all()
    tell(f"{status.name} is up, on {status.gpu}.")
    return site


def _started(install: Install, environment: Environment) -> ComfyProcess:
    own = Path(tempfile.mkdtemp(prefix="comfyui-"))
    return ComfyProcess(command(install, environment, own), install.home, _surroundings())


def command(install: Install, environment: Environment, own: Path) -> list[str]:
    """What comes later counts: COMFY_ARGS may change all of it."""
    address = urlsplit(environment["COMFY_URL"])
    words = [str(install.python), str(install.home / "main.py")]
    words += ["--listen", address.hostname or "127.0.0.1", "--port", str(address.port or 8188)]
    words += ["--disable-auto-launch", "--preview-method", "auto"]
    words += _own_places(install, own)
    if paths := write_model_paths(install, own):
        words += ["--extra-model-paths-config", str(paths)]
    return [*words, *shlex.split(environment["COMFY_ARGS"])]


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
    """The GPU's name. Raises BackendUnreachable when torch finds none."""
    if not environment.is_on("GPU_CHECK") or "--cpu" in shlex.split(environment["COMFY_ARGS"]):
        return "not looked at"
    code, said = output_of([str(install.python), "-c", _LOOK_AT_GPU], GPU_LOOK)
    if code:
        why = said.splitlines()[-1] if said else f"exit code {code}"
        raise BackendUnreachable(f"torch finds no GPU on this worker: {why}")
    return said.splitlines()[0]


def _surroundings() -> dict[str, str]:
    """ComfyUI and its nodes get no keys of ours."""
    secret = ("KEY", "SECRET", "TOKEN", "CREDENTIALS")
    kept = {k: v for k, v in os.environ.items() if not any(word in k.upper() for word in secret)}
    return kept | {"PYTHONUNBUFFERED": "1"}
