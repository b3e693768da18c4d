"""The workflows there are to choose from, as pages list them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from domain.errors import StudioError
from infrastructure.workflow_files import WorkflowFolder


def listed(folder: WorkflowFolder, own: Path) -> list[dict[str, Any]]:
    """All workflows there are, the artist's own first; one that does not read says why."""
    mine = {path.stem for path in own.glob("*.json") if not path.name.endswith(".about.json")}
    return sorted((_listed(folder, name, name in mine) for name in folder.names()), key=_order)


def _listed(folder: WorkflowFolder, name: str, is_own: bool) -> dict[str, Any]:
    about = {"name": name, "own": is_own}
    try:
        flow = folder.load(name)
        return {**about, "title": flow.about.title or name, "kind": flow.kind, "purpose": flow.about.purpose}
    except StudioError as error:
        return {**about, "title": name, "kind": "", "purpose": "", "problem": str(error)}


def _order(one: Mapping[str, Any]) -> tuple[bool, str, str]:
    return not one["own"], one["kind"], one["title"].casefold()
