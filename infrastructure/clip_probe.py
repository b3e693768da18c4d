"""What a video file holds: exact frames, rate, size, and whether it may be joined as it is.

Read from the table of packets, which costs no decoding and is right where a container's
duration, its frame count and its stated rate are not.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from pathlib import Path

from domain.errors import BadFile
from infrastructure import ffmpeg

_HIDDEN, _KEY = 4, 1
_COPY = ("-c", "copy", "-copyinkf")
_DECODE = ("-vf", "scale=16:16", "-fps_mode", "passthrough", "-enc_time_base", "demux", "-c:v", "rawvideo")
_NTSC = {round(n * 1000 / 1001, 2): Fraction(n * 1000, 1001) for n in (24, 30, 48, 60, 120)}
_VIDEO_BEGINS = re.compile(rb"....ftyp|\x1aE\xdf\xa3|GIF8|\x89PNG|RIFF....(WEBP|AVI )", re.DOTALL)
_CUT_OFF = re.compile(r"partial file|File ended prematurely|Packet corrupt|corrupt input packet")


@dataclass(frozen=True)
class Packet:
    pts: int
    is_key: bool
    is_hidden: bool  # by an edit list: decoded, never shown


@dataclass(frozen=True)
class Table:
    """The packets of a file's first video stream, and what ffmpeg said about the file."""

    time_base: Fraction
    packets: tuple[Packet, ...]
    last_duration: int
    header: dict[str, str]
    said: str
    is_whole: bool

    @cached_property
    def shown(self) -> list[int]:
        """When each frame is shown, in order; frame n is the n-th of these."""
        return sorted(p.pts for p in self.packets if not p.is_hidden)

    @property
    def has_free_keys(self) -> bool:
        """Whether decoding may begin at a key packet; frames of a gif or png build on all before them."""
        return self.header.get("codec_id", "") not in ("gif", "apng", "webp", "webp_anim")


@dataclass(frozen=True)
class Clip:
    path: Path
    frames: int
    fps: Fraction
    width: int  # as shown: after rotation
    height: int
    time_base: Fraction
    codec: str
    pix_fmt: str  # "yuv420p pc" for full range
    signature: str  # equal for clips whose packets may stand in one stream
    is_plain_picture: bool  # even rate, starts at 0, nothing hidden, rotated or stretched, in an MP4
    has_audio: bool
    is_even: bool  # every frame is shown equally long
    aspect: Fraction  # of one pixel
    delay: int  # frames that are decoded before the first can be shown, since some build on later ones

    @property
    def is_plain(self) -> bool:
        """It may go into a film without being encoded again."""
        return self.is_plain_picture and not self.has_audio

    @property
    def seconds(self) -> float:
        return float(self.frames / self.fps)


def probe(path: Path) -> Clip:
    table = packets(path)
    if _CUT_OFF.search(table.said):
        raise BadFile(f"{path} is damaged or cut off before its end. Fetch or export it again.")
    stream = _line(r"Video: .*", table.said)
    width, height = map(int, table.header["dimensions"].split("x"))
    is_turned = abs(_number(r"rotation of (-?[\d.]+)", table.said)) in (90, 270)
    gaps = [b - a for a, b in zip(table.shown, table.shown[1:], strict=False)]
    is_even = not gaps or max(gaps) - min(gaps) <= 1
    aspect = _ratio(table.header.get("sar", "0/1"))
    found = re.search(r"Video: (\w+)[^,]*, (\w+)(\(pc)?", stream)
    return Clip(
        path=path,
        frames=len(table.shown),
        fps=_rate(table, stream),
        width=height if is_turned else width,
        height=width if is_turned else height,
        time_base=table.time_base,
        codec=table.header.get("codec_id", ""),
        pix_fmt=f"{found[2]} pc" if found and found[3] else found[2] if found else "",
        signature=" ".join(
            f"{k}={table.header.get(k)}" for k in ("codec_id", "dimensions", "tb", "extradata")
        ),
        is_plain_picture=(
            is_even
            and table.packets[0].is_key
            and table.shown[0] == 0
            and len(table.shown) == len(table.packets)
            and aspect == 1
            and "rotation of" not in table.said
            and "Input #0, mov," in table.said
        ),
        has_audio=" Audio: " in table.said.partition("Output #0")[0],
        is_even=is_even,
        aspect=aspect,
        delay=_delay(table),
    )


