"""pick: choose a take as a shot's keyframe."""

import argparse
from pathlib import Path

from commands import setting
from domain.errors import BadFile, StudioError
from domain.project import Project
from infrastructure.board_ids import is_good
from services import picks


@setting.told_plainly
def run(asked: argparse.Namespace) -> int:
    project, picture = Project(Path(asked.project).resolve()), Path(asked.picture)
    if not project.folder.is_dir():
        raise BadFile(f"There is no project folder {project.folder}.")
    if not is_good(asked.shot):
        raise StudioError(f"{asked.shot!r} is no shot's id: ids are letters, digits, - and _.")
    print(picks.choose(project, asked.shot, picture))
    return setting.DONE
