"""As much of JSON Schema as config/version.schema.json uses, for tests."""

import json
import re
from pathlib import Path
from typing import Any

SCHEMA = json.loads((Path(__file__).parent.parent.parent / "config" / "version.schema.json").read_text())
_KINDS = {"string": str, "object": dict, "array": list, "boolean": bool, "null": type(None)}
_WORDS = {
    "$schema",
    "$ref",
    "$defs",
    "title",
    "description",
    "deprecated",
    "type",
    "const",
    "enum",
    "pattern",
}
_WORDS |= {"properties", "patternProperties", "additionalProperties", "propertyNames", "required", "items"}
_WORDS |= {"anyOf", "not", "if", "then"}


def accepts(value: Any, schema: Any = SCHEMA) -> bool:
    if isinstance(schema, bool):
        return schema
    assert schema.keys() <= _WORDS, schema.keys() - _WORDS
    if "$ref" in schema and not accepts(value, SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]):
        return False
    kinds = schema.get("type", [])
    if kinds and not any(_is(value, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
        return False
    if "const" in schema and not _same(value, schema["const"]):
        return False
    if "enum" in schema and not any(_same(value, one) for one in schema["enum"]):
        return False
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        return False
    if "not" in schema and accepts(value, schema["not"]):
        return False
    if "if" in schema and accepts(value, schema["if"]) and not accepts(value, schema["then"]):
        return False
    if "anyOf" in schema and not any(accepts(value, one) for one in schema["anyOf"]):
        return False
    if isinstance(value, list):
        return all(accepts(one, schema.get("items", True)) for one in value)
    return not isinstance(value, dict) or _accepts_object(value, schema)


def _accepts_object(value: dict[str, Any], schema: dict[str, Any]) -> bool:
    if any(key not in value for key in schema.get("required", ())):
        return False
    for key, one in value.items():
        if not accepts(key, schema.get("propertyNames", True)):
            return False
        rules = [schema["properties"][key]] if key in schema.get("properties", {}) else []
        rules += [rule for name, rule in schema.get("patternProperties", {}).items() if re.search(name, key)]
        if not all(accepts(one, rule) for rule in rules or [schema.get("additionalProperties", True)]):
            return False
    return True


def _is(value: Any, kind: str) -> bool:
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, _KINDS[kind])


def _same(value: Any, other: Any) -> bool:
    return type(value) is type(other) and bool(value == other)
