"""Frames into an mp4, through a pipe. The process never outlives the `with` it is used in."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import IO

from domain.errors import JobFailed
from infrastructure.ffmpeg import program
from infrastructure.sketch.planes import Planes

PRESET, QUALITY = "veryfast", "16"
ENDING = 60.0  # seconds ffmpeg may take to finish a file
COLOURS = "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv"
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0) if sys.platform == "win32" else 0


class Encoder:
    def __init__(self, process: "subprocess.Popen[bytes]", said: IO[bytes], to: Path):
        self._process, self._said, self._to = process, said, to

    def write(self, frame: Planes) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.write(frame.bytes())
        except OSError as error:
            raise self._failure() from error

    def finish(self) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.close()
            code = self._process.wait(ENDING)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise self._failure() from error
        if code:
            raise self._failure()

    def _failure(self) -> JobFailed:
        self._process.kill()
        self._process.wait()
        self._said.seek(0)
        lines = self._said.read().decode("utf-8", "replace").strip().splitlines()
        reason = lines[-1][:200].rstrip(".") if lines else "ffmpeg ended without a reason"
        return JobFailed(f"{self._to.name} could not be encoded: {reason}. Is the disk full?")


@contextmanager
def encoding(to: Path, size: tuple[int, int], fps: float, comment: str) -> Iterator[Encoder]:
    rate = Fraction(fps).limit_denominator(1001)
    scale = rate.numerator * (1 if rate.denominator > 1 else 1000)
    source = [
        "-f",
        "rawvideo",
        "-pix_fmt",
        "yuv420p",
        "-s",
        f"{size[0]}x{size[1]}",
        "-r",
        str(rate),
        "-i",
        "-",
    ]
    quality = ["-c:v", "libx264", "-preset", PRESET, "-crf", QUALITY, "-pix_fmt", "yuv420p", "-bf", "2"]
    groups = ["-g", str(max(1, int(2 * rate))), "-sc_threshold", "0", "-x264-params", "open-gop=0"]
    times = ["-video_track_timescale", str(scale), "-movie_timescale", str(scale)]
    about = ["-metadata", f"comment={comment}", "-movflags", "+faststart", "-f", "mp4", str(to)]
    quiet = [program(), "-v", "error", "-nostats", "-y"]
    command = [*quiet, *source, "-vf", COLOURS, *quality, *groups, *times, *about]
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=said,
                creationflags=_NO_WINDOW,
            )
        except OSError as error:
            raise JobFailed(f"ffmpeg could not be started: {error.strerror or error}.") from error
        try:
            yield Encoder(process, said, to)
        finally:
            process.kill()
            process.wait()
            if process.stdin:
                _close(process.stdin)


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except OSError:
        return  # the reader is gone; nothing was left to say
