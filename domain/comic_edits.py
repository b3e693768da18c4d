"""Edits of a comic's plan: each gives the plan as it is afterwards.

What a plan has to keep, as ids and layouts that fit, is seen to by `comic_rules.settled` afterwards.
"""

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count, zip_longest
from typing import Any

from domain.comic import KINDS, PASSING, STYLES, ZONES, Actor, Character, Comic, Line, Page, Panel
from domain.errors import StudioError

TEXTS = ("action", "location", "mood", "camera", "narrative", "sfx", "image_prompt")  # of a panel
OF_PAGES = ("layout", "location", "weather", "time", "summary")
OF_PEOPLE = ("name", "appearance", "clothing", "role", "seed")
LONGEST = 4000  # letters of one field

Panels = tuple[Panel, ...]
Lines = tuple[Line, ...]


def panel_of(comic: Comic, id: str) -> Panel:
    return _place(comic, id)[1]


def page_of(comic: Comic, id: str) -> Page:
    """By its own id."""
    for page in comic.pages:
        if page.id == id:
            return page
    raise StudioError(f"There is no page {id} in this comic any more.")


def with_comic_field(comic: Comic, field: str, value: Any) -> Comic:
    """`title`, `style`, `language`, `paper`, `is_rtl`, or `portraits`: whether panels are drawn from them."""
    if field in ("is_rtl", "portraits"):
        if not isinstance(value, bool):
            raise StudioError(f"{field} is either on or off.")
        if field == "is_rtl":
            return replace(comic, is_rtl=value)
        return replace(comic, more={**comic.more, field: value})
    if field == "style" and value not in STYLES:
        raise StudioError(f"There is no style called {value}.")
    if field not in ("title", "style", "language", "paper"):
        raise StudioError(f"A comic has no {field}.")
    return replace(comic, **_words(field, value))


def with_panel_field(comic: Comic, id: str, field: str, value: Any) -> Comic:
    """One of `TEXTS`, or `who`: a list of characters' ids."""
    panel = panel_of(comic, id)
    if field == "who":
        return _with(comic, id, lambda _: (replace(panel, actors=_actors(comic, panel, value)),))
    if field not in TEXTS:
        raise StudioError(f"A panel has no {field}.")
    return _with(comic, id, lambda _: (replace(panel, **_words(field, value)),))


def line_of(comic: Comic, id: str, number: int) -> Line:
    """What is said in a panel; `number` from 0."""
    lines = panel_of(comic, id).lines
    if not 0 <= number < len(lines):
        raise StudioError(f"The panel {id} has no such balloon any more.")
    return lines[number]


def with_line_field(comic: Comic, id: str, number: int, field: str, value: Any) -> Comic:
    """`character`, `text`, `kind`, `is_off` or `zone`."""
    line = line_of(comic, id, number)
    allowed = {"kind": KINDS, "zone": ("", *ZONES)}
    if field == "is_off":
        made = replace(line, is_off=value is True)
    elif field in allowed and value not in allowed[field]:
        raise StudioError(f"A balloon's {field} is one of {', '.join(allowed[field])}.")
    elif field in ("character", "text", "kind", "zone"):
        made = replace(line, **_words(field, value))
    else:
        raise StudioError(f"A balloon has no {field}.")
    return _with_lines(comic, id, lambda lines: (*lines[:number], made, *lines[number + 1 :]))


def with_spot(comic: Comic, id: str, number: int, part: str, spot: Any) -> Comic:
    """Where a balloon stands (`at`) or its tail ends (`tail`), put there by hand: [x, y] in percent of the
    panel; None leaves it to the lettering again."""
    line = line_of(comic, id, number)
    if part not in ("at", "tail"):
        raise StudioError(f"A balloon has no {part} to be moved.")
    place = None
    if spot is not None:
        if not isinstance(spot, list) or len(spot) != 2 or not all(map(_is_share, spot)):
            raise StudioError("A place in a panel is two numbers from 0 to 100.")
        place = round(float(spot[0]), 2), round(float(spot[1]), 2)
    made = replace(line, at=place) if part == "at" else replace(line, tail=place)
    return _with_lines(comic, id, lambda lines: (*lines[:number], made, *lines[number + 1 :]))


