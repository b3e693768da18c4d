"""What is brought into a project: a board with its pictures, an older project, a folder of pictures.

Each yields how far it is and returns the project with what there is to tell. The source is only
read; doing it again changes nothing.
"""

from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

from domain.errors import BadFile, StudioError
from domain.events import Progress
from domain.pictures import with_pictures
from domain.project import Project
from domain.safe_names import is_shot_id
from domain.storyboard import Shot, Storyboard
from domain.take_names import shot_of
from infrastructure.hashes import sha256
from infrastructure.import_notes import ImportNotes
from infrastructure.older_project import Media, read_older_project
from infrastructure.pictures import SUFFIXES, natural, size_of
from infrastructure.selections import read_selections
from infrastructure.storyboard_files import MOST_SHOTS, open_storyboard
from services import picks
from services.import_into import Into
from services.import_media import Takes

Import = Generator[Progress, None, tuple[Project, list[str]]]
Reader = Callable[[Path], tuple[Storyboard, list[str]]]
Merge = Callable[[Storyboard | None, Storyboard], Storyboard]  # the project's board, and the one that comes

_TOLD = 8  # names in one sentence
_SMALLEST, _LARGEST = 256, 2048  # pixels of a board
UNCHANGED = "was imported here before; nothing has changed."


def _whole(there: Storyboard | None, new: Storyboard) -> Storyboard:
    return new


def _in_its_look(there: Storyboard | None, new: Storyboard) -> Storyboard:
    """A list of shots says nothing of the film: that stays as the project has it."""
    return replace(there, shots=new.shots) if there else new


def import_board(path: Path, into: Into, read: Reader = open_storyboard) -> Import:
    """Make a file's shots the project's, which must not have any of its own."""
    yield Progress(0, f"reading {path.name}")
    project, (board, told) = into.project, read(path)
    with into.at_work():
        merged = _whole if read is open_storyboard else _in_its_look
        if not _take_board(board, into, ImportNotes(project), path, merged):
            return project, [f"{path.name} {UNCHANGED}"]
    return project, [*told, f"{len(board.shots)} shots stand in {project.storyboard}."]


def import_choices(path: Path, into: Into) -> Import:
    """The older studio's chosen pictures become keyframes; later choices are not undone by doing it again."""
    yield Progress(0, f"reading {path.name}")
    chosen, told = read_selections(path)
    project, taken = into.project, 0
    with into.at_work():
        notes = ImportNotes(project)
        is_known = notes.knows(source_key(path))
        for id, picture in chosen.items():
            if is_known and is_shot_id(id) and picks.chosen(project, id):
                continue
            try:
                into.choose(id, picture)
                taken += 1
            except StudioError as error:
                told.append(str(error))
        notes.add_source(source_key(path), path.name)
        notes.keep()
    return project, [*told, f"{taken} chosen pictures stand in {project.keyframes}."]


def import_pictures(folder: Path, into: Into) -> Import:
    """Every picture right in a folder becomes a shot, in the order of their names, and its keyframe."""
    files = sorted((p for p in folder.iterdir() if p.is_file()), key=lambda p: natural(p.name))
    pictures = [p for p in files if p.suffix.lower() in SUFFIXES and not p.name.startswith(".")]
    told = _passed_over(folder, [p.name for p in files if p not in pictures])
    if not pictures:
        raise BadFile(f"{folder} holds no pictures.")
    project = into.project
    with into.at_work():
        notes = ImportNotes(project)
        is_known = notes.knows(source_key(folder))
        board, takes = _board_of(into.board(), folder, pictures), Takes(project, notes, into.ledger)
        ids = {shot.id for shot in board.shots}
        new: dict[str, Shot] = {}
        seen: dict[str, str] = {}
        for number, picture in enumerate(pictures):
            yield Progress(number / len(pictures), f"copying {picture.name}")
            if len(ids) == MOST_SHOTS:
                told.append(f"Left out from {picture.name} on: {MOST_SHOTS} shots are the most there may be.")
                break
            before = takes.brought
            try:
                take = takes.picture(picture, _next_id(ids | _ids(into.board()), project))
            except BadFile as error:
                told.append(str(error))
                continue
            id = shot_of(take.stem)
            if id in seen:
                told.append(f"{picture.name} is the same picture as {seen[id]}.")
            elif id not in ids and (takes.brought > before or not is_known):
                new[id] = Shot(id, "", label=picture.stem, description=_words(picture.stem))
                ids.add(id)
            seen.setdefault(id, picture.name)
            if id in ids:
                into.choose_first(id, take)
        if takes.brought or new:
            into.change(folder.name, lambda now: _with_more(now or board, new))
        notes.add_source(source_key(folder), folder.name)
        notes.keep()
    return project, [*told, *_of_pictures(takes, len(new), folder)]


def import_older(folder: Path, into: Into) -> Import:
    """An older studio's project: its board, every picture and clip as takes, and what had been chosen."""
    yield Progress(0, f"reading {folder.name}")
    older = read_older_project(folder)
    project, told = into.project, older.notes
    with into.at_work():
        notes = ImportNotes(project)
        _take_board(older.board, into, notes, folder)
        takes, media = Takes(project, notes, into.ledger), [*older.pictures, *older.clips]
        for number, item in enumerate(media):
            yield Progress(number / len(media), f"copying {item.path.name}")
            try:
                if item.segment:
                    takes.clip(item.path, item.shot, item.segment, item.number)
                else:
                    takes.picture(item.path, item.shot, item.number)
            except BadFile as error:
                told.append(str(error))
        for id, picture in older.chosen.items():
            if picks.chosen(project, id) is None:
                try:
                    into.choose_first(id, takes.picture(picture, id))
                except BadFile as error:
                    told.append(str(error))
        told += _stand_clips(older.clips, takes, project)
        notes.keep()
    if not takes.brought:
        return project, [*told, f"{folder.name}: nothing new was found; nothing has changed."]
    chosen = len(older.chosen)
    return project, [*told, f"Files copied: {takes.brought}. Pictures that had been chosen: {chosen}."]


