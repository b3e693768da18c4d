"""How fast frames come out of clips, and clips become shots and a film.

    python bench/film.py [--keep DIR]

Makes its own clips (a painted picture the camera moves over, 24 fps, x264) and prints one
table: the last frame of a ten-minute clip, a film of twelve agreeing clips, and a shot of
three segments, the last beside a plain ffmpeg encode of the same frames in the same run.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

import imageio_ffmpeg
import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))

from infrastructure.clip_frames import frame, last_frame
from infrastructure.clip_probe import probe
from services.film import Format, Segment, join, shot_video

FPS = Fraction(24)
SIZES = ((832, 480), (1280, 720), (1920, 1080))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--keep", type=Path, help="folder for the clips, so that a second run has them")
    keep = options.parse_args().keep
    with tempfile.TemporaryDirectory() as passing:
        folder = keep or Path(passing)
        folder.mkdir(parents=True, exist_ok=True)
        for size in SIZES:
            bench_last_frame(folder, size)
        bench_join(folder)
        bench_shot(folder)


def bench_last_frame(folder: Path, size: tuple[int, int]) -> None:
    to, name = folder / "last.png", f"{size[0]}×{size[1]}"
    joined, long_groups = ten_minutes(folder, size, 120), ten_minutes(folder, size, 480)
    report(f"last frame of 10 min, {name}, of joined 5 s clips", timed(lambda: last_frame(joined, to)), 0.3)
    report("  with a key frame every 250 frames", timed(lambda: last_frame(long_groups, to)))
    report("  by the table of the whole file", timed(lambda: frame(joined, -1, to)))
    report("  probe of the whole file", timed(lambda: probe(joined)))


def bench_join(folder: Path) -> None:
    clips = [short(folder, (1280, 720), n, 120) for n in range(12)]
    wanted = Format(FPS, (1280, 720))

    def work() -> None:
        with tempfile.TemporaryDirectory(dir=folder) as fresh:
            finish(join(clips, Path(fresh) / "film.mp4", wanted, Path(fresh) / "cache"))

    report("film of 12 agreeing clips of 5 s, 720p, by copy", timed(work))


def bench_shot(folder: Path) -> None:
    size, frames = (832, 480), 3 * 81 - 2
    clips = [short(folder, size, n, 81) for n in range(3)]
    segments = [Segment(clip, 81 - (n > 0), first=int(n > 0)) for n, clip in enumerate(clips)]

    def ours() -> None:
        with tempfile.TemporaryDirectory(dir=folder) as fresh:
            finish(
                shot_video(segments, Path(fresh) / "a.mp4", Format(FPS, size), frames, Path(fresh) / "cache")
            )

    def plain() -> None:
        encoder = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "16", "-pix_fmt", "yuv420p"]
        for clip in clips:
            ffmpeg("-i", clip, *encoder, "-f", "mp4", folder / "plain.mp4")

    ours_takes, plain_takes = timed(ours, 5), timed(plain, 5)
    report("shot of 3 segments, 241 frames, 480p", ours_takes)
    report("  the same frames through plain ffmpeg", plain_takes)
    print(f"  ratio {median(ours_takes) / median(plain_takes):.2f}")


def timed(deed: Callable[[], Any], times: int = 9) -> list[float]:
    takes = []
    for _ in range(times):
        start = time.perf_counter()
        deed()
        takes.append(time.perf_counter() - start)
    return takes


def report(what: str, takes: list[float], aim: float | None = None) -> None:
    met = "" if aim is None else f"   aim {aim * 1000:.0f} ms: {'met' if median(takes) <= aim else 'MISSED'}"
    print(f"{what:60} {median(takes) * 1000:8.0f} ms (best {min(takes) * 1000:.0f}){met}", flush=True)


def finish(work: Generator[Any, None, Any]) -> None:
    for _ in work:
        pass


def ten_minutes(folder: Path, size: tuple[int, int], of_frames: int) -> Path:
    """One clip over and over: the last key frame lies up to `of_frames` or 250 before the end."""
    long = folder / f"ten_minutes_{size[0]}_{of_frames}.mp4"
    if not long.exists():
        again = ["-stream_loop", 14400 // of_frames - 1]
        ffmpeg(*again, "-i", short(folder, size, 0, of_frames), "-c", "copy", long)
    return long


def short(folder: Path, size: tuple[int, int], number: int, frames: int) -> Path:
    """A clip as a video model would leave it: a painted picture, a slow pan, hardly any grain."""
    to = folder / f"clip_{size[0]}_{number}_{frames}.mp4"
    if not to.exists():
        width, height = size
        picture = folder / "picture.png"
        Image.fromarray(painting(width * 2, height * 2, number)).save(picture)
        pan = f"crop={width}:{height}:x='n*1.3':y='n*0.7',noise=alls=2:allf=t"
        ffmpeg(*("-loop", 1, "-r", FPS, "-i", picture, "-vf", pan, "-frames:v", frames), *X264, to)
    return to


X264 = ("-c:v", "libx264", "-crf", "19", "-pix_fmt", "yuv420p")  # as ComfyUI's nodes write by default


def painting(width: int, height: int, seed: int) -> np.ndarray:
    """Blots of many sizes, one over the other."""
    random, pixels = np.random.default_rng(seed), np.zeros((height, width, 3))
    for power in range(2, 8):
        blots = random.integers(0, 255, (2**power * 9 // 16 + 1, 2**power, 3), dtype=np.uint8)
        pixels += (
            np.asarray(Image.fromarray(blots).resize((width, height), Image.Resampling.BICUBIC)) / 2**power
        )
    return (255 * pixels / pixels.max()).astype(np.uint8)


def ffmpeg(*arguments: object) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", *map(str, arguments)]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
