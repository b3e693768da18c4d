"""What takes are called: 003_v2 is a shot's second picture, 003.02_v1 a first clip of its second segment."""

import re

_NUMBERED = re.compile(r"(.+)_v(\d+)")


def numbered(name: str) -> tuple[str, int] | None:
    """The stem and the number of a take's name; nothing for what is no such name."""
    match = _NUMBERED.fullmatch(name)
    return (match[1], int(match[2])) if match else None


def shot_of(name: str) -> str:
    """ "003" of "003_v2" and of "003.01_v1": a shot's id has no dot, but may end on _v1 itself."""
    found = numbered(name)
    return (found[0] if found else name).partition(".")[0]
