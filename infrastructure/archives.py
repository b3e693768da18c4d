"""A project as one zip file, and back. Nothing in a zip is believed: neither its names nor its sizes."""

import lzma
import shutil
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from domain.errors import BadFile, StudioError
from domain.events import Event, Progress, Told
from domain.safe_names import is_reserved
from infrastructure.part_files import writing
from infrastructure.project_folders import CHUNK, LEFT_BEHIND, Found

_TEXT = {".json", ".txt", ".md", ".csv", ".tsv", ".cube"}  # the rest is packed already, as media are
_MOST_FILES = 200_000
_UNSUSPICIOUS = 256 << 20  # bytes that any zip may unpack to
_SWELLING = 25  # times its own size; media do not shrink, and texts do not fill a project
_SPARE = 64 << 20  # bytes to leave on the disk
_FORBIDDEN = set('<>:"|?*\\')
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class _Packed:
    info: zipfile.ZipInfo
    within: tuple[str, ...]


def pack(files: Sequence[Found], to: Path, name: str) -> Generator[Event, None, Path]:
    """All files in a zip with one folder called `name`; it stands whole or not at all."""
    total, done = sum(f.size for f in files) or 1, 0
    with writing(to) as part, zipfile.ZipFile(part, "x") as archive:
        for found in files:
            inside = "/".join((name, *found.within))
            yield Progress(min(1.0, done / total), f"packing {inside}")
            if not all(map(_is_plain, found.within)):
                yield Told(f"{ascii(inside)[1:-1]} has a name that not every system takes; it was left out.")
                continue
            try:
                info = zipfile.ZipInfo.from_file(found.path, inside, strict_timestamps=False)
                source = found.path.open("rb")
            except FileNotFoundError:
                continue  # it went meanwhile
            except OSError as error:
                yield Told(f"{inside} cannot be read: {error.strerror or error}; it was left out.")
                continue
            info.compress_type = _packing(found.path)
            with source, archive.open(info, "w", force_zip64=True) as entry:
                while chunk := source.read(CHUNK):
                    entry.write(chunk)
                    done += len(chunk)
                    yield Progress(min(1.0, done / total), f"packing {inside}")
    return to


def unpack(archive: Path, to: Path) -> Generator[Progress, None, None]:
    """Everything in a zip into an empty folder, below whatever single folder it lies in."""
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = _checked(opened, archive, to)
            total, done = sum(e.info.file_size for e in entries) or 1, 0
            for entry in entries:
                target = to.joinpath(*entry.within)
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(entry.info) as source, target.open("xb") as file:
                    while chunk := source.read(CHUNK):
                        file.write(chunk)
                        done += len(chunk)
                        yield Progress(min(1.0, done / total), f"unpacking {entry.within[-1]}")
    except FileExistsError as error:
        raise BadFile(f"{archive} holds two files of one name: {Path(error.filename).name}.") from error
    except FileNotFoundError as error:
        raise BadFile(f"There is no file {archive}.") from error
    except UnicodeDecodeError as error:
        raise BadFile(f"{archive} is damaged: a name in it is no text.") from error
    except _BROKEN as error:
        raise BadFile(f"{archive} is damaged or no zip file: {error}.") from error


def _packing(path: Path) -> int:
    return zipfile.ZIP_DEFLATED if path.suffix.lower() in _TEXT else zipfile.ZIP_STORED


def _checked(opened: zipfile.ZipFile, archive: Path, to: Path) -> list[_Packed]:
    infos = [info for info in opened.infolist() if not info.is_dir()]
    if len(infos) > _MOST_FILES:
        raise BadFile(f"{archive} holds {len(infos)} files, more than any project.")
    total = sum(info.file_size for info in infos)
    if total > max(_UNSUSPICIOUS, _SWELLING * archive.stat().st_size):
        raise BadFile(f"{archive} would grow to {total >> 20} MB, as no project does. It was not unpacked.")
    if total + _SPARE > shutil.disk_usage(to).free:
        raise StudioError(f"{archive} needs {total >> 20} MB, and {to.parent} has not so much room.")
    entries = [_Packed(info, _place(info, archive)) for info in infos]
    tops = {entry.within[0] for entry in entries}
    if len(tops) == 1 and all(len(entry.within) > 1 for entry in entries):
        entries = [_Packed(entry.info, entry.within[1:]) for entry in entries]
    entries = [entry for entry in entries if entry.within[0] not in LEFT_BEHIND]
    seen = set[str]()
    for entry in entries:
        key = unicodedata.normalize("NFC", "/".join(entry.within)).casefold()
        if key in seen:
            raise BadFile(f"{archive} holds two files of one name: {'/'.join(entry.within)}.")
        seen.add(key)
    return entries


def _place(info: zipfile.ZipInfo, archive: Path) -> tuple[str, ...]:
    parts = tuple(info.filename.split("/"))
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG) or not all(map(_is_plain, parts)):
        shown = ascii(info.filename)[1:-1][:80]
        raise BadFile(f"{archive} is not safe to unpack: {shown} is no plain file in a project.")
    return parts


def _is_plain(part: str) -> bool:
    """A name that every system takes, and that leads nowhere."""
    if any("\ud800" <= letter <= "\udfff" for letter in part):
        return False  # bytes that are no text
    is_odd = part in ("", ".", "..") or part[-1] in ". " or len(part.encode("utf-8", "replace")) > 255
    is_odd = is_odd or bool(_FORBIDDEN & {*part}) or min(part, default=" ") < " "
    return not is_odd and not is_reserved(part.partition(".")[0].rstrip())
