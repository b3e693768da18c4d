"""What goes on at a serverless endpoint while the studio is not there."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from domain.errand import STOPPED, Errand
from domain.errors import BadFile
from infrastructure.json_files import read_json
from infrastructure.recipe_index import STARTED
from infrastructure.recipes import REMOTE


def under_way(errands: Iterable[Errand]) -> list[str]:
    """Ids of what ended with the studio and is under way over there, or done: it was paid for already."""
    return [
        errand.id for errand in errands if errand.state == STOPPED and errand.is_drawn and _is_there(errand)
    ]


def _is_there(errand: Errand) -> bool:
    for path in (Path(errand.project) / "takes").glob(f"{errand.shot}[._]*.json"):
        with suppress(BadFile):
            recipe = read_json(path)
            if isinstance(recipe, dict) and recipe.get("state") == STARTED and REMOTE in recipe:
                return True
    return False
