"""Pieces of a film: any clip made into exact frames of one format, and pieces put end to end.

The settings were found by reading frame codes back from thousands of frames; leaving one out
costs frames. `fps` after `setpts=N` keeps slow sources from doubling their first frame,
`-movie_timescale` keeps lengths from being rounded to milliseconds, and only `setparams`
makes the colour tags stick.
"""

import json
import os
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256 as digest
from pathlib import Path

from infrastructure import ffmpeg
from infrastructure.clip_probe import Clip
from infrastructure.hashes import sha256

_CROP_UP_TO = 0.05  # difference of aspect that is cropped away; more gets black bars
_ENCODER = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "16", "-bf", "2", "-sc_threshold", "0")
_CLOSED = ("-x264-params", "open-gop=0")
_BT709 = "color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv"


@dataclass(frozen=True)
class Part:
    """Frames `first` onwards of a source as `frames` frames of a film; the last is held when they run out."""

    source: Clip
    first: int
    frames: int
    fps: Fraction
    size: tuple[int, int]
    is_frame_by_frame: bool  # one frame of the source is one of the film; else it keeps its real speed
    lut: Path | None = None  # a .cube laid over the colours

    @property
    def key(self) -> str:
        """Says what the part will show, not where anything is kept."""
        content = [
            sha256(self.source.path),
            sha256(self.lut) if self.lut else "",
            self._filters,
            _output(self.frames, self.fps),
        ]
        return digest(json.dumps(content).encode()).hexdigest()

    @property
    def arguments(self) -> list[ffmpeg.Argument]:
        return [
            "-i",
            self.source.path.absolute(),
            "-map",
            "0:V:0",
            "-vf",
            self._filters,
            *_output(self.frames, self.fps),
        ]

    @property
    def _filters(self) -> str:
        times = f"settb={1 / self.fps},setpts=N" if self.is_frame_by_frame else "setpts=PTS-STARTPTS"
        chain = [f"select='gte(n,{self.first})'"] if self.first else []
        chain += [f"{times},fps={self.fps}:round=near", "tpad=stop_mode=clone:stop=-1"]
        if self.lut:
            chain += [f"scale={ffmpeg.EXACT},format=gbrp,lut3d={self.lut.name}"]
        if self.source.aspect != 1:
            chain += ["scale=iw*sar:ih"]
        chain += [self._fit, "setsar=1", "format=yuv420p", f"setparams={_BT709}"]
        return ",".join(chain)

    @property
    def _fit(self) -> str:
        width, height = self.size
        stretch = (
            self.source.aspect * Fraction(self.source.width, self.source.height) / Fraction(width, height)
        )
        fills = abs(stretch - 1) < _CROP_UP_TO
        scale = f"scale={width}:{height}:{ffmpeg.EXACT}:out_color_matrix=bt709:out_range=tv"
        if fills:
            return f"{scale}:force_original_aspect_ratio=increase,crop={width}:{height}"
        return f"{scale}:force_original_aspect_ratio=decrease,pad={width}:{height}:-1:-1"


# What follows yields how many frames are written.


def encode(part: Part, to: Path) -> Generator[int, None, None]:
    folder = part.lut.parent if part.lut else None  # the filter names its file without a path
    return ffmpeg.run([*part.arguments, to.absolute()], f"{part.source.path} cannot be encoded", folder)


def encode_black(fps: Fraction, size: tuple[int, int], to: Path) -> Generator[int, None, None]:
    """One black frame as `encode` would write it: shows the signature its parts have."""
    colour = f"color=black:s={size[0]}x{size[1]}:r={fps},format=yuv420p,setparams={_BT709}"
    return ffmpeg.run(
        ["-f", "lavfi", "-i", colour, *_output(1, fps), to.absolute()], f"{to} cannot be encoded"
    )


def drop_sound(clip: Clip, to: Path) -> Generator[int, None, None]:
    """The same packets alone, in the clip's own time base."""
    copy = ["-i", str(clip.path.absolute()), "-map", "0:V:0", "-c", "copy"]
    ticks = ["-video_track_timescale", str(clip.time_base.denominator), "-map_metadata", "-1", "-f", "mp4"]
    return ffmpeg.run([*copy, *ticks, to.absolute()], f"{clip.path} cannot be copied")


def put_together(parts: Sequence[Path], to: Path, fps: Fraction) -> Generator[int, None, None]:
    """Join clips of one signature without touching a packet; sound and other streams stay behind."""
    names = to.with_name(f"{to.stem}.list.part")
    try:
        names.write_bytes(os.fsencode("ffconcat version 1.0\n" + "".join(map(_entry, parts))))
        source = ["-f", "concat", "-safe", "0", "-i", str(names.absolute()), "-map", "0:V:0", "-c", "copy"]
        finish = [*_container(fps), "-movflags", "+faststart", str(to.absolute())]
        yield from ffmpeg.run([*source, *finish], f"{to} cannot be joined")
    finally:
        names.unlink(missing_ok=True)


def _output(frames: int, fps: Fraction) -> list[str]:
    end = ["-frames:v", str(frames), "-fps_mode", "cfr", "-r", str(fps), *_ENCODER]
    return [*end, "-g", str(max(1, int(2 * fps))), *_CLOSED, *_container(fps)]


def _container(fps: Fraction) -> list[str]:
    ticks = str(fps.numerator * (1 if fps.denominator > 1 else 1000))
    scales = ["-video_track_timescale", ticks, "-movie_timescale", ticks]
    return [*scales, "-map_metadata", "-1", "-f", "mp4"]


def _entry(path: Path) -> str:
    return "file '" + str(path.absolute()).replace("'", "'\\''") + "'\n"
