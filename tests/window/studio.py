"""A studio as a person has it: a process of its own on a free port, with its data in a folder of the test."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from PIL import Image

from tests.forked import Nursery, Process

HOUSE = Path(__file__).parent.parent.parent
LONGEST_START, LONGEST_END = 60.0, 20.0  # seconds


class RunningStudio:
    def __init__(self, folder: Path, *flags: str, introduced: bool = True, env: dict[str, str] | None = None):
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "studio.log"
        self._flags, self._env = flags, env or {}
        self.address = ""
        self._process: Process | None = None
        if introduced:
            self.data.mkdir(parents=True, exist_ok=True)
            (self.data / "settings.json").write_text(json.dumps({"is_introduced": True}), "utf-8")

    def start(self) -> "RunningStudio":
        command = [str(HOUSE / "main.py"), "--no-browser", "--data-dir", str(self.data)]
        self._process = _begun([*command, *self._flags], self.folder, {**os.environ, **self._env}, self.log)
        note = self.data / "cache" / "instance.json"
        end = time.monotonic() + LONGEST_START
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise AssertionError(f"the studio ended at once:\n{self.said()}")
            try:
                told = json.loads(note.read_text("utf-8"))
                if told["pid"] == self._process.pid:
                    self.address = told["address"]
                    return self
            except (OSError, ValueError):
                pass
            time.sleep(0.05)
        raise AssertionError(f"the studio did not come up:\n{self.said()}")

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As the system does when memory runs out."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def ask(self, deed: str, **arguments: Any) -> Any:
        """Raises AssertionError with the studio's sentence when it refuses."""
        headers = {"Content-Type": "application/json", "X-Studio": "1"}
        body = json.dumps(arguments).encode()
        request = Request(f"{self.address}studio/do/{deed}", body, headers)
        try:
            with urlopen(request, timeout=30) as answer:
                return json.load(answer)["result"]
        except HTTPError as error:
            raise AssertionError(json.load(error)["error"]) from error

    def facts(self) -> dict[str, Any]:
        """Everything that a page which has just opened is told."""
        with urlopen(f"{self.address}studio/events", timeout=10) as stream:
            for line in stream:
                if line.startswith(b"data: {"):
                    facts: dict[str, Any] = json.loads(line[6:])["set"]
                    return facts
        raise AssertionError("the stream ended without a word")

    def wait_until_done(self, longest: float = 120.0) -> dict[str, Any]:
        """Come back when nothing waits or runs any more."""
        end = time.monotonic() + longest
        while time.monotonic() < end:
            facts = self.facts()
            if not facts["queue"]["left"]:
                return facts
            time.sleep(0.1)
        raise AssertionError(f"still at work after {longest:.0f} s: {facts['queue']}")

    def project(self, name: str, *prompts: str, **board: Any) -> Path:
        """A project with one shot a prompt, opened."""
        folder = self.data / "projects" / name
        folder.mkdir(parents=True)
        shots = [
            {"shot_id": f"{n:03d}", "prompt": prompt, "duration": 0.5} for n, prompt in enumerate(prompts, 1)
        ]
        content = {"project": name, "width": 320, "height": 192, "fps": 12, "shots": shots, **board}
        (folder / "storyboard.json").write_text(json.dumps(content), "utf-8")
        self.ask("project.open", folder=str(folder))
        return folder

    def _end(self, sign: signal.Signals) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(sign)
            try:
                self._process.wait(LONGEST_END)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
                raise AssertionError(f"the studio did not end:\n{self.said()}") from None


def _begun(words: list[str], folder: Path, environment: dict[str, str], log: Path) -> Process:
    """`python main.py …`, forked where that can be done: nearly all of a start are imports."""
    if sys.platform == "linux":
        return _nursery().fork(words, log, folder, environment)
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, *words],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=folder,
            env=environment,
        )


@cache
def _nursery() -> Nursery:
    quiet = {
        "GRADIO_ANALYTICS_ENABLED": "False",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    modules = ["commands.window", "addons.window", "addons.serving"]
    return Nursery(sys.executable, HOUSE, {**os.environ, **quiet}, modules)


def chromium() -> str | None:
    """The browser of this machine that tests drive."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")  # the lightest first
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def picture(path: Path, colour: str = "#c04020", size: tuple[int, int] = (320, 192)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def prompts(folder: Path) -> list[str]:
    """Of a project's shots, as they are on disk."""
    board = json.loads((folder / "storyboard.json").read_text("utf-8"))
    return [shot["prompt"] for shot in board["shots"]]
