"""Pieces made ready to stand in one stream, and put there: what `film` does with its hands.

Encoded pieces lie in a folder under a key of their content, so nothing is encoded twice. Work that
goes on side by side has a folder each, so nobody writes where another does.
"""

import os
import shutil
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from domain.errors import StudioError
from domain.events import Progress
from infrastructure import clip_parts
from infrastructure.clip_parts import Part, Piece
from infrastructure.clip_probe import Clip, known, probe
from infrastructure.hashes import sha256
from infrastructure.part_files import writing

_PLAYABLE = ("h264", "vp9", "av1")  # what every browser shows out of an MP4

Frames = Generator[int, None, Path]  # yields frames done, returns the file


@dataclass(frozen=True)
class Format:
    """What all pictures of a film have in common."""

    fps: Fraction
    size: tuple[int, int]

    @property
    def pixels(self) -> tuple[int, int]:
        """The size as video can have it: even both ways."""
        return self.size[0] // 2 * 2, self.size[1] // 2 * 2


def agreeing(parts: Sequence[Piece], wanted: Format, folder: Path) -> Generator[Progress, None, list[Path]]:
    """Files of one signature that show the parts: sources where they agree as they are, else encoded."""
    parts = [_silent(part, wanted, folder) for part in parts]
    standing = [_standing(part, wanted) for part in parts]
    own = {clip.signature for clip in standing if clip}
    if len(own) > 1 or (own and not all(standing)):
        own &= {_encoded_signature(wanted, folder)}  # some are encoded: only what is like those stays
    paths: list[Path] = []
    done, total = 0, sum(part.frames for part in parts)
    for number, (part, clip) in enumerate(zip(parts, standing, strict=True), 1):
        if clip and clip.signature in own:
            paths.append(clip.path)
        else:
            note = f"Fitting clip {number} of {len(parts)} into the film"
            paths.append((yield from _told(_encoded(part, folder), done, total, note)))
        done += part.frames
    return paths


def stand(paths: Sequence[Path], to: Path, wanted: Format, frames: int) -> Generator[Progress, None, None]:
    """Put the files end to end at `to`; a single one becomes a hard link. Counted before it stands there."""
    with writing(to) as part:
        if len(paths) == 1:
            link(paths[0], part)
        else:
            with closing(clip_parts.put_together([known(path) for path in paths], part, wanted.fps)) as work:
                for written in work:
                    yield Progress(written / frames, f"Joining {to.name}")
        _check(part, to, wanted, frames)


def _standing(part: Piece, wanted: Format) -> Clip | None:
    """The source that is the part, packet for packet, if there is one."""
    if not (isinstance(part, Part) and part.is_untouched):
        return None
    clip = part.source
    return clip if part.frames == clip.frames and clip.is_plain and _has_format(clip, wanted) else None


def _has_format(clip: Clip, wanted: Format) -> bool:
    is_playable = clip.codec in _PLAYABLE and clip.pix_fmt == "yuv420p"
    return is_playable and (clip.width, clip.height) == wanted.pixels and clip.fps == wanted.fps


def _silent(part: Piece, wanted: Format, folder: Path) -> Piece:
    """The part from a copy of its source without the sound, where only the sound is in the way."""
    if not (isinstance(part, Part) and part.is_untouched):
        return part
    clip = part.source
    if not (clip.has_audio and clip.is_plain_picture and _has_format(clip, wanted)):
        return part
    to = folder / f"{sha256(clip.path)}.silent.mp4"
    if not to.exists():
        with writing(to) as partial:
            for _ in clip_parts.drop_sound(clip, partial):
                pass
    return replace(part, source=probe(to))


def _encoded_signature(wanted: Format, folder: Path) -> str:
    """The signature that encoded parts will have, seen on a single black frame."""
    width, height = wanted.pixels
    to = folder / f"black_{width}x{height}_{wanted.fps.numerator}_{wanted.fps.denominator}.mp4"
    if not to.exists():
        with writing(to) as partial:
            for _ in clip_parts.encode_black(wanted.fps, wanted.pixels, partial):
                pass
    return probe(to).signature


def _encoded(part: Piece, folder: Path) -> Frames:
    to = folder / f"{part.key}.mp4"
    if not to.exists():
        with writing(to) as partial:
            yield from clip_parts.encode(part, partial)
            if (frames := probe(partial).frames) != part.frames:
                raise StudioError(f"{part.sources[0].path} gave {frames} frames instead of {part.frames}.")
    return to


def _told(work: Frames, done: int, total: int, note: str) -> Generator[Progress, None, Path]:
    """Frames as progress of all the work; ends the inner work with itself."""
    try:
        while True:
            yield Progress(min(1.0, (done + next(work)) / total), note)
    except StopIteration as end:
        path: Path = end.value
        return path
    finally:
        work.close()


def link(source: Path, to: Path) -> None:
    """The same file under another name; a copy where there are no links."""
    try:
        os.link(source, to)
    except OSError:  # another disk, or one that knows no links
        shutil.copyfile(source, to)


def _check(part: Path, to: Path, wanted: Format, frames: int) -> None:
    made = probe(part)
    if made.frames != frames or not made.is_plain or (frames > 1 and made.fps != wanted.fps):
        seen = f"{made.frames} frames at {float(made.fps):.3f} per second"
        asked = f"{frames} at {float(wanted.fps):.3f}"
        raise StudioError(f"{to.name} came out with {seen} instead of {asked}, so it was not kept.")
