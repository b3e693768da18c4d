"""JSON as the standard has it, with a place for every complaint.

Python's own reader takes NaN and Infinity, which no other program reads back. Here they are
refused by line and column, like a file too large or nested too deeply.
"""

import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from json.decoder import scanstring  # type: ignore[attr-defined]
from pathlib import Path
from typing import Any, NoReturn

from domain.errors import BadFile

LARGEST = 20_000_000  # bytes; a board of 10,000 shots has about ten million
DEEPEST = 100  # objects within objects; what copies and writes them goes down by recursion
Place = tuple[str | int, ...]  # ("shots", 4, "duration")

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[-+.\w]+', re.DOTALL)
_SPACE = re.compile(r"[ \t\r\n]*")
_OVER: Any = object()  # behind the last value of a level
_BROKEN = re.compile("[\ud800-\udfff]")  # half a character: no file can hold it


class _NotFinite(Exception):
    """A number that is none: NaN, Infinity, 1e999."""


def read_text(path: Path, largest: int = LARGEST) -> str:
    """The text of a file in UTF-8, or in UTF-16 where it says so itself."""
    try:
        if path.stat().st_size > largest:
            raise BadFile(f"{path} is larger than {largest // 1_000_000} MB and was not read.")
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise BadFile(f"There is no file {path}.") from error
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}.") from error
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile(f"{path} is not text in UTF-8. Save it as UTF-8 and try again.") from error


def parse_json(text: str, name: str | Path, constant: Callable[[str], Any] | None = None) -> Any:
    """The value in a text; `name` is what a complaint calls it, `constant` what NaN and its like become."""
    try:
        value = json.loads(text, parse_constant=constant or _refuse, parse_float=_finite, parse_int=_whole)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise BadFile(f"{name} is not valid JSON: {error.msg} at {place}.") from error
    except _NotFinite as error:
        token = str(error)
        line, column = _place_of_token(text, token)
        shown = token if len(token) < 20 else token[:16] + "…"
        raise BadFile(
            f"{name}, line {line}, column {column}: {shown} is not a number to work with."
        ) from error
    except RecursionError as error:
        raise BadFile(f"{name} is nested too deeply to be read.") from error
    if _is_deep(value):
        raise BadFile(f"{name} is nested too deeply to be read.")
    return _whole_characters(value) if "\\u" in text else value


def check(value: Any, name: str) -> None:
    """Raises BadFile that names the place of what no file of JSON holds, in a value from another program.

    It holds a way in for each level and nothing for each value, and tells the place when it is wanted.
    """
    place: list[str | int] = [name]
    ways: list[Iterator[tuple[Any, Any]]] = [iter([(name, value)])]
    while ways:
        step, one = next(ways[-1], (0, _OVER))
        if one is _OVER:
            ways.pop()
            place.pop()
            continue
        if isinstance(one, list | dict) and len(place) > DEEPEST:
            raise BadFile(f"{name} is nested too deeply to be read.")
        place[-1] = step
        _check_one(one, place)
        if isinstance(one, list):
            ways.append(iter(enumerate(one)))
            place.append(0)
        elif isinstance(one, dict):
            for key in one:
                _check_one(key, place)
            ways.append(iter(one.items()))
            place.append("")


def _check_one(one: Any, place: Sequence[str | int]) -> None:
    if isinstance(one, str):
        if not one.isascii() and _BROKEN.search(one):
            raise BadFile(f"{named(place)} has half a character in it, which no file can hold.")
    elif isinstance(one, float) and not math.isfinite(one):
        raise BadFile(f"{named(place)} is not a number to work with: {one}.")


def line_of(text: str, place: Place) -> int | None:
    """The line on which a value stands; None when there is no such value."""
    at = _past_space(text, 0)
    for step in place:
        inside = _member(text, at, step)
        if inside is None:
            return None
        at = inside
    return text.count("\n", 0, at) + 1


def named(place: Sequence[str | int]) -> str:
    """("shots", 4, "duration") as people write it: shots[4].duration"""
    name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return name.lstrip(".")


def _refuse(token: str) -> NoReturn:
    raise _NotFinite(token)


def _finite(token: str) -> float:
    value = float(token)
    return value if math.isfinite(value) else _refuse(token)


def _whole(token: str) -> int:
    return int(token) if len(token) < 300 else _refuse(token)


def _is_deep(value: Any) -> bool:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(DEEPEST):
        members = (m for v in level for m in (v.values() if isinstance(v, dict) else v))
        level = [m for m in members if isinstance(m, dict | list)]
        if not level:
            return False
    return True


def _place_of_token(text: str, token: str) -> tuple[int, int]:
    start = next((m.start() for m in _TOKEN.finditer(text) if m.group() == token), 0)
    return text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)


def _whole_characters(value: Any) -> Any:
    match value:
        case str():
            return _BROKEN.sub("\ufffd", value)
        case list():
            return [_whole_characters(v) for v in value]
        case dict():
            return {_whole_characters(k): _whole_characters(v) for k, v in value.items()}
    return value


def _past_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _member(text: str, at: int, step: str | int) -> int | None:
    """Where a member of the object or list at `at` begins. The last of equal keys, as Python reads it."""
    is_object = text[at] == "{"
    if text[at] not in "{[":
        return None
    found, index, decoder = None, 0, json.JSONDecoder()
    at = _past_space(text, at + 1)
    while text[at] not in "]}":
        key: str | int = index
        if is_object:
            key, at = scanstring(text, at + 1)
            at = _past_space(text, _past_space(text, at) + 1)
        if key == step:
            found = at
        _, at = decoder.raw_decode(text, at)
        at = _past_space(text, at)
        if text[at] == ",":
            at = _past_space(text, at + 1)
        index += 1
    return found
