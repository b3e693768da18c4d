"""Pieces of a film: any clip made into exact frames of one format, and pieces put end to end.

The settings were found by reading frame codes back from thousands of frames; leaving one out
costs frames. `fps` after `setpts=N` keeps slow sources from doubling their first frame,
`-movie_timescale` keeps lengths from being rounded to milliseconds, and only `setparams`
makes the colour tags stick.
"""

import json
import os
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256 as digest
from pathlib import Path
from typing import Union

from infrastructure import ffmpeg
from infrastructure.clip_probe import Clip
from infrastructure.hashes import sha256

_CROP_UP_TO = 0.05  # difference of aspect that is cropped away; more gets black bars
_ENCODER = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "16", "-bf", "2", "-sc_threshold", "0")
_CLOSED = ("-x264-params", "open-gop=0")
BT709 = "color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv"


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
    skip: int = 0  # frames of the film left out at the beginning, once the rate is the film's
    until: int = 0  # the film's frame, counted before any is skipped, from which on the last stands; 0: none
    fade_in: int = 0  # frames from black; the first is black
    fade_out: int = 0  # frames to black; the last is black

    @property
    def is_untouched(self) -> bool:
        """Whether it shows the source from its first frame on, as it is."""
        return not (self.first or self.lut or self.skip or self.until or self.fade_in or self.fade_out)

    @property
    def sources(self) -> tuple[Clip, ...]:
        return (self.source,)

    @property
    def key(self) -> str:
        """Says what the part will show, not where anything is kept."""
        content = [
            sha256(self.source.path),
            sha256(self.lut) if self.lut else "",
            self.filters,
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
            self.filters,
            *_output(self.frames, self.fps),
        ]

    @property
    def filters(self) -> str:
        times = f"settb={1 / self.fps},setpts=N" if self.is_frame_by_frame else "setpts=PTS-STARTPTS"
        chain = [f"select='gte(n,{self.first})'"] if self.first else []
        chain += [f"{times},fps={self.fps}:round=near"]
        chain += [f"trim=end_frame={self.until}"] if self.until else []
        lead = int(self._fades)  # a frame before the first, since a fade out begins with a full picture
        chain += [f"tpad=start={lead}:start_mode=clone:stop_mode=clone:stop=-1"]
        chain += [_from(self.skip)] if self.skip else []
        if self.lut:
            chain += [f"scale={ffmpeg.EXACT},format=gbrp,lut3d={self.lut.name}"]
        if self.source.aspect != 1:
            chain += ["scale=iw*sar:ih"]
        chain += [self._fit, "setsar=1", "format=yuv420p"]
        if self.fade_in:
            chain += [f"fade=in:start_frame=1:nb_frames={self.fade_in}"]
        if self.fade_out:
            chain += [f"fade=out:start_frame={self.frames - self.fade_out}:nb_frames={self.fade_out}"]
        chain += [_from(1)] if self._fades else []
        return ",".join([*chain, f"setparams={BT709}"])

    @property
    def _fades(self) -> bool:
        return bool(self.fade_in or self.fade_out)

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


@dataclass(frozen=True)
class Dissolve:
    """The frames two shots share: one gives way to the other, evenly, and neither is ever seen alone."""

    before: Part
    after: Part
    lut: None = None

    @property
    def frames(self) -> int:
        return self.after.frames

    @property
    def sources(self) -> tuple[Clip, ...]:
        return self.before.source, self.after.source

    @property
    def key(self) -> str:
        content = ["dissolve", self.before.key, self.after.key, self._graph]
        return digest(json.dumps(content).encode()).hexdigest()

    @property
    def arguments(self) -> list[ffmpeg.Argument]:
        inputs = [argument for source in self.sources for argument in ("-i", source.path.absolute())]
        return [*inputs, "-filter_complex", self._graph, *_output(self.frames, self.after.fps)]

    @property
    def _graph(self) -> str:
        """`xfade` begins with the first picture alone: it gets a frame more, which is not shown."""
        lead = "tpad=start=1:start_mode=clone"
        sides = [f"[0:V:0]{self.before.filters},{lead}[a]", f"[1:V:0]{self.after.filters},{lead}[b]"]
        seconds = float((self.frames + 1) / self.after.fps)
        mixed = f"[a][b]xfade=transition=fade:duration={seconds:.9f}:offset=0,{_from(1)}"
        return ";".join([*sides, f"{mixed},format=yuv420p,setparams={BT709}"])


