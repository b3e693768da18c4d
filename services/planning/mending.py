"""A panel's texts brought within the rules. What had to go for that is told with its words."""

import re
from collections.abc import Iterator
from dataclasses import replace

from domain.comic import Comic, Line, Panel
from domain.comic_prompts import NO_TEXT, asks_for_no_text, looks
from domain.comic_rules import BALLOONS, IN_LANGUAGE, WORDS, Finding, unnamed
from domain.languages import is_latin, share_in

_FEWEST = 4  # words of an image prompt that says anything


def mended(panel: Panel, comic: Comic) -> tuple[Panel, list[Finding]]:
    found: list[Finding] = []
    panel = _in_language(panel, comic, found)
    panel = replace(panel, lines=_few(panel, found))
    return replace(panel, image_prompt=_image_prompt(panel, comic, found)), found


def _in_language(panel: Panel, comic: Comic, found: list[Finding]) -> Panel:
    def is_in(words: str) -> bool:
        return share_in(unnamed(comic, words), comic.language) >= IN_LANGUAGE

    if is_in(" ".join(panel.words)):
        return panel
    for words in panel.words:
        if not is_in(words):
            found.append(Finding(panel.id, f"Left out, as it is not in the comic's language: “{words}”"))
    return replace(
        panel,
        lines=tuple(line for line in panel.lines if is_in(line.text)),
        narrative=panel.narrative if is_in(panel.narrative) else "",
        sfx=panel.sfx if is_in(panel.sfx) else "",
    )


def _few(panel: Panel, found: list[Finding]) -> tuple[Line, ...]:
    lines = [part for line in panel.lines for part in _parted(line)]
    if len(lines) > len(panel.lines):
        found.append(
            Finding(panel.id, f"What was longer than {WORDS} words was parted into several balloons.")
        )
    for line in lines[BALLOONS:]:
        found.append(Finding(panel.id, f"A balloon more than {BALLOONS} was left out: “{line.text}”"))
    return tuple(lines[:BALLOONS])


def _parted(line: Line) -> Iterator[Line]:
    """Where a sentence ends, if one does within the words that a balloon may have."""
    words = line.text.split()
    while len(words) > WORDS:
        ends = [n for n, word in enumerate(words[:WORDS], 1) if re.search(r"[.!?…][\"»”']?$", word)]
        at = ends[-1] if ends else WORDS
        yield replace(line, text=" ".join(words[:at]))
        words = words[at:]
    yield replace(line, text=" ".join(words))


def _image_prompt(panel: Panel, comic: Comic, found: list[Finding]) -> str:
    prompt = panel.image_prompt
    if not is_latin(prompt):
        prompt = _latin(prompt)
        found.append(
            Finding(panel.id, "Words that were not in Latin letters were taken out of its image prompt.")
        )
    if len(prompt.split()) < _FEWEST:
        people = filter(None, (comic.character(actor.character) for actor in panel.actors))
        seen = [_latin(looks(replace(one, name=""))) for one in people]
        prompt = "; ".join(filter(None, (panel.camera, *seen, _latin(panel.action), _latin(panel.mood))))
        found.append(
            Finding(panel.id, "Its image prompt was made of its camera and who is seen; please look at it.")
        )
    return prompt if asks_for_no_text(prompt) else f"{prompt.rstrip(' .,;')}. {NO_TEXT.capitalize()}."


def _latin(words: str) -> str:
    return " ".join(word for word in words.split() if is_latin(word))
