"""Numbers that somebody else tells, which may be anything that JSON can hold."""

from typing import Any

LONGEST = 7 * 24 * 3600.0  # seconds; RunPod lets no job live longer


def number(said: Any, most: float) -> float | None:
    """None for what is no number, and for one that is below zero, endless, or absurd: beyond `most`. Some
    tell numbers as texts."""
    try:
        number = -1.0 if isinstance(said, bool) else float(said)
    except (OverflowError, TypeError, ValueError):
        return None
    return number if 0 <= number <= most else None
