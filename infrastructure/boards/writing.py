"""A storyboard as JSON: what the file said before, with what has changed since put over it.

Each object is read again and compared; only what differs is written. So unknown fields,
an older generation's layout and the order of keys all survive.
"""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

from domain.storyboard import Character, Sampling, Shot, Storyboard
from infrastructure.boards import cast
from infrastructure.boards.fields import Fields, Report
from infrastructure.boards.pictures import KEYS
from infrastructure.boards.reading import read_board, read_shot

Put = Callable[[dict[str, Any], Any, Path], None]


def board_object(board: Storyboard, folder: Path) -> dict[str, Any]:
    shots = [_shot_object(shot, folder) for shot in board.shots]
    out = deepcopy(dict(board.raw))
    before = read_board({**out, "shots": shots}, folder, Report())
    if "title" not in out:
        out.setdefault("project", board.title)
    for name, put in _BOARD.items():
        if getattr(board, name) != getattr(before, name):
            put(out, getattr(board, name), folder)
    if "total_shots" in out:
        out["total_shots"] = len(shots)
    return {**out, "shots": shots}


def _shot_object(shot: Shot, folder: Path) -> dict[str, Any]:
    out = deepcopy(dict(shot.raw))
    before = read_shot(Fields(out, "", (), Report()), folder)
    for name, put in _SHOT.items():
        if getattr(shot, name) != getattr(before, name):
            put(out, getattr(shot, name), folder)
    for key, value in (("shot_id", shot.id), ("prompt", shot.prompt), ("duration", shot.seconds)):
        out.setdefault(key, value)  # what no reader of the format can do without
    return out


def _put_cast(out: dict[str, Any], characters: Any, folder: Path) -> None:
    given = out.get(cast.KEY)
    unread = [entry for entry in given if not cast.name_of(entry)] if isinstance(given, list) else []
    out[cast.KEY] = [*(_character_object(character, folder) for character in characters), *unread]


def _character_object(character: Character, folder: Path) -> dict[str, Any]:
    out = deepcopy(dict(character.raw))
    before = cast.read_character(Fields(out, "", (), Report()), folder)
    for name, put in _CHARACTER.items():
        if getattr(character, name) != getattr(before, name):
            put(out, getattr(character, name), folder)
    if cast.name_of(out) != character.id:
        out["id"] = character.id  # it was called by its name, which is another now
    return out


def _at(key: str, empty: Any = None) -> Put:
    """Writes a plain field; without a value, as the format says "none"."""

    def put(out: dict[str, Any], value: Any, folder: Path) -> None:
        if value not in (None, "", {}, ()):
            out[key] = value
        elif empty is not None:
            out[key] = empty
        else:
            out.pop(key, None)

    return put


def _within(outer: str, inner: tuple[str, ...], own: str) -> Put:
    """Writes where the value was found before: in the older settings object, else under our own name."""

    def put(out: dict[str, Any], value: Any, folder: Path) -> None:
        given = out.get(outer)
        holder = given if isinstance(given, dict) else {}
        there = [key for key in inner if key in holder]
        if value is None:
            out.pop(own, None)
            out.update({outer: {k: v for k, v in holder.items() if k not in there}} if there else {})
        elif there and own not in out:
            out[outer] = {**holder, there[0]: value}
        else:
            out[own] = value

    return put


def _put_tags(out: dict[str, Any], tags: Any, folder: Path) -> None:
    _put_choices(out, "presets", tags)
    out.pop("camera_movement", None)  # it has become presets.camera


def _put_style(out: dict[str, Any], tags: Any, folder: Path) -> None:
    _put_choices(out, "style", tags)


def _put_choices(out: dict[str, Any], key: str, tags: Any) -> None:
    given = out.get(key)
    empty = {k: v for k, v in given.items() if not v} if isinstance(given, dict) else {}
    out[key] = {**empty, **tags}


def _put_motion(out: dict[str, Any], motion: Any, folder: Path) -> None:
    given = out.get("wan_motion")
    kept = given if isinstance(given, dict) else {}
    out["wan_motion"] = {**kept, "type": motion.kind, "strength": motion.strength, "notes": motion.notes}


def _put_characters(out: dict[str, Any], names: Any, folder: Path) -> None:
    lora = read_shot(Fields(out, "", (), Report()), folder).lora
    out.setdefault("character_lora", lora or "none")  # else it is read from the characters
    given = out.get("characters")
    known = (
        {e["id"]: e for e in given if isinstance(e, dict) and "id" in e} if isinstance(given, list) else {}
    )
    out["characters"] = [known.get(name, name) for name in names]


def _put_sampling(key: str) -> Put:
    def put(out: dict[str, Any], sampling: Sampling, folder: Path) -> None:
        values = {"seed": sampling.seed, "steps": sampling.steps, "cfg": sampling.cfg}
        given = out.get(key)
        kept = given if isinstance(given, dict) else {}
        out[key] = {**kept, **values, "seed": -1 if sampling.seed is None else sampling.seed}

    return put


def _put_picture(key: str) -> Put:
    def put(out: dict[str, Any], path: Path | None, folder: Path) -> None:
        out[key] = _renamed(out.get(key), path, folder) if path else None

    return put


def _put_references(out: dict[str, Any], paths: Any, folder: Path) -> None:
    _put_paths(out, "references", paths, folder)


def _put_pictures(out: dict[str, Any], paths: Any, folder: Path) -> None:
    _put_paths(out, "pictures", paths, folder)


def _put_paths(out: dict[str, Any], key: str, paths: Any, folder: Path) -> None:
    given = out.get(key)
    entries = given if isinstance(given, list) and len(given) == len(paths) else [None] * len(paths)
    out[key] = [_renamed(entry, path, folder) for entry, path in zip(entries, paths, strict=True)]


def _renamed(entry: Any, path: Path, folder: Path) -> Any:
    """A path as the board writes it: relative within its own folder, absolute outside."""
    text = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)
    if not isinstance(entry, dict):
        return text
    key = next((key for key in KEYS if entry.get(key)), "path")
    return {**entry, key: text}


_SHOT: dict[str, Put] = {
    "id": _at("shot_id"),
    "prompt": _at("prompt", ""),
    "negative": _at("negative_prompt"),
    "label": _at("filename_base"),
    "description": _at("description"),
    "scene": _at("scene"),
    "notes": _at("notes"),
    "seconds": _at("duration"),
    "width": _at("width"),
    "height": _at("height"),
    "tags": _put_tags,
    "motion": _put_motion,
    "characters": _put_characters,
    "lora": _at("character_lora", "none"),
    "keyframe": _put_sampling("keyframe"),
    "video": _put_sampling("video"),
    "references": _put_references,
    "start_image": _put_picture("start_image"),
    "end_image": _put_picture("end_image"),
}

_BOARD: dict[str, Put] = {
    "title": _at("project"),
    "description": _at("description"),
    "notes": _at("notes"),
    "width": _at("width"),
    "height": _at("height"),
    "fps": _within("video_settings", ("default_fps",), "fps"),
    "variants": _within("generation_settings", ("variants_per_shot",), "variants"),
    "base_seed": _within("generation_settings", ("base_seed",), "base_seed"),
    "longest": _within("video_settings", ("max_segment_duration", "max_duration"), "longest_segment"),
    "tags": _put_style,
    "characters": _put_cast,
}

_CHARACTER: dict[str, Put] = {
    "id": _at("id"),
    "name": _at("name"),
    "words": _at("words"),
    "pictures": _put_pictures,
    "lora": _at("lora"),
    "notes": _at("notes"),
}
