"""import: what was made elsewhere: boards, older projects, pictures, texts, tables, settings. Only copied."""

import argparse
import sys
from pathlib import Path

from commands import setting
from commands.terminal import Reporter
from domain.errors import StudioError
from domain.project import Project
from domain.storyboard import advice
from infrastructure.project_files import open_project
from infrastructure.settings_file import SettingsFile
from infrastructure.settings_import import import_settings
from infrastructure.storyboard_files import open_storyboard
from services.imports import Kind, import_any, import_new, kind_of


@setting.told_plainly
def run(asked: argparse.Namespace) -> int:
    path = Path(asked.source)
    kind = kind_of(path)
    if kind == Kind.settings:
        notes = _settings(path)
    else:
        project = _project(asked)
        work = import_new(path, project.folder) if kind == Kind.zip else import_any(path, project)
        project, notes = Reporter().follow(work)
        notes += advice(open_storyboard(project.storyboard)[0]) if kind == Kind.board else []
    for note in notes:
        print(note, file=sys.stderr)
    return setting.DONE


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
