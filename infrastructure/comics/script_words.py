"""The words that mean something in a script, in every language it may be written in."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from infrastructure.json_files import read_json

WORDS = Path(__file__).parent.parent.parent / "config" / "comic_words.json"
_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NAME = r"(?P<name>[^:()\[\]|@]{1,60}?)"
SPEECH = re.compile(rf"{_NAME}\s*(?:\((?P<manner>[^()]*)\))?\s*:\s*(?P<text>.*)")
_BLOCK = re.compile(r"(?P<word>\w+)(?:\s*(?P<colon>:)|\b\.?)")
_NUMBER = re.compile(  # 3, 3., 3: …, ONE, ONE (FIVE PANELS); but not: one of them
    rf"(?:\d+\b|(?:{'|'.join(_WORDS)})(?=$|\s*[.:(\[—–-]))\s*[.:—–-]?\s*", re.IGNORECASE
)
_FIELD = re.compile(r"@\s*(?P<word>[^:]{1,20}?)\s*:\s*(?P<text>.*)")


@dataclass(frozen=True)
class Words:
    """What each word means, by the word in small letters."""

    header: dict[str, str]
    blocks: dict[str, str]
    texts: dict[str, str]
    fields: dict[str, str]
    manners: dict[str, str]
    rtl: frozenset[str]
    ltr: frozenset[str]

    def block(self, line: str) -> tuple[str, str] | None:
        """The kind of block that a line begins, and what follows its number. A word of prose begins none: it
        needs a number after it, or a colon, or nothing."""
        found = _BLOCK.match(line)
        kind = self.blocks.get(found["word"].casefold()) if found else None
        if not found or not kind:
            return None
        rest = line[found.end() :].strip()
        if kind == "character":
            is_name = rest and found["word"].isupper() and len(rest.split()) <= 3
            return (kind, rest) if ":" in rest or is_name else None
        if found["colon"] or rest[:1] in ("[", "(", ""):
            return kind, rest
        number = _NUMBER.match(rest)
        return (kind, rest[number.end() :].strip()) if number else None

    def field(self, line: str) -> tuple[str, str] | None:
        """A field's name and its text: `@camera: close-up`."""
        found = _FIELD.fullmatch(line)
        name = self.fields.get(found["word"].casefold()) if found else None
        return (name, found["text"]) if found and name else None


@cache
def words() -> Words:
    said = read_json(WORDS)
    meant = {group: _meant(said[group]) for group in ("header", "blocks", "texts", "fields", "manners")}
    return Words(**meant, rtl=frozenset(said["rtl"]), ltr=frozenset(said["ltr"]))


def _meant(group: dict[str, list[str]]) -> dict[str, str]:
    return {word: meaning for meaning, words in group.items() for word in words}
