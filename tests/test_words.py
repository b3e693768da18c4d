"""The catalogues: every word a page uses is there, in every language, with the same places for values."""

import json
import re
from pathlib import Path

import pytest

from services.words import FOLDER, LANGUAGES, catalogue

HOUSE = Path(__file__).parent.parent
SCRIPTS = sorted((HOUSE / "addons" / "static" / "js").glob("*.js"))
PYTHON = sorted((HOUSE / "addons").glob("*.py"))
PLURALS = ("one", "few", "many", "other")


def own(language):
    return json.loads((FOLDER / f"{language}.json").read_text("utf-8"))


def used():
    """Keys asked for as they stand, and the beginnings of those that are put together."""
    whole, beginnings = set(), set()
    for script in SCRIPTS:
        text = script.read_text("utf-8")
        whole |= set(re.findall(r"""['"`]([a-z][\w-]*(?:\.[\w -]+)+)['"`]""", text))
        whole |= set(re.findall(r"""\bt[n]?\(['"`]([\w.]+)['"`]""", text))
        whole |= set(re.findall(r"""[?:]\s*['"`]([a-z][\w.]*)['"`]\s*[,):]""", text))
        beginnings |= set(re.findall(r"`([a-z][\w.]*\.)\$\{", text))
    for module in PYTHON:
        whole |= set(re.findall(r"""['"]([a-z][\w-]*(?:\.[\w -]+)+)['"]""", module.read_text("utf-8")))
    return whole, beginnings


def stem(key):
    head, _, tail = key.rpartition(".")
    return head if tail in PLURALS else key


def test_every_word_a_script_asks_for_is_in_the_catalogue():
    known = {*own("en"), *map(stem, own("en"))}
    asked = set()
    for script in SCRIPTS:
        asked |= set(re.findall(r"\btn?\('([\w. -]+)'", script.read_text("utf-8")))
    assert asked, "the scripts were not read"
    assert not asked - known


def test_every_word_in_the_catalogue_is_used():
    whole, beginnings = used()
    unused = [
        key
        for key in own("en")
        if stem(key) not in whole
        and key not in whole
        and not any(key.startswith(beginning) for beginning in beginnings)
    ]
    assert not unused


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_reads_and_is_sorted(language):
    words = own(language)
    assert list(words) == sorted(words)
    assert all(isinstance(word, str) and word.strip() for word in words.values())


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_a_language_says_everything_that_english_says_with_the_same_values(language):
    english, words = own("en"), own(language)
    missing = {stem(key) for key in english} - {stem(key) for key in words}
    assert not missing
    assert not {stem(key) for key in words} - {stem(key) for key in english}, "words that nobody asks for"
    for key, word in words.items():
        meant = english.get(key) or english[f"{stem(key)}.other"]
        assert set(re.findall(r"\{(\w+)\}", word)) <= set(re.findall(r"\{(\w+)\}", meant)), key


def test_what_a_language_does_not_say_is_said_in_english():
    assert set(catalogue("en")) <= set(catalogue("de"))
