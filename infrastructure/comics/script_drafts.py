"""What a script says, while it is read: names are not ids yet, and texts still grow."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from domain.comic import PASSING, SPEECH, Actor, Chapter, Character, Comic, Line, Page, Panel
from infrastructure.comics.script_words import words

_ARTICLES = {"the", "a", "an", "der", "die", "das"}


@dataclass
class Said:
    """A text that goes on with the next indented line."""

    text: str = ""

    def add(self, text: str) -> None:
        self.text = f"{self.text} {text}".strip()


class Fields(dict[str, Said]):
    """What is said of something, by the names of fields; nothing yet of those that were not named."""

    def __missing__(self, name: str) -> Said:
        return self.setdefault(name, Said())

    def text(self, name: str) -> str:
        return self[name].text if name in self else ""


@dataclass
class Speech:
    name: str
    said: Said
    kind: str = SPEECH
    is_off: bool = False
    zone: str = ""
    line: int = 0  # of the script


@dataclass
class PanelDraft:
    is_said: bool  # it began with PANEL, and not with a paragraph
    fields: Fields = field(default_factory=Fields)
    who: list[Actor] | None = None  # by name; None: whoever is named in it
    speeches: list[Speech] = field(default_factory=list)


@dataclass
class PageDraft:
    layout: str = ""
    is_said: bool = True
    fields: Fields = field(default_factory=Fields)
    panels: list[PanelDraft] = field(default_factory=list)


@dataclass
class ChapterDraft:
    title: str = ""
    pages: list[PageDraft] = field(default_factory=list)


@dataclass
class Person:
    name: str
    role: str = ""
    fields: Fields = field(default_factory=Fields)


def made(header: Fields, people: Mapping[str, Person], chapters: Sequence[ChapterDraft]) -> Comic:
    """`people` by their names in small letters. Pages and panels have neither ids nor numbers yet."""
    ids = {name: f"char-{n}" for n, name in enumerate(people, 1)}
    return Comic(
        header.text("title"),
        header.text("style"),
        header.text("language"),
        characters=tuple(_character(ids[name], person) for name, person in people.items()),
        chapters=tuple(
            Chapter("", chapter.title, tuple(_page(page, ids) for page in chapter.pages))
            for chapter in chapters
        ),
        is_rtl=header.text("reading").casefold() in words().rtl,
        paper=header.text("paper"),
    )


def _character(id: str, person: Person) -> Character:
    said = person.fields
    seed, name = said.text("seed"), said.text("name") or person.name
    made = Character(id, name, said.text("appearance"), said.text("clothing"), person.role)
    return replace(made, seed=int(seed)) if seed.isdecimal() else made


def _page(page: PageDraft, ids: dict[str, str]) -> Page:
    return Page(
        "",
        0,
        page.layout,
        tuple(_panel(panel, ids) for panel in page.panels),
        page.fields.text("location"),
        page.fields.text("weather"),
        page.fields.text("time"),
        page.fields.text("summary"),
        is_filled=not page.is_said,
    )


def _panel(panel: PanelDraft, ids: dict[str, str]) -> Panel:
    lines = tuple(
        Line(_id(speech.name, ids), speech.said.text, speech.kind, speech.is_off, speech.zone)
        for speech in panel.speeches
        if speech.said.text
    )
    actors = [replace(actor, character=_id(actor.character, ids)) for actor in panel.who or ()]
    if panel.who is None:
        named = _named(panel.fields.text("action"), ids)
        heard = [line.character for line in lines if not line.is_off]
        actors = [Actor(id) for id in dict.fromkeys([*named, *heard])]
    return Panel(
        "",
        tuple(actors),
        panel.fields.text("action"),
        panel.fields.text("location"),
        panel.fields.text("mood"),
        panel.fields.text("camera"),
        lines,
        panel.fields.text("narrative"),
        panel.fields.text("sfx"),
        panel.fields.text("image_prompt"),
    )


def _id(name: str, ids: dict[str, str]) -> str:
    plain = name.casefold()
    known = ids.get(plain) or (plain if plain in ids.values() or plain.startswith(PASSING) else "")
    return known or PASSING + re.sub(r"[^\w]+", "-", plain).strip("-")


def _named(action: str, ids: dict[str, str]) -> list[str]:
    """Who is named in what happens, also where the name is bent: Марта, Марту, Марті."""
    spoken = re.findall(r"[\w’'-]+", action.casefold())
    found = []
    for name, id in ids.items():
        first = next((word for word in name.split() if word not in _ARTICLES), name)
        if any(_is_bent(word, first) for word in spoken):
            found.append(id)
    return found


def _is_bent(word: str, name: str) -> bool:
    """Only names in Cyrillic letters change their ends; others take an s at most."""
    if not re.match("[а-яґєіїё]", name):
        return word.rstrip("’'") in (name, f"{name}s", f"{name}'s", f"{name}’s")
    stem = name[:-1] if len(name) > 3 else name
    return word.startswith(stem) and len(word) <= len(name) + 2
