"""film.json, a project's cut: read with one plain complaint, written without losing what others put there."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

from domain.cut import EDITS, MOST, VIDEO, Cut, Entry, Track
from domain.errors import BadFile
from domain.rates import rate_in
from infrastructure.json_files import write_json
from infrastructure.strict_json import Place, line_of, named, parse_json, read_text


def read_cut(path: Path) -> Cut:
    """The cut in a file; one that does nothing where there is none. Raises BadFile."""
    if not path.exists():
        return Cut()
    text = read_text(path)
    return _Reader(path, text).cut(parse_json(text, path))


def cut_of(content: Mapping[str, Any], path: Path) -> Cut:
    """The cut as it stands in the note of a film, at `path`. Raises BadFile."""
    return _Reader(path, "").cut(dict(content))


def write_cut(path: Path, cut: Cut) -> None:
    """Save the cut. Raises BadFile rather than write over a file that does not read."""
    read_cut(path)
    write_json(path, cut_object(cut))


def cut_object(cut: Cut) -> dict[str, Any]:
    """The cut as it stands in a file."""
    rate = {"fps": str(cut.fps)} if cut.fps else {}
    return {**cut.raw, **rate, "tracks": [_track_object(track) for track in cut.tracks]}


def _track_object(track: Track) -> dict[str, Any]:
    if track.kind != VIDEO:
        return dict(track.raw)
    return {**track.raw, "kind": VIDEO, "entries": [_entry_object(entry) for entry in track.entries]}


def _entry_object(entry: Entry) -> dict[str, Any]:
    rest = {key: value for key, value in entry.raw.items() if key not in EDITS}
    return {**rest, "shot": entry.shot, **entry.edits}


class _Reader:
    def __init__(self, path: Path, text: str):
        self._path, self._text = path, text

    def cut(self, data: Any) -> Cut:
        if not isinstance(data, dict):
            raise BadFile(f"{self._path} holds no cut of a film.")
        tracks = self._list(data, "tracks", ())
        return Cut(
            self._rate(data.get("fps")),
            tuple(self._track(track, ("tracks", n)) for n, track in enumerate(tracks)),
            data,
        )

    def _rate(self, value: Any) -> Fraction | None:
        if value is None:
            return None
        rate = rate_in(str(value))
        if rate is None or not 1 <= rate <= 1000:
            self._refuse(("fps",), "should be a rate like 24 or 24000/1001")
        return rate

    def _track(self, data: Any, place: Place) -> Track:
        if not isinstance(data, dict) or not isinstance(data.get("kind"), str):
            self._refuse(place, "should be an object with a kind")
        if data["kind"] != VIDEO:
            return Track(data["kind"], raw=data)
        given = self._list(data, "entries", place)
        entries = [self._entry(entry, (*place, "entries", n)) for n, entry in enumerate(given)]
        shots = [entry.shot for entry in entries]
        for n, shot in enumerate(shots):
            if shot in shots[:n]:
                self._refuse((*place, "entries", n, "shot"), f"is {shot}, which has an entry already")
        return Track(VIDEO, tuple(entries), data)

    def _entry(self, data: Any, place: Place) -> Entry:
        if not isinstance(data, dict) or not isinstance(data.get("shot"), str):
            self._refuse(place, "should be an object that names its shot")
        for name in EDITS:
            count = data.get(name, 0)
            if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MOST:
                self._refuse((*place, name), f"should be a whole number of frames, from 0 to {MOST:,}")
        return Entry(data["shot"], raw=data, **{name: data.get(name, 0) for name in EDITS})

    def _list(self, data: dict[str, Any], key: str, place: Place) -> list[Any]:
        value = data.get(key, [])
        if not isinstance(value, list):
            self._refuse((*place, key), "should be a list")
        return value

    def _refuse(self, place: Place, sentence: str) -> NoReturn:
        line = line_of(self._text, place)
        where = f", line {line}" if line else ""
        raise BadFile(f"{self._path}{where}: {named(place)} {sentence}. Mend it, or take the file away.")
