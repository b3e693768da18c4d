"""comic plan: a script, another program's plan, or an idea, to a plan of pages and panels."""

import argparse
import json
from pathlib import Path
from typing import Any

from commands import comics, setting
from commands.terminal import Reporter
from domain.comic import STYLES
from domain.comic_rules import MOST_PAGES
from domain.errors import StudioError
from domain.languages import code_of, language_of
from domain.plan_request import USUAL_PAGES, PlanRequest
from infrastructure.chat import Chat
from infrastructure.project_files import open_project
from infrastructure.strict_json import read_text
from services import comic_pictures, comic_plan
from services.comic_paper import paper, paper_of
from services.comic_plan import Planned
from services.planning import planner
from services.planning.template import template


@setting.told_plainly
def run(asked: argparse.Namespace) -> int:
    script, out = Path(asked.script) if asked.script else None, Path(asked.out)
    _check(asked, script, out)
    if asked.model:
        chat = setting.chat(asked)
        planned = Reporter().follow(planner.plan(chat, _request(asked), out))
        planned = planned._replace(comic=comics.on_paper(planned.comic, asked.paper))
        comic_plan.write(planned.comic, out)
        planner.finish(out)
        setting.keep_chat(chat)
        _tell(planned, out, {"model": _used(chat)})
        return setting.DONE
    if script is None:
        planned = template(_request(asked))
        planned = planned._replace(comic=comics.on_paper(planned.comic, asked.paper))
    else:
        most = asked.max_pages or MOST_PAGES
        planned = comic_plan.read(script, asked.style or "", asked.language or "", most, asked.paper or "")
    comic, pictures, left = comic_pictures.taken_out(planned.comic)
    comic_plan.write(comic, out)
    left += comic_pictures.put(comic, pictures, open_project(out.parent / out.stem))
    _tell(Planned(comic, [*planned.changed, *left], planned.advice), out, {})
    return setting.DONE


def _check(asked: argparse.Namespace, script: Path | None, out: Path) -> None:
    paper(asked.paper or "")  # which says what is wrong with it
    if (script is None) == (asked.idea is None):
        raise StudioError("Name a script, or say what the comic is about with --idea: one of the two.")
    if script and out.exists() and script.exists() and out.samefile(script):
        raise StudioError(f"{out} is the script itself. Name another file with --out.")
    if asked.model and script and script.suffix.casefold() == ".json":
        raise StudioError(f"{script} is a plan already. With --model, give a story as text, or --idea.")
    if (asked.chat_url or asked.chat_model) and not asked.model:
        raise StudioError("--chat-url and --chat-model say which model is asked; for that add --model.")


def _request(asked: argparse.Namespace) -> PlanRequest:
    idea = (asked.idea if asked.idea is not None else read_text(Path(asked.script))).strip()
    language = code_of(asked.language) if asked.language else language_of(idea)
    return PlanRequest(idea, asked.style or STYLES[0], language, asked.max_pages or USUAL_PAGES)


def _used(chat: Chat) -> dict[str, Any]:
    used = chat.usage
    return {
        "name": chat.model,
        "answers": used.questions,
        "valid_at_first": used.first_try,
        "valid_after_repair": used.first_try + used.repaired,
        "calls": used.calls,
        "tokens": {"in": used.tokens_in, "out": used.tokens_out},
        "cost": None if used.cost is None else round(used.cost, 6),
    }


def _tell(planned: Planned, out: Path, more: dict[str, Any]) -> None:
    comic, changed, advice = planned
    comics.tell((*changed, *advice))
    summary: dict[str, Any] = {
        "plan": str(out),
        "title": comic.title,
        "style": comic.style,
        "language": comic.language,
        "paper": paper_of(comic).name,
        "chapters": len(comic.chapters),
        "pages": len(comic.pages),
        "panels": len(list(comic.panels)),
        "characters": len(comic.characters),
        "changed": [finding._asdict() for finding in changed],
        "advice": [finding._asdict() for finding in advice],
        **more,
    }
    print(json.dumps(summary, ensure_ascii=False))
