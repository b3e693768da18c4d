"""Names that any file system takes: what a shot may be called, since its files are called so."""

import re
import unicodedata

_SHOT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_RESERVED = re.compile(r"con|prn|aux|nul|(com|lpt)[0-9]", re.IGNORECASE)


def is_shot_id(text: str) -> bool:
    return _SHOT_ID.fullmatch(text) is not None and not is_reserved(text)


def is_reserved(name: str) -> bool:
    """Does Windows keep this name for a device?"""
    return _RESERVED.fullmatch(name) is not None


def file_stem(title: str, otherwise: str = "film") -> str:
    """A title as the beginning of a file's name: "Low Tide – Post" is low-tide-post."""
    plain = unicodedata.normalize("NFKD", title.replace("ß", "ss")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower())[:48].strip("-") or otherwise
