"""What holds for every plan of a comic: mended where a rule says how, and told where only its author can."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from domain.comic import PASSING, Character, Comic, Line, Page, Panel
from domain.comic_layouts import Layouts, fitting
from domain.comic_prompts import asks_for_no_text
from domain.languages import is_latin, share_in

USUAL = 4  # panels of a page that nobody ended
WORDS, BALLOONS = 25, 3  # of a balloon, and of a panel, at most
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}", re.IGNORECASE | re.ASCII)  # files are called so
ALIKE = 0.8  # share of common words from which two actions say the same
MOST_PAGES = 20
IN_LANGUAGE = 0.9  # of what is lettered, letter by letter, at least; names are as they are
ALONE = 4  # panels of a comic of one page, at most


class Finding(NamedTuple):
    where: str  # "page 3", "ch1-p3-pan2"
    said: str


def chapters_for(pages: int) -> tuple[int, int]:
    """How many chapters so many pages may have, at least and at most."""
    return (1, 1) if pages <= 3 else (1, 2) if pages <= 10 else (2, 4)


def settled(comic: Comic, layouts: Layouts, used: Collection[str] = ()) -> tuple[Comic, list[Finding]]:
    """A plan for which the rules hold that need no taste, and what was changed for them. No word is lost.
    What has no id yet gets none of those `used` before: their pictures would be taken for its own."""
    return _Settling(comic, layouts, used).whole()


class _Settling:
    def __init__(self, comic: Comic, layouts: Layouts, used: Collection[str]):
        self._comic, self._layouts = comic, layouts
        self._most = max(len(layout.panels) for layout in layouts.values())
        self._ids: set[str] = set()
        # of others, now or before: what has none does not take them
        self._owned = {id.casefold() for id in (*_ids_of(comic), *used)}
        self._used: list[str] = []  # layouts, page by page
        self._people: dict[str, str] = {}  # ids of characters, by what they were before
        self.found: list[Finding] = []

    def whole(self) -> tuple[Comic, list[Finding]]:
        comic = replace(self._comic, characters=self._characters())
        chapters, number, last = [], 1, len(comic.chapters)
        for count, chapter in enumerate(comic.chapters, 1):
            id = self._own(chapter.id, f"ch{count}")
            parts = [part for page in chapter.pages for part in self._parts(page, number)]
            pages = []
            for part in parts:
                is_end = count == last and part is parts[-1]
                pages.append(self._page(part, id, number, is_end))
                number += 1
            if pages:
                chapters.append(replace(chapter, id=id, pages=tuple(pages)))
            elif chapter.title:
                self._tell(id, f"The chapter “{chapter.title}” has no pages and was left out.")
        return replace(comic, chapters=tuple(chapters)), self.found

    def _characters(self) -> tuple[Character, ...]:
        kept = []
        for number, character in enumerate(self._comic.characters, 1):
            id = self._own(character.id, f"char-{number}")
            self._people.setdefault(character.id, id)
            kept.append(replace(character, id=id))
        return tuple(kept)

    def _parts(self, page: Page, number: int) -> Iterator[Page]:
        """The page, as several when it has more panels than any layout."""
        panels = page.panels
        if not panels:
            words = "; ".join(filter(None, (page.summary, page.location, page.weather, page.time)))
            said = f": “{words}”" if words else ""
            self._tell(f"page {number}", f"It has no panels and was left out{said}.")
        if len(panels) > self._most and not page.is_filled:
            self._tell(
                f"page {number}", f"It has {len(panels)} panels, at most {self._most} fit; it was parted."
            )
        most = USUAL if page.is_filled or len(panels) > self._most else self._most
        for part in _evenly(panels, most):
            is_first = part and part[0] is panels[0]
            yield replace(page, id=page.id if is_first else "", panels=part, is_filled=False)

    def _page(self, page: Page, chapter: str, number: int, is_end: bool) -> Page:
        layout, count = self._layouts.get(page.layout), len(page.panels)
        name = page.layout
        if layout is None or len(layout.panels) != count:
            name = fitting(self._layouts, count, tuple(self._used), is_end)
            if page.layout:
                self._tell(
                    f"page {number}", f"The layout {page.layout} does not fit {count} panels; it is {name}."
                )
        self._used.append(name)
        id = self._own(page.id, f"{chapter}-p{number}")
        panels = tuple(self._panel(panel, f"{id}-pan{n}") for n, panel in enumerate(page.panels, 1))
        return replace(page, id=id, number=number, layout=name, panels=panels)

    def _panel(self, panel: Panel, usual: str) -> Panel:
        id = self._own(panel.id, usual)
        actors = []
        for actor in panel.actors:
            if who := self._known(actor.character):
                actors.append(replace(actor, character=who))
            else:
                self._tell(id, f"Nobody is called {actor.character}; not shown.")
        there = {actor.character for actor in actors}
        lines = tuple(self._line(line, id, there) for line in panel.lines)
        return replace(panel, id=id, actors=tuple(actors), lines=lines)

    def _line(self, line: Line, panel: str, there: set[str]) -> Line:
        who = self._known(line.character)
        if not who:
            who = PASSING + (re.sub(r"\W+", "-", line.character).strip("-") or "somebody")
            self._tell(panel, f"Nobody is called {line.character or 'so'}; {who} says it.")
        return replace(line, character=who, is_off=line.is_off or who not in there)

    def _known(self, id: str) -> str:
        """The id of a character now; "" for nobody's."""
        return self._people.get(id) or (id if id.startswith(PASSING) else "")

    def _own(self, id: str, usual: str) -> str:
        """The id that it has, unless it is no name for a file, or another one has it as well."""
        own, count = id, 2
        if not _ID.fullmatch(id) or id.casefold() in self._ids:
            own = usual
            while own.casefold() in self._ids or own.casefold() in self._owned:
                own, count = f"{usual}-{count}", count + 1
        self._ids.add(own.casefold())
        if id not in ("", own):
            self._tell(own, f"Its id was {id[:40]}, which is another's or no name for a file.")
        return own

    def _tell(self, where: str, said: str) -> None:
        self.found.append(Finding(where, said))


