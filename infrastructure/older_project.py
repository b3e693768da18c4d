"""The project folder of the older studio: which board, pictures and clips lie in it, and whose they are.

Only looked at, never changed. Names there are made of a shot's filename_base, so a file belongs
to the longest base its name begins with.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from domain.errors import BadFile
from domain.storyboard import Shot, Storyboard
from infrastructure.pictures import natural
from infrastructure.selections import SUFFIXES, read_selections, variant_of
from infrastructure.storyboard_files import open_storyboard
from infrastructure.there import is_file, is_folder

_CLIPS = {".mp4", ".mov", ".webm", ".mkv"}
_UNSAFE = re.compile(r'[<>:"/\\|?*\s]')
_LETTERS = " bcdefghijklmnopqrstuvwxyz[\\]"  # how its clips count: the first has none, the second is B
_TOLD = 8  # names in one sentence
_SELECTION = "selected_keyframes.json"


@dataclass(frozen=True)
class Media:
    """A picture or clip and what it is to its shot."""

    path: Path
    shot: str
    number: int | None  # the variant in its name
    segment: int = 0  # of a clip, from 1


@dataclass
class OlderProject:
    board: Storyboard
    pictures: list[Media] = field(default_factory=list)
    clips: list[Media] = field(default_factory=list)
    chosen: dict[str, Path] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def is_older_project(folder: Path) -> bool:
    own = [is_folder(folder / name) for name in ("storyboards", "selected", "keyframes", "video")]
    has_file = is_file(folder / "project.json")
    return not is_file(folder / "storyboard.json") and (own[0] or (has_file and any(own)))


def read_older_project(folder: Path) -> OlderProject:
    board, notes = _board(folder)
    found = OlderProject(board, notes=notes)
    bases = _Bases(board.shots)
    _attach(found, bases, folder)
    selection = folder / "selected" / _SELECTION
    if selection.is_file():
        chosen, said = read_selections(selection)
        found.notes += said
        ids = _ids(board)
        for id, picture in chosen.items():
            if id in ids:
                found.chosen[ids[id]] = picture
            else:
                found.notes.append(f"A picture was chosen for shot {id}, which is not on the board.")
    for name in ("audio", "lastframes"):
        if files := _files(folder / name, {".mp3", ".wav", *SUFFIXES}):
            names = _few([path.name for path in files])
            found.notes.append(f"Left in {name}, which has no place here yet: {names}.")
    return found


def _board(folder: Path) -> tuple[Storyboard, list[str]]:
    """The board whose shots have most of the pictures; of several such, the one changed last."""
    paths = sorted([*_files(folder / "storyboards", {".json"}), *folder.glob("*storyboard*.json")])
    boards, notes = [], []
    for path in paths:
        try:
            boards.append((path, *open_storyboard(path)))
        except BadFile as error:
            notes.append(str(error))
    if not boards:
        raise BadFile(f"{folder} holds no storyboard that can be read. {' '.join(notes[:2])}".rstrip())
    pictures = _files(folder / "keyframes", SUFFIXES)

    def fit(entry: tuple[Path, Storyboard, list[str]]) -> tuple[int, float]:
        bases = _Bases(entry[1].shots)
        return sum(bool(bases.of_picture(path.name)) for path in pictures), entry[0].stat().st_mtime

    path, board, said = max(boards, key=fit)
    if len(boards) > 1:
        others = ", ".join(other.name for other, _, _ in boards if other != path)
        notes.append(
            f"There are {len(boards)} storyboards; {path.name} was taken, which fits the pictures best. "
            f"Not taken: {others}."
        )
    return board, [*notes, *said]


def _attach(found: OlderProject, bases: "_Bases", folder: Path) -> None:
    strays: list[str] = []
    shared: dict[str, list[str]] = {}
    for path in [*_files(folder / "keyframes", SUFFIXES), *_files(folder / "selected", SUFFIXES)]:
        shots = bases.of_picture(path.name)
        if shots:
            found.pictures.append(Media(path, shots[0], variant_of(path.name)))
        else:
            strays.append(f"{path.parent.name}/{path.name}")
        if len(shots) > 1:
            shared[", ".join(shots)] = shots
    for path in _files(folder / "video", _CLIPS):
        if clip := bases.of_clip(path):
            found.clips.append(clip)
        else:
            strays.append(f"video/{path.name}")
    for ids, shots in shared.items():
        found.notes.append(f"The shots {ids} share one name for their pictures; all went to {shots[0]}.")
    if strays:
        found.notes.append(f"Left, because they belong to no shot: {_few(strays)}.")


class _Bases:
    """Which shots a name may belong to."""

    def __init__(self, shots: Iterable[Shot]):
        self._shots: dict[str, list[str]] = {}  # ids by base, in board order
        self._clips: dict[str, str] = {}  # id by how its clips begin
        for shot in shots:
            given = _given_id(shot)
            base = _base(shot, given)
            self._shots.setdefault(base, []).append(shot.id)
            self._clips.setdefault(f"{given}\0{base}".lower(), shot.id)

    def of_picture(self, name: str) -> list[str]:
        """By the longest base that the name begins with, followed by its variant."""
        name = name.lower()
        fitting = [base for base in self._shots if re.match(rf"{re.escape(base)}_v\d+(_|\.)", name)]
        return self._shots[max(fitting, key=len)] if fitting else []

    def of_clip(self, path: Path) -> Media | None:
        """A clip is called <shot id>[B, C, …]_<base>, or as a picture is."""
        name, found = path.stem.lower(), []
        for key, id in self._clips.items():
            given, base = map(re.escape, key.split("\0"))
            if match := re.match(rf"{given}([b-z\[\\\]]?)_{base}(?=$|[_.-])", name):
                found.append((len(key), id, _LETTERS.index(match[1] or " ") + 1))
        if found:
            _, id, segment = max(found)
            return Media(path, id, None, segment)
        shots = self.of_picture(path.name)
        return Media(path, shots[0], variant_of(f"{path.stem}_"), 1) if shots else None


def _base(shot: Shot, given: str) -> str:
    return _UNSAFE.sub("-", shot.label or given or "shot").lower()


def _given_id(shot: Shot) -> str:
    """The id as the older studio knew it, before it was mended here."""
    mended = shot.raw.get("as_imported")
    before: Any = mended.get("shot_id") if isinstance(mended, dict) else None
    return str(before) if isinstance(before, str | int) and str(before).strip() else shot.id


def _ids(board: Storyboard) -> dict[str, str]:
    ids: dict[str, str] = {}
    for shot in board.shots:
        ids.setdefault(_given_id(shot), shot.id)
    return ids | {shot.id: shot.id for shot in board.shots}


def _files(folder: Path, suffixes: set[str]) -> list[Path]:
    """Files right in a folder, in the order people give them; not in the archives below it."""

    def fitting() -> Iterator[Path]:
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.suffix.lower() in suffixes and path.is_file() and path.name != _SELECTION:
                yield path

    return sorted(fitting(), key=lambda path: natural(path.name))


def _few(names: list[str]) -> str:
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return f"{', '.join(names[:_TOLD])}{more}"
