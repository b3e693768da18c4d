"""Which language a text is in, as far as its letters tell."""

import re

NAMES = {
    "en": "English",
    "uk": "Ukrainian",
    "de": "German",
    "ru": "Russian",
    "pl": "Polish",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "pt": "Portuguese",
    "cs": "Czech",
    "bg": "Bulgarian",
    "el": "Greek",
    "ja": "Japanese",
    "zh": "Chinese",
    "ko": "Korean",
}
_LATIN = "a-z\u00aa\u00ba\u00df-\u024f\u1e00-\u1eff"
_HAN = "\u3005\u3400-\u9fff"
_LETTERS = dict.fromkeys(("en", "de", "pl", "fr", "es", "it", "pt", "cs"), _LATIN)
_LETTERS |= {"uk": "а-щьюяґєії", "ru": "а-яё", "bg": "а-я", "el": "\u0370-\u03ff\u1f00-\u1fff"}
_LETTERS |= {"ja": f"\u3040-\u30ff{_HAN}", "zh": _HAN, "ko": f"\uac00-\ud7a3{_HAN}"}

_UKRAINIAN, _RUSSIAN, _GERMAN = "ґєії", "ёъыэ", "äöüß"


def language_of(text: str) -> str:
    """uk, ru, de or en; of the Cyrillic ones Ukrainian where no letter tells them apart."""
    counts = {letter: text.casefold().count(letter) for letter in _UKRAINIAN + _RUSSIAN + _GERMAN}
    if len(re.findall(r"[а-яґєії]", text.casefold())) > len(re.findall(r"[a-zäöüß]", text.casefold())):
        russian = sum(counts[letter] for letter in _RUSSIAN)
        return "ru" if russian > sum(counts[letter] for letter in _UKRAINIAN) else "uk"
    return "de" if sum(counts[letter] for letter in _GERMAN) else "en"


def share_in(text: str, language: str) -> float:
    """The share of a text's letters that the language is written in; 1 where there are none, and for a
    language whose letters are not known here."""
    known = _LETTERS.get(code_of(language))
    letters = [letter for letter in text.casefold() if letter.isalpha()]
    if not known or not letters:
        return 1.0
    return len(re.findall(f"[{known}]", "".join(letters))) / len(letters)


def is_latin(text: str) -> bool:
    return share_in(text, "en") == 1.0


def code_of(language: str) -> str:
    """`uk` for uk-UA and Ukrainian as well; other words as they are."""
    plain = language.strip().casefold()
    named = {name.casefold(): code for code, name in NAMES.items()}
    return named.get(plain) or re.split(r"[-_]", plain)[0]
