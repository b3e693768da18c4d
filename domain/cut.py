"""The film as it is cut: tracks of entries, and where each shot stands on the film's clock.

Everything is counted in frames of the film. The order of the shots is the board's: an entry says
what is done to its shot wherever it stands, and entries of shots not in the film are kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import floor
from typing import Any

from domain.errors import StudioError

VIDEO = "video"
EDITS = ("trim_in", "trim_out", "hold", "fade_in", "fade_out", "dissolve")
MOST = 100_000  # frames of one edit; over an hour


@dataclass(frozen=True)
class Entry:
    """What is done to one shot."""

    shot: str
    trim_in: int = 0  # frames left out at its beginning
    trim_out: int = 0  # and at its end
    hold: int = 0  # frames for which its last picture stands
    fade_in: int = 0  # frames from black; the first is black
    fade_out: int = 0  # frames to black; the last is black
    dissolve: int = 0  # frames it shares with the shot after it
    raw: Mapping[str, Any] = field(default_factory=dict)  # the file's own object, kept on save

    @property
    def edits(self) -> dict[str, int]:
        """Those there are, by name."""
        return {name: getattr(self, name) for name in EDITS if getattr(self, name)}


@dataclass(frozen=True)
class Track:
    kind: str = VIDEO
    entries: tuple[Entry, ...] = ()  # of a video track; of others the studio keeps what the file says
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Cut:
    fps: Fraction | None = None  # what its frames are counted in; None: the film's rate, whatever it is
    tracks: tuple[Track, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict)

    def entry(self, shot: str) -> Entry:
        """The shot's entry, or one that does nothing."""
        found = (entry for track in self._videos for entry in track.entries if entry.shot == shot)
        return next(found, Entry(shot))

    def with_entry(self, entry: Entry) -> "Cut":
        """The cut with this entry in place of the shot's own."""
        entry = replace(entry, raw=entry.raw or self.entry(entry.shot).raw)
        if not self._videos:
            return replace(self, tracks=(Track(entries=(entry,)), *self.tracks))
        track = next(
            (t for t in self._videos if any(e.shot == entry.shot for e in t.entries)), self._videos[0]
        )
        others = [entry if known.shot == entry.shot else known for known in track.entries]
        changed = replace(track, entries=tuple(others if entry in others else [*others, entry]))
        return replace(self, tracks=tuple(changed if t is track else t for t in self.tracks))

    def is_plain(self, shots: Iterable[str]) -> bool:
        """Whether nothing is done to any of these shots."""
        return not any(self.entry(shot).edits for shot in shots)

    def at(self, fps: Fraction) -> "Cut":
        """The cut for a film of this rate: counted in other frames, it takes as long as before."""
        if self.fps in (None, fps):
            return replace(self, fps=fps)
        speed = fps / self.fps if self.fps else Fraction(1)
        tracks = [
            replace(t, entries=tuple(_scaled(entry, speed) for entry in t.entries)) for t in self.tracks
        ]
        return replace(self, fps=fps, tracks=tuple(tracks))

    @property
    def _videos(self) -> list[Track]:
        return [track for track in self.tracks if track.kind == VIDEO]


@dataclass(frozen=True)
class Span:
    """One shot on the film's clock. It shares its first and last frames with its neighbours in dissolves."""

    shot: str
    start: int  # the film's frame in which it is first seen
    frames: int  # for which it is seen
    first: int  # its own frame it begins with
    moving: int  # frames of its own it shows; then the last stands still
    length: int  # frames it has
    fade_in: int = 0
    fade_out: int = 0
    dissolve_in: int = 0
    dissolve_out: int = 0

    @property
    def end(self) -> int:
        """The film's frame after its last."""
        return self.start + self.frames

    @property
    def is_whole(self) -> bool:
        """Whether the shot is shown as it is."""
        fading = self.fade_in or self.fade_out or self.dissolve_in or self.dissolve_out
        return not fading and self.frames == self.moving == self.length


@dataclass(frozen=True)
class Misfit:
    """An edit that cannot be as it says."""

    shot: str
    edits: tuple[str, ...]
    sentence: str
    instead: str


@dataclass(frozen=True)
class Timeline:
    spans: tuple[Span, ...]
    misfits: tuple[Misfit, ...] = ()

    @property
    def frames(self) -> int:
        return self.spans[-1].end if self.spans else 0

    @property
    def is_plain(self) -> bool:
        return all(span.is_whole for span in self.spans)

    @property
    def told(self) -> list[str]:
        """What does not fit, and what is shown instead."""
        return [f"{misfit.sentence} {misfit.instead}" for misfit in self.misfits]

    def at(self, frame: int) -> list[Span]:
        """The shots seen in a frame of the film: one, or two in a dissolve."""
        return [span for span in self.spans if span.start <= frame < span.end]


