"""Models by what they contain: models/sha256/HH/hex/blob, each once, read-only, shared by all versions.

A blob is visible under its name only when its hash was right. A download that was cut off goes on where it
was; of two programs that want the same one fetches, the other waits.
"""

import hashlib
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from pathlib import Path

from domain.errors import BadFile, CannotWrite
from domain.events import Event, Progress, Told, finished
from domain.versions.errors import Drift, NotInStore, Unresolved
from infrastructure.hashes import telling_sha256
from infrastructure.json_files import read_json, write_json
from infrastructure.part_files import cannot_write
from infrastructure.versions import links
from infrastructure.versions.locks import awaited
from infrastructure.versions.sources import SILENCE, place_of
from infrastructure.versions.transfers import Transfer, note_of


class Blobs:
    def __init__(self, folder: Path, is_offline: bool = False):
        self._folder = folder
        self._is_offline = is_offline
        self.silence = SILENCE  # seconds between two bytes until a line counts as broken

    def path(self, sha256: str) -> Path:
        return self._folder / "sha256" / sha256[:2] / sha256 / "blob"

    def size(self, sha256: str) -> int | None:
        """None while it is not there."""
        path = self.path(sha256)
        return path.stat().st_size if path.is_file() else None

    def is_whole(self, sha256: str, is_deep: bool = False) -> bool:
        """Read again only when size, time or inode changed since it was last read, or when `is_deep`."""
        return finished(self.looking(sha256, is_deep))

    def looking(self, sha256: str, is_deep: bool = False) -> Generator[Progress, None, bool]:
        """`is_whole` for large ones."""
        path = self.path(sha256)
        try:
            now = _stamp(path)
        except OSError:
            return False
        if not is_deep and now == self._memo(sha256):
            return True
        try:
            if (yield from telling_sha256(path)) != sha256:
                return False
        except OSError:  # what cannot be read is not whole
            return False
        if now != self._memo(sha256):
            with suppress(CannotWrite):  # then it is read once more the next time
                write_json(self._memo_file(sha256), now)
        return True

    def bring(
        self, sha256: str, size: int | None, sources: Sequence[tuple[str, str]]
    ) -> Generator[Event, None, Path]:
        """From the first source (address, revision) that gives it. Raises Drift when what comes is something
        else, NotInStore, Unresolved, CannotWrite."""
        path = self.path(sha256)
        if (yield from self.looking(sha256)):
            return path
        if self._is_offline:
            raise NotInStore(f"The model {sha256[:12]}… is not in the store, and nothing may be fetched.")
        with (yield from awaited(path.with_name("lock"), f"the model {sha256[:12]}…")):
            if (yield from self.looking(sha256)):  # by who held the lock
                return path
            self._set_aside(path)
            refused: Unresolved | Drift = Unresolved(
                f"Nothing says where the model {sha256[:12]}… comes from."
            )
            for source, revision in sources:
                try:
                    found = yield from self._fetched(source, revision, path.with_name("part"), size, sha256)
                    self._publish(path.with_name("part"), found, sha256, source)
                    return path
                except (Unresolved, Drift) as error:
                    refused = error
            raise refused

    def take_in(
        self, source: str, check: Callable[[Path, str], None]
    ) -> Generator[Event, None, tuple[str, int]]:
        """What lies there, whatever it is, unless `check` of its file and sha256 raises. Returns its sha256
        and size in bytes."""
        if self._is_offline:
            raise NotInStore(f"{source} would have to be fetched to know what it is, and nothing may be.")
        part = self.incoming(source) / "part"
        with (yield from awaited(part.with_name("lock"), source)):
            digest = yield from self._fetched(source, "", part, None)
            try:
                check(part, digest)
            except Drift:
                _refuse(part)
                raise
            size = part.stat().st_size
            with (yield from awaited(self.path(digest).with_name("lock"), f"the model {digest[:12]}…")):
                if not (yield from self.looking(digest)):
                    self._set_aside(self.path(digest))
                    self._publish(part, digest, digest, source)
            _forget(part)
        return digest, size

    def all(self) -> dict[str, int]:
        """Sizes of what is there, by sha256."""
        found = self._folder.glob("sha256/*/*/blob")
        return {path.parent.name: path.stat().st_size for path in found if path.is_file()}

    def protect(self) -> None:
        """All are read-only again: where Windows took a link to one away, that had to be made writable first,
        and the blob with it."""
        for path in map(self.path, self.all()):
            if path.stat().st_mode & 0o222:
                path.chmod(0o444)

    def unfinished(self) -> list[Path]:
        """Folders in which a download was begun and no blob is."""
        found = (*self._folder.glob("sha256/*/*/"), *self._folder.glob("incoming/*/"))
        return sorted(path for path in found if not (path / "blob").is_file())

    def incoming(self, source: str) -> Path:
        """Where something comes in that nobody knows the sha256 of."""
        return self._folder / "incoming" / hashlib.sha256(source.encode()).hexdigest()[:16]

    def _fetched(
        self, source: str, revision: str, part: Path, size: int | None, wanted: str = ""
    ) -> Generator[Event, None, str]:
        """Returns the sha256 of what came. When half of it was here before, and the whole is not what is
        `wanted`, the half may have been spoiled, or of another source: all of it is fetched once more."""
        try:
            part.parent.mkdir(parents=True, exist_ok=True)
            if (file := place_of(source).file) and file.is_file():
                if _is_shared(file, part):
                    return (yield from telling_sha256(part))
                size_here = f"{file.stat().st_size / 1e6:.1f} MB"
                why = "this disk cannot let two files share them"
                yield Told(f"{file} is copied into the store, {size_here}: {why}.")
            transfer = Transfer(source, revision, part, size, self.silence)
            found = yield from transfer.run()
            if wanted and found != wanted and transfer.went_on:
                _forget(part)
                found = yield from Transfer(source, revision, part, size, self.silence).run()
            return found
        except OSError as error:
            raise cannot_write(part, error) from error

    def _publish(self, part: Path, found: str, sha256: str, source: str) -> None:
        """The only way in."""
        if found != sha256:
            _refuse(part)
            raise Drift(f"{source} is not what the lock says: its sha256 is {found}, not {sha256}.")
        path = self.path(sha256)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.chmod(0o444)
            part.replace(path)
            _forget(part)
        except OSError as error:
            raise cannot_write(path, error) from error
        write_json(self._memo_file(sha256), _stamp(path))

    def _set_aside(self, path: Path) -> None:
        """What stands there is not what its name says."""
        with suppress(FileNotFoundError):
            path.replace(path.with_name("bad"))

    def _memo_file(self, sha256: str) -> Path:
        return self.path(sha256).with_name("verified.json")

    def _memo(self, sha256: str) -> list[int]:
        try:
            content = read_json(self._memo_file(sha256))
        except BadFile:
            return []
        return content if isinstance(content, list) else []


def _is_shared(file: Path, part: Path) -> bool:
    """Whether the bytes of somebody's own file are here now without being copied. Not by a hard link: it
    would be read-only as blobs are, and whoever writes into it would change every version that has it."""
    _forget(part)
    try:
        links.reflink(file, part)
    except OSError:
        return False
    return True


def _refuse(part: Path) -> None:
    """Kept for whoever wants to know what it is; nothing goes on from it."""
    try:
        part.replace(part.with_name("bad"))
        note_of(part).unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(part, error) from error


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    note_of(part).unlink(missing_ok=True)


def _stamp(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns, stat.st_ino]
