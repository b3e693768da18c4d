"""comic pages: the pictures of a comic's panels to lettered pages."""

import argparse
import json
import sys
from pathlib import Path

from commands import setting
from domain.comic_rules import Finding
from domain.errors import StudioError
from infrastructure.project_files import open_project
from services import comic_pages, comic_plan


@setting.told_plainly
def run(asked: argparse.Namespace) -> int:
    plan = Path(asked.plan)
    comic, changed, _ = comic_plan.read(plan)
    project = open_project(Path(asked.project) if asked.project else plan.parent / plan.stem)
    pictures = comic_pages.pictures_of(comic, project)
    if not pictures:
        raise StudioError(f"There is no picture yet in {project.folder}. Run comic art first.")
    out = Path(asked.out).absolute() if asked.out else project.folder / "pages"
    findings, files = list[Finding](changed), list[Path]()
    for written in comic_pages.write(comic, pictures, comic_pages.Paper(dpi=asked.dpi), out):
        findings += written.findings
        files += [written.file] if written.file not in files else []
    for finding in findings:
        print(f"{finding.where}: {finding.said}", file=sys.stderr)
    if asked.json:
        told = [finding._asdict() for finding in findings]
        print(json.dumps({"pages": len(comic.pages), "files": list(map(str, files)), "findings": told}))
    else:
        print(out)
    return setting.DONE if len(pictures) == len(list(comic.panels)) else setting.SOME_FAILED