def timeline(cut: Cut, lengths: Mapping[str, int]) -> Timeline:
    """Where the shots stand, given how many frames each has, in the order of the film.

    What does not fit, because a shot is shorter now or stands elsewhere, is shown as far as it fits.
    """
    misfits: list[Misfit] = []
    entries = [cut.entry(shot) for shot in lengths]
    spans = [_trimmed(entry, lengths[entry.shot], misfits) for entry in entries]
    for n, entry in enumerate(entries):
        shared = _dissolve(entry, spans[n:], misfits)
        spans[n] = replace(spans[n], dissolve_out=shared)
        if n + 1 < len(spans):
            start = spans[n].end - shared
            spans[n + 1] = replace(spans[n + 1], start=start, dissolve_in=shared)
        spans[n] = _faded(entry, spans[n], misfits)
    return Timeline(tuple(spans), tuple(misfits))


def edited(cut: Cut, lengths: Mapping[str, int], entry: Entry) -> Cut:
    """The cut with this entry. Raises StudioError when what it changes does not fit."""
    if entry.shot not in lengths:
        raise StudioError(f"Shot {entry.shot} is not in the film.")
    for name, count in entry.edits.items():
        if not 0 <= count <= MOST:
            raise StudioError(
                f"{count} frames cannot be: from 0 to {MOST:,} can, for {name} of {entry.shot}."
            )
    changed = cut.with_entry(entry)
    before = cut.entry(entry.shot)
    touched = {name for name in EDITS if getattr(entry, name) != getattr(before, name)}
    known = {(misfit.shot, misfit.edits) for misfit in timeline(cut, lengths).misfits}
    for misfit in timeline(changed, lengths).misfits:
        is_of_this = misfit.shot == entry.shot and touched.intersection(misfit.edits)
        if is_of_this or (misfit.shot, misfit.edits) not in known:
            raise StudioError(misfit.sentence)
    return changed


def _trimmed(entry: Entry, length: int, misfits: list[Misfit]) -> Span:
    begin, end = entry.trim_in, entry.trim_out
    if begin + end >= length:
        sentence = f"Shot {entry.shot} has {length} frames: trims of {begin} and {end} leave nothing of it."
        misfits.append(Misfit(entry.shot, ("trim_in", "trim_out"), sentence, "One frame of it is shown."))
        begin = min(begin, length - 1)
        end = length - 1 - begin
    moving = length - begin - end
    return Span(entry.shot, 0, moving + entry.hold, begin, moving, length)


def _dissolve(entry: Entry, spans: Sequence[Span], misfits: list[Misfit]) -> int:
    """Frames the first of the spans shares with the second."""
    if not entry.dissolve:
        return 0
    if len(spans) < 2:
        sentence = f"Shot {entry.shot} is the last one: there is nothing it could dissolve into."
        misfits.append(Misfit(entry.shot, ("dissolve",), sentence, "It ends without."))
        return 0
    most = min(entry.dissolve, spans[0].frames - spans[0].dissolve_in, spans[1].frames)
    if most < entry.dissolve:
        what = f"A dissolve of {entry.dissolve} frames from shot {entry.shot} into {spans[1].shot}"
        sentence = f"{what} does not fit: {most} are the most."
        misfits.append(Misfit(entry.shot, ("dissolve",), sentence, f"It has {most}."))
    return most


def _faded(entry: Entry, span: Span, misfits: list[Misfit]) -> Span:
    """The span with its fades. Where it dissolves it does not fade as well."""
    room = span.frames - span.dissolve_in - span.dissolve_out
    fade_in = _fade(entry, "fade_in", 0 if span.dissolve_in else room, misfits)
    fade_out = _fade(entry, "fade_out", 0 if span.dissolve_out else room - fade_in, misfits)
    return replace(span, fade_in=fade_in, fade_out=fade_out)


def _fade(entry: Entry, name: str, most: int, misfits: list[Misfit]) -> int:
    asked = entry.edits.get(name, 0)
    if asked > most:
        what = f"A {name.replace('_', ' ')} of {asked} frames does not fit into shot {entry.shot}"
        why = f"{most} are the most" if most else "it dissolves there, or nothing is left of it"
        misfits.append(Misfit(entry.shot, (name, "dissolve"), f"{what}: {why}.", f"It has {most}."))
    return min(asked, most)


def _scaled(entry: Entry, speed: Fraction) -> Entry:
    counts = {name: max(1, floor(count * speed + Fraction(1, 2))) for name, count in entry.edits.items()}
    return Entry(entry.shot, raw=entry.raw, **counts)
