"""Other programs' commands: run to their end with what they say, ended with us, never through a shell."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from domain.events import finished

_LONGEST = 3600.0  # seconds
_LOOK = 0.5  # seconds between two words that a command still runs
_PATIENCE = 5.0  # seconds until one that was told to end is killed


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    said: str  # on stderr

    @property
    def last_words(self) -> str:
        lines = [line.strip() for line in (self.said or self.out).splitlines() if line.strip()]
        return lines[-1][:300] if lines else f"exit code {self.code}"


def run(
    command: Sequence[str | Path],
    folder: Path | None = None,
    env: Mapping[str, str | None] | None = None,
    longest: float = _LONGEST,
) -> Done:
    """`env` comes on top of ours; what is None there is taken out. Raises OSError when it cannot be started,
    TimeoutError when it takes too long."""
    return finished(going(command, folder, env, longest))


def going(
    command: Sequence[str | Path],
    folder: Path | None = None,
    env: Mapping[str, str | None] | None = None,
    longest: float = _LONGEST,
) -> Generator[None, None, Done]:
    """The same for a command that takes a while: yields while it runs, and ends it when it is closed."""
    end = time.monotonic() + longest
    process = subprocess.Popen(
        [str(word) for word in command],
        cwd=folder,
        env={k: v for k, v in {**os.environ, **(env or {})}.items() if v is not None},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # so that what it starts itself ends with it; and it asks at no terminal
    )
    try:
        while True:
            try:
                out, said = process.communicate(timeout=_LOOK)
                return Done(
                    process.returncode, out.decode("utf-8", "replace"), said.decode("utf-8", "replace")
                )
            except subprocess.TimeoutExpired:
                if time.monotonic() > end:
                    raise TimeoutError(f"{command[0]} takes longer than {longest:.0f} seconds") from None
            yield
    finally:
        if process.poll() is None:
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """With what it started itself."""
    with process:
        _signal(process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE)
        _signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))  # also whoever did not care


def _signal(process: "subprocess.Popen[bytes]", number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # all of them have ended
        if sys.platform == "win32":
            process.send_signal(number)
        else:
            os.killpg(process.pid, number)
