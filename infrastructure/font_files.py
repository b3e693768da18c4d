"""Which characters a font file can draw, and which font files this machine has."""

import os
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

SUFFIXES = {".ttf", ".otf", ".ttc", ".otc"}
_LARGEST_TABLE = 4 << 20  # bytes of the table of characters
_OUTLINES = {b"glyf", b"CFF ", b"CFF2"}  # fonts of pictures, such as coloured emoji, have none of them
_UNICODE = ((3, 10), (0, 6), (0, 4), (3, 1), (0, 3))  # platforms and encodings, the fullest first
_GOOD = (  # names of fonts that have most of what Inter lacks
    "notosanscjk",
    "notosanssc",
    "sourcehansans",
    "pingfang",
    "msyh",
    "hiragino",
    "yugoth",
    "malgun",
    "wqy",
    "droidsansfallback",
    "notosans",
    "arialunicode",
    "simsun",
    "dejavusans",
)


def characters(path: Path) -> frozenset[int]:
    """Code points the first font in a file has a drawing for; none for what is no such font."""
    try:
        with path.open("rb") as file:
            start = file.read(16)
            offset = struct.unpack(">L", start[12:16])[0] if start[:4] == b"ttcf" else 0
            file.seek(offset + 4)
            (count,) = struct.unpack(">H6x", file.read(8))
            tables = {}
            for _ in range(min(count, 200)):
                tag, begin, size = struct.unpack(">4s4xLL", file.read(16))
                tables[tag] = begin, size
            if not _OUTLINES & tables.keys():
                return frozenset()
            begin, size = tables[b"cmap"]
            file.seek(begin)
            return frozenset(_mapped(file.read(min(size, _LARGEST_TABLE))))
    except (OSError, struct.error, KeyError, IndexError):
        return frozenset()


def system_fonts() -> list[Path]:
    """Font files of this machine, those with many scripts first."""
    found = (Path(at) / name for folder in _folders() for at, _, names in os.walk(folder) for name in names)
    return sorted((path for path in found if path.suffix.lower() in SUFFIXES), key=_rank)


def _folders() -> list[Path]:
    home, environment = Path.home(), os.environ
    if sys.platform == "win32":
        local = environment.get("LOCALAPPDATA", str(home / "AppData" / "Local"))
        windows = environment.get("WINDIR", str(Path(home.anchor) / "Windows"))
        return [Path(windows) / "Fonts", Path(local) / "Microsoft" / "Windows" / "Fonts"]
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library" / "Fonts"]
    shared = environment.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    own = environment.get("XDG_DATA_HOME") or str(home / ".local" / "share")
    return [*(Path(folder) / "fonts" for folder in [own, *shared.split(":")]), home / ".fonts"]


def _rank(path: Path) -> tuple[int, bool, str]:
    name = path.stem.lower().replace("-", "").replace(" ", "").replace("_", "")
    place = next((n for n, good in enumerate(_GOOD) if name.startswith(good)), len(_GOOD))
    is_plain = not any(
        word in name for word in ("bold", "italic", "oblique", "light", "thin", "black", "mono")
    )
    return place, not is_plain, name


def _mapped(table: bytes) -> Iterator[int]:
    (count,) = struct.unpack_from(">2xH", table)
    places = {}
    for number in range(count):
        platform, encoding, offset = struct.unpack_from(">HHL", table, 4 + 8 * number)
        places[platform, encoding] = offset
    offset = next(places[key] for key in _UNICODE if key in places) if {*_UNICODE} & places.keys() else 0
    (format_,) = struct.unpack_from(">H", table, offset) if offset else (0,)
    if format_ == 12:
        yield from _of_groups(table, offset)
    elif format_ == 4:
        yield from _of_segments(table, offset)


def _of_groups(table: bytes, offset: int) -> Iterator[int]:
    (count,) = struct.unpack_from(">L", table, offset + 12)
    for number in range(count):
        first, last, glyph = struct.unpack_from(">LLL", table, offset + 16 + 12 * number)
        if first <= last <= 0x10FFFF:
            yield from range(first + (glyph == 0), last + 1)


def _of_segments(table: bytes, offset: int) -> Iterator[int]:
    count = struct.unpack_from(">H", table, offset + 6)[0] // 2
    at = offset + 14

    def column(number: int) -> tuple[int, ...]:
        begin = at + number * 2 * count + (2 if number else 0)  # a pad stands behind the first
        return struct.unpack_from(f">{count}H", table, begin)

    ranges = at + 6 * count + 2
    for n, (last, first, delta, skip) in enumerate(zip(*map(column, range(4)), strict=True)):
        for code in range(first, min(last, 0xFFFE) + 1):
            if skip:
                place = ranges + 2 * n + skip + 2 * (code - first)
                glyph = struct.unpack_from(">H", table, place)[0] if place + 2 <= len(table) else 0
            else:
                glyph = (code + delta) & 0xFFFF
            if glyph:
                yield code
