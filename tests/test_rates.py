"""Frame rates as files write them."""

from fractions import Fraction

import pytest

from domain.rates import rate_in


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("24", Fraction(24)),
        ("23.976", Fraction(23976, 1000)),
        ("24000/1001", Fraction(24000, 1001)),
        ("0", None),
        ("24/0", None),
        ("-24", None),
        ("1e30000000", None),
        ("9" * 5000, None),
        ("", None),
        ("None", None),
    ],
)
def test_a_rate_is_read_and_nothing_else(text, rate):
    assert rate_in(text) == rate