Piece = Union[Part, Dissolve]

# What follows yields how many frames are written.


def encode(piece: Piece, to: Path) -> Generator[int, None, None]:
    folder = piece.lut.parent if piece.lut else None  # the filter names its file without a path
    deed = f"{piece.sources[0].path} cannot be encoded"
    return ffmpeg.run([*piece.arguments, to.absolute()], deed, folder)


def encode_black(fps: Fraction, size: tuple[int, int], to: Path) -> Generator[int, None, None]:
    """One black frame as `encode` would write it: shows the signature its parts have."""
    colour = f"color=black:s={size[0]}x{size[1]}:r={fps},format=yuv420p,setparams={BT709}"
    return ffmpeg.run(
        ["-f", "lavfi", "-i", colour, *_output(1, fps), to.absolute()], f"{to} cannot be encoded"
    )


def drop_sound(clip: Clip, to: Path) -> Generator[int, None, None]:
    """The same packets alone, in the clip's own time base."""
    copy = ["-i", str(clip.path.absolute()), "-map", "0:V:0", "-c", "copy"]
    ticks = ["-video_track_timescale", str(clip.time_base.denominator), "-map_metadata", "-1", "-f", "mp4"]
    return ffmpeg.run([*copy, *ticks, to.absolute()], f"{clip.path} cannot be copied")


def put_together(parts: Sequence[Clip], to: Path, fps: Fraction) -> Generator[int, None, None]:
    """Join clips of one signature without touching a picture; sound and other streams stay behind.

    Each frame is put in its place by its number: clips know their length to the millisecond only, and
    a clip of one frame is decoded at once where others are decoded ahead.
    """
    names = to.with_name(f"{to.stem}.list.part")
    frame = f"({fps}*TB)"
    times = f"pts=round(round(PTS*{frame})/{frame}):duration=round(1/{frame})"
    order = f"dts=round((N-{max(part.delay for part in parts)})/{frame})"
    try:
        names.write_bytes(os.fsencode("ffconcat version 1.0\n" + "".join(_entries(parts, fps))))
        source = ["-f", "concat", "-safe", "0", "-i", str(names.absolute()), "-map", "0:V:0", "-c", "copy"]
        finish = [*container(fps), "-movflags", "+faststart", str(to.absolute())]
        yield from ffmpeg.run(
            [*source, "-bsf:v", f"setts={times}:{order}", *finish], f"{to} cannot be joined"
        )
    finally:
        names.unlink(missing_ok=True)


def _output(frames: int, fps: Fraction) -> list[str]:
    end = ["-frames:v", str(frames), "-fps_mode", "cfr", "-r", str(fps), *_ENCODER]
    return [*end, "-g", str(max(1, int(2 * fps))), *_CLOSED, *container(fps)]


def container(fps: Fraction, kind: str = "mp4") -> list[str]:
    """A file whose times are exact at this rate."""
    ticks = str(fps.numerator * (1 if fps.denominator > 1 else 1000))
    scales = ["-video_track_timescale", ticks, "-movie_timescale", ticks]
    return [*scales, "-map_metadata", "-1", "-f", kind]


def _from(frame: int) -> str:
    return f"trim=start_frame={frame},setpts=PTS-STARTPTS"


def _entries(parts: Sequence[Clip], fps: Fraction) -> Iterator[str]:
    """Files and how long each lasts, in microseconds that do not add up to a frame."""
    frames, before = 0, 0
    for part in parts:
        frames += part.frames
        end = round(frames / fps * 1_000_000)
        name = str(part.path.absolute()).replace("'", "'\\''")
        yield f"file '{name}'\nduration {end - before}us\n"
        before = end
