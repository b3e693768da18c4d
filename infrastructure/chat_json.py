"""The JSON object in what a language model says, also with prose or a fence around it, or slips in it."""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import accumulate, islice
from typing import Any, NamedTuple

import json_repair

from domain.errors import BadFile
from infrastructure.strict_json import DEEPEST, parse_json

Schema = Mapping[str, Any]

_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"```[a-z]*[ \t]*\n(.*?)(?:\n[ \t]*```|\Z)", re.DOTALL | re.IGNORECASE)
_DECODER = json.JSONDecoder()
_TRIES = 20  # places where an object may begin
_TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


class Found(NamedTuple):
    content: dict[str, Any] | None  # None where there is no object at all
    was_clean: bool  # it was JSON as it came


def found_in(text: str) -> Found:
    """Nothing is raised, whatever the text is."""
    plain = text.strip()
    if (content := _object(plain)) is not None:
        return Found(content, True)
    plain = _THOUGHT.sub("", plain)
    fenced = max(_FENCE.findall(plain), key=len, default="")
    for part in (fenced, plain):
        if content := _first_object(part):
            return Found(content, False)
    for part in (fenced, plain):
        start = part.find("{")
        if start >= 0 and (content := _mended(part[start:])) is not None:
            return Found(content, False)
    return Found(None, False)


def _first_object(text: str) -> dict[str, Any] | None:
    """Prose may have braces as well, before it and after it."""
    for start in islice((n for n, letter in enumerate(text) if letter == "{"), _TRIES):
        try:
            _, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if content := _object(text[start:end]):
            return content
    return None


def _object(text: str) -> dict[str, Any] | None:
    try:
        content = parse_json(text, "the answer")
    except BadFile:
        return None
    return content if isinstance(content, dict) else None


def _mended(text: str) -> dict[str, Any] | None:
    depths = accumulate((letter in "{[") - (letter in "}]") for letter in text)
    if max(depths, default=0) > DEEPEST:
        return None  # nobody's answer, and slow to mend
    try:
        content = json_repair.loads(text, skip_json_loads=True)
        return _object(json.dumps(content)) if isinstance(content, dict) and content else None
    except (RecursionError, ValueError, TypeError):
        return None


def faults(value: Any, schema: Schema, where: str = "") -> Iterator[str]:
    """What in a value is other than a schema of this house says: types, enum, required, and no more keys."""
    name = where or "the answer"
    kind = schema.get("type")
    allowed = _TYPES.get(str(kind), object)
    if not isinstance(value, allowed) or (isinstance(value, bool) and kind in ("integer", "number")):  # type: ignore[arg-type]
        yield f"{name} must be of type {kind}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{name} must be one of: {', '.join(map(str, schema['enum']))}"
    if isinstance(value, dict):
        known = schema.get("properties", {})
        yield from (f"{name} lacks {key}" for key in schema.get("required", ()) if key not in value)
        yield from (f"{name} has an unknown {str(key)[:40]}" for key in value if key not in known)
        for key, part in known.items():
            if key in value:
                yield from faults(value[key], part, f"{where}.{key}".lstrip("."))
    if isinstance(value, list) and "items" in schema:
        for number, item in enumerate(value):
            yield from faults(item, schema["items"], f"{where}[{number}]")
