"""A model's answers as parts of a comic. Anything may be in them: what is of the wrong type is passed over,
who is unknown is left out and told, and what only the model can better is complained of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from domain.comic import KINDS, PASSING, SPEECH, Actor, Chapter, Character, Comic, Line, Page, Panel
from domain.comic_rules import BALLOONS, IN_LANGUAGE, WORDS, Finding, unnamed
from domain.languages import NAMES, code_of, is_latin, share_in
from services.planning.schemas import ANGLES, SHOTS

LONGEST = 1000  # letters of one text
MOST = 40  # members of one list: nothing in a comic has more
MOST_PEOPLE = 8


class Read(NamedTuple):
    panel: Panel
    complaints: list[str]  # for the model
    found: list[Finding]  # for the author


def text(content: Mapping[str, Any], *names: str) -> str:
    """The first that is there, on one line and not longer than a text may be."""
    for name in names:
        value = content.get(name)
        if isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
            plain = "".join(letter if letter.isprintable() else " " for letter in str(value)[: 2 * LONGEST])
            if said := " ".join(plain.split()):
                return said[:LONGEST]
    return ""


def objects(content: Mapping[str, Any], name: str, plain: str) -> Iterator[Mapping[str, Any]]:
    """The members of a list that are objects; a text is taken as one that has only `plain`."""
    value = content.get(name)
    for item in value[:MOST] if isinstance(value, list) else ():
        if isinstance(item, dict):
            yield item
        elif isinstance(item, str):
            yield {plain: item}


def read_characters(content: Mapping[str, Any]) -> list[Character]:
    people: dict[str, Character] = {}
    for said in objects(content, "characters", "name"):
        name = text(said, "name")
        if name and name.casefold() not in people and len(people) < MOST_PEOPLE:
            id = f"char-{len(people) + 1}"
            looks, clothing, role = (text(said, key) for key in ("appearance", "clothing", "role"))
            people[name.casefold()] = Character(id, name, looks, clothing, role)
    return list(people.values())


def read_outline(content: Mapping[str, Any], comic: Comic) -> tuple[Comic, list[Finding]]:
    """The comic with pages whose panels have an action and nothing else."""
    found: list[Finding] = []
    chapters, number = [], 0
    for said in objects(content, "chapters", "title"):
        pages = []
        for page in objects(said, "pages", "summary"):
            number += 1
            pages.append(_page(page, comic, number, found))
        chapters.append(Chapter("", text(said, "title"), tuple(pages)))
    title = text(content, "title") or comic.title
    return replace(comic, title=title, chapters=tuple(chapters)), found


def _page(said: Mapping[str, Any], comic: Comic, number: int, found: list[Finding]) -> Page:
    beats = [
        text(beat, "action", "beat", "description", "text") for beat in objects(said, "panels", "action")
    ]
    there = []
    for one in objects(said, "charactersInScene", "characterId"):
        if id := _known(text(one, "characterId", "id"), comic):
            there.append(id)
        elif name := text(one, "characterId", "id"):
            found.append(Finding(f"page {number}", f"Nobody is called {name[:40]}; not there."))
    return Page(
        "",
        number,
        text(said, "layout")[:40],
        tuple(Panel("", action=beat) for beat in beats if beat),
        text(said, "location"),
        text(said, "weather"),
        text(said, "timeOfDay"),
        text(said, "summary"),
        {"charactersInScene": list(dict.fromkeys(there))},
    )


def _known(id: str, comic: Comic) -> str:
    """An id as it is, also where the name was written in its place; "" for nobody's."""
    if id.startswith(PASSING) and len(id) < 40:
        return id
    same = (one.id for one in comic.characters if id.casefold() in (one.id.casefold(), one.name.casefold()))
    return next(same, "")


def read_panel(content: Mapping[str, Any], wanted: Panel, comic: Comic) -> Read:
    found: list[Finding] = []
    actors: dict[str, Actor] = {}
    for said in objects(content, "characters", "characterId"):
        name = text(said, "characterId", "id")
        if id := _known(name, comic):
            actors.setdefault(id, Actor(id, text(said, "expression"), text(said, "pose")))
        elif name:
            found.append(Finding(wanted.id, f"Nobody is called {name[:40]}; not shown."))
    panel = replace(
        wanted,
        actors=tuple(actors.values()),
        action=text(content, "action") or wanted.action,
        mood=text(content, "mood"),
        camera=", ".join(
            (_choice(content, "shot", SHOTS, "medium shot"), _choice(content, "angle", ANGLES, ANGLES[0]))
        ),
        lines=tuple(_lines(content, wanted.id, comic, actors, found)),
        narrative=text(content, "narrative"),
        sfx=text(content, "sfx"),
        image_prompt=text(content, "imagePrompt"),
    )
    complaints = list(_complaints(panel, comic))
    if not text(content, "action"):
        complaints.append("action was missing.")
    return Read(panel, complaints, found)


def _lines(
    content: Mapping[str, Any], panel: str, comic: Comic, actors: Mapping[str, Actor], found: list[Finding]
) -> Iterator[Line]:
    for said in objects(content, "dialogue", "text"):
        words, name = text(said, "text"), text(said, "characterId", "character", "speaker")
        if not words:
            continue
        id = _known(name, comic)
        if not id:
            id = f"{PASSING}voice"
            found.append(Finding(panel, f"Nobody is called {name[:40] or 'so'}; {id} says “{words}”."))
        is_off = said.get("offPanel") is True or id not in actors
        yield Line(id, words, _choice(said, "kind", KINDS, SPEECH), is_off)


def _choice(content: Mapping[str, Any], name: str, allowed: Sequence[str], otherwise: str) -> str:
    said = text(content, name).casefold()
    return said if said in allowed else otherwise


def _complaints(panel: Panel, comic: Comic) -> Iterator[str]:
    if share_in(unnamed(comic, " ".join(panel.words)), comic.language) < IN_LANGUAGE:
        name = NAMES.get(code_of(comic.language), comic.language)
        yield f"dialogue, narrative and sfx must be in {name}, in its own letters."
    if len(panel.lines) > BALLOONS:
        yield f"{len(panel.lines)} balloons are too many; {BALLOONS} at most."
    if any(len(line.text.split()) > WORDS for line in panel.lines):
        yield f"A balloon has more than {WORDS} words."
    if not panel.image_prompt:
        yield "imagePrompt was missing."
    elif not is_latin(panel.image_prompt):
        yield "imagePrompt must be in English, in Latin letters only."