def rewritten(before: Comic, after: Comic, used: Collection[str] = ()) -> Comic:
    """`after`, which a script said, with what no script says of `before`: ids, which pictures are filed by,
    where balloons were put by hand, and whatever another program keeps there. Panels are the same where
    their words are, else where they stand between such; people by their names. New panels have no id yet, new
    people one that is not `used`."""
    names = {one.name.casefold(): one for one in before.characters}
    people = {one.id: names[one.name.casefold()] for one in after.characters if one.name.casefold() in names}
    free = _free({*(one.id for one in before.characters), *used})
    ids = {one.id: people[one.id].id if one.id in people else next(free) for one in after.characters}
    olds, news = ([panel for _, panel in comic.panels] for comic in (before, after))
    pairs = dict(_same(olds, [_renamed(panel, ids) for panel in news]))
    panels = iter(range(len(news)))

    def turned(page: Page) -> tuple[Page, ...]:
        made = [_kept(pairs.get(next(panels)), _renamed(panel, ids)) for panel in page.panels]
        return (replace(page, id="", panels=tuple(made)),)

    kept = (
        replace(one, id=ids[one.id], more={**people[one.id].more, **one.more})
        if one.id in people
        else replace(one, id=ids[one.id])
        for one in after.characters
    )
    whole = _pages(after, turned)
    paper = after.paper or before.paper
    return replace(whole, characters=tuple(kept), paper=paper, more={**before.more, **after.more})


def _same(olds: Sequence[Panel], news: Sequence[Panel]) -> Iterator[tuple[int, Panel]]:
    """The number of each new panel that was there before, and what it was."""
    before, after = ([(panel.action, *panel.words) for panel in panels] for panels in (olds, news))
    for what, i, j, k, m in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what in ("equal", "replace"):
            yield from zip(range(k, m), olds[i:j], strict=False)


def _renamed(panel: Panel, ids: Mapping[str, str]) -> Panel:
    actors = (replace(actor, character=ids.get(actor.character, actor.character)) for actor in panel.actors)
    lines = (replace(line, character=ids.get(line.character, line.character)) for line in panel.lines)
    return replace(panel, id="", actors=tuple(actors), lines=tuple(lines))


def _kept(was: Panel | None, panel: Panel) -> Panel:
    if was is None:
        return panel
    there = {actor.character: actor for actor in was.actors}
    actors = tuple(there.get(actor.character, actor) for actor in panel.actors)
    lines = tuple(
        replace(line, at=old.at, tail=old.tail, more=old.more) if old and old.text == line.text else line
        for line, old in zip_longest(panel.lines, was.lines[: len(panel.lines)])
    )
    return replace(panel, id=was.id, actors=actors, lines=lines, more={**was.more, **panel.more})


def with_new_line(comic: Comic, id: str) -> Comic:
    """Said by the first who is seen and says nothing yet, else by the first who is there."""
    panel = panel_of(comic, id)
    people = [*(actor.character for actor in panel.actors), *(one.id for one in comic.characters), PASSING]
    speaking = {line.character for line in panel.lines}
    quiet = [actor.character for actor in panel.actors if actor.character not in speaking]
    who = (quiet or people)[0]
    is_off = who not in (actor.character for actor in panel.actors)
    return _with_lines(comic, id, lambda lines: (*lines, Line(who, "…", is_off=is_off)))


def without_line(comic: Comic, id: str, number: int) -> Comic:
    line_of(comic, id, number)
    return _with_lines(comic, id, lambda lines: (*lines[:number], *lines[number + 1 :]))


def with_page_field(comic: Comic, id: str, field: str, value: Any) -> Comic:
    if field not in OF_PAGES:
        raise StudioError(f"A page has no {field}.")
    page_of(comic, id)
    return _pages(comic, lambda p: (replace(p, **_words(field, value)) if p.id == id else p,))


def with_person_field(comic: Comic, id: str, field: str, value: Any) -> Comic:
    if comic.character(id) is None or field not in OF_PEOPLE:
        raise StudioError(f"Nobody with the id {id} has {field} here.")
    if field == "seed":
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
            raise StudioError("A seed is a whole number from 0 on, or nothing.")
    elif not (value := _text(field, value)) and field == "name":
        raise StudioError("A character needs a name: balloons are theirs by it.")
    people = (replace(c, **{field: value}) if c.id == id else c for c in comic.characters)
    return replace(comic, characters=tuple(people))


