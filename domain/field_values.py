"""Values of a board's fields as JSON has them, read as what they are meant; refused in a sentence."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from domain.errors import StudioError

LONGEST_TEXT = 20_000


def text(field: str, value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise StudioError(f"{field} should be a text.")
    if len(value) > LONGEST_TEXT:
        raise StudioError(f"{field} is longer than {LONGEST_TEXT} letters. Keep the rest in another file.")
    return value


def texts(field: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise StudioError(f"{field} should be a list of names.")
    return tuple(dict.fromkeys(name.strip() for name in (text(field, v) for v in value) if name.strip()))


def path(field: str, value: Any) -> Path | None:
    if value in (None, ""):
        return None
    whole_path = Path(text(field, str(value)))
    if not whole_path.is_absolute():
        raise StudioError(f"{field} needs a whole path.")
    return whole_path


def paths(field: str, value: Any) -> tuple[Path, ...]:
    if not isinstance(value, list | tuple):
        raise StudioError(f"{field} should be a list of pictures.")
    return tuple(dict.fromkeys(found for v in value if (found := path(field, v))))


def number(low: float, high: float, unit: str = "") -> Callable[[str, Any], float]:
    def read(field: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise StudioError(f"{field} should be from {low:g} to {high:g}{unit}.")
        return float(value)

    return read


def whole(low: int, high: int, unit: str = "") -> Callable[[str, Any], int]:
    def read(field: str, value: Any) -> int:
        is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not is_whole or not low <= value <= high:
            raise StudioError(f"{field} should be a whole number from {low} to {high}{unit}.")
        return int(value)

    return read


def or_none(read: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    return lambda field, value: None if value in (None, "") else read(field, value)
