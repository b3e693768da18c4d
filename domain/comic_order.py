"""Edits of a comic as a whole: where its pages stand, and what its chapters are called."""

from dataclasses import replace

from domain.comic import Chapter, Comic
from domain.comic_edits import LONGEST, page_of
from domain.errors import StudioError


def chapter_of(comic: Comic, id: str) -> Chapter:
    """By its own id."""
    for chapter in comic.chapters:
        if chapter.id == id:
            return chapter
    raise StudioError(f"There is no chapter {id} in this comic any more.")


def with_chapter_title(comic: Comic, id: str, title: object) -> Comic:
    chapter_of(comic, id)
    if not isinstance(title, str) or len(title) > LONGEST:
        raise StudioError(f"A chapter's title is at most {LONGEST} letters.")
    said = " ".join(title.split())
    return replace(comic, chapters=tuple(replace(c, title=said) if c.id == id else c for c in comic.chapters))


def with_page_moved(comic: Comic, id: str, to: str, is_behind: bool = False) -> Comic:
    """Before or behind another page, in that one's chapter. A chapter that was of this page alone is gone."""
    page, _ = page_of(comic, id), page_of(comic, to)
    if to == id:
        return comic
    chapters = list[Chapter]()
    for chapter in comic.chapters:
        pages = [other for other in chapter.pages if other.id != id]
        at = next((n for n, other in enumerate(pages) if other.id == to), None)
        if at is not None:
            pages.insert(at + is_behind, page)
        if pages:
            chapters.append(replace(chapter, pages=tuple(pages)))
    return replace(comic, chapters=tuple(chapters))
