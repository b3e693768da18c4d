"""Which language a text is in, as far as its letters tell."""

import re

_UKRAINIAN, _RUSSIAN, _GERMAN = "ґєії", "ёъыэ", "äöüß"


def language_of(text: str) -> str:
    """uk, ru, de or en; of the Cyrillic ones Ukrainian where no letter tells them apart."""
    counts = {letter: text.casefold().count(letter) for letter in _UKRAINIAN + _RUSSIAN + _GERMAN}
    if len(re.findall(r"[а-яґєії]", text.casefold())) > len(re.findall(r"[a-zäöüß]", text.casefold())):
        russian = sum(counts[letter] for letter in _RUSSIAN)
        return "ru" if russian > sum(counts[letter] for letter in _UKRAINIAN) else "uk"
    return "de" if sum(counts[letter] for letter in _GERMAN) else "en"
