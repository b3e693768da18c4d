"""check: who answers, and can it run the workflows."""

import argparse

from commands import setting


@setting.told_plainly
def run(asked: argparse.Namespace) -> int:
    folder = setting.workflows()
    names = [name for name in (asked.keyframe_workflow, asked.video_workflow) if name]
    print(setting.backend(asked).check(*(folder.load(name).graph for name in names)))
    return setting.DONE
