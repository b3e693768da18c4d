"""Clips whose frames say who they are: a code of 24 blocks in the picture, and how to read it back.

The code survives every codec used here, so a test can tell which frame of which clip it sees.
"""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from PIL import Image

WIDTH, HEIGHT = 192, 128
BLOCK, COLUMNS, ROWS = 16, 8, 3
LEFT, TOP = 32, 40

Code = tuple[int, int]  # clip, frame


def ffmpeg(*arguments: object, stdin: bytes | None = None) -> bytes:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *map(str, arguments)]
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=60, check=False)
    assert not done.returncode, done.stderr.decode()
    return done.stdout


# --- pictures that say who they are ---------------------------------------------------------------


def picture(clip: int, number: int) -> np.ndarray:
    """A soft coloured scene with something that moves, and the code on a dark plate."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    sky = np.stack([60 + x * 0.7, 80 + y * 0.9, 190 - x * 0.5 + clip], -1)
    sun = np.exp(-(((x - 20 - number * 2) / 18) ** 2 + ((y - 18) / 12) ** 2))
    pixels = sky + sun[..., None] * np.array([70.0, 40.0, -60.0])
    bits = _bits(clip, number)
    plate = np.kron(np.array(bits).reshape(ROWS, COLUMNS), np.ones((BLOCK, BLOCK)))
    pixels[TOP - 8 : TOP + plate.shape[0] + 8, LEFT - 8 : LEFT + plate.shape[1] + 8] = 16
    pixels[TOP : TOP + plate.shape[0], LEFT : LEFT + plate.shape[1]] = 16 + 214 * plate[..., None]
    return np.clip(pixels, 0, 255).astype(np.uint8)


def code(pixels: np.ndarray) -> Code:
    """The clip and frame a picture of this corpus shows."""
    plate = pixels[TOP : TOP + BLOCK * ROWS, LEFT : LEFT + BLOCK * COLUMNS].mean(-1)
    levels = plate.reshape(ROWS, BLOCK, COLUMNS, BLOCK)[:, 4:-4, :, 4:-4].mean((1, 3)).ravel()
    value = sum(int(level > 120) << place for place, level in enumerate(levels))
    clip, number = value & 63, value >> 6 & 4095
    assert value >> 18 == _check(clip, number), f"no code can be read from levels {levels.round()}"
    return clip, number


def _bits(clip: int, number: int) -> list[int]:
    value = clip | number << 6 | _check(clip, number) << 18
    return [value >> place & 1 for place in range(24)]


def _check(clip: int, number: int) -> int:
    return (clip * 37 + number * 11 + 23) % 61 + 1


def pixels_of(png: Path | bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(png) if isinstance(png, bytes) else png).convert("RGB"))


def codes(video: Path) -> list[Code]:
    """Who each frame is that a player shows, in order."""
    size = WIDTH * HEIGHT * 3
    shown = ["-map", "0:V:0", "-fps_mode", "passthrough", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"]
    raw = np.frombuffer(ffmpeg("-i", video, *shown), np.uint8)
    assert raw.size % size == 0, f"{video} is not {WIDTH}×{HEIGHT}"
    return [code(frame) for frame in raw.reshape(-1, HEIGHT, WIDTH, 3)]


def of(clip: int, numbers: Sequence[int]) -> list[Code]:
    return [(clip, number) for number in numbers]


# --- clips of every kind --------------------------------------------------------------------------

X264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p")
TO_709 = (
    "scale=flags=lanczos+accurate_rnd+full_chroma_int+full_chroma_inp:out_color_matrix=bt709:out_range=tv"
    ",setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709"
)


@dataclass(frozen=True)
class Kind:
    """How a test clip is made."""

    suffix: str = ".mp4"
    frames: int = 30
    fps: Fraction = Fraction(24)
    encoder: tuple[str, ...] = (*X264, "-g", "12", "-bf", "2")
    filters: str = TO_709
    sound: float = 0.0  # seconds
    after: tuple[str, ...] = ()  # a second pass that copies the packets
    before: tuple[str, ...] = ()  # options in front of the second pass's input
    durations: tuple[int, ...] = ()  # ticks of each frame, over and over, for uneven rates
    first: int = 0  # the first frame that is shown
    is_animation: bool = False  # made with Pillow
    quarter_turns: int = 0

    @property
    def shown(self) -> range:
        return range(self.first, self.frames)


NTSC = Fraction(24000, 1001)
VP9 = ("-c:v", "libvpx-vp9", "-crf", "30", "-b:v", "0", "-g", "12", "-pix_fmt", "yuv420p", "-cpu-used", "8")
KINDS = {
    "h264": Kind(),
    "h264 without b-frames": Kind(encoder=(*X264, "-g", "12", "-bf", "0")),
    "h264 with one key frame": Kind(encoder=(*X264, "-bf", "3")),
    "h264 with open groups": Kind(
        encoder=(*X264, "-bf", "3", "-x264-params", "open-gop=1:keyint=8:min-keyint=8")
    ),
    "h264 at 23.976": Kind(fps=NTSC),
    "h264 at 16": Kind(fps=Fraction(16)),
    "h264 at 25": Kind(fps=Fraction(25)),
    "h264 at 30": Kind(fps=Fraction(30)),
    "h264 at 29.97": Kind(fps=Fraction(30000, 1001)),
    "untagged colours": Kind(filters="null"),
    "full range": Kind(encoder=(*X264[:-1], "yuvj420p"), filters="scale=out_range=pc:out_color_matrix=bt709"),
    "4:4:4 in 10 bits": Kind(encoder=(*X264[:-1], "yuv444p10le")),
    "sound longer than picture": Kind(sound=3.0),
    "sound shorter than picture": Kind(sound=0.4),
    "one frame": Kind(frames=1),
    "two frames": Kind(frames=2),
    "hevc": Kind(
        encoder=("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=1:keyint=12")
    ),
    "prores": Kind(".mov", encoder=("-c:v", "prores", "-pix_fmt", "yuv422p10le")),
    "vp9": Kind(".webm", encoder=VP9),
    "vp9 at 23.976": Kind(".webm", fps=NTSC, encoder=VP9),
    "vp9 with hidden frames": Kind(".webm", encoder=(*VP9, "-auto-alt-ref", "1", "-lag-in-frames", "16")),
    "vp8": Kind(".webm", encoder=("-c:v", "libvpx", "-b:v", "1M", "-g", "12", "-cpu-used", "8")),
    "webm without duration": Kind(".webm", encoder=VP9, after=("-live", "1", "-f", "webm")),
    "av1": Kind(encoder=("-c:v", "libsvtav1", "-preset", "8", "-g", "12", "-crf", "25")),
    "matroska": Kind(".mkv"),
    "transport stream": Kind(".ts"),
    "late start": Kind(".mkv", after=("-output_ts_offset", "2")),
    "uneven mp4": Kind(durations=(1, 1, 3, 1, 2)),
    "uneven webm": Kind(".webm", encoder=VP9, durations=(1, 1, 3, 1, 2)),
    "edit list": Kind(before=("-ss", "0.3"), after=("-c", "copy"), first=8),
    "rotated": Kind(before=("-display_rotation", "90"), after=("-c", "copy"), quarter_turns=1),
    "gif": Kind(".gif", fps=Fraction(25), is_animation=True),
    "animated webp": Kind(".webp", fps=Fraction(25), is_animation=True),
    "animated png": Kind(".png", fps=Fraction(25), is_animation=True),
}


def make(kind: Kind, clip: int, folder: Path) -> Path:
    """A clip of this kind whose frames carry the number `clip`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"clip_{clip}{kind.suffix}"
    pictures = [picture(clip, number) for number in range(kind.frames)]
    if kind.is_animation:
        return animation(pictures, path, round(1000 / kind.fps))
    first = path.with_stem(path.stem + "_plain") if kind.after else path
    encode(pictures, first, kind)
    if kind.after:
        ffmpeg(*kind.before, "-i", first, "-map", "0", "-c", "copy", *kind.after, path)
    return path


