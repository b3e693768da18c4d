"""Which take of a shot is chosen. Chosen = it stands in keyframes/; the take stays where it is.

Beside the picture lies a note of what was chosen and by whom. A picture that is not the one in
its note was put there by hand: it is the artist's own, is used as it is and never written over.
"""

import shutil
import tempfile
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from domain.errors import BadFile, CannotWrite, StudioError
from domain.project import Project
from domain.safe_names import is_shot_id
from infrastructure.hashes import sha256
from infrastructure.json_files import read_json, write_json
from infrastructure.part_files import writing

STUDIO, ARTIST = "studio", "artist"
_PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I", "I;16")


def chosen(project: Project, shot_id: str) -> Path | None:
    """The shot's keyframe, if it has one."""
    path = project.keyframe(shot_id)
    return path if path.exists() else None


def choose(project: Project, shot_id: str, picture: Path, by: str = ARTIST) -> Path:
    """Put a picture where the shot's keyframe stands. An own picture of the artist's is kept aside."""
    if not is_shot_id(shot_id):
        raise StudioError(f"No shot can be called {shot_id!r}: letters, digits, - and _ make an id.")
    place = project.keyframe(shot_id)
    partial = place.with_name(f"{place.name}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        _as_png(picture, partial)
        if is_artists_own(project, shot_id) and sha256(place) != sha256(partial):
            _keep_aside(place)
        note = {
            "take": picture.name,
            "of": sha256(picture),
            "sha256": sha256(partial),
            "before": sha256(place) if place.exists() else "",  # stands there if we are killed here
            "chosen_by": by,
        }
        write_json(_note(project, shot_id), note)
        partial.replace(place)
    except OSError as error:
        raise CannotWrite(f"{picture.name} cannot be put at {place}: {error.strerror or error}.") from error
    return place


def unchoose(project: Project, shot_id: str) -> None:
    """Leave the shot without a keyframe. The picture is kept aside, unless it is a take's copy."""
    place = project.keyframe(shot_id)
    try:
        if is_artists_own(project, shot_id):
            _keep_aside(place)
        place.unlink(missing_ok=True)
        _note(project, shot_id).unlink(missing_ok=True)
    except OSError as error:
        raise CannotWrite(f"{place} cannot be taken away: {error.strerror or error}.") from error


def take_of(project: Project, shot_id: str) -> str:
    """The file name of the take that was chosen, as far as that is known."""
    return _noted(project, shot_id).get("take", "")


def kept_copy(picture: Path, folder: Path) -> Path:
    """A copy of a picture under the name of its content."""
    return copied(picture, folder / f"{sha256(picture)}{picture.suffix}")


def copied(picture: Path, to: Path) -> Path:
    """A copy under a name that says its content; one that is there already is the same."""
    if not to.exists():
        with writing(to) as part:
            shutil.copyfile(picture, part)
    return to


def choose_for_now(project: Project, shot_id: str, picture: Path) -> Path:
    """Choose for the artist, as long as they have not chosen themselves."""
    place, note = project.keyframe(shot_id), _noted(project, shot_id)
    if is_artists_own(project, shot_id):
        return place
    is_as_noted = place.exists() and note.get("sha256") == sha256(place)
    if is_as_noted and (note.get("chosen_by") == ARTIST or note.get("of") == sha256(picture)):
        return place
    return choose(project, shot_id, picture, STUDIO)


def artists_choice(project: Project, shot_id: str) -> Path | None:
    """The shot's keyframe, if the artist has chosen it or put it there."""
    place, note = project.keyframe(shot_id), _noted(project, shot_id)
    is_theirs = place.exists() and (is_artists_own(project, shot_id) or note.get("chosen_by") == ARTIST)
    return place if is_theirs else None


def is_artists_own(project: Project, shot_id: str) -> bool:
    """Whether the picture that stands there was put there by hand, past the studio."""
    place, note = project.keyframe(shot_id), _noted(project, shot_id)
    return place.exists() and sha256(place) not in (note.get("sha256"), note.get("before"))


def check_picture(picture: Path) -> None:
    """Raises BadFile for what is no picture that can be read."""
    with tempfile.TemporaryDirectory() as folder:
        _as_png(picture, Path(folder) / "picture.png")


def _noted(project: Project, shot_id: str) -> dict[str, str]:
    try:
        note = read_json(_note(project, shot_id))
    except BadFile:
        return {}
    return note if isinstance(note, dict) else {}


def _note(project: Project, shot_id: str) -> Path:
    return project.keyframes / f"{shot_id}.json"


def _keep_aside(place: Path) -> None:
    number = 1  # a shot's id has no dot, so that no other shot's keyframe is called so
    while (aside := place.with_name(f"{place.stem}.own{number}{place.suffix}")).exists():
        number += 1
    place.replace(aside)


def _as_png(picture: Path, to: Path) -> None:
    """A copy and no link: whoever paints over the keyframe must not paint over the take."""
    try:
        with Image.open(picture) as image:
            is_png = image.format == "PNG"
            image.load()
            if not is_png:
                upright = ImageOps.exif_transpose(image)
                fit = upright if upright.mode in _PNG_MODES else upright.convert("RGB")
                fit.save(to, "PNG", compress_level=1)
    except FileNotFoundError as error:
        raise BadFile(f"There is no picture {picture}.") from error
    except (UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError) as error:
        raise BadFile(f"{picture} is not a picture that can be read.") from error
    except OSError as error:
        if error.errno is None:  # Pillow's own complaint about what is in the file
            raise BadFile(f"{picture} is not a picture that can be read: {error}.") from error
        raise
    if is_png:
        shutil.copyfile(picture, to)
