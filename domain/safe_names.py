"""Names that any file system takes, made from names that anybody may have sent."""

import re
import unicodedata
from collections.abc import Iterable

_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9¹²³])", re.IGNORECASE)
_SHOT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_FORBIDDEN = re.compile(r'[<>:"|?*]+')
_LONGEST_SUFFIX = 12


def is_shot_id(text: str) -> bool:
    """Whether a shot may be called so: its files are."""
    return _SHOT_ID.fullmatch(text) is not None and not is_reserved(text)


def is_reserved(name: str) -> bool:
    """Does Windows keep this name for a device? With a suffix as well: "aux.txt"."""
    return bool(_RESERVED.fullmatch(name.split(".")[0].rstrip(" ")))


def safe_name(text: str, longest: int = 100) -> str:
    """One file name out of any text: it names no folder, no device, and is at most `longest` bytes.

    The suffix stays, and so does whatever is readable: letters of every script, emoji.
    """
    steps = (step.strip(" .") for step in re.split(r"[/\\]+", _printable(text)))
    name = _FORBIDDEN.sub("_", "_".join(filter(None, steps)))
    name = re.sub(r"\s+", " ", name).strip(" .")
    stem, suffix = _split(name)
    if is_reserved(stem):
        stem = f"_{stem}"
    stem = _cut(stem, longest - len(suffix.encode()))
    return f"{stem.rstrip(' .') or 'unnamed'}{suffix}"


def unique(names: Iterable[str]) -> list[str]:
    """The names with -2, -3, … where one was there before; "A.png" and "a.png" count as one."""
    taken: set[str] = set()
    result = []
    for name in names:
        stem, suffix = _split(name)
        free, number = name, 1
        while _folded(free) in taken:
            number += 1
            free = f"{stem}-{number}{suffix}"
        taken.add(_folded(free))
        result.append(free)
    return result


def _printable(text: str) -> str:
    """Without control characters, broken characters and marks that turn the reading direction.

    What joins emoji and Indic letters (U+200C, U+200D) stays.
    """
    composed = unicodedata.normalize("NFC", text)
    return "".join(_visible(c) for c in composed)


def _visible(character: str) -> str:
    match unicodedata.category(character):
        case "Cc" | "Zl" | "Zp":
            return " "
        case "Cs" | "Co" | "Cn":
            return "_"
        case "Cf" if character not in "\u200c\u200d" and not "\U000e0020" <= character <= "\U000e007f":
            return ""
    return character


def _split(name: str) -> tuple[str, str]:
    """Stem and suffix; a suffix is short and has no spaces: "Mr. Smith goes" has none."""
    stem, dot, suffix = name.rpartition(".")
    if stem.strip(" .") and suffix and len(suffix.encode()) < _LONGEST_SUFFIX and suffix.isalnum():
        return stem, dot + suffix
    return name, ""


def _cut(text: str, longest: int) -> str:
    """The beginning of a text, in at most so many bytes, without a half character or a half emoji."""
    if len(text.encode()) <= longest:
        return text
    cut = text.encode()[: max(longest, 0)].decode("utf-8", "ignore")
    while cut and unicodedata.category(text[len(cut)])[0] == "M":
        cut = cut[:-1]  # an accent stays with its letter
    return cut.rstrip("\u200d")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
