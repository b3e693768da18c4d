"""What a shot's video was made of: a note beside it, as videos/003.json.

A video without a note, or with the note of another, was made by an older studio or put there by
hand; nothing is known of it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from domain.errors import BadFile
from domain.project import Project
from domain.storyboard import Shot
from infrastructure.hashes import sha256
from infrastructure.json_files import read_json, write_json


@dataclass(frozen=True)
class Note:
    takes: tuple[str, ...]  # the segments it was joined from, by their names
    keyframe: str  # sha256 of the picture it began with
    seconds: float  # how long it was to be
    sha256: str  # of the video itself
    size: int
    changed: int  # with the size it spares hashing a long video again


def keep(project: Project, shot: Shot, takes: Sequence[str], keyframe: str) -> None:
    """Write down what the video that stands there was made of, unless that is written already."""
    place = project.video(shot.id)
    stat = place.stat()
    made = Note(tuple(takes), keyframe, shot.seconds, sha256(place), stat.st_size, stat.st_mtime_ns)
    if note(project, shot.id) != made:
        write_json(_note(project, shot.id), asdict(made))


def note(project: Project, shot_id: str) -> Note | None:
    """What is known of the video that stands there."""
    try:
        noted = _read(_note(project, shot_id))
        return noted if _is_of(noted, project.video(shot_id)) else None
    except (BadFile, OSError, KeyError, TypeError, ValueError):
        return None


def _read(path: Path) -> Note:
    content = read_json(path)
    return Note(
        tuple(str(name) for name in content["takes"]),
        str(content["keyframe"]),
        float(content["seconds"]),
        str(content["sha256"]),
        int(content["size"]),
        int(content["changed"]),
    )


def _is_of(noted: Note, video: Path) -> bool:
    """Whether it is the note of this video; a project that was copied has other times."""
    stat = video.stat()
    if stat.st_size != noted.size:
        return False
    return stat.st_mtime_ns == noted.changed or sha256(video) == noted.sha256


def _note(project: Project, shot_id: str) -> Path:
    return project.videos / f"{shot_id}.json"
