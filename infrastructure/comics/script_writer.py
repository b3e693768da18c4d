"""A plan as the script that reads as the same plan: script_reader.py tells how one is written."""

import re
from collections.abc import Iterator

from domain.comic import PASSING, SPEECH, Actor, Character, Comic, Line, Page, Panel
from infrastructure.comics.script_words import words

_PLAIN = re.compile(r"[^\W\d][\w .'’-]{0,40}")  # a name that is read as one


def written(comic: Comic) -> str:
    names = _names(comic)
    lines = [
        f"TITLE: {_flat(comic.title)}",
        f"STYLE: {_flat(comic.style)}",
        f"LANGUAGE: {_flat(comic.language)}",
    ]
    lines += ["READING: right to left"] if comic.is_rtl else []
    lines += [f"PAPER: {_flat(comic.paper)}"] if comic.paper else []
    for character in comic.characters:
        lines += ["", *_character(character, names)]
    for number, chapter in enumerate(comic.chapters, 1):
        lines += ["", f"CHAPTER {number}: {_flat(chapter.title)}"]
        for page in chapter.pages:
            lines += ["", *_page(page)]
            for position, panel in enumerate(page.panels, 1):
                lines += ["", f"PANEL {position}", *_panel(panel, names)]
    return "\n".join(lines) + "\n"


def _names(comic: Comic) -> dict[str, str]:
    """What each character is called in the script: by its name, if no other is called so, else by its id."""
    plain = [character.name.casefold() for character in comic.characters]
    return {
        character.id: character.name
        if _is_name(character.name) and plain.count(character.name.casefold()) == 1
        else character.id
        for character in comic.characters
    }


def _is_name(name: str) -> bool:
    first, known = name.split()[0].casefold() if name.split() else "", words()
    means_more = first in known.blocks or name.casefold() in {**known.header, **known.texts}
    return bool(_PLAIN.fullmatch(name)) and not means_more


def _character(character: Character, names: dict[str, str]) -> Iterator[str]:
    role = re.sub(r"[()]", " ", _flat(character.role))
    yield f"CHARACTER {names[character.id]}{f' ({role})' if role else ''}: {_flat(character.appearance)}"
    yield from _fields(name=_other(character, names), clothing=character.clothing)
    if character.seed is not None:
        yield f"@seed: {character.seed}"


def _other(character: Character, names: dict[str, str]) -> str:
    return "" if names[character.id] == character.name else character.name


def _page(page: Page) -> Iterator[str]:
    yield f"PAGE {page.number} [{page.layout}]"
    yield from _fields(location=page.location, weather=page.weather, time=page.time, summary=page.summary)


def _panel(panel: Panel, names: dict[str, str]) -> Iterator[str]:
    action = _flat(panel.action)
    if action:
        yield action if _is_prose(action) else f"@action: {action}"
    yield from _fields(camera=panel.camera, location=panel.location, mood=panel.mood)
    yield from _who(panel, names)
    if panel.narrative:
        yield f"CAPTION: {_flat(panel.narrative)}"
    for line in panel.lines:
        yield _line(line, names)
    if panel.sfx:
        yield f"SFX: {_flat(panel.sfx)}"
    yield from _fields(prompt=panel.image_prompt)


def _who(panel: Panel, names: dict[str, str]) -> Iterator[str]:
    if any(
        (actor.expression, actor.pose, actor.gesture, actor.gaze) != ("", "", "", "")
        for actor in panel.actors
    ):
        yield from (_actor(actor, names) for actor in panel.actors)
    else:
        yield "@who: " + (", ".join(_called(actor.character, names) for actor in panel.actors) or "-")


def _is_prose(text: str) -> bool:
    """Whether it is read as what happens without being called so."""
    return text[0] not in "@#*/[-=" and ":" not in text and not words().block(text)


def _actor(actor: Actor, names: dict[str, str]) -> str:
    ways = [
        _flat(text).replace("|", "/") for text in (actor.expression, actor.pose, actor.gesture, actor.gaze)
    ]
    return "@who: " + " | ".join([_called(actor.character, names), *ways]).rstrip(" |") + " |"


def _line(line: Line, names: dict[str, str]) -> str:
    manner = [line.kind] if line.kind != SPEECH else []
    manner += ["off"] if line.is_off else []
    manner += [line.zone] if line.zone else []
    said = f" ({', '.join(manner)})" if manner else ""
    return f"{_called(line.character, names).upper()}{said}: {_flat(line.text)}"


def _called(id: str, names: dict[str, str]) -> str:
    return names.get(id) or (id if id.startswith(PASSING) else PASSING + id)


def _fields(**texts: str) -> Iterator[str]:
    yield from (f"@{name}: {_flat(text)}" for name, text in texts.items() if _flat(text))


def _flat(text: str) -> str:
    return " ".join(text.split())
