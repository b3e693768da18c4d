"""Names that any file system takes: what a shot, and what a project's folder may be called."""

import re
import unicodedata

_SHOT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_RESERVED = re.compile(r"con|prn|aux|nul|(com|lpt)[0-9]", re.IGNORECASE)
_LONGEST = 60  # characters of a folder's name
_LONGEST_BYTES = 180  # of the same in UTF-8; file systems take 255, and names get numbers and suffixes


def is_shot_id(text: str) -> bool:
    return _SHOT_ID.fullmatch(text) is not None and not is_reserved(text)


def is_reserved(name: str) -> bool:
    """Does Windows keep this name for a device?"""
    return _RESERVED.fullmatch(name) is not None


def folder_name(title: str, fallback: str = "film") -> str:
    """A folder's name from a title in any script: its letters and digits, the rest becomes -."""
    letters = (
        c if c in "_-" or unicodedata.category(c)[0] in "LMN" else " "
        for c in unicodedata.normalize("NFC", title)
    )
    name = _cut("-".join("".join(letters).split())).strip("-_")
    return f"{name}-{fallback}" if is_reserved(name) else name or fallback


def plain_name(title: str, fallback: str = "film") -> str:
    """The same for a disk that takes nothing but ASCII: accents go, other scripts are left out."""
    plain = unicodedata.normalize("NFKD", title.replace("ß", "ss"))
    return folder_name("".join(c if c.isascii() else _instead(c) for c in plain), fallback)


def _instead(letter: str) -> str:
    return "" if unicodedata.combining(letter) else " "


def _cut(name: str) -> str:
    """At most so long, and never through a letter."""
    name = name[:_LONGEST]
    while len(name.encode("utf-8", "surrogatepass")) > _LONGEST_BYTES:
        name = name[:-1]
    return name
