"""The ffmpeg that imageio-ffmpeg brings along: no other is looked for, and no shell is in between.

One process a deed, so that a crash or a hang in it cannot take the studio down. It never
outlives the call or the generator that started it. What the arguments mean is not known here.
"""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import IO, Union

import imageio_ffmpeg

from domain.errors import StudioError

SILENCE = 120.0  # seconds without anything new after which a process counts as hung

# swscale's fast path from YUV to RGB darkens by about one step each time; these flags do not.
EXACT = "flags=lanczos+accurate_rnd+full_chroma_int+full_chroma_inp"

Argument = Union[str, Path]
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0) if sys.platform == "win32" else 0
_NO_REASON = re.compile(r"Conversion failed|Last message repeated|Error opening (input|output) files?|^\s*$")


@dataclass(frozen=True)
class Answer:
    """What a process wrote, and what it said about it."""

    output: bytes
    said: str


def ask(arguments: Sequence[Argument]) -> Answer:
    """Run to the end and hand over standard output. For small answers: tables, one picture."""
    with _process(arguments, subprocess.PIPE) as process:
        try:
            output, said = process.communicate(timeout=SILENCE)
        except subprocess.TimeoutExpired as error:
            raise StudioError(f"ffmpeg gave no answer for {SILENCE:.0f} seconds and was ended.") from error
    return Answer(output, said.decode("utf-8", "replace"))


def run(arguments: Sequence[Argument], deed: str, folder: Path | None = None) -> Generator[int, None, None]:
    """Run and yield, at least once a second, how many frames are written. `deed` opens the sentence
    when it fails: "003.mp4 cannot be encoded". Closing the generator ends the process."""
    progress = ("-v", "error", "-nostats", "-stats_period", "0.25", "-progress", "pipe:1")
    with tempfile.TemporaryFile() as said, _process([*progress, *arguments], said, folder) as process:
        frames, last_news = 0, time.monotonic()
        for line in _lines(process):
            if line.startswith("frame=") and int(line[6:]) != frames:
                frames, last_news = int(line[6:]), time.monotonic()
            if time.monotonic() - last_news > SILENCE:
                raise StudioError(f"{deed}: ffmpeg made no progress for {SILENCE:.0f} seconds and was ended.")
            if not line or line.startswith("progress="):
                yield frames
        if process.wait():
            raise StudioError(f"{deed}: {_reason(_tail(said))}")


def program() -> str:
    """Where ffmpeg is. Raises StudioError when it is nowhere."""
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:  # imageio-ffmpeg has none for this machine
        raise _missing(error) from error


@contextmanager
def _process(
    arguments: Sequence[Argument], said: IO[bytes] | int, folder: Path | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    try:
        process = subprocess.Popen(
            [program(), "-hide_banner", "-nostdin", "-y", *map(str, arguments)],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            creationflags=_NO_WINDOW,
        )
    except OSError as error:
        raise _missing(error) from error
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _missing(error: Exception) -> StudioError:
    return StudioError(f"ffmpeg cannot be started: {error}. Install the studio's packages again.")


def _lines(process: "subprocess.Popen[bytes]") -> Iterator[str]:
    """Lines as they come, and an empty one for every second in which none came."""
    lines: Queue[str | None] = Queue()
    Thread(target=_read, args=(process.stdout, lines), daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=1.0)
        except Empty:
            line = ""
        if line is None:
            return
        yield line


def _read(pipe: IO[bytes], lines: "Queue[str | None]") -> None:
    with pipe:
        for line in pipe:
            lines.put(line.decode().strip() or " ")
    lines.put(None)


def _tail(said: IO[bytes]) -> str:
    size = said.seek(0, 2)
    said.seek(max(0, size - 4000))
    return said.read().decode("utf-8", "replace")


def _reason(said: str) -> str:
    """The last line that says something, without the name of the part that said it."""
    lines = [re.sub(r"^\[[^]]*\]\s*", "", line).strip() for line in said.splitlines()]
    told = [line for line in lines if not _NO_REASON.search(line)]
    return (told[-1][:200].rstrip(".") if told else "ffmpeg gave no reason") + "."
