"""selected_keyframes.json: which picture the older studio's user had chosen for each shot."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from domain.errors import BadFile
from infrastructure.strict_json import parse_json, read_text

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}
_VARIANT = re.compile(r"_v(\d+)(?=_)")


def read_selections(path: Path) -> tuple[dict[str, Path], list[str]]:
    """The chosen picture of each shot by its id, and sentences about those that were not found.

    The paths in the file are absolute and break when a project moves; then the picture is
    looked for in the project's own `selected` and `keyframes` folders.
    """
    document = parse_json(read_text(path), path)
    entries = document.get("selections") if isinstance(document, dict) else document
    if not isinstance(entries, list):
        raise BadFile(f"{path} holds no list of selections.")
    chosen: dict[str, Path] = {}
    notes = []
    for index, entry in enumerate(entries):
        id = _shot_id(entry)
        if id is None:
            notes.append(f"selections[{index}] names no shot and was left aside.")
            continue
        picture = next((p for p in _candidates(entry, path.absolute().parent) if _is_picture(p)), None)
        if picture is None:
            notes.append(
                f"Shot {id}: its chosen picture {_file_name(entry) or 'has no name and'} was not found."
            )
        elif id in chosen:
            notes.append(f"Shot {id} is chosen twice; {chosen[id].name} stays.")
        else:
            notes += _doubts(id, entry, picture, chosen)
            chosen[id] = picture
    return chosen, notes


def variant_of(name: str) -> int | None:
    """The variant in a picture's name: the last of city_v2_v3_00001_.png, because a base may hold one too."""
    numbers = _VARIANT.findall(name)
    return int(numbers[-1]) if numbers else None


def _doubts(id: str, entry: dict[str, Any], picture: Path, chosen: dict[str, Path]) -> list[str]:
    """What is odd about a choice that stands nevertheless."""
    doubts = [
        f"Shots {other} and {id} have the same picture, {picture.name}."
        for other in chosen
        if chosen[other] == picture
    ]
    named, given = variant_of(picture.name), entry.get("selected_variant")
    if isinstance(given, int) and named is not None and named != given:
        doubts.append(
            f"Shot {id}: variant {given} was chosen, {picture.name} is variant {named}; that picture stays."
        )
    return doubts


def _shot_id(entry: Any) -> str | None:
    id = entry.get("shot_id") if isinstance(entry, dict) else None
    return str(id) if isinstance(id, str | int) and not isinstance(id, bool) and str(id) else None


def _candidates(entry: dict[str, Any], folder: Path) -> Iterator[Path]:
    """Where the picture may be: as written, then by its name in the project the file lies in."""
    for key in ("export_path", "source_path"):
        if isinstance(entry.get(key), str) and entry[key]:
            yield folder / entry[key]
    if name := _file_name(entry):
        project = folder.parent if folder.name == "selected" else folder
        yield from (project / "selected" / name, folder / name, project / "keyframes" / name)


def _file_name(entry: dict[str, Any]) -> str:
    """The name alone: it came from a file, and leads nowhere else."""
    for key in ("selected_file", "export_path", "source_path"):
        if isinstance(entry.get(key), str) and entry[key]:
            return PurePosixPath(entry[key].replace("\\", "/")).name
    return ""


def _is_picture(path: Path) -> bool:
    try:
        return path.suffix.lower() in SUFFIXES and path.is_file()
    except (OSError, ValueError):
        return False
