"""comic pages: the pictures of a comic's panels to lettered pages."""

import argparse
from pathlib import Path

from commands import comics, setting
from services import comic_export


@setting.told_plainly
def run(asked: argparse.Namespace) -> int:
    format = comic_export.format_of(Path(asked.out)) if asked.out else "png"
    return comics.export(asked, format)