def source_key(path: Path) -> str:
    """A file is known by what it holds, a folder by where it is: pictures may come to it."""
    return f"folder {path.resolve()}" if path.is_dir() else f"file {sha256(path)}"


def has_shots(board: Storyboard) -> bool:
    """Whether anything was done to a shot yet; a new project has one that waits for its words."""
    return any(
        shot.prompt or shot.label or shot.description or shot.notes or shot.references or shot.start_image
        for shot in board.shots
    )


def _take_board(
    board: Storyboard, into: Into, notes: ImportNotes, source: Path, merged: Merge = _whole
) -> bool:
    """Write the board where there are no shots yet; False when this source is there already."""
    key = source_key(source)

    def put(there: Storyboard | None) -> Storyboard:
        _check_is_free(there, into.project)  # somebody may have begun while pictures were copied
        notes.add_source(key, source.name)
        notes.keep()
        return merged(there, own)

    if (there := into.board()) and has_shots(there) and notes.knows(key):
        return False
    _check_is_free(there, into.project)
    own = _with_own_pictures(board, Takes(into.project, notes, into.ledger))
    into.change(source.name, put)
    return True


def _check_is_free(board: Storyboard | None, project: Project) -> None:
    if board and has_shots(board):
        raise StudioError(f"{project.storyboard} is there already. Import into another project.")


def _with_own_pictures(board: Storyboard, takes: Takes) -> Storyboard:
    """The board with the pictures it refers to copied into the project."""

    def own(path: Path) -> Path:
        try:
            return takes.reference(path) if path.is_file() else path
        except (BadFile, OSError):
            return path  # the board tells what is wrong with it

    return with_pictures(board, own)


def _board_of(there: Storyboard | None, folder: Path, pictures: Sequence[Path]) -> Storyboard:
    """The project's board, else one in the shape that most of the pictures have."""
    if there:
        return there if has_shots(there) else replace(there, shots=())
    sizes = Counter[tuple[int, int]]()
    for picture in pictures[:100]:
        try:
            sizes[size_of(picture)] += 1
        except BadFile:
            continue  # it is told when it is copied
    width, height = sizes.most_common(1)[0][0] if sizes else (Storyboard.width, Storyboard.height)
    scale = min(1.0, _LARGEST / max(width, height))
    width, height = (max(_SMALLEST, round(side * scale / 2) * 2) for side in (width, height))
    return Storyboard(folder.resolve().name or "Pictures", width=width, height=height)


def _with_more(board: Storyboard, new: Mapping[str, Shot]) -> Storyboard:
    """The shots behind those there are. One whose id was given meanwhile leaves its picture as a take."""
    there = board.shots if has_shots(board) else ()
    ids = {shot.id for shot in there}
    return replace(board, shots=(*there, *(shot for id, shot in new.items() if id not in ids)))


def _ids(board: Storyboard | None) -> set[str]:
    return {shot.id for shot in board.shots} if board and has_shots(board) else set()


def _next_id(ids: set[str], project: Project) -> str:
    taken = {id.lower() for id in ids}
    free = (f"{number:03d}" for number in count(len(ids) + 1))
    return next(id for id in free if id not in taken and not any(project.takes.glob(f"{id}_v*")))


def _words(stem: str) -> str:
    """What a file's name says, if it says anything: "03_harbour-at dawn" does, "IMG_2031" does not."""
    words = [word for word in stem.replace("_", " ").replace("-", " ").split() if word.isalpha()]
    return " ".join(words) if sum(len(word) > 2 for word in words) >= 2 else ""


def _passed_over(folder: Path, names: list[str]) -> list[str]:
    folders = sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    told = []
    if shown := [name for name in names if not name.startswith(".")]:
        told.append(f"No pictures, and left where they are: {_few(shown)}.")
    if folders:
        told.append(f"Folders in it were not looked into: {_few(folders)}.")
    return told


def _of_pictures(takes: Takes, shots: int, folder: Path) -> list[str]:
    if not takes.brought and not shots:
        return [f"{folder.name} {UNCHANGED}"]
    told = [f"Pictures copied: {takes.brought}. New shots: {shots}."]
    if shots:
        told.append("Each new shot needs a prompt before its clip can be made.")
    return told


def _stand_clips(clips: Sequence[Media], takes: Takes, project: Project) -> list[str]:
    """A shot that has one clip has it as its video; several are segments, which a render joins."""
    numbers = Counter(clip.shot for clip in clips)
    for clip in clips:
        if numbers[clip.shot] == 1 and clip.path.suffix.lower() == ".mp4":
            takes.stand(clip.path, project.video(clip.shot))
    several = [id for id, number in numbers.items() if number > 1]
    return [f"Shots with several clips, which a render joins: {_few(several)}."] if several else []


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return f"{', '.join(names[:_TOLD])}{more}"
