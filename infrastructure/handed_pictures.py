"""Pictures that another program hands over with what it asks for: sent along, or lying among the projects.

Whoever asks may sit elsewhere. So nothing is fetched for it, and no file outside `root` is looked at, or
told to be there or not.
"""

import base64
import binascii
import hashlib
import os
import re
import shutil
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from PIL import Image

from domain.errors import BadFile
from infrastructure.hashes import sha256
from infrastructure.part_files import writing
from infrastructure.reference_files import LARGEST, SUFFIXES, shown, suffix_of
from infrastructure.there import is_file

MOST_PIXELS = 64_000_000  # of a picture: 256 MB when it is decoded
# whatever decoders raise for what is damaged
_UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    LookupError,
    TypeError,
    ArithmeticError,
    EOFError,
    struct.error,
)
_DATA = re.compile(r"data:[^,]*;base64,", re.IGNORECASE)


class Known:
    """The suffixes of pictures that were looked at, by their content: `most` of them."""

    def __init__(self, most: int):
        self._most, self._suffixes = most, dict[str, str]()
        self._turn = threading.Lock()

    def suffix(self, hash: str, file: Path | BytesIO, said: str) -> str:
        """Raises BadFile, each time anew."""
        if found := self._suffixes.get(hash):
            return found
        with self._turn:  # one at a time: decoded they are large
            found = self._suffixes.get(hash) or _looked_at(file, said)
            self._suffixes[hash] = found
            if len(self._suffixes) > self._most:
                del self._suffixes[next(iter(self._suffixes))]
        return found


_known = Known(10_000)


@dataclass(frozen=True)
class Handed:
    name: str  # of its content
    content: bytes | Path

    def put(self, folder: Path) -> None:
        """Raises CannotWrite."""
        to = folder / self.name
        if is_file(to):
            return
        with writing(to) as part:
            if isinstance(self.content, bytes):
                part.write_bytes(self.content)
            else:
                shutil.copyfile(self.content, part)


def handed(url: str, root: Path) -> Handed:
    """Raises BadFile with a sentence that names neither the picture's content nor files outside `root`."""
    if found := _DATA.match(url):
        return _sent(url[found.end() :])
    path = _within(_path(url), root)
    if path is None:
        raise BadFile(
            f"{shown(url)[:200]} is not in the studio's projects folder. Only pictures from there are taken; "
            "send others along as data:image/png;base64,…"
        )
    try:
        if not is_file(path) or path.stat().st_size > LARGEST:
            raise BadFile(f"{url[:200]} is not there, or larger than {LARGEST >> 20} MB.")
        hash = sha256(path)
        return Handed(f"{hash[:24]}{_known.suffix(hash, path, url[:200])}", path)
    except OSError as error:
        raise BadFile(f"{url[:200]} cannot be read: {error.strerror or error}.") from error


def brief(url: str) -> str:
    """A reference as it may be told and kept: a picture that was sent along by its first letters."""
    return f"{url[:30]}…" if _DATA.match(url) else shown(url)


def _sent(text: str) -> Handed:
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadFile("The picture that was sent along is not written in base64.") from error
    hash = hashlib.sha256(content).hexdigest()
    suffix = _known.suffix(hash, BytesIO(content), "What was sent along")
    return Handed(f"{hash[:24]}{suffix}", content)


def _path(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if parts.scheme.lower() == "file" and not parts.netloc:
        return url2pathname(unquote(parts.path))
    return url


def _within(path: str, root: Path) -> Path | None:
    """By its words first: on Windows merely looking at a path may ask another machine."""
    named = Path(os.path.normpath(root / path))
    if (
        "\0" in path
        or "://" in path
        or not (named.is_relative_to(root) or named.is_relative_to(root.resolve()))
    ):
        return None
    with suppress(OSError, RuntimeError, ValueError):  # a link to itself
        if (real := named.resolve()).is_relative_to(root.resolve()):
            return real
    return None


def _looked_at(file: Path | BytesIO, said: str) -> str:
    """Its suffix. Decoded to its end, as it will be when it is drawn: a JPEG in a 64th of its memory."""
    try:
        with Image.open(file, formats=list(SUFFIXES)) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise Image.DecompressionBombError
            picture.verify()
        with Image.open(file, formats=list(SUFFIXES)) as picture:  # verifying leaves nothing to decode
            picture.draft("RGB", (1, 1))
            picture.load()
            return suffix_of(picture.format)
    except Image.DecompressionBombError as error:
        most = MOST_PIXELS // 1_000_000
        raise BadFile(f"{said} is larger than {most} megapixels. Make it smaller.") from error
    except _UNREADABLE as error:
        raise BadFile(f"{said} is not a picture that can be read.") from error
