"""Frame rates as files write them."""

import re
from fractions import Fraction

_RATE = re.compile(r"\d{1,6}(/\d{1,6}|\.\d{1,9})?")  # no more digits than a rate has: exponents take hours


def rate_in(text: str) -> Fraction | None:
    """24, "23.976" or "24000/1001"; None for what is no rate above 0."""
    try:
        return (Fraction(text) or None) if _RATE.fullmatch(text) else None
    except ZeroDivisionError:
        return None
