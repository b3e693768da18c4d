"""Files that a page hands over, kept in the cache until a deed takes them."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256 as digest
from itertools import chain, count
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from domain.errors import BadFile
from infrastructure.hashes import sha256
from infrastructure.part_files import cannot_write, writing, writing_folder

LARGEST = 4 * 1024**3  # bytes
MOST = 5000  # files of one folder
_LONGEST = 200  # bytes of a name
_FOLDER = re.compile(r"folder-[0-9a-f]{24}")
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
        id = uuid4().hex
        path = self._folder / id / _plain(name)
        with writing(path) as part, part.open("wb") as file:
            yield Receiving(id, file, path)

    def take(self, id: str) -> Path:
        """The file of an upload; `done` when it is not needed any more."""
        folder = self._folder / id
        files = sorted(folder.iterdir()) if _ID.fullmatch(id) and folder.is_dir() else []
        if not files:
            raise BadFile("The file that was handed over is not there any more. Choose it again.")
        return files[0]

    @contextmanager
    def taken(self, id: str) -> Iterator[Path]:
        """The file of an upload for as long as it is needed; gone afterwards."""
        try:
            yield self.take(id)
        finally:
            self.done(id)

    def done(self, id: str) -> None:
        with suppress(OSError):
            path = self.take(id)
            path.unlink()
            path.parent.rmdir()

    def gather(self, name: str, files: Mapping[str, str]) -> str:
        """Uploads as one folder of that name, each where its path says; returns what `source` takes.

        Where it lies comes from what it holds, so that the same folder again is the same source.
        """
        if not 0 < len(files) <= MOST:
            raise BadFile(f"A folder of 1 to {MOST} files can be taken in, and this one has {len(files)}.")
        paths = {id: self.take(id) for id in files}
        places = {id: _within(within) for id, within in files.items()}
        content = sorted(f"{'/'.join(places[id])} {sha256(path)}" for id, path in paths.items())
        named = digest("\n".join([_plain(name), *content]).encode()).hexdigest()[:24]
        folder = self._folder / f"folder-{named}"
        if not folder.exists():
            with writing_folder(folder) as part:
                for id, path in paths.items():
                    target = part.joinpath(_plain(name), *places[id])
                    target.parent.mkdir(parents=True, exist_ok=True)
                    path.rename(_free(target))
        for id in files:
            shutil.rmtree(self._folder / id, ignore_errors=True)
        return folder.name

    def source(self, source: str) -> Path:
        """A file or folder to import: an upload's id, what `gather` returned, or a path on this machine."""
        if _ID.fullmatch(source):
            return self.take(source)
        if _FOLDER.fullmatch(source):
            folders = list((self._folder / source).glob("*"))
            if not folders:
                raise BadFile("The folder that was handed over is not there any more. Choose it again.")
            return folders[0]
        path = Path(source.strip().strip("\"'"))
        with suppress(RuntimeError):  # a home that nobody has
            path = path.expanduser()
        if not path.is_absolute():
            raise BadFile(f"{source or 'Nothing'} is no whole path. Paste it as the file manager has it.")
        return path

    def forget(self, source: str) -> None:
        """What was handed over is not needed any more; what lies elsewhere is left alone."""
        if _FOLDER.fullmatch(source) or _ID.fullmatch(source):
            shutil.rmtree(self._folder / source, ignore_errors=True)

    def plain(self, sentence: str, path: Path) -> str:
        """A sentence about a source, without the folder of the cache, which says nothing to anybody."""
        return sentence.replace(f"{path.parent}{os.sep}", "") if self.holds(path) else sentence

    def holds(self, path: Path) -> bool:
        return path.is_relative_to(self._folder)


def _plain(name: str) -> str:
    """A file's name without what leads elsewhere or no system takes."""
    last = re.split(r"[/\\]", name)[-1][-120:].strip() or "file"
    plain = re.sub(r'[\x00-\x1f<>:"|?*]', "_", last)
    while len(plain.encode("utf-8", "replace")) > _LONGEST:
        plain = plain[1:]  # its end says what it is
    return plain if plain.strip(". ") else "file"


def _free(path: Path) -> Path:
    """Two names that differ only in what no system takes stay two files."""
    names = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in count(2))
    return next(free for free in chain([path], names) if not free.exists())


def _within(path: str) -> list[str]:
    """The parts of a path in a folder, whatever it says."""
    return [_plain(part) for part in re.split(r"[/\\]", path) if part not in ("", ".", "..")][-8:] or ["file"]
