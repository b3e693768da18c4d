"""What the commands for comics have in common."""

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from commands import setting
from domain.comic import Comic
from domain.comic_rules import Finding
from domain.errors import StudioError
from domain.project import Project
from infrastructure.project_files import open_project
from services import comic_export, comic_pages, comic_plan
from services.comic_paper import paper, paper_of
from services.comic_plan import Planned

PRINTED = ("pdf", "png", "jpeg")
Watch = Callable[[int, int], None]


def silent(_page: int, _pages: int) -> None:
    pass


def aloud(page: int, pages: int) -> None:
    print(f"page {page} of {pages}", file=sys.stderr)


def project_of(asked: argparse.Namespace) -> Project:
    """Beside the plan, named like it, unless another one is asked for."""
    plan = Path(asked.plan)
    return open_project(Path(asked.project) if asked.project else plan.parent / plan.stem)


def planned(asked: argparse.Namespace) -> Planned:
    """The plan, made for the paper that is asked for if any is."""
    return comic_plan.read(Path(asked.plan), paper=asked.paper or "")


def on_paper(comic: Comic, name: str | None) -> Comic:
    """Raises StudioError when there is no paper of that name."""
    return replace(comic, paper=paper(name).name) if name else comic


def tell(findings: Iterable[Finding]) -> None:
    for finding in findings:
        print(f"{finding.where}: {finding.said}", file=sys.stderr)


def export(
    asked: argparse.Namespace, format: str, bleed: float = 0.0, author: str = "", watch: Watch = silent
) -> int:
    """The plan's pages as files; returns the exit code. `watch` is told after each page how far it is."""
    if bleed and format not in PRINTED:
        raise StudioError(f"A bleed is for print, and {format} is for screens. Leave out --bleed.")
    comic, changed, _ = planned(asked)
    comic = comic_export.by(comic, author)
    made_on = paper_of(comic, asked.dpi, bleed)
    project = project_of(asked)
    pictures = comic_pages.pictures_of(comic, project)
    if not pictures:
        raise StudioError(f"There is no picture yet in {project.folder}. Run comic art first.")
    out = Path(asked.out).absolute() if asked.out else comic_export.place_of(format, project)
    if out.exists() and out.samefile(asked.plan):
        raise StudioError(f"{out} is the plan itself. Name another file with --out.")
    findings, files = list[Finding](changed), dict[Path, None]()
    done = 0
    for written in comic_export.FORMATS[format](comic, pictures, made_on, out):
        if written.page > done:
            watch(done := written.page, len(comic.pages))
        findings += written.findings
        files[written.file] = None
    tell(findings)
    if asked.json:
        told = [finding._asdict() for finding in findings]
        said = {"pages": len(comic.pages), "files": list(map(str, files)), "findings": told}
        print(json.dumps({"format": format, **said}, ensure_ascii=False))
    else:
        print(out)
    return setting.DONE if len(pictures) == len(list(comic.panels)) else setting.SOME_FAILED
