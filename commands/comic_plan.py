"""comic plan: a script, or another program's plan, to a plan of pages and panels."""

import argparse
import json
from pathlib import Path
from typing import Any

from commands import comics, setting
from domain.comic_rules import MOST_PAGES
from domain.errors import StudioError
from infrastructure.project_files import open_project
from services import comic_pictures, comic_plan


@setting.told_plainly
def run(asked: argparse.Namespace) -> int:
    script, out = Path(asked.script), Path(asked.out)
    if out.exists() and out.samefile(script):
        raise StudioError(f"{out} is the script itself. Name another file with --out.")
    most = asked.max_pages or MOST_PAGES
    comic, changed, advice = comic_plan.read(script, asked.style or "", asked.language or "", most)
    comic, pictures, left = comic_pictures.taken_out(comic)
    comic_plan.write(comic, out)
    left += comic_pictures.put(comic, pictures, open_project(out.parent / out.stem))
    changed = [*changed, *left]
    comics.tell((*changed, *advice))
    summary: dict[str, Any] = {
        "plan": str(out),
        "title": comic.title,
        "style": comic.style,
        "language": comic.language,
        "chapters": len(comic.chapters),
        "pages": len(comic.pages),
        "panels": len(list(comic.panels)),
        "characters": len(comic.characters),
        "changed": [finding._asdict() for finding in changed],
        "advice": [finding._asdict() for finding in advice],
    }
    print(json.dumps(summary, ensure_ascii=False))
    return setting.DONE
