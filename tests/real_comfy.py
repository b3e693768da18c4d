"""A real ComfyUI as a process of the tests: its own port, its own folders, tiny models."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import requests

from tests.comfy_processes import Process, begun
from tests.real_comfy_build import Installation

FOLDERS = ("models", "input", "output", "temp", "user", "custom_nodes")
LONGEST_START, LONGEST_STOP = 90.0, 10.0  # seconds; a start takes about five


class RealComfy:
    """Starts, stops and starts again on one port, over one base folder."""

    def __init__(self, installation: Installation, base: Path, **flags: str | int | bool):
        self.base = base
        self.models = base / "models"
        self.log = base.parent / f"{base.name}.log"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._installation = installation
        self._flags = flags
        self._process: Process | None = None
        for name in FOLDERS:
            (base / name).mkdir(parents=True, exist_ok=True)
        self._bring_models()

    @property
    def pid(self) -> int:
        assert self._process, "the server is not running"
        return self._process.pid

    def start(self) -> None:
        """Returns when the server answers; also after stop() or kill(), on the same port."""
        assert self._process is None, "the server is running already"
        self._process = begun(self._installation, self._words(), self.log)
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """As a user closes it. What it held in memory is gone: queue, history, caches."""
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(LONGEST_STOP)
            except subprocess.TimeoutExpired:
                self.kill()
        self._process = None

    def kill(self) -> None:
        """As a crash ends it: no goodbye to anybody."""
        if self._process:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _bring_models(self) -> None:
        for source in self._installation.models.rglob("*.safetensors"):
            target = self.models / source.relative_to(self._installation.models)
            target.parent.mkdir(parents=True, exist_ok=True)
            if os.name == "nt":
                shutil.copyfile(source, target)
            elif not target.is_symlink():
                target.symlink_to(source)

    def _words(self) -> list[str]:
        options = {
            "listen": "127.0.0.1",
            "port": self.port,
            "base_directory": self.base,
            "front_end_root": self._installation.front,
            "database_url": f"sqlite:///{self.base / 'user' / 'comfyui.db'}",
            "preview_method": "latent2rgb",
            "cpu": True,
            "disable_all_custom_nodes": True,
            "disable_api_nodes": True,
            "disable_auto_launch": True,
        }
        words = ["main.py"]
        for name, value in (options | self._flags).items():
            if value is not False:
                words += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
        return words

    def _wait_until_it_answers(self) -> None:
        end = time.monotonic() + LONGEST_START
        while not self._answers():
            assert self._process and self._process.poll() is None, f"ComfyUI ended:\n{self._last_words()}"
            assert time.monotonic() < end, f"ComfyUI does not answer:\n{self._last_words()}"
            time.sleep(0.1)

    def _answers(self) -> bool:
        """Is it this very process that answers on the port?"""
        try:
            stats = requests.get(f"{self.url}/system_stats", timeout=10).json()
        except requests.ConnectionError:
            return False
        return str(self.base) in stats["system"]["argv"]

    def _last_words(self) -> str:
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