def known(path: Path) -> Clip:
    """What `probe` says; asked once as long as the file does not change."""
    try:
        stat = path.stat()
    except OSError as error:
        raise BadFile(f"There is no file {path}.") from error
    return _known(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=5_000)
def _known(path: Path, size: int, changed: int) -> Clip:
    return probe(path)


def packets(path: Path) -> Table:
    """Every packet of the file."""
    return _table(path, [], _COPY)


def packets_at_end(path: Path) -> Table:
    """The packets from the last key packet on: nearly all a long file's end needs, at once."""
    return _table(path, ["-sseof", "-0.1"], _COPY)


def decoded(path: Path) -> Table:
    """Only what really decodes, going through the whole file; no place to begin at is known then."""
    table = _table(path, [], _DECODE)
    return replace(table, packets=tuple(replace(packet, is_key=False) for packet in table.packets))


def _table(path: Path, seek: Sequence[str], read: Sequence[str]) -> Table:
    answer = ffmpeg.ask(
        ["-copyts", *seek, "-i", path.absolute(), "-map", "0:V:0", *read, "-f", "framecrc", "-"]
    )
    header, rows = _parsed(answer.output.decode("utf-8", "replace"))
    if not rows:
        raise BadFile(_complaint(path, answer))
    last = max(rows, key=_pts)
    return Table(_ratio(header["tb"]), tuple(map(_packet, rows)), int(last[3]), header, answer.said, not seek)


def _delay(table: Table) -> int:
    places = {pts: place for place, pts in enumerate(table.shown)}
    shown = (packet for packet in table.packets if not packet.is_hidden)
    return max(number - places[packet.pts] for number, packet in enumerate(shown))


def _parsed(output: str) -> tuple[dict[str, str], list[list[str]]]:
    header, rows = {}, []
    for line in output.splitlines():
        if line.startswith("#"):
            name, _, value = line[1:].partition(": ")
            header[name.removesuffix(" 0")] = value.strip()
        elif line.count(",") >= 5:
            rows.append([cell.strip() for cell in line.split(",")])
    return header, rows


def _packet(row: Sequence[str]) -> Packet:
    flags = next((int(cell[2:], 16) for cell in row[6:] if cell.startswith("F=")), _KEY)
    return Packet(_pts(row), bool(flags & _KEY), bool(flags & _HIDDEN))


def _pts(row: Sequence[str]) -> int:
    return int(row[2]) if not row[2].startswith("-922337203685") else int(row[1])  # AVI has no pts


def _rate(table: Table, stream: str) -> Fraction:
    """The stated rate when it foretells the last frame to two ticks, else the measured one.

    A second of WebM, whose clock counts milliseconds, cannot tell 23.976 from 24 by itself.
    """
    number = _number(r"([\d.]+) fps", stream)
    stated = _NTSC.get(number, Fraction(str(number)))
    span = (table.shown[-1] - table.shown[0]) * table.time_base
    steps = len(table.shown) - 1
    if not span:
        return stated or 1 / (table.last_duration * table.time_base or Fraction(1, 24))
    if stated and abs(steps / stated - span) <= 2 * table.time_base:
        return stated
    return Fraction(steps) / span


def _complaint(path: Path, answer: ffmpeg.Answer) -> str:
    if not path.exists():
        return f"There is no file {path}."
    if path.stat().st_size == 0:
        return f"{path} is empty. Fetch or export it again."
    if "matches no streams" in answer.said:
        return f"{path} has no moving picture in it."
    with path.open("rb") as file:
        if _VIDEO_BEGINS.match(file.read(12)):
            return f"{path} is damaged or cut off before its end. Fetch or export it again."
    return f"{path} is not a video the studio can read."


def _line(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found[0] if found else ""


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    return float(found[1]) if found else 0.0


def _ratio(text: str) -> Fraction:
    above, _, below = text.partition("/")
    return Fraction(int(above), int(below)) if int(above) else Fraction(1)