def with_new_person(comic: Comic, name: str, used: Collection[str] = ()) -> Comic:
    """With an id that nobody had before, whose portraits would be theirs."""
    id = next(_free({*(character.id for character in comic.characters), *used}))
    return replace(comic, characters=(*comic.characters, Character(id, name)))


def _free(taken: Collection[str]) -> Iterator[str]:
    """Ids for people that nobody has or had."""
    return (id for n in count(1) if (id := f"char-{n}") not in taken)


def without_person(comic: Comic, id: str) -> Comic:
    """Out of all pictures, too; what they say stays, as somebody's who passes by."""

    def free(panel: Panel) -> Panel:
        return replace(panel, actors=tuple(a for a in panel.actors if a.character != id))

    bare = _pages(comic, lambda page: (replace(page, panels=tuple(map(free, page.panels))),))
    return replace(bare, characters=tuple(c for c in comic.characters if c.id != id))


def with_new_panel(comic: Comic, after: str) -> Comic:
    return _with(comic, after, lambda panel: (panel, Panel("")))


def with_duplicate(comic: Comic, id: str) -> Comic:
    """Behind it, with an id of its own."""
    return _with(comic, id, lambda panel: (panel, replace(panel, id="")))


def without_panel(comic: Comic, id: str) -> Comic:
    """A page that was of this panel alone goes with it."""
    if len(list(comic.panels)) == 1:
        raise StudioError("This is the comic's only panel. Write another one first.")
    return _with(comic, id, lambda _: ())


def with_moved(comic: Comic, id: str, to: str, is_behind: bool = False) -> Comic:
    """Before or behind another panel, on that one's page."""
    panel = panel_of(comic, id)
    if to == id:
        return comic
    without = _with(comic, id, lambda _: ())
    return _with(without, to, lambda other: (other, panel) if is_behind else (panel, other))


def with_new_page(comic: Comic, after: str) -> Comic:
    """Of one panel, behind the page `after`."""
    page_of(comic, after)
    new = Page("", 0, "", (Panel(""),))
    return _pages(comic, lambda page: (page, new) if page.id == after else (page,))


def without_page(comic: Comic, id: str) -> Comic:
    page_of(comic, id)
    if len(comic.pages) == 1:
        raise StudioError("This is the comic's only page. Add another one first.")
    return _pages(comic, lambda page: () if page.id == id else (page,))


def _place(comic: Comic, id: str) -> tuple[Page, Panel]:
    for page, panel in comic.panels:
        if panel.id == id:
            return page, panel
    raise StudioError(f"There is no panel {id} in this comic any more.")


def _with(comic: Comic, id: str, made: Callable[[Panel], Panels]) -> Comic:
    """Other panels in a panel's place."""
    _place(comic, id)

    def turned(page: Page) -> tuple[Page, ...]:
        panels = tuple(new for panel in page.panels for new in (made(panel) if panel.id == id else (panel,)))
        return (replace(page, panels=panels),) if panels else ()

    return _pages(comic, turned)


def _pages(comic: Comic, turned: Callable[[Page], Sequence[Page]]) -> Comic:
    chapters = (
        replace(chapter, pages=tuple(new for page in chapter.pages for new in turned(page)))
        for chapter in comic.chapters
    )
    return replace(comic, chapters=tuple(chapters))


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100


def _words(field: str, value: Any) -> dict[str, Any]:
    return {field: _text(field, value)}


def _text(field: str, value: Any) -> str:
    if not isinstance(value, str):
        raise StudioError(f"{field} takes words.")
    if len(value) > LONGEST:
        raise StudioError(f"{field} takes {LONGEST} letters at most, these are {len(value)}.")
    return " ".join(value.split())


def _actors(comic: Comic, panel: Panel, ids: Any) -> tuple[Actor, ...]:
    """Whoever was there already keeps their pose and face."""
    if not isinstance(ids, list) or not all(isinstance(id, str) for id in ids):
        raise StudioError("Who is seen is a list of characters.")
    there = {actor.character: actor for actor in panel.actors}
    known = {character.id for character in comic.characters} | there.keys()
    return tuple(there.get(id) or Actor(id) for id in dict.fromkeys(ids) if id in known)


def _with_lines(comic: Comic, id: str, made: Callable[[Lines], Lines]) -> Comic:
    return _with(comic, id, lambda panel: (replace(panel, lines=made(panel.lines)),))
