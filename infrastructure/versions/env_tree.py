"""What is in an environment of Python packages, to the byte, and whether it still is.

A manifest knows each file by size, time and inode, so that nothing is read again while nothing changes. The
time of change (ctime) is no sign: every new hard link to a file changes it.
"""

import base64
import csv
import hashlib
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from domain.errors import BadFile
from infrastructure.hashes import read_sha256
from infrastructure.json_files import read_json
from infrastructure.part_files import writing

_READERS = max(2, os.cpu_count() or 2)
_BATCH = 128  # files that are handed to a reader at once
_SMALL = 1 << 20  # bytes of a file that is read in one go
_OURS = "pyvenv.cfg"  # and the links to Python: where Python is on this machine, which is no package
_LINK = "L"
_OF_UV = ("activate", "deactivate", "pydoc.")  # scripts for shells, of whichever uv made it
_UVS_OWN = ("/site-packages/_virtualenv.py", "/site-packages/_virtualenv.pth")

Entry = tuple[
    int, int, int, str
]  # bytes, nanoseconds, inode, what it holds: "-" or "x" and sha256; "L" and where to


@dataclass(frozen=True)
class EnvTree:
    entries: Mapping[str, Entry]  # by path below the environment

    @cached_property
    def hash(self) -> str:
        """Not of what some releases of uv lay into every environment, and others do not: packages are the
        same by their hashes. It is watched like all else, for Python runs it."""
        digest = hashlib.sha256()
        for path in sorted(self.entries):
            if path.endswith(_UVS_OWN):
                continue
            digest.update(f"{path}\0{self.entries[path][3]}\n".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()


def read_tree(env: Path, known: EnvTree | None = None) -> EnvTree:
    """Every file; what `known` has with the same size, time and inode is not read again."""
    old = known.entries if known else {}
    entries, unread = dict[str, Entry](), list[tuple[str, str, os.stat_result]]()
    for path, entry in _files(env):
        stat = entry.stat(follow_symlinks=False)
        before = old.get(path)
        if before and before[:3] == (stat.st_size, stat.st_mtime_ns, stat.st_ino):
            entries[path] = before
        elif entry.is_symlink():
            entries[path] = (
                stat.st_size,
                stat.st_mtime_ns,
                stat.st_ino,
                f"{_LINK}{Path(entry.path).readlink()}",
            )
        else:
            unread.append((path, entry.path, stat))
    batches = [unread[start : start + _BATCH] for start in range(0, len(unread), _BATCH)]
    with ThreadPoolExecutor(_READERS) as readers:  # hashing lets go of Python's lock
        for batch, digests in zip(batches, readers.map(_digests, batches), strict=True):
            for (path, _, stat), digest in zip(batch, digests, strict=True):
                kind = "x" if stat.st_mode & 0o100 else "-"
                entries[path] = (stat.st_size, stat.st_mtime_ns, stat.st_ino, kind + digest)
    return EnvTree(entries)


def _digests(batch: Sequence[tuple[str, str, os.stat_result]]) -> list[str]:
    """Most of an environment's files are a few kilobytes: then what is done beside reading counts."""
    found = []
    for _, path, stat in batch:
        content = _read_at_once(path) if stat.st_size <= _SMALL else b""
        is_all = len(content) == stat.st_size
        found.append(hashlib.sha256(content).hexdigest() if is_all else read_sha256(Path(path)))
    return found


def _read_at_once(path: str) -> bytes:
    file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        return os.read(file, _SMALL)
    finally:
        os.close(file)


def differences(was: EnvTree, now: EnvTree) -> list[str]:
    """Paths whose content is not what it was, that are new, or gone."""
    if was.entries == now.entries:
        return []
    paths = was.entries.keys() | now.entries.keys()
    return sorted(path for path in paths if _held(was, path) != _held(now, path))


def foreign(env: Path, tree: EnvTree) -> list[str]:
    """Files that are not what their package's own list says. A file changed in any environment is changed in
    the cache, too, and in each that is made from it: hard links are one file."""
    found = []
    for path in tree.entries:
        if not path.endswith(".dist-info/RECORD"):
            continue
        root = Path(path).parent.parent
        for row in csv.reader(io.StringIO((env / path).read_text("utf-8", "replace"))):
            name, told = row[:2] if len(row) > 1 else ("", "")
            place = os.path.normpath(root / name).replace(os.sep, "/")
            entry = tree.entries.get(place)
            is_told = told.startswith("sha256=") and entry is not None and not entry[3].startswith(_LINK)
            if is_told and entry and _base64(entry[3][1:]) != told.removeprefix("sha256="):
                found.append(place)
    return sorted(found)


def write_tree(file: Path, tree: EnvTree) -> None:
    with writing(file) as part:
        content = {"hash": tree.hash, "files": tree.entries}
        part.write_text(json.dumps(content, separators=(",", ":"), sort_keys=True) + "\n", "utf-8")


def read_manifest(file: Path) -> EnvTree:
    """Raises BadFile."""
    content: Any = read_json(file)
    try:
        entries = {
            str(path): (int(a), int(b), int(c), str(d)) for path, (a, b, c, d) in content["files"].items()
        }
        tree = EnvTree(entries)
        if content["hash"] == tree.hash:
            return tree
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise BadFile(f"{file} is no list of an environment's files.") from error
    raise BadFile(f"{file} was changed after it was made.")


def _files(env: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """All that belongs to packages, in no order."""
    left = [(str(env), "")]
    while left:
        folder, below = left.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                path = below + entry.name
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != "__pycache__":
                        left.append((entry.path, f"{path}/"))
                elif not entry.name.endswith(".pyc") and not _is_ours(path, entry):
                    yield path, entry


def _is_ours(path: str, entry: os.DirEntry[str]) -> bool:
    if path.count("/") > 1:
        return False
    is_python = path.startswith(("bin/python", "Scripts/python")) or path == "lib64"
    name = path.rpartition("/")[2]
    if path.startswith(("bin/", "Scripts/")) and name.startswith(_OF_UV):
        return True
    return path in (_OURS, ".lock", "CACHEDIR.TAG", ".gitignore") or (is_python and entry.is_symlink())


def _held(tree: EnvTree, path: str) -> str:
    entry = tree.entries.get(path)
    return entry[3] if entry else ""


def _base64(digits: str) -> str:
    return base64.urlsafe_b64encode(bytes.fromhex(digits)).decode().rstrip("=")
