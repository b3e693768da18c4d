"""The forms a finished film is handed out in, and how ffmpeg writes each from the film itself.

Every one shows the film's frames and no others; those with a slower rate show every second, or third.
"""

from collections.abc import Generator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path

from infrastructure import ffmpeg
from infrastructure.clip_parts import BT709, container
from infrastructure.clip_probe import Clip
from infrastructure.part_files import named

_SEEN_FOR_PALETTE = 400  # frames
_PASSED = ("-fps_mode", "passthrough", "-map_metadata", "-1")
_UNTAGGED = "setparams=color_primaries=unknown:color_trc=unknown"


@dataclass(frozen=True)
class Preset:
    name: str
    label: str
    about: str
    suffix: str  # "" for a folder of pictures
    pix_fmt: str
    encoder: tuple[str, ...] = ()  # none: the film as it is
    box: tuple[int, int] | None = None  # longer and shorter side it has to fit into
    most_fps: int | None = None

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """The film's size, or the largest of its shape that fits."""
        if not self.box:
            return size
        share = min(Fraction(1), Fraction(self.box[0], max(size)), Fraction(self.box[1], min(size)))
        return _even(size[0] * share), _even(size[1] * share)

    def step(self, fps: Fraction) -> int:
        """Every how manieth frame is shown."""
        return ceil(fps / self.most_fps) if self.most_fps else 1


PRESETS = {
    preset.name: preset
    for preset in (
        Preset(
            "h264", "H.264", "The film as MP4, for every player. It is film.mp4 as well.", ".mp4", "yuv420p"
        ),
        Preset(
            "h264_share",
            "H.264, small",
            "An MP4 of at most 720p, to send.",
            ".mp4",
            "yuv420p",
            ("-c:v", "libx264", "-preset", "medium", "-crf", "24", "-movflags", "+faststart"),
            (1280, 720),
        ),
        Preset(
            "prores",
            "ProRes 422 HQ",
            "For editing programs; large.",
            ".mov",
            "yuv422p10le",
            ("-c:v", "prores", "-profile:v", "3"),
        ),
        Preset(
            "gif",
            "GIF",
            "Plays everywhere by itself; small and short.",
            ".gif",
            "rgb24",
            ("-c:v", "gif"),
            (480, 360),
            16,
        ),
        Preset(
            "webp",
            "Animated WebP",
            "Plays in browsers by itself; sharper than a GIF.",
            ".webp",
            "yuv420p",
            ("-c:v", "libwebp", "-quality", "75", "-compression_level", "4"),
            (640, 480),
            30,
        ),
        Preset(
            "png",
            "Image sequence",
            "Every frame as a PNG, in a folder.",
            "",
            "rgb24",
            ("-c:v", "png", "-compression_level", "3", "-pred", "up"),
        ),
    )
}


def shown_frames(preset: Preset, frames: int, fps: Fraction) -> int:
    return ceil(Fraction(frames, preset.step(fps)))


def export(preset: Preset, film: Clip, to: Path) -> Generator[int, None, None]:
    """Write the film in this form; `to` is a file, or a folder that is there. Yields frames written."""
    deed = f"{named(to)} cannot be written"
    if preset.name == "gif":
        return _gif(preset, film, to, deed)
    source = ["-i", str(film.path.absolute()), "-map", "0:V:0", "-vf", _filters(preset, film)]
    if preset.name == "png":
        pictures = ["-start_number", "1", "-f", "image2", "%06d.png"]  # the folder's own name may hold a %
        return ffmpeg.run([*source, *_PASSED, *preset.encoder, *pictures], deed, to)
    if preset.name == "webp":
        loop = ["-loop", "0", "-f", "webp", str(to.absolute())]
        return ffmpeg.run([*source, *_PASSED, *preset.encoder, *loop], deed)
    rate = ["-fps_mode", "cfr", "-r", str(film.fps), "-g", str(max(1, int(2 * film.fps)))]
    kind = container(film.fps, preset.suffix.removeprefix("."))
    return ffmpeg.run([*source, *rate, *preset.encoder, *kind, str(to.absolute())], deed)


def _gif(preset: Preset, film: Clip, to: Path, deed: str) -> Generator[int, None, None]:
    """In two goes, since a palette of all frames in one would keep the whole film in memory."""
    palette = to.with_name(f"{to.stem}.palette.part")
    source: list[ffmpeg.Argument] = ["-i", str(film.path.absolute())]
    sparse = max(1, film.frames // _SEEN_FOR_PALETTE)
    seen = f"select='not(mod(n,{sparse}))',{_scaled(preset, film)},palettegen"
    picture = ["-frames:v", "1", "-update", "1", "-c:v", "png", "-f", "image2", str(palette.absolute())]
    mixed = f"[0:V:0]{_filters(preset, film)}[a];[a][1:v]paletteuse=dither=bayer:bayer_scale=3"
    try:
        yield from ffmpeg.run([*source, "-map", "0:V:0", "-vf", seen, *picture], deed)
        graph = ["-i", str(palette.absolute()), "-filter_complex", f"{mixed}:diff_mode=rectangle"]
        finish = [*_PASSED, *preset.encoder, "-loop", "0", "-f", "gif", str(to.absolute())]
        yield from ffmpeg.run([*source, *graph, *finish], deed)
    finally:
        palette.unlink(missing_ok=True)


def _filters(preset: Preset, film: Clip) -> str:
    step = preset.step(film.fps)
    chain = [f"select='not(mod(n,{step}))',settb={step / film.fps},setpts=N"] if step > 1 else []
    tags = BT709 if preset.pix_fmt.startswith("yuv") else ""
    return ",".join([*chain, _scaled(preset, film), f"setparams={tags}" if tags else _UNTAGGED])


def _scaled(preset: Preset, film: Clip) -> str:
    width, height = preset.size((film.width, film.height))
    return f"scale={width}:{height}:{ffmpeg.EXACT},setsar=1,format={preset.pix_fmt}"


def _even(side: Fraction) -> int:
    return max(2, round(side / 2) * 2)
