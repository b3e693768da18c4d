"""comic pages: the pictures of a comic's panels to lettered pages."""

import argparse
import json
from pathlib import Path

from commands import comics, setting
from domain.comic_rules import Finding
from domain.errors import StudioError
from services import comic_pages, comic_plan


@setting.told_plainly
def run(asked: argparse.Namespace) -> int:
    comic, changed, _ = comic_plan.read(Path(asked.plan))
    project = comics.project_of(asked)
    pictures = comic_pages.pictures_of(comic, project)
    if not pictures:
        raise StudioError(f"There is no picture yet in {project.folder}. Run comic art first.")
    out = Path(asked.out).absolute() if asked.out else project.folder / "pages"
    findings, files = list[Finding](changed), list[Path]()
    for written in comic_pages.write(comic, pictures, comic_pages.Paper(dpi=asked.dpi), out):
        findings += written.findings
        files += [written.file] if written.file not in files else []
    comics.tell(findings)
    if asked.json:
        told = [finding._asdict() for finding in findings]
        print(json.dumps({"pages": len(comic.pages), "files": list(map(str, files)), "findings": told}))
    else:
        print(out)
    return setting.DONE if len(pictures) == len(list(comic.panels)) else setting.SOME_FAILED
