"""Pictures that lie in a plan itself, as comic editors keep them: taken out, and put into the project."""

import base64
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from domain.comic import Comic, Page, Panel
from domain.comic_rules import Finding
from domain.errors import BadFile
from domain.project import Project
from infrastructure.part_files import writing
from services import picks
from services.comic_pages import pictures_of

FIELD = "imageUrl"
BROKEN = "Its picture is broken and was left out."
_URL = re.compile(r"data:image/(png|jpeg|webp);base64,(.*)", re.DOTALL)


class TakenOut(NamedTuple):
    comic: Comic
    pictures: dict[str, bytes]  # of panels, by their ids: files as they are
    findings: list[Finding]


def taken_out(comic: Comic) -> TakenOut:
    """What is no picture but an address stays in the plan, and is told: nothing is fetched from there."""
    found, findings = dict[str, bytes](), list[Finding]()

    def bare(panel: Panel) -> Panel:
        url = panel.more.get(FIELD)
        if not isinstance(url, str) or (url and not url.startswith("data:")):
            if url:
                findings.append(Finding(panel.id, f"Its picture is at {str(url)[:80]} and was not fetched."))
            return panel
        try:
            if url and (said := _URL.fullmatch(url)):
                found[panel.id] = base64.b64decode(said[2], validate=True)
            elif url:
                findings.append(Finding(panel.id, "Its picture is no PNG, JPEG or WebP; it was left out."))
        except ValueError:
            findings.append(Finding(panel.id, BROKEN))
        return replace(panel, more={name: value for name, value in panel.more.items() if name != FIELD})

    def page_of(page: Page) -> Page:
        return replace(page, panels=tuple(map(bare, page.panels)))

    chapters = tuple(replace(chapter, pages=tuple(map(page_of, chapter.pages))) for chapter in comic.chapters)
    return TakenOut(replace(comic, chapters=chapters), found, findings)


def put(comic: Comic, pictures: Mapping[str, bytes], project: Project) -> list[Finding]:
    """Each becomes its panel's chosen picture, unless the panel has one in the project already."""
    findings, there = list[Finding](), pictures_of(comic, project)
    for id, content in pictures.items():
        if id in there:
            continue
        file = project.cache / f"{id}.picture"
        with writing(file) as part:
            part.write_bytes(content)
        try:
            picks.choose(project, id, file)
        except BadFile:
            findings.append(Finding(id, BROKEN))
        finally:
            file.unlink()
    return findings
