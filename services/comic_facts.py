"""The comic as pages are told of it: one fact for the whole, and one for each panel."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from domain.comic import STYLES, Comic, Page, Panel
from infrastructure.comics.layout_file import layouts
from services import comic_preview, picks, takes
from services.comic_art import are_portraits_wanted
from services.comic_pages import pictures_of
from services.comic_paper import Paper, names, paper_of
from services.desk import Desk
from services.project_facts import stamp_of

Fact = Mapping[str, Any]
LINE = ("character", "text", "kind", "is_off", "zone", "at", "tail")  # what is told of a balloon


def comic_facts(desk: Desk, comic: Comic) -> dict[str, Any]:
    """By the keys of the feed. Panels are told under `panel/`."""
    marks = takes.marks(desk)

    def pictures(id: str) -> Fact:
        project = desk.project
        return {
            "id": id,
            "key": stamp_of(project.keyframe(id)),
            "picked": picks.take_of(project, id),
            "own": picks.is_artists_own(project, id),
            "takes": [
                {
                    "name": take.name,
                    "files": take.files,
                    "state": take.state,
                    "stamp": stamp_of(project.takes / take.files[0]) if take.files else None,
                    **marks.get(take.name, {}),
                }
                for take in desk.ledger.takes_of(id)
            ],
        }

    shown = pictures_of(comic, desk.project, desk.ledger)
    panels = {f"panel/{panel.id}": {**_panel(panel), **pictures(panel.id)} for _, panel in comic.panels}
    people = [
        {
            "name": one.name,
            "appearance": one.appearance,
            "clothing": one.clothing,
            "role": one.role,
            "seed": one.seed,
            **pictures(one.id),
        }
        for one in comic.characters
    ]
    on = paper_of(comic)
    whole = {
        "title": comic.title,
        "style": comic.style,
        "language": comic.language,
        "is_rtl": comic.is_rtl,
        "paper": on.name,
        "sides": (on.width, on.height),  # millimetres
        "portraits": are_portraits_wanted(comic),
        "people": people,
        "chapters": [
            {"id": one.id, "title": one.title, "pages": [page.number for page in one.pages]}
            for one in comic.chapters
        ],
        "pages": [_page(comic, page, shown) for page in comic.pages],
    }
    return {"comic": whole, "comic_layouts": _layouts(on), **panels}


def fixed_comic_facts() -> dict[str, Any]:
    """What is the same for every comic."""
    return {"comic_styles": STYLES, "comic_papers": names()}


def _layouts(paper: Paper) -> dict[str, list[list[float]]]:
    """The places of each, in percent of the page."""
    wide, high = 100 / paper.width, 100 / paper.height
    return {
        name: [
            [round(side, 2) for side in (x * wide, y * high, width * wide, height * high)]
            for x, y, width, height in layout.rects((paper.width, paper.height), paper.margin, paper.gutter)
        ]
        for name, layout in layouts().items()
    }


def _page(comic: Comic, page: Page, shown: Mapping[str, Path]) -> Fact:
    return {
        "id": page.id,
        "number": page.number,
        "layout": page.layout,
        "location": page.location,
        "weather": page.weather,
        "time": page.time,
        "summary": page.summary,
        "panels": [panel.id for panel in page.panels],
        "chapter": next(chapter.title for chapter in comic.chapters if page in chapter.pages),
        "stamp": comic_preview.look_of(comic, page, shown),
    }


def _panel(panel: Panel) -> Fact:
    return {
        "action": panel.action,
        "location": panel.location,
        "mood": panel.mood,
        "camera": panel.camera,
        "narrative": panel.narrative,
        "sfx": panel.sfx,
        "image_prompt": panel.image_prompt,
        "who": [actor.character for actor in panel.actors],
        "lines": [
            {
                name: getattr(line, name)
                for name in ("character", "text", "kind", "is_off", "zone", "at", "tail")
            }
            for line in panel.lines
        ],
    }