def encode(pictures: Sequence[np.ndarray], to: Path, kind: Kind = KINDS["h264"]) -> Path:
    height, width = pictures[0].shape[:2]
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", kind.fps, "-i", "-"]
    sound = ["-f", "lavfi", "-t", kind.sound, "-i", "sine=440", "-c:a", "aac"] if kind.sound else []
    filters = kind.filters
    if kind.durations:
        filters += f",setpts='({_uneven(kind.durations)})/FR/TB'"
    rate = ["-fps_mode", "vfr" if kind.durations else "cfr"]
    output = ["-map", "0:v", *(["-map", "1:a"] if sound else []), "-vf", filters, *rate, *kind.encoder, to]
    ffmpeg(*source, *sound, *output, stdin=b"".join(p.tobytes() for p in pictures))
    return to


def _uneven(durations: Sequence[int]) -> str:
    """Frame n's time, in frames, as ffmpeg reckons."""
    starts = [sum(durations[:n]) for n in range(len(durations))]
    rest = "+".join(f"{start}*eq(mod(N,{len(durations)}),{n})" for n, start in enumerate(starts))
    return f"floor(N/{len(durations)})*{sum(durations)}+{rest}"


def animation(pictures: Sequence[np.ndarray], to: Path, milliseconds: int) -> Path:
    first, *rest = [Image.fromarray(pixels) for pixels in pictures]
    quality = {"lossless": True} if to.suffix == ".webp" else {}
    first.save(to, save_all=True, append_images=rest, duration=milliseconds, loop=0, **quality)
    return to
