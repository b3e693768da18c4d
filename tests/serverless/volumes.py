"""A volume as people fill them: a real ComfyUI with an environment of its own, in a temporary folder."""

import shlex
import sys
from pathlib import Path

from tests.real_comfy import FOLDERS
from tests.real_comfy_build import Installation


class Volume:
    def __init__(self, installation: Installation, folder: Path):
        self.folder = folder
        self.home = folder / "ComfyUI"
        self.base = folder / "base"  # where this ComfyUI writes: what it is made of stays as it is
        self._installation = installation
        self.home.mkdir(parents=True)
        for entry in installation.source.iterdir():
            if entry.name != "models":
                (self.home / entry.name).symlink_to(entry)
        (self.home / "com_venv").symlink_to(installation.folder / "venv")
        for name in FOLDERS:
            (self.base / name).mkdir(parents=True, exist_ok=True)
        for model in installation.models.rglob("*.safetensors"):
            to = self.base / "models" / model.relative_to(installation.models)
            to.parent.mkdir(parents=True, exist_ok=True)
            to.symlink_to(model)

    @property
    def environment(self) -> dict[str, str]:
        """What a worker is told of it."""
        words = ["--cpu", "--base-directory", str(self.base), "--disable-all-custom-nodes"]
        words += ["--disable-api-nodes", "--front-end-root", str(self._installation.front)]
        own = self._installation.environment
        names = ("PYTHONPATH", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "HF_HUB_OFFLINE")
        given = {"COMFY_HOME": str(self.home), "COMFY_ARGS": shlex.join(words)}
        return given | {name: own[name] for name in names}


def python_with_torch(folder: Path, init: str) -> Path:
    """A Python that has a torch with these words in torch.cuda.init."""
    (folder / "torch").mkdir()
    (folder / "torch" / "__init__.py").write_text("from . import cuda\n")
    (folder / "torch" / "cuda.py").write_text(
        f"def init():\n    {init}\n\ndef get_device_name(number):\n    return 'NVIDIA GeForce RTX 4090'\n"
    )
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(folder))} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return python
