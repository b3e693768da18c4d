"""Which take of a shot is chosen. Chosen = it stands in keyframes/; the take stays where it is.

Beside the picture lies a note of what was chosen and by whom. A picture that is not the one in
its note was put there by hand: it is the artist's own, is used as it is and never written over.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
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


@dataclass(frozen=True)
class Note:
    """What was chosen as a shot's keyframe, and by whom."""

    take: str = ""  # the picture's file name: "003_v2.png"
    of: str = ""  # what is in it, as sha256
    sha256: str = ""  # of the keyframe it became
    before: str = ""  # of the keyframe before it, which stands there if we are killed
    chosen_by: str = ""  # STUDIO or ARTIST


_KEYS = {field.name for field in fields(Note)}


def chosen(project: Project, shot_id: str) -> Path | None:
    """The shot's keyframe, if it has one."""
    path = project.keyframe(shot_id)
    return path if path.exists() else None


def choose(project: Project, shot_id: str, picture: Path, by: str = ARTIST) -> Path:
    """Put a picture where the shot's keyframe stands. An own picture of the artist's is kept aside."""
    if not is_shot_id(shot_id):
        raise StudioError(f"No shot can be called {shot_id!r}: letters, digits, - and _ make an id.")
    place = project.keyframe(shot_id)
    with writing(place) as partial:
        _as_png(picture, partial)
        if is_artists_own(project, shot_id) and sha256(place) != sha256(partial):
            _keep_aside(place)
        before = sha256(place) if place.exists() else ""
        made = Note(picture.name, sha256(picture), sha256(partial), before, by)
        write_json(_note(project, shot_id), asdict(made))
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
    return note(project, shot_id).take


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
    place, noted = project.keyframe(shot_id), note(project, shot_id)
    if is_artists_own(project, shot_id):
        return place
    is_as_noted = place.exists() and noted.sha256 == sha256(place)
    if is_as_noted and noted.chosen_by == ARTIST:
        return place
    if is_as_noted and noted.of == sha256(picture):
        if noted.take != picture.name:  # another take came out the same
            write_json(_note(project, shot_id), asdict(replace(noted, take=picture.name)))
        return place
    return choose(project, shot_id, picture, STUDIO)


def artists_choice(project: Project, shot_id: str) -> Path | None:
    """The shot's keyframe, if the artist has chosen it or put it there."""
    place, noted = project.keyframe(shot_id), note(project, shot_id)
    is_theirs = place.exists() and (is_artists_own(project, shot_id) or noted.chosen_by == ARTIST)
    return place if is_theirs else None


def is_artists_own(project: Project, shot_id: str) -> bool:
    """Whether the picture that stands there was put there by hand, past the studio."""
    place, noted = project.keyframe(shot_id), note(project, shot_id)
    return place.exists() and sha256(place) not in (noted.sha256, noted.before)


def check_picture(picture: Path) -> None:
    """Raises BadFile for what is no picture that can be read."""
    try:
        with _opened(picture):
            pass
    except OSError as error:
        raise BadFile(f"{picture} cannot be read: {error.strerror}.") from error


def note(project: Project, shot_id: str) -> Note:
    """What the note beside a shot's keyframe says; empty where there is none that reads."""
    try:
        content = read_json(_note(project, shot_id))
    except BadFile:
        return Note()
    words = content.items() if isinstance(content, dict) else ()
    return Note(**{key: word for key, word in words if key in _KEYS and isinstance(word, str)})


def _note(project: Project, shot_id: str) -> Path:
    return project.keyframes / f"{shot_id}.json"


def _keep_aside(place: Path) -> None:
    number = 1  # a shot's id has no dot, so that no other shot's keyframe is called so
    while (aside := place.with_name(f"{place.stem}.own{number}{place.suffix}")).exists():
        number += 1
    place.replace(aside)


def _as_png(picture: Path, to: Path) -> None:
    """A copy and no link: whoever paints over the keyframe must not paint over the take."""
    with _opened(picture) as image:
        if image.format != "PNG":
            upright = ImageOps.exif_transpose(image)
            fit = upright if upright.mode in _PNG_MODES else upright.convert("RGB")
            fit.save(to, "PNG", compress_level=1)
            return
    shutil.copyfile(picture, to)


@contextmanager
def _opened(picture: Path) -> Iterator[Image.Image]:
    """Wholly read. Raises BadFile for what is no picture."""
    try:
        with Image.open(picture) as image:
            image.load()
            yield image
    except FileNotFoundError as error:
        raise BadFile(f"There is no picture {picture}.") from error
    except (UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError) as error:
        raise BadFile(f"{picture} is not a picture that can be read.") from error
    except OSError as error:
        if error.errno is None:  # Pillow's own complaint about what is in the file
            raise BadFile(f"{picture} is not a picture that can be read: {error}.") from error
        raise
