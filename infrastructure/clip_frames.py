"""Single frames of a video as PNG: exactly the one asked for, in exactly its colours."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from domain.errors import BadFile
from infrastructure import ffmpeg
from infrastructure.clip_probe import Table, decoded, packets, packets_at_end
from infrastructure.part_files import writing

CLIPS = (".mp4", ".webm", ".mov", ".mkv", ".gif", ".webp", ".apng")
# Without the last step the PNG would carry a gamma that viewers apply and nobody meant.
_TO_RGB = f"scale={ffmpeg.EXACT},format=rgb24,setparams=color_primaries=unknown:color_trc=unknown"
_PNG = ("-c:v", "png", "-compression_level", "1", "-pred", "none", "-f", "image2pipe", "-")


def beside(clip: Path) -> Path:
    """Where a clip's last frame is kept."""
    return clip.with_name(f"{clip.stem}_last.png")


def last_frame(video: Path, to: Path) -> Path:
    """Save the frame a viewer sees last; of a file whose end is damaged, the last that can be seen."""
    for table in _tables(video):
        for time in reversed(table.shown[-3:]):
            if png := _picture(video, table, time):
                return _save(png, to)
    raise BadFile(f"{video} has no frame that can be decoded. Fetch or export it again.")


def first_frame(video: Path, to: Path) -> Path:
    return frame(video, 0, to)


def frame(video: Path, number: int, to: Path) -> Path:
    """Save frame `number`, the first being 0; negative ones count from the end, -1 being the last."""
    return _save(picture(video, number), to)


def picture(video: Path, number: int) -> bytes:
    """Frame `number` as PNG, counted like `frame`."""
    table = packets(video)
    count = len(table.shown)
    if not -count <= number < count:
        raise BadFile(f"{video} has no frame {number}: its frames are 0 to {count - 1}.")
    png = _picture(video, table, table.shown[number])
    if not png:
        raise BadFile(f"Frame {number} of {video} cannot be decoded. Fetch or export it again.")
    return png


def _tables(video: Path) -> Iterator[Table]:
    """Ever more costly ways to learn what the last frame is: the end alone, all packets, all frames."""
    with suppress(BadFile):
        end = packets_at_end(video)
        if end.packets[0].is_key and end.has_free_keys:
            yield end
    yield packets(video)
    yield decoded(video)


def _picture(video: Path, table: Table, time: int) -> bytes:
    """The frame shown at `time`, decoding from the key packet before it; nothing if it does not decode."""
    seconds = float(time * table.time_base)
    source = ["-v", "error", "-copyts", "-fflags", "+discardcorrupt", *_seek(table, time), "-i"]
    select = f"select='between(t,{seconds - 0.0005:.6f},{seconds + 0.0005:.6f})',{_TO_RGB}"
    one = ["-map", "0:V:0", "-vf", select, "-fps_mode", "passthrough", "-frames:v", "1", *_PNG]
    is_last = time == table.shown[-1]
    for skip in ("noref", "none") if is_last else ("none",):  # on the way to the last, some need no decoding
        if png := ffmpeg.ask(["-skip_frame", skip, *source, video.absolute(), *one]).output:
            return png
    return b""


def _seek(table: Table, time: int) -> list[str]:
    keys = [p.pts for p in table.packets if p.is_key and not p.is_hidden and p.pts <= time]
    if not keys or not table.has_free_keys or (table.is_whole and max(keys) == table.packets[0].pts):
        return []
    key = float(max(keys) * table.time_base) - 0.001
    return ["-noaccurate_seek", "-seek_timestamp", "1", "-ss", f"{key:.6f}"]


def _save(png: bytes, to: Path) -> Path:
    with writing(to) as part:
        part.write_bytes(png)
    return to
