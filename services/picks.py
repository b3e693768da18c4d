"""Which take of a shot is chosen. Chosen = it stands in keyframes/; the take stays where it is."""

import os
import shutil
from pathlib import Path

from PIL import Image

from domain.errors import BadFile, StudioError
from domain.project import Project
from infrastructure.hashes import sha256
from infrastructure.json_files import read_json, write_json

STUDIO, ARTIST = "studio", "artist"


def chosen(project: Project, shot_id: str) -> Path | None:
    """The shot's keyframe, if it has one."""
    path = project.keyframe(shot_id)
    return path if path.exists() else None


def choose(project: Project, shot_id: str, take: Path, by: str = ARTIST) -> Path:
    """Put a picture where the shot's keyframe stands. An own picture of the artist's is kept aside."""
    place = project.keyframe(shot_id)
    if is_artists_own(project, shot_id):
        _keep_aside(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_name(place.name + ".part")
    _as_png(take, partial)
    content = sha256(partial)
    note = {"take": take.name, "sha256": content, "chosen_by": by}
    partial.replace(place)
    write_json(_note(project, shot_id), note)
    return place


def choose_for_now(project: Project, shot_id: str, take: Path) -> Path:
    """Choose for the artist, as long as they have not chosen themselves."""
    place = project.keyframe(shot_id)
    note = _noted(project, shot_id)
    if place.exists() and (note.get("chosen_by") == ARTIST or is_artists_own(project, shot_id)):
        return place
    if place.exists() and note.get("take") == take.name and note.get("sha256") == sha256(take):
        return place
    return choose(project, shot_id, take, STUDIO)


def is_artists_own(project: Project, shot_id: str) -> bool:
    """Whether the picture that stands there was put there by hand, past the studio."""
    place = project.keyframe(shot_id)
    return place.exists() and _noted(project, shot_id).get("sha256") != sha256(place)


def _noted(project: Project, shot_id: str) -> dict[str, str]:
    try:
        note: dict[str, str] = read_json(_note(project, shot_id))
    except BadFile:
        return {}
    return note


def _note(project: Project, shot_id: str) -> Path:
    return project.keyframes / f"{shot_id}.json"


def _keep_aside(place: Path) -> None:
    number = 1
    while (aside := place.with_name(f"{place.stem}_own{number}{place.suffix}")).exists():
        number += 1
    place.replace(aside)


def _as_png(take: Path, to: Path) -> None:
    """The same file under another name if the system can do that, else a copy."""
    to.unlink(missing_ok=True)
    try:
        if take.suffix.lower() != ".png":
            with Image.open(take) as picture:
                picture.save(to, "PNG", compress_level=1)
            return
        try:
            os.link(take, to)
        except OSError:
            shutil.copyfile(take, to)
    except OSError as error:
        raise StudioError(f"{take.name} cannot be put at {to.parent}: {error.strerror or error}.") from error
