"""Shot ids, so that each is a file name on every system and stands for one shot only."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain.safe_names import is_reserved, is_shot_id

LONGEST = 64


@dataclass(frozen=True)
class ShotId:
    id: str
    repair: str = ""  # a sentence, where the file said something else


class _Names:
    """Names given away, each once: "A1" and "a1" are one file on Windows and macOS."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._numbers: dict[str, int] = {}  # the last number tried for a name, so that many are quick

    def take(self, name: str) -> bool:
        is_free = name.lower() not in self._taken
        self._taken.add(name.lower())
        return is_free

    def nearest(self, wanted: str) -> str:
        """The name wanted, else that name with the next free number."""
        name, stem = wanted, wanted[: LONGEST - 6]
        while not self.take(name):
            self._numbers[stem.lower()] = self._numbers.get(stem.lower(), 1) + 1
            name = f"{stem}_{self._numbers[stem.lower()]}"
        return name


def shot_ids(given: Sequence[Any]) -> list[ShotId]:
    """One id for every shot. Good ones stay; the others get names that no good one has."""
    names = _Names()
    keeps = [isinstance(raw, str) and is_shot_id(raw) and names.take(raw) for raw in given]
    return [
        ShotId(raw) if keep else _repaired(raw, n, names)
        for n, (raw, keep) in enumerate(zip(given, keeps, strict=True), 1)
    ]


def _repaired(raw: Any, number: int, names: _Names) -> ShotId:
    text = str(raw).strip() if isinstance(raw, str | int | float) and not isinstance(raw, bool) else ""
    wanted = _as_id(text) or f"{number:03d}"
    id = names.nearest(wanted)
    return ShotId(id, _why(raw, text, id, wanted))


def _why(raw: Any, text: str, id: str, wanted: str) -> str:
    if not text:
        return f"It had no shot_id and is called {id}."
    if id != wanted or id == text:
        return f"shot_id {_short(text)} is there more than once; this one is called {id}."
    if not isinstance(raw, str):
        return f"shot_id {raw} read as the text {id}."
    return f"shot_id {_short(text)} cannot be a file name everywhere; it is called {id}."


def _as_id(text: str) -> str:
    """The nearest good id: accents go, everything else that may not stand there becomes _."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    id = re.sub(r"[^A-Za-z0-9_-]+", "_", plain)[:LONGEST].strip("_")
    return f"{id[: LONGEST - 1]}_" if is_reserved(id) else id


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return f'"{flat}"' if len(flat) <= 40 else f'"{flat[:39]}…"'
