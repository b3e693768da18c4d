"""Ending the studio while a pod runs: whoever ends it is asked, or told."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
LONGEST = 60.0

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs terminals and signals")


class Ended:
    """A studio that was opened with a pod in use, ended by Ctrl+C, and answered."""

    def __init__(self, runpod, folder, answer, on_terminal=True):
        self.pod = runpod.add_pod(name="film", cost=0.69)
        comfy = {"mode": "runpod", "pod_id": self.pod.id}
        (folder / "settings.json").write_text(json.dumps({"is_introduced": True, "comfy": comfy}))
        ours, theirs = os.openpty()
        command = [sys.executable, "main.py", "--no-browser", "--data-dir", str(folder)]
        self.process = subprocess.Popen(
            command,
            cwd=HOUSE,
            stdin=theirs if on_terminal else subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, **runpod.environment, "RUNPOD_API_KEY": runpod.key},
        )
        os.close(theirs)
        self._heard = b""
        reader = threading.Thread(target=self._read, args=(ours,), daemon=True)
        reader.start()
        try:
            self._until(lambda: "open at" in self.said and runpod.asked("GET /v2/pods"))
            self._until(lambda: (folder / "spending.json").exists())  # it was seen to cost
            self.process.send_signal(signal.SIGINT)
            if on_terminal:
                self._until(lambda: "[Y/n]" in self.said)
                os.write(ours, answer)
            self.code = self.process.wait(LONGEST)
            reader.join(5)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            os.close(ours)

    @property
    def said(self):
        return self._heard.decode("utf-8", "replace")

    def _read(self, ours):
        with suppress(OSError):
            while content := os.read(ours, 4096):
                self._heard += content

    def _until(self, is_so):
        end = time.monotonic() + LONGEST
        while not is_so():
            assert self.process.poll() is None and time.monotonic() < end, self.said
            time.sleep(0.05)


@pytest.mark.parametrize(("answer", "status"), [(b"\n", "EXITED"), (b"n\n", "RUNNING")])
def test_a_pod_that_runs_is_asked_about(runpod, tmp_path, answer, status):
    ended = Ended(runpod, tmp_path, answer)
    assert ended.code == 0
    assert "Running: film, for 0.69 USD an hour, also while the studio is closed." in ended.said
    assert ended.pod.status == status


def test_where_nobody_can_be_asked_it_is_said_how_to_stop_it(runpod, tmp_path):
    ended = Ended(runpod, tmp_path, b"", on_terminal=False)
    assert f"python main.py pods stop {ended.pod.id}" in ended.said
    assert ended.pod.status == "RUNNING"
