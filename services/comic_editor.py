"""A comic as a project of a comic editor that works in a browser: one canvas a page, in pixels of the screen.

Pictures lie in the file itself as data URLs: such an editor is served from another place, from where no
path on this machine leads to a picture, and one file is easily handed on. `plan` in an object is what the
editor has no place for; what it shows itself counts more when the file comes back.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image, ImageOps

from domain.comic import Comic, Line, Page
from domain.comic_editor import NO_TAIL, STYLES, tail_towards
from domain.comic_layouts import Rect
from domain.comic_looks import Colours, Look
from domain.comic_rules import Finding
from infrastructure.comics.page_files import jpeg
from infrastructure.comics.plan_json import plan_json
from infrastructure.comics.style_file import look_of
from infrastructure.fonts import Fonts
from services.comic_pages import HAIR, LINE, NO_PICTURE, Laid, crowded, laid, opened, unwritten
from services.comic_paper import Paper
from services.lettering.fitting import PADDING
from services.lettering.painting import TURN, Placed
from services.lettering.panel import LEAST

FINER, QUALITY = 2, 88  # a picture's pixels to those of its place; of its JPEG
THEN = "1980-01-01T00:00:00.000Z"  # where nobody says when it was made
NOTHING = "transparent"
FAMILIES = {"text": "sans"}  # the editor's names of our faces, where they are not "comic"

Object = dict[str, Any]


class Canvas(NamedTuple):
    said: Object
    findings: list[Finding]


def canvases(comic: Comic, pictures: Mapping[str, Path], paper: Paper) -> Iterator[Canvas]:
    """Page by page."""
    fonts, said = Fonts(), plan_json(comic)
    desk = _Desk(pictures, paper, fonts, look_of(comic.style))
    for chapter, plans in zip(comic.chapters, said["chapters"], strict=True):
        about = {name: value for name, value in plans.items() if name != "pages"}
        for page, plan in zip(chapter.pages, plans["pages"], strict=True):
            yield _canvas(comic, page, {**plan, "chapter": about}, desk)


def project(comic: Comic, made: list[Object], paper: str) -> Object:
    about = {name: value for name, value in plan_json(comic).items() if name != "chapters"}
    when = comic.more.get("createdAt")
    return {
        "id": str(comic.more.get("id") or "comic"),
        "title": comic.title,
        "canvases": made,
        "paperSize": paper,
        "layout": "vertical",
        "borderStyle": "clean",
        "createdAt": when if isinstance(when, str) else THEN,
        "updatedAt": when if isinstance(when, str) else THEN,
        "plan": about,
    }


class _Desk(NamedTuple):
    pictures: Mapping[str, Path]
    paper: Paper
    fonts: Fonts
    look: Look


def _canvas(comic: Comic, page: Page, plan: Object, desk: _Desk) -> Canvas:
    before, findings, elements = set(desk.fonts.missing), list[Finding](), list[Object]()
    panels = plan.pop("panels")
    for place, panel in zip(laid(comic, page, desk.paper, desk.fonts), panels, strict=True):
        if place.panel.id not in desk.pictures:
            findings.append(Finding(place.panel.id, NO_PICTURE))
        findings += crowded(place.panel, place.words)
        lines = panel.pop("dialogue")
        words = {"narrative": panel.pop("narrative"), "sfx": panel.pop("sfx")}
        elements.append(_image(place, panel, desk))
        elements += _boxes(place, words, desk)
        elements += _balloons(comic, place, lines, desk)
    for number, element in enumerate(elements):
        element |= {"id": f"{page.id}-{number + 1}", "zIndex": number}
    said = {
        "id": page.id,
        "name": str(page.number),
        "elements": elements,
        "width": round(desk.paper.px(desk.paper.width)),
        "height": round(desk.paper.px(desk.paper.height)),
        "backgroundColor": desk.look.page,
        "order": page.number - 1,
        "plan": plan,
    }
    return Canvas(said, [*findings, *unwritten(f"page {page.number}", desk.fonts, before)])


def _element(kind: str, rect: Rect, rotation: float = 0) -> Object:
    """`id` and `zIndex` are filled in when all of a page are there."""
    sides = {name: round(value, 2) for name, value in rect._asdict().items()}
    return {"id": "", "type": kind, **sides, "rotation": rotation, "zIndex": 0}


def _image(place: Laid, plan: Object, desk: _Desk) -> Object:
    path, url = desk.pictures.get(place.panel.id), ""
    if path:
        size = round(place.rect.width * FINER), round(place.rect.height * FINER)
        fitted = ImageOps.fit(opened(path), size, Image.Resampling.LANCZOS)
        content = jpeg(fitted, desk.paper.dpi * FINER, QUALITY)
        url = f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"
    return {
        **_element("image", place.rect),
        "imageUrl": url,
        "borderWidth": max(1, round(desk.paper.px(LINE) * desk.look.line)),
        "borderColor": desk.look.border,
        "borderStyle": "clean",
        "sepiaLevel": 0,
        "clipPreset": "none",
        "customClipPath": None,
        "showOverlay": False,
        "plan": plan,
    }


def _boxes(place: Laid, words: Mapping[str, str | None], desk: _Desk) -> Iterator[Object]:
    """The narrator's, and a sound: the editor has no kind of its own for that, so it is a box unseen."""
    size, look = _size(place, desk.paper), desk.look
    if words["narrative"]:
        rect = place.words.boxes[0][0] if place.words.boxes else _top(place)
        family = FAMILIES.get(look.narrator, "comic")
        kind = {"fontSize": round(size, 2), "fontFamily": family, "padding": round(PADDING * size, 2)}
        yield {**_element("narrative", rect), "text": words["narrative"], **_worn(look.box, desk), **kind}
    if words["sfx"]:
        rect = place.words.sounds[0][0] if place.words.sounds else _top(place)
        bare = {"bgColor": NOTHING, "textColor": look.sound.fill, "borderColor": NOTHING, "borderWidth": 0}
        kind = {"fontSize": round(rect.height / 2, 2), "fontFamily": "comic", "padding": 0}
        yield {**_element("narrative", rect, -TURN), "text": words["sfx"], **bare, **kind}


