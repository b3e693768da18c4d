"""Reads the workflow that a picture or a clip of ComfyUI carries in it.

ComfyUI writes the graph that ran ("prompt") and the window's own form of it ("workflow"): into text
chunks of a PNG, the EXIF of a WebP, the tags of a clip. Popular custom nodes write both as one JSON
into a clip's comment, or into the EXIF of a JPEG.
"""

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from domain.errors import BadFile
from infrastructure import ffmpeg
from infrastructure.exif_texts import jpeg_exif, texts, webp_exif
from infrastructure.strict_json import parse_json

LARGEST = 8_000_000  # bytes of one text
LARGEST_PICTURE = 100_000_000  # bytes of a WebP or JPEG

_PNG = b"\x89PNG\r\n\x1a\n"
_TEXTS = (b"tEXt", b"zTXt", b"iTXt", b"comf")
_MOST = 100_000  # chunks of a PNG
_KEYS = ("prompt", "workflow")
_CLIPS = {
    "matroska": re.compile(rb"\x1aE\xdf\xa3"),
    "mov": re.compile(rb"....(ftyp|moov|wide|free)", re.DOTALL),
}
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_NEXT_TAG = re.compile(r"(?<!\\)(?:\\\\)*\n")

Texts = Iterator[tuple[str, str]]  # by their keys
Reader = Callable[[Path, IO[bytes], str], Texts]


@dataclass(frozen=True)
class Carried:
    """What a file carries; both are unchecked JSON."""

    graph: Any  # in the form that runs; None: there is none
    window: Any  # in the form of ComfyUI's window; None: there is none


def is_media(start: bytes) -> bool:
    """Whether a file that begins so is a picture or a clip that may carry a workflow."""
    return _reader(start) is not None


def carried(path: Path, name: str = "") -> Carried:
    """Raises BadFile, which calls the file `name`, when it does not read or carries no workflow."""
    name = name or path.name
    found: dict[str, Any] = {}
    for key, text in media_texts(path, name):
        for form, value in _values(key, text, name):
            found.setdefault(form, value)
    if not found:
        raise BadFile(
            f"{name} carries no workflow of ComfyUI. Programs that send pictures on often remove it: "
            "take the file as ComfyUI saved it."
        )
    return Carried(found.get("prompt"), found.get("workflow"))


def media_texts(path: Path, name: str) -> Texts:
    """Every text that a picture or clip carries, with its key. Raises BadFile as `carried` does."""
    try:
        with path.open("rb") as file:
            read = _reader(file.read(16))
            if read is None:
                raise BadFile(f"{name} is no PNG, WebP, JPEG, MP4, MOV or WebM.")
            file.seek(0)
            yield from read(path, file, name)
    except FileNotFoundError as error:
        raise BadFile(f"There is no file {name}.") from error
    except OSError as error:
        raise BadFile(f"{name} cannot be read: {error.strerror}.") from error


def _reader(start: bytes) -> Reader | None:
    if start.startswith(_PNG):
        return _png
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return lambda path, file, name: _exif(webp_exif(_whole(path, file, name)))
    if start.startswith(b"\xff\xd8\xff"):
        return lambda path, file, name: _exif(jpeg_exif(_whole(path, file, name)))
    kind = next((kind for kind, begins in _CLIPS.items() if begins.match(start)), None)
    return (lambda path, file, name: _clip(path, kind, name)) if kind else None


def _values(key: str, text: str, name: str) -> Iterator[tuple[str, Any]]:
    """The workflows in a text; none when it is something else, which a prompt of other programs is."""
    key = key.lower()
    if key not in (*_KEYS, "comment") or not text.lstrip().startswith("{"):
        return
    # Python programs write NaN, which no reader but theirs takes
    value = parse_json(text, f"The {key} in {name}", constant=lambda _: None)
    if key != "comment":
        yield key, value
    else:
        for inner, content in value.items():
            if isinstance(content, str):
                yield from _values(inner, content, name) if inner.lower() in _KEYS else ()
            elif inner.lower() in _KEYS and isinstance(content, dict):
                yield inner.lower(), content


def _png(path: Path, file: IO[bytes], name: str) -> Texts:
    file.seek(len(_PNG))
    for _ in range(_MOST):
        head = file.read(8)
        if len(head) < 8:
            return
        size, kind = struct.unpack(">I4s", head)
        if kind in _TEXTS and size <= LARGEST:
            yield from _chunk(kind, file.read(size), name)
            file.seek(4, 1)
        elif kind in _TEXTS:
            raise BadFile(_too_large(name))
        else:
            file.seek(size + 4, 1)


def _chunk(kind: bytes, content: bytes, name: str) -> Texts:
    key, _, rest = content.partition(b"\0")
    if kind == b"zTXt":
        rest = _unpacked(rest[1:], name)
    elif kind == b"iTXt":
        is_packed = rest[:1] == b"\1"
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
        rest = _unpacked(rest, name) if is_packed else rest
    yield key.decode("latin-1"), _decoded(rest)


def _unpacked(packed: bytes, name: str) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(packed, LARGEST)
    except zlib.error as error:
        raise BadFile(f"A text in {name} is damaged. Take the file as ComfyUI saved it.") from error
    if unpacker.unconsumed_tail:
        raise BadFile(_too_large(name))
    return content


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _exif(exif: bytes) -> Texts:
    """ComfyUI writes “prompt:{…}” into the texts of a camera's make and model."""
    for text in texts(exif):
        if text.lstrip().startswith("{"):
            yield "comment", text
        else:
            key, _, value = text.partition(":")
            yield key.strip(), value


def _whole(path: Path, file: IO[bytes], name: str) -> bytes:
    if path.stat().st_size > LARGEST_PICTURE:
        raise BadFile(_too_large(name))
    return file.read()


def _clip(path: Path, kind: str, name: str) -> Texts:
    """The demuxer is named, so that a file that calls itself a clip cannot have others opened."""
    answer = ffmpeg.ask(["-v", "error", "-f", kind, "-i", path.absolute(), "-f", "ffmetadata", "-"])
    if len(answer.output) > 3 * LARGEST:
        raise BadFile(_too_large(name))
    if not answer.output:
        raise BadFile(f"{name} is damaged or cut off, and cannot be read.")
    for line in _NEXT_TAG.split(answer.output.decode("utf-8", "replace")):
        key, _, value = line.partition("=")
        yield key, _ESCAPED.sub(r"\1", value)


def _too_large(name: str) -> str:
    return f"{name} carries more text than a workflow has, and was not read."
