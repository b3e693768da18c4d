"""Word tables turned into patterns, and what of them stands in a text."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from infrastructure.sketch.tables import sections

NEAR = 26  # characters between a number and what it counts


def plain(prompt: str) -> str:
    """Lower case, one kind of apostrophe, one kind of blank."""
    text = unicodedata.normalize("NFKC", prompt).lower().replace("’", "'").replace("ʼ", "'")
    return " ".join(text.replace("_", " ").split())


def words_pattern(words: Iterable[str]) -> re.Pattern[str]:
    parts = []
    for word in sorted(words, key=len, reverse=True):
        stem = re.escape(word.strip("*")).replace(r"\-", "[- ]")
        parts.append((r"\b\w*" if word[0] == "*" else r"\b") + stem + (r"\w*" if word[-1] == "*" else r"\b"))
    return re.compile("|".join(parts))


@lru_cache(maxsize=1)
def patterns() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    tables = {}
    for table, rows in sections("words").items():
        pairs = (row.split("|", 1) for row in rows)
        tables[table] = [(name.strip(), words_pattern(words.split())) for name, words in pairs]
    return tables


def found(table: str, text: str) -> list[str]:
    """Names whose words stand in the text, first mentioned first."""
    hits = [(m.start(), n, name) for n, (name, p) in enumerate(patterns()[table]) if (m := p.search(text))]
    return list(dict.fromkeys(name for _, _, name in sorted(hits)))


def in_order(table: str, text: str) -> list[str]:
    """Names whose words stand in the text, in the order of the table."""
    return list(dict.fromkeys(name for name, p in patterns()[table] if p.search(text)))


def mentions(table: str, text: str) -> list[tuple[str, str, int]]:
    """(name, word, place) of everything mentioned; what a longer name has taken is not taken twice."""
    taken: list[tuple[int, int]] = []
    out = []
    for name, p in patterns()[table]:
        for m in p.finditer(text):
            if all(m.end() <= a or m.start() >= b for a, b in taken):
                taken.append(m.span())
                out.append((name, m.group(), m.start()))
    return sorted(out, key=lambda hit: hit[2])


def number_before(text: str, place: int) -> int:
    """The number said shortly before a word: 2 for "two old climbers"; 0 when there is none."""
    near = re.split(r"[,.;:]| and | und | with | mit ", text[max(0, place - NEAR) : place])[-1]
    return max((int(n) for n, p in patterns()["count"] if p.search(near)), default=0)


def about_things(text: str) -> str:
    """The text without the words of the craft that would be taken for things: key light, camera …"""
    for _, pattern in patterns()["ignored"]:
        text = pattern.sub(" ", text)
    return text
