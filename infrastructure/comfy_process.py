"""A ComfyUI that is started here, as a process: its way up, its last words, its end."""

import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from domain.errors import BackendUnreachable
from domain.status import Status

TOLD = 30.0  # seconds between two words while it starts
LOOK = 0.25  # seconds between two looks
GOODBYE = 10.0  # seconds it has to end when told to
LAST_WORDS = 12  # lines
TOO_LONG = -1000  # in place of an exit code; -9 and the like are signals


class ComfyProcess:
    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        hear: Callable[[str], object] = sys.stderr.write,
    ):
        """`hear` gets every line it says."""
        self._lines: deque[str] = deque(maxlen=LAST_WORDS)
        self._hear = hear
        try:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
        except OSError as error:
            raise BackendUnreachable(f"{command[0]} cannot be started: {error.strerror or error}.") from error
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def end(self) -> str:
        """Nothing while it lives; else one sentence about how it died."""
        code = self._process.poll()
        if code is None:
            return ""
        self._reader.join(1.0)
        why = "it was killed, most likely for want of memory" if code in (-9, 137) else f"exit code {code}"
        said = next((line for line in reversed(self._lines) if line.strip()), "")
        return f"ComfyUI ended ({why})" + (f". Its last words: {said[:300].strip()}" if said else ".")

    @property
    def last_words(self) -> list[str]:
        return list(self._lines)

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(GOODBYE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def kill(self) -> None:
        """One that hears nothing any more."""
        self._process.kill()
        self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.append(line.rstrip())
            self._hear(line)


def wait_until_up(
    look: Callable[[], Status], process: ComfyProcess | None, seconds: float, tell: Callable[[str], None]
) -> Status:
    """Raises BackendUnreachable when it dies, or does not answer in that time."""
    began = told = time.monotonic()
    while not (status := look()).is_up:
        now = time.monotonic()
        if process and process.end:
            raise BackendUnreachable(process.end)
        if now - began > seconds:
            said = process.last_words[-1] if process and process.last_words else status.said
            raise BackendUnreachable(f"ComfyUI did not answer within {seconds:.0f} seconds. It says: {said}")
        if now - told > TOLD:
            told = now
            tell(f"ComfyUI is starting, for {now - began:.0f} of at most {seconds:.0f} seconds.")
        time.sleep(LOOK)
    return status


def output_of(command: Sequence[str], seconds: float) -> tuple[int, str]:
    """The exit code of a short command and all it said. -1: it cannot be started; TOO_LONG: it was ended."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return TOO_LONG, f"it takes longer than {seconds:.0f} seconds"
    except OSError as error:
        return -1, str(error)
    return done.returncode, f"{done.stdout}\n{done.stderr}".strip()
