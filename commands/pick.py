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
    for path in (project.folder, picture):
        if not path.exists():
            raise BadFile(f"There is no {path}.")
    print(picks.choose(project, asked.shot, picture))
    return setting.DONE
