"""The versions of a project's film: which there are, and the note that lies beside each."""

import re
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

from domain.cut import Span
from domain.errors import BadFile
from domain.film_version import FilmVersion, ShownShot
from domain.rates import rate_in
from infrastructure.json_files import read_json, write_json

_NUMBER = re.compile(r"_v(\d{3,})(?:\.\w+)*")


def read_versions(folder: Path) -> list[FilmVersion]:
    """Those whose film is still there, by number. A note that does not read is passed over."""
    found = [_version(note) for note in folder.glob("*_v*.json")] if folder.is_dir() else []
    return sorted((version for version in found if version), key=lambda version: version.number)


def write_version(version: FilmVersion) -> None:
    content = {
        "file": version.path.name,
        "number": version.number,
        "title": version.title,
        "made": version.made,
        "preset": version.preset,
        "frames": version.frames,
        "fps": str(version.fps),
        "size": list(version.size),
        "key": version.key,
        "shots": [{**asdict(shown.span), "video": shown.video} for shown in version.shots],
        "cut": version.cut,
    }
    write_json(version.path.with_name(f"{version.path.stem}.json"), content)


def next_number(folder: Path) -> int:
    """One more than any file there has, whatever it is called otherwise."""
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return 1 + max((int(found[1]) for name in names if (found := _NUMBER.search(name))), default=0)


def _version(note: Path) -> FilmVersion | None:
    try:
        content = read_json(note)
        version = FilmVersion(
            note.with_name(Path(content["file"]).name),
            int(content["number"]),
            str(content["title"]),
            str(content["made"]),
            str(content["preset"]),
            int(content["frames"]),
            rate_in(str(content["fps"])) or Fraction(0),
            (int(content["size"][0]), int(content["size"][1])),
            str(content["key"]),
            tuple(_shown(shot) for shot in content["shots"]),
            dict(content["cut"]),
        )
    except (BadFile, KeyError, IndexError, TypeError, ValueError):
        return None
    return version if version.fps > 0 and version.path.exists() else None


def _shown(content: dict[str, Any]) -> ShownShot:
    span = {name: content[name] for name in Span.__dataclass_fields__}
    return ShownShot(Span(**span), str(content["video"]))
