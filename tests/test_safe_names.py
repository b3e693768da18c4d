"""What a shot may be called."""

import pytest

from domain.safe_names import is_shot_id


@pytest.mark.parametrize("name", ["001", "S003", "city-v2", "_", "a" * 64, "console", "com10"])
def test_letters_digits_dashes_and_underscores_make_an_id(name: str) -> None:
    assert is_shot_id(name)


@pytest.mark.parametrize(
    "name", ["", " ", "a" * 65, "a.b", "../a", "a/b", "a\\b", "é", "a b", "a\n", "CON", "nul", "Com1", "lpt9"]
)
def test_what_leads_elsewhere_or_is_a_device_somewhere_is_no_id(name: str) -> None:
    assert not is_shot_id(name)
