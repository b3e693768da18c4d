"""Other programs' commands: run to their end with what they say, ended with us, never through a shell."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LONGEST = 3600.0  # seconds


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
    try:
        done = subprocess.run(
            [str(word) for word in command],
            cwd=folder,
            env={k: v for k, v in {**os.environ, **(env or {})}.items() if v is not None},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=longest,
        )
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"{command[0]} takes longer than {longest:.0f} seconds") from error
    out, said = (text.decode("utf-8", "replace") for text in (done.stdout, done.stderr))
    return Done(done.returncode, out, said)
