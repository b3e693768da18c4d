"""A film that was rendered and kept: what it shows, and how two of them differ."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from fractions import Fraction
from pathlib import Path
from typing import Any

from domain.cut import Span

_SAID = {
    "new": "was not in it",
    "gone": "is no longer in it",
    "video": "has another video",
    "cut": "is cut otherwise",
    "place": "stands elsewhere",
}


@dataclass(frozen=True)
class ShownShot:
    span: Span
    video: str  # sha256 of the file


@dataclass(frozen=True)
class FilmVersion:
    path: Path  # a file, or a folder of pictures
    number: int
    title: str
    made: str  # when, in ISO 8601
    preset: str
    frames: int
    fps: Fraction
    size: tuple[int, int]
    key: str  # equal for versions that show the same in the same way
    shots: tuple[ShownShot, ...] = ()
    cut: Mapping[str, Any] = field(default_factory=dict)  # as it stood in film.json

    @property
    def seconds(self) -> float:
        return float(self.frames / self.fps)


@dataclass(frozen=True)
class Difference:
    shot: str
    what: tuple[str, ...]  # new, gone, video, cut, place

    @property
    def sentence(self) -> str:
        return f"Shot {self.shot} " + " and ".join(_SAID[word] for word in self.what) + "."


def compare(before: FilmVersion, after: FilmVersion) -> list[Difference]:
    """How each shot differs, in the order of the later film; those that are gone come last."""
    old, new = ({shown.span.shot: shown for shown in version.shots} for version in (before, after))
    moved = _moved([shot for shot in old if shot in new], [shot for shot in new if shot in old])
    found = [
        Difference(shot, _what(old[shot], shown, shot in moved) if shot in old else ("new",))
        for shot, shown in new.items()
    ]
    found += [Difference(shot, ("gone",)) for shot in old if shot not in new]
    return [difference for difference in found if difference.what]


def _what(old: ShownShot, new: ShownShot, is_moved: bool) -> tuple[str, ...]:
    told = {"video": old.video != new.video, "cut": _edits(old.span) != _edits(new.span), "place": is_moved}
    return tuple(word for word, is_so in told.items() if is_so)


def _edits(span: Span) -> tuple[int, ...]:
    """What was done to the shot, however long it is."""
    trim_out, hold = span.length - span.first - span.moving, span.frames - span.moving
    fades = (span.fade_in, span.fade_out, span.dissolve_in, span.dissolve_out)
    return (span.first, trim_out, hold, *fades)


def _moved(old: list[str], new: list[str]) -> set[str]:
    """The fewest shots whose moving explains the other order."""
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    return set(new) - {shot for block in blocks for shot in new[block.b : block.b + block.size]}
