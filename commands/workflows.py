"""workflows: what there is, and what each is for."""

import argparse

from commands import setting


@setting.told_plainly
def run(asked: argparse.Namespace) -> int:
    folder = setting.workflows()
    for kind in ("keyframe", "video"):
        print(f"{kind}s:")
        for name in folder.names(kind):
            print(f"  {name:32} {folder.load(name).about.purpose}")
    return setting.DONE
