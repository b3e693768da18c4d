"""pick: choose a take as a shot's keyframe."""

import argparse
from pathlib import Path

from commands import setting
from domain.errors import BadFile
from domain.project import Project
from services import picks


@setting.told_plainly
def run(asked: argparse.Namespace) -> int:
    project, picture = Project(Path(asked.project).resolve()), Path(asked.picture)
    if not project.folder.is_dir():
        raise BadFile(f"There is no project folder {project.folder}.")
    print(picks.choose(project, asked.shot, picture))
    return setting.DONE
