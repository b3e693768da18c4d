"""What a take was made of, from its recipe: little enough to keep of thousands of takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from domain.errors import BadFile
from infrastructure.json_files import read_json


@dataclass(frozen=True)
class Recipe:
    name: str
    job: str
    engine: str
    workflow: str
    files: tuple[str, ...]
    values: Mapping[str, Any]  # paths as the recipe has them: from the project's folder, or absolute
    inputs: Mapping[str, str]  # sha256 of each file that was sent, by that path


def recipe_of(takes: Path, name: str) -> Recipe | None:
    """The recipe of a take, read once as long as it does not change; None where none reads."""
    path = takes / f"{name}.json"
    try:
        stat = path.stat()
    except (OSError, ValueError):  # a name that no file can have
        return None
    return _read(str(path), stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=20_000)
def _read(path: str, size: int, changed: int) -> Recipe | None:
    try:
        content = read_json(Path(path))
        recipe = Recipe(
            str(content["name"]),
            str(content["job"]),
            str(content["engine"]),
            str(content["workflow"]),
            tuple(content["files"]),
            dict(content["values"]),
            dict(content["inputs"]),
        )
    except (BadFile, KeyError, TypeError, ValueError):
        return None
    return recipe if _is_whole(recipe) else None


def _is_whole(recipe: Recipe) -> bool:
    """Whether everything is of the kind that a recipe of ours has: this one may be from elsewhere."""
    values = recipe.values
    words = (*recipe.files, *recipe.inputs, *recipe.inputs.values(), *_listed(values.get("references", [])))
    return (
        all(isinstance(word, str) for word in words)
        and all(isinstance(values.get(key), str | None) for key in ("start_image", "end_image"))
        and all(isinstance(values.get(key), int | float | None) for key in ("seed", "frames"))
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [None]
