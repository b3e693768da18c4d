"""From clips to shots, from shots to the film: exact to the frame, or an error that says why not.

What fits is copied as it is; only what does not is encoded. There is no sound in the film
yet; sources that have some are counted aloud.
"""

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from hashlib import sha256 as digest
from itertools import pairwise
from pathlib import Path
from typing import Any, Union

from domain.errors import StudioError
from domain.events import Progress, Told
from infrastructure import colour
from infrastructure.clip_parts import Part, Piece
from infrastructure.clip_probe import Clip, known, probe
from infrastructure.hashes import sha256
from infrastructure.made_files import notes_of, recall, remember
from services.film_parts import Format, agreeing, stand
from services.rates import film_frames, is_frame_by_frame, nearest, speed
from services.seams import Segment, measure

__all__ = ["Film", "Format", "Segment", "ShotVideo", "is_made", "join", "lengths_of", "put", "shot_video"]

_NOTES = 1  # version of what is remembered of a made file
_HELD_UNTOLD = 2  # frames a rate's rounding may leave over

Step = Union[Progress, Told]


@dataclass(frozen=True)
class ShotVideo:
    path: Path
    frames: int
    drift: list[float]  # ΔE at each seam, as the clips came
    drift_left: list[float]  # the same after matching
    reused: bool  # it stood there already, made of the same


@dataclass(frozen=True)
class Film:
    path: Path
    frames: int
    reused: bool


def shot_video(
    segments: Sequence[Segment], to: Path, wanted: Format, frames: int, cache: Path, match_colour: bool = True
) -> Generator[Step, None, ShotVideo]:
    """Join the segments of a shot into exactly `frames` frames."""
    key = _key(segments, wanted, frames, match_colour)
    if notes := recall(cache, to, key):
        yield from map(Told, notes["told"])
        return ShotVideo(to, frames, notes["drift"], notes["left"], reused=True)
    clips = [probe(segment.path) for segment in segments]
    segments = [_within(segment, clip) for segment, clip in zip(segments, clips, strict=True)]
    lengths = _lengths(segments, clips, wanted.fps, frames)
    told = [*_of_sound(clips), *_of_hold(segments[-1], clips[-1], lengths[-1], wanted.fps)]
    yield from map(Told, told)
    seams = measure(segments, clips) if match_colour else []
    cubes = (
        [None, *(_cube(seam.correction, _folder(cache, to)) for seam in seams)]
        if seams
        else [None] * len(clips)
    )
    parts = [
        Part(
            clip, segment.first, length, wanted.fps, wanted.pixels, is_frame_by_frame(clip, wanted.fps), cube
        )
        for segment, clip, length, cube in zip(segments, clips, lengths, cubes, strict=True)
        if length
    ]
    paths = yield from agreeing(parts, wanted, _folder(cache, to))
    yield from stand(paths, to, wanted, frames)
    drift, left = [seam.drift for seam in seams], [seam.left for seam in seams]
    remember(cache, to, key, {"drift": drift, "left": left, "told": told, "lengths": lengths})
    return ShotVideo(to, frames, drift, left, reused=False)


def is_made(
    segments: Sequence[Segment], to: Path, wanted: Format, frames: int, cache: Path, match_colour: bool = True
) -> bool:
    """Whether what `shot_video` would make stands there already."""
    return recall(cache, to, _key(segments, wanted, frames, match_colour)) is not None


def lengths_of(video: Path, cache: Path) -> list[int]:
    """Frames of each segment in a shot's video as it stands; nothing when that is not known."""
    return list(notes_of(cache, video).get("lengths", ()))


def join(videos: Sequence[Path], to: Path, wanted: Format, cache: Path) -> Generator[Step, None, Film]:
    """The film: the videos in the order given, each as long as it is."""
    if not videos:
        raise StudioError(f"There are no videos to join into {to.name}. Render a shot first.")
    key = _key([Segment(video, 0) for video in videos], wanted)
    return (yield from _film(key, lambda: [_whole(known(v), wanted) for v in videos], to, wanted, cache))


def put(pieces: Sequence[Piece], to: Path, wanted: Format, cache: Path) -> Generator[Step, None, Film]:
    """The film of these pieces, end to end."""
    key = digest(json.dumps([_NOTES, [piece.key for piece in pieces]]).encode()).hexdigest()
    return (yield from _film(key, lambda: pieces, to, wanted, cache))


def _film(
    key: str, pieces: Callable[[], Sequence[Piece]], to: Path, wanted: Format, cache: Path
) -> Generator[Step, None, Film]:
    if notes := recall(cache, to, key):
        yield from map(Told, notes["told"])
        return Film(to, notes["frames"], reused=True)
    parts = pieces()
    told = list(_of_sound(dict.fromkeys(clip for part in parts for clip in part.sources)))
    yield from map(Told, told)
    frames = sum(part.frames for part in parts)
    paths = yield from agreeing(parts, wanted, _folder(cache, to))
    yield from stand(paths, to, wanted, frames)
    remember(cache, to, key, {"frames": frames, "told": told})
    return Film(to, frames, reused=False)


def _within(segment: Segment, clip: Clip) -> Segment:
    """The segment with no more frames than its clip has."""
    if clip.frames <= segment.first:
        raise StudioError(f"{clip.path} has {clip.frames} frames, and none from {segment.first} on.")
    return replace(segment, frames=min(segment.frames, clip.frames - segment.first))


def _whole(clip: Clip, wanted: Format) -> Part:
    frames = film_frames(clip, wanted.fps)
    return Part(clip, 0, frames, wanted.fps, wanted.pixels, is_frame_by_frame(clip, wanted.fps))


def _lengths(segments: Sequence[Segment], clips: Sequence[Clip], fps: Fraction, frames: int) -> list[int]:
    """Frames of the film each segment fills; the last one what is left, held if it runs out."""
    ends, time = [0], Fraction(0)
    for segment, clip in zip(segments, clips, strict=True):
        time += segment.frames * speed(clip, fps)
        ends.append(min(frames, nearest(time)))
    ends[-1] = frames
    return [end - start for start, end in pairwise(ends)]


def _folder(cache: Path, to: Path) -> Path:
    """Where the pieces of one video are kept."""
    return cache / "parts" / to.stem


def _cube(correction: colour.Correction | None, folder: Path) -> Path | None:
    if correction is None:
        return None
    name = digest(correction.tobytes()).hexdigest()[:16]
    return colour.write_cube(correction, folder / f"{name}.cube")


def _key(segments: Sequence[Segment], wanted: Format, *more: Any) -> str:
    content = [[sha256(s.path), s.first, s.frames] for s in segments]
    return digest(json.dumps([_NOTES, content, str(wanted.fps), wanted.pixels, more]).encode()).hexdigest()


def _of_sound(clips: Iterable[Clip]) -> Iterator[str]:
    if loud := sum(clip.has_audio for clip in clips):
        yield f"The sound of {loud} clip{'s' * (loud > 1)} is not in the film yet."


def _of_hold(segment: Segment, clip: Clip, length: int, fps: Fraction) -> Iterator[str]:
    held = length - nearest(segment.frames * speed(clip, fps))
    if held > _HELD_UNTOLD:
        yield f"{clip.path.name} is too short for its shot: its last frame is held for {held} frames."
