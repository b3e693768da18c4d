"""Files that a page hands over, kept in the cache until a deed takes them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from domain.errors import BadFile
from infrastructure.part_files import cannot_write, writing

LARGEST = 4 * 1024**3  # bytes
_ID = re.compile(r"[0-9a-f]{32}")


class Receiving:
    """One file on its way in."""

    def __init__(self, id: str, file: BinaryIO, path: Path):
        self.id, self._file, self._path = id, file, path
        self._size = 0

    def write(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > LARGEST:
            raise BadFile("The file is larger than 4 GB, which is more than the studio takes in.")
        try:
            self._file.write(chunk)
        except OSError as error:
            raise cannot_write(self._path, error) from error


class Uploads:
    def __init__(self, folder: Path):
        self._folder = folder

    @contextmanager
    def receiving(self, name: str) -> Iterator[Receiving]:
        """`name` is what the artist's machine calls the file; it is kept, but never as a path."""
        id, plain = uuid4().hex, re.split(r"[/\\]", name)[-1][-120:].strip() or "file"
        plain = re.sub(r'[\x00-\x1f<>:"|?*]', "_", plain)
        path = self._folder / id / plain
        with writing(path) as part, part.open("wb") as file:
            yield Receiving(id, file, path)

    def take(self, id: str) -> Path:
        """The file of an upload; `done` when it is not needed any more."""
        folder = self._folder / id
        files = sorted(folder.iterdir()) if _ID.fullmatch(id) and folder.is_dir() else []
        if not files:
            raise BadFile("The file that was handed over is not there any more. Choose it again.")
        return files[0]

    def done(self, id: str) -> None:
        with suppress(OSError):
            path = self.take(id)
            path.unlink()
            path.parent.rmdir()