def findings(comic: Comic, pages: int = MOST_PAGES) -> list[Finding]:
    """What a settled plan's author should look at."""
    found = (
        [Finding("plan", f"It has {len(comic.pages)} pages, {pages} were asked for.")]
        if (len(comic.pages) > pages)
        else []
    )
    least, most = chapters_for(len(comic.pages))
    if comic.pages and not least <= len(comic.chapters) <= most:
        told = f"{len(comic.pages)} pages in {len(comic.chapters)} chapters; usual are {least} to {most}."
        found.append(Finding("plan", told))
    if pages == 1:
        alone = [page for page in comic.pages if len(page.panels) > ALONE]
        found.extend(
            Finding(f"page {page.number}", f"A comic of one page has at most {ALONE} panels.")
            for page in alone
        )
    share = share_in(
        " ".join(unnamed(comic, word) for _, panel in comic.panels for word in panel.words), comic.language
    )
    if share < IN_LANGUAGE:
        found.append(
            Finding("plan", f"Only {share:.0%} of the letters in it are of its language, {comic.language}.")
        )
    for first, second, third in zip(comic.pages, comic.pages[1:], comic.pages[2:], strict=False):
        if first.layout == second.layout == third.layout:
            found.append(Finding(f"page {third.number}", f"The third page in a row is {third.layout}."))
    panels = [panel for _, panel in comic.panels]
    for panel in panels:
        found.extend(_crowded(panel))
        found.extend(_misprompted(panel))
    for before, after in pairwise(panels):
        if likeness(before.action, after.action) > ALIKE:
            found.append(Finding(after.id, f"The same happens as in {before.id}."))
    return found


def _ids_of(comic: Comic) -> Iterator[str]:
    yield from (character.id for character in comic.characters)
    for chapter in comic.chapters:
        yield chapter.id
        for page in chapter.pages:
            yield page.id
            yield from (panel.id for panel in page.panels)


def likeness(one: str, other: str) -> float:
    """The share of words that two texts have in common."""
    first, second = ({*re.findall(r"\w+", text.casefold())} for text in (one, other))
    return len(first & second) / len(first | second) if first and second else 0.0


def unnamed(comic: Comic, text: str) -> str:
    """What is lettered, without the names of the comic's characters: those are kept in any language."""
    for character in comic.characters:
        text = text.replace(character.name, " ") if character.name else text
    return text


def _misprompted(panel: Panel) -> Iterator[Finding]:
    if not is_latin(panel.image_prompt):
        yield Finding(panel.id, "Its image prompt is not in Latin letters; few models read any other.")
    if panel.image_prompt and not asks_for_no_text(panel.image_prompt):
        yield Finding(panel.id, "Its image prompt does not ask for a picture without text.")


def _crowded(panel: Panel) -> Iterator[Finding]:
    if len(panel.lines) > BALLOONS:
        yield Finding(panel.id, f"{len(panel.lines)} balloons; {BALLOONS} are read at a glance.")
    for line in panel.lines:
        if (count := len(line.text.split())) > WORDS:
            yield Finding(panel.id, f"A balloon of {count} words; {WORDS} are read at a glance.")


def _evenly(panels: Sequence[Panel], most: int) -> Iterator[tuple[Panel, ...]]:
    """Parts of nearly one size."""
    count = -(-len(panels) // most)
    for n in range(count):
        yield tuple(panels[n * len(panels) // count : (n + 1) * len(panels) // count])
