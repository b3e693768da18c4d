"""The texts in the EXIF of a WebP or JPEG, where ComfyUI and its custom nodes keep workflows.

Only texts are read, and only as many as a picture can sensibly have; a broken table ends early.
"""

import struct
from collections.abc import Iterator

_BYTE, _ASCII, _UNDEFINED = 1, 2, 7
_MORE, _COMMENT = 0x8769, 0x9286  # the second table; the user's comment, which has its encoding before it
_MOST = 200  # entries of a table


def webp_exif(data: bytes) -> bytes:
    """The EXIF in a WebP file; b"" when there is none."""
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        if name == b"EXIF":
            return data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    return b""


def jpeg_exif(data: bytes) -> bytes:
    """The EXIF in a JPEG file; b"" when there is none before the picture begins."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        size = struct.unpack_from(">H", data, at + 2)[0]
        if data[at + 1] == 0xE1 and data[at + 4 : at + 10] == b"Exif\0\0":
            return data[at + 4 : at + 2 + size]
        at += 2 + max(2, size)
    return b""


def texts(exif: bytes) -> Iterator[str]:
    table = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(table[:2])
    if order is None or len(table) < 8:
        return
    waiting = [struct.unpack_from(f"{order}I", table, 4)[0]]
    for _ in range(2):  # the table itself, and the one it points to
        if waiting:
            for tag, kind, value in _entries(table, order, waiting.pop()):
                if tag == _MORE and len(value) == 4:
                    waiting.append(struct.unpack(f"{order}I", value)[0])
                elif tag == _COMMENT:
                    yield _comment(value, order)
                elif kind == _ASCII:
                    yield value.decode("utf-8", "replace").rstrip("\0")


def _entries(table: bytes, order: str, at: int) -> Iterator[tuple[int, int, bytes]]:
    if at + 2 > len(table):
        return
    count = min(struct.unpack_from(f"{order}H", table, at)[0], _MOST)
    for start in range(at + 2, at + 2 + 12 * count, 12):
        if start + 12 > len(table):
            return
        tag, kind, size = struct.unpack_from(f"{order}HHI", table, start)
        if kind in (_BYTE, _ASCII, _UNDEFINED) and size > 4:
            place = struct.unpack_from(f"{order}I", table, start + 8)[0]
            yield tag, kind, table[place : place + size]
        else:
            yield tag, kind, table[start + 8 : start + 12]


def _comment(value: bytes, order: str) -> str:
    if value.startswith(b"UNICODE\0"):
        return value[8:].decode("utf-16-le" if order == "<" else "utf-16-be", "replace")
    return value.removeprefix(b"ASCII\0\0\0").decode("utf-8", "replace").strip("\0")
