"""What other programs send, looked through for what no file of JSON could hold."""

import math
import tracemalloc

import pytest

from domain.errors import BadFile
from infrastructure.strict_json import DEEPEST, check


def nested(levels):
    value = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("\ud800", "field has half a character"),
        (math.nan, "field is not a number to work with: nan."),
        ([1, [2, {"a": -math.inf}], 3], "field[1][1].a is not a number to work with: -inf."),
        ({"a": {"b": 1}, "c": [1, "\udfff"]}, "field.c[1] has half a character"),
        ({"a": [{}, {"\ud800": 1}]}, "field.a[1] has half a character"),
        ([[], {}, [[]], math.inf], "field[3] is not a number"),
        ({"a": [1, 2], "b": math.nan}, "field.b is not a number"),
        (nested(DEEPEST + 1), "field is nested too deeply"),
    ],
)
def test_what_no_file_holds_is_told_by_its_place(value, said):
    with pytest.raises(BadFile) as error:
        check(value, "field")
    assert said in str(error.value)


@pytest.mark.parametrize("value", [None, True, 7, 1.5, "ü", [], {}, [[1], {"a": ["ü"]}], nested(DEEPEST)])
def test_what_a_file_holds_is_taken(value):
    check(value, "field")


@pytest.mark.parametrize("value", [[1] * 300_000, [[1]] * 300_000, {str(n): n for n in range(300_000)}])
def test_looking_through_a_value_takes_next_to_none_of_its_memory(value):
    """Of a large one, beside which what other threads take meanwhile is nothing."""
    tracemalloc.start()
    try:
        check(value, "field")
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < value.__sizeof__() / 10
