"""import: what an older studio left: settings, chosen pictures, storyboards. Copied, never moved."""

import argparse
import sys
from pathlib import Path
from typing import Any

from commands import setting
from domain.errors import BadFile, StudioError
from domain.project import Project
from domain.storyboard import advice
from infrastructure.project_files import open_project
from infrastructure.selections import read_selections
from infrastructure.settings_file import SettingsFile
from infrastructure.settings_import import import_settings
from infrastructure.storyboard_files import open_storyboard, write_storyboard
from infrastructure.strict_json import parse_json, read_text
from services import picks


@setting.told_plainly
def run(asked: argparse.Namespace) -> int:
    path = Path(asked.source)
    if not path.exists():
        raise BadFile(f"There is no {path}.")
    content = _content(path)
    if isinstance(content, dict) and "selections" in content:
        notes = _choices(path, _project(asked))
    elif isinstance(content, list) or (isinstance(content, dict) and "shots" in content):
        notes = _storyboard(path, _project(asked))
    else:
        notes = _settings(path)
    for note in notes:
        print(note, file=sys.stderr)
    return setting.DONE


def _content(path: Path) -> Any:
    """What a JSON file holds; nothing for a folder or a database."""
    return parse_json(read_text(path), path) if path.suffix == ".json" and path.is_file() else None


def _project(asked: argparse.Namespace) -> Project:
    if not asked.project:
        raise StudioError("Say into which project this goes: --project DIR.")
    return open_project(Path(asked.project))


def _settings(path: Path) -> list[str]:
    file = SettingsFile(setting.settings_path())
    settings, notes = import_settings(path)
    if setting.settings_path().exists():
        notes.append(file.put_aside("before-import"))
    file.save(settings)
    return [*notes, f"Imported into {setting.settings_path()}."]


def _choices(path: Path, project: Project) -> list[str]:
    chosen, notes = read_selections(path)
    taken = 0
    for shot_id, picture in chosen.items():
        try:
            picks.choose(project, shot_id, picture)
            taken += 1
        except StudioError as error:
            notes.append(str(error))
    return [*notes, f"{taken} chosen pictures stand in {project.keyframes}."]


def _storyboard(path: Path, project: Project) -> list[str]:
    if project.storyboard.exists():
        raise StudioError(f"{project.storyboard} is there already. Import into another project.")
    board, notes = open_storyboard(path)
    write_storyboard(project.storyboard, board)
    return [*notes, *advice(board), f"{len(board.shots)} shots stand in {project.storyboard}."]
