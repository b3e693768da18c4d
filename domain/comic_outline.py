"""A comic's outline: pages whose panels have nothing yet but what happens in them, brought within the rules.

What is changed is told; what is left out is told with its words.
"""

from collections.abc import Sequence
from dataclasses import replace

from domain.comic import Chapter, Comic, Page, Panel
from domain.comic_layouts import Layouts, fitting
from domain.comic_rules import Finding, chapters_for, settled


def outlined(comic: Comic, pages: int, layouts: Layouts) -> tuple[Comic, list[Finding]]:
    """At most so many pages, in as many chapters as go with them, each in one of these layouts with a place
    for every panel, none three times running."""
    found: list[Finding] = []
    chapters = _cut(_with_panels(comic.chapters), pages, found)
    chapters = _rightly_many(chapters, found)
    most = max(len(layout.panels) for layout in layouts.values())
    used: list[str] = []
    laid = []
    last = sum(len(chapter.pages) for chapter in chapters)
    for chapter in chapters:
        own = []
        for page in chapter.pages:
            own.append(
                _laid_out(_at_most(page, most, used, found), used, layouts, found, len(used) + 1 == last)
            )
            used.append(own[-1].layout)
        laid.append(replace(chapter, pages=tuple(own)))
    made, more = settled(replace(comic, chapters=tuple(laid)), layouts)
    return made, [*found, *more]


def _with_panels(chapters: Sequence[Chapter]) -> list[Chapter]:
    """A page without panels shows what its summary says."""
    kept = []
    for chapter in chapters:
        pages = [
            page if page.panels else replace(page, panels=(Panel("", action=page.summary),))
            for page in chapter.pages
        ]
        pages = [page for page in pages if page.panels[0].action]
        if pages:
            kept.append(replace(chapter, pages=tuple(pages)))
    return kept


def _cut(chapters: list[Chapter], most: int, found: list[Finding]) -> list[Chapter]:
    kept, left = [], most
    for chapter in chapters:
        for page in chapter.pages[left:]:
            said = page.summary or page.panels[0].action
            found.append(Finding("plan", f"A page more than was asked for was left out: “{said}”"))
        if left:
            kept.append(replace(chapter, pages=chapter.pages[:left]))
        left -= len(chapter.pages[:left])
    return kept


def _rightly_many(chapters: list[Chapter], found: list[Finding]) -> list[Chapter]:
    least, most = chapters_for(sum(len(chapter.pages) for chapter in chapters))
    if len(chapters) > most:
        titles = ", ".join(f"“{chapter.title}”" for chapter in chapters[most:])
        found.append(Finding("plan", f"It had more than {most} chapters: {titles} went into the one before."))
        pages = tuple(page for chapter in chapters[most - 1 :] for page in chapter.pages)
        return [*chapters[: most - 1], replace(chapters[most - 1], pages=pages)]
    while chapters and len(chapters) < least:
        longest = max(range(len(chapters)), key=lambda n: len(chapters[n].pages))
        whole = chapters[longest]
        half = (len(whole.pages) + 1) // 2
        found.append(
            Finding("plan", f"The chapter “{whole.title}” became two: so many pages have at least {least}.")
        )
        rest = replace(whole, title=f"{whole.title} (2)", pages=whole.pages[half:])
        chapters[longest : longest + 1] = [replace(whole, pages=whole.pages[:half]), rest]
    return chapters


def _at_most(page: Page, most: int, used: Sequence[str], found: list[Finding]) -> Page:
    if len(page.panels) <= most:
        return page
    found.append(
        Finding(
            f"page {len(used) + 1}",
            f"It had {len(page.panels)} panels; the last became one, so that it has {most}.",
        )
    )
    return _joined(page, most)


def _joined(page: Page, count: int) -> Page:
    """With the actions of the last panels in one."""
    rest = [panel.action.rstrip(" .;") for panel in page.panels[count - 1 :]]
    last = replace(page.panels[count - 1], action="; ".join(filter(None, rest)))
    return replace(page, panels=(*page.panels[: count - 1], last))


def _laid_out(page: Page, used: Sequence[str], layouts: Layouts, found: list[Finding], is_end: bool) -> Page:
    count, where = len(page.panels), f"page {len(used) + 1}"
    layout = layouts.get(page.layout)
    name = page.layout
    if layout is None or len(layout.panels) != count:
        name = fitting(layouts, count, tuple(used), is_end)
        found.append(
            Finding(where, f"The layout {page.layout or '(none)'} has not {count} panels; it is {name}.")
        )
    if list(used[-2:]) != [name, name]:
        return replace(page, layout=name)
    others = {other: one for other, one in layouts.items() if other != name}
    if another := fitting(others, count, tuple(used)):
        found.append(
            Finding(where, f"It was the third page in a row with the layout {name}; it is {another}.")
        )
        return replace(page, layout=another)
    if count > 1:
        page = _joined(page, count - 1)
    else:
        page = replace(page, panels=(Panel("", action=page.location or page.summary), *page.panels))
    name = fitting(layouts, len(page.panels), tuple(used))
    found.append(
        Finding(
            where, f"It was the third page in a row with one layout; it has {len(page.panels)} panels now."
        )
    )
    return replace(page, layout=name)
