"""A version's spec as its author sees it: a text, written anew or copied."""

from dataclasses import replace
from pathlib import Path

from domain.errors import BadFile
from domain.versions import spec
from infrastructure.part_files import kept_aside, writing
from infrastructure.strict_json import parse_json, read_text
from services.versions.shelf import Shelf


def text_of(shelf: Shelf, id: str) -> str:
    """Also of one that does not read."""
    return read_text(shelf.file(id))


def rewrite(shelf: Shelf, id: str, text: str, was: str) -> None:
    """`text` in place of `was`, which is kept beside it. Raises BadFile when it is no spec of this version,
    or the file was changed since it was read."""
    file = shelf.file(id)
    found = spec.read(parse_json(text, "The spec"))
    if found.id != id:
        raise BadFile(f"version_id must stay {id}: a copy has another. It is {found.id} here.")
    if (now := text_of(shelf, id)) == text:
        return
    if now != was:
        raise BadFile(
            f"{file} was changed by somebody else meanwhile. Copy what you typed, and open it again."
        )
    kept_aside(file, "before")
    with writing(file) as part:
        part.write_text(text, "utf-8")


def cloned(shelf: Shelf, id: str, new: str, to: Path | None = None, over: bool = False) -> Path:
    """The same under another id, among the others or in the file `to`. Raises BadFile."""
    wanted = replace(shelf.version(id).spec, id=spec.checked_id(new, "The version's name"))
    return shelf.keep(wanted, to, over)