def _balloons(comic: Comic, place: Laid, plans: list[Object], desk: _Desk) -> Iterator[Object]:
    groups = dict(enumerate(place.words.balloons))
    for at, (line, plan) in enumerate(zip(place.panel.lines, plans, strict=True)):
        parts = _parts(line, groups.get(at, ()))
        known = comic.character(line.character)
        kept = {name: value for name, value in plan.items() if name != "text"}
        for number, (text, rect, tail) in enumerate(parts or [(line.text, _top(place), NO_TAIL)]):
            yield {
                **_element("dialogue", rect),
                "speaker": known.name if known else line.character,
                "text": text,
                **_worn(desk.look.balloon, desk),
                "fontSize": round(_size(place, desk.paper), 2),
                "fontFamily": FAMILIES.get(desk.look.voice, "comic"),
                "tailPosition": tail,
                "bubbleStyle": STYLES[line.kind],
                "plan": {**kept, **({"goesOn": True} if number else {})},
            }


def _parts(line: Line, group: Sequence[Placed]) -> list[tuple[str, Rect, str]]:
    """The text as its balloons have it, in its own letters: they may be set in capitals."""
    words, parts = line.text.split(), list[tuple[str, Rect, str]]()
    for one in group:
        count = len(" ".join(one.balloon.text.lines).split())
        a, b = one.balloon.a, one.balloon.b
        rect = Rect(one.at[0] - a, one.at[1] - b, 2 * a, 2 * b)
        parts.append((" ".join(words[:count]), rect, tail_towards(one.at, one.tip, (a, b))))
        words = words[count:]
    return parts


def _top(place: Laid) -> Rect:
    """For words that have no room at all: there they are seen and moved."""
    return place.rect._replace(height=place.rect.height / 4)


def _size(place: Laid, paper: Paper) -> float:
    return (place.words.size or LEAST) / 72 * paper.dpi


def _worn(colours: Colours, desk: _Desk) -> Object:
    paper, words, edge = colours
    width = max(1, round(desk.paper.px(HAIR) * desk.look.line))
    return {"bgColor": paper, "textColor": words, "borderColor": edge, "borderWidth": width}
