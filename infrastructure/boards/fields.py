"""The fields of one object in a file people wrote by hand or a language model wrote for them.

A field that can be read in one way only is mended and told; one that cannot is refused with
its place. What stood there before stays in the file, under `as_imported`.
"""

import math
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from infrastructure.strict_json import Place

AS_IMPORTED = "as_imported"
LARGEST_SEED = 2**64 - 1

_NUMBER = re.compile(r"\s*([-+]?\d+(?:\.\d+)?|[-+]?\.\d+|[-+]?\d+,\d{1,2})\s*([a-z%]*)\.?\s*", re.IGNORECASE)
_UNITS: dict[
    str, dict[str, float]
] = {  # what may stand behind a number, and what the number is multiplied with
    "seconds": {"": 1, "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1, "sek": 1, "ms": 0.001},
    "pixels": {"": 1, "px": 1, "pixel": 1, "pixels": 1},
    "frames a second": {"": 1, "fps": 1},
    "": {"": 1},
}


@dataclass(frozen=True)
class Refusal:
    place: Place
    sentence: str


@dataclass
class Report:
    """What is told of a file, and what it is refused for."""

    notes: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


@dataclass(frozen=True)
class Limits:
    low: float
    high: float
    unit: str = ""


class Fields:
    """Reads one object; `clean` is the object with its repairs made."""

    def __init__(self, raw: dict[str, Any], who: str, place: Place, report: Report):
        self.clean = dict(raw)
        self._who, self._place, self._report = who, place, report
        self._prefix = ""
        self._mended: dict[str, Any] = {}

    def has(self, key: str) -> bool:
        return self.clean.get(key) is not None

    def tell(self, sentence: str) -> None:
        self._report.notes.append(f"{self._who}: {sentence}")

    def refuse(self, key: str, sentence: str) -> None:
        self._report.refusals.append(Refusal((*self._place, key), sentence))

    def refuse_whole(self, sentence: str) -> None:
        self._report.refusals.append(Refusal(self._place, sentence))

    def mend(self, key: str, value: Any, how: str = "") -> None:
        """Put a repaired value in the place of the old one and say so."""
        old = self.clean.get(key)
        self._mended.setdefault(self._prefix + key, deepcopy(old))
        self.clean[key] = value
        self.tell(how or f"{self._prefix}{key} {shown(old)} read as {shown(value)}.")

    def finished(self) -> dict[str, Any]:
        """The clean object, together with what its repaired fields said before."""
        if self._mended:
            earlier = self.clean.get(AS_IMPORTED)
            kept = earlier if isinstance(earlier, dict) else {}
            self.clean[AS_IMPORTED] = {**self._mended, **kept}
        return self.clean

    def inner(self, key: str) -> "Fields | None":
        """The fields of an object within this one; None where there is none, or nothing in it."""
        value = self.clean.get(key)
        if value is None or value == {}:
            return None
        if not isinstance(value, dict):
            self.mend(key, {}, f"{self._prefix}{key} {shown(value)} is not an object and was left aside.")
            return None
        inner = Fields(value, self._who, (*self._place, key), self._report)
        inner._prefix, inner._mended = f"{self._prefix}{key}.", self._mended
        self.clean[key] = inner.clean
        return inner

    def text(self, key: str) -> str:
        """A text; numbers and lists of texts count as one."""
        match self.clean.get(key):
            case None:
                return ""
            case str(value):
                return value
            case bool() | dict() as value:
                self.refuse(key, f"{shown(value)} is not a text.")
                return ""
            case list(parts) if all(isinstance(p, str) for p in parts):
                self.mend(key, ", ".join(parts))
            case list() as value:
                self.refuse(key, f"{shown(value)} is not a text.")
                return ""
            case value:
                self.mend(key, str(value))
        return str(self.clean[key])

    def number(self, key: str, limits: Limits) -> float | None:
        """A number within limits; None where none is given."""
        value = self._as_number(key, limits.unit)
        if value is None:
            return None
        inside = min(max(value, limits.low), limits.high)
        if inside != value:
            limit = "the least" if inside > value else "the most"
            self.mend(key, _plain(inside), self._clamped(key, inside, limit, limits.unit))
        return float(inside)

    def whole(self, key: str, limits: Limits) -> int | None:
        value = self.number(key, limits)
        if value is None:
            return None
        if value != int(value):
            self.mend(key, round(value))
        elif not isinstance(self.clean[key], int):
            self.clean[key] = int(value)
        return round(value)

    def seed(self, key: str) -> int | None:
        """A seed; -1 and nothing both mean "choose one". 0 is a seed."""
        value = self._as_number(key, "")
        if value is None or value == -1:
            return None
        if value < 0 or value > LARGEST_SEED or value != int(value):
            self.mend(key, -1, f"{self._prefix}{key} {shown(value)} is not a seed; one will be chosen.")
            return None
        return int(value)

    def tag(self, key: str) -> str:
        """A preset key or free words; what is no word is left aside."""
        value = self.clean[key]
        if isinstance(value, dict | bool):
            self.tell(f"{self._prefix}{key} {shown(value)} is no word and was left aside.")
            return ""
        return self.text(key).strip()

    def entries(self, key: str) -> Iterator[tuple[int, Any]]:
        """The entries of a list, counted from 0; a single value is a list of one."""
        value = self.clean.get(key)
        if value is None or value == "":
            return iter(())
        return enumerate(value if isinstance(value, list) else [value])

    def _as_number(self, key: str, unit: str) -> float | None:
        value = self.clean.get(key)
        if value is None or value == "":
            return None
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        number = read_number(value, unit) if isinstance(value, str) else None
        if number is None:
            of = f" of {unit}" if unit else ""
            self.refuse(key, f"{shown(value)} is not a number{of}.")
            return None
        old = shown(value)
        self.mend(key, _plain(number), f"{self._prefix}{key} {old} read as {_with_unit(number, unit)}.")
        return number

    def _clamped(self, key: str, inside: float, limit: str, unit: str) -> str:
        old = shown(self.clean[key])
        return f"{self._prefix}{key} {old} became {_with_unit(inside, unit)}, {limit} there may be."


def read_number(text: str, unit: str) -> float | None:
    """ "3", "3.5", "3,5", "3s", "1024 px": a number that can be meant in one way only."""
    match = _NUMBER.fullmatch(text)
    if not match:
        return None
    factor = _UNITS[unit].get(match[2].lower())
    value = float(match[1].replace(",", "."))
    return value * factor if factor is not None and math.isfinite(value) else None


def shown(value: Any) -> str:
    """A value as a sentence can hold it: texts in quotation marks, long ones cut."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            flat = " ".join(value.split())
            return f'"{flat}"' if len(flat) <= 40 else f'"{flat[:39]}…"'
        case dict():
            return "an object" if value else "an empty object"
        case list():
            return "a list" if value else "an empty list"
    return str(value)


def _plain(value: float) -> float:
    return int(value) if value == int(value) else round(value, 6)


def _with_unit(value: float, unit: str) -> str:
    number = float(value) if unit == "seconds" else _plain(value)
    return f"{number} {unit}".strip()
