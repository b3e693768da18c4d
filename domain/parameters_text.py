"""The text in which many programs write down how a picture was made: the prompt, then lines that begin
with “Negative prompt:” and “Steps:”."""

import math
import re
from typing import Any

_NEGATIVE = re.compile(r"^Negative prompt:\s?", re.MULTILINE)
_SETTINGS = re.compile(r"^Steps: \d+,.*$", re.MULTILINE)
_PAIR = re.compile(r"(?:^|,)\s*([A-Za-z][\w ]*?):\s*([^,\"]*)")


def parameters(text: str) -> dict[str, Any]:
    """Prompt, negative, steps, cfg, seed, width and height, as far as they are there; {} for other texts."""
    settings = next(reversed(list(_SETTINGS.finditer(text))), None)
    if settings is None:
        return {}
    said, *rest = _NEGATIVE.split(text[: settings.start()], maxsplit=1)
    pairs = {key.strip().lower(): value.strip() for key, value in _PAIR.findall(settings.group())}
    width, _, height = pairs.get("size", "").partition("x")
    found = {
        "prompt": said.strip(),
        "negative": rest[0].strip() if rest else "",
        "seed": _number(pairs.get("seed", ""), int),
        "steps": _number(pairs.get("steps", ""), int),
        "cfg": _number(pairs.get("cfg scale", ""), float),
        "width": _number(width, int),
        "height": _number(height, int),
    }
    return {name: value for name, value in found.items() if value not in ("", None)}


def _number(text: str, kind: type[int] | type[float]) -> int | float | None:
    try:
        number = kind(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
